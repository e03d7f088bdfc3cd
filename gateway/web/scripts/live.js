// Tells a page that something changed: server-sent events, and polling while those do not come through.

const POLL = 15_000;
const TOPICS = ['records', 'cases', 'imports'];

/**
 * Calls `changed(topics)` with a Set of topic names, at most once per `gap` ms, and `state('live'|'polling'|'paused')`.
 * Events during a quiet gap are gathered into the next call. A hidden page rests and asks once when it is seen again.
 */
export function listen({ changed, state, gap = 1200 }) {
  let gathered = new Set();
  let last = 0;
  let timer = 0;
  let poll = 0;
  let source = null;
  let cut = false;

  const run = () => {
    timer = 0;
    if (document.hidden) return; // kept: asked for when the page is seen again
    last = Date.now();
    const topics = gathered;
    gathered = new Set();
    changed(topics);
  };
  const hear = (topic) => {
    gathered.add(topic);
    if (!timer) timer = setTimeout(run, Math.max(0, last + gap - Date.now()));
  };
  const polling = (on) => {
    clearInterval(poll);
    poll = on ? setInterval(() => hear('poll'), POLL) : 0;
  };

  const connect = () => {
    source = new EventSource('/v1/live');
    source.addEventListener('open', () => {
      polling(false);
      state('live');
      if (cut) hear('poll'); // what changed while nobody listened
      cut = false;
    });
    source.addEventListener('error', () => {
      cut = true;
      polling(true);
      state(navigator.onLine === false ? 'paused' : 'polling');
      if (source.readyState === EventSource.CLOSED) setTimeout(connect, POLL); // refused, not merely cut
    });
    source.addEventListener('state', (event) => { // the server itself may be deaf for a while: then it says so
      const { live } = JSON.parse(event.data);
      polling(!live);
      state(live ? 'live' : 'polling');
    });
    for (const topic of TOPICS) source.addEventListener(topic, () => hear(topic));
  };

  document.addEventListener('visibilitychange', () => { if (!document.hidden && gathered.size && !timer) run(); });
  addEventListener('pagehide', () => source?.close());
  addEventListener('pageshow', (event) => { if (event.persisted) { connect(); hear('poll'); } });
  addEventListener('online', () => hear('poll'));
  addEventListener('offline', () => state('paused'));
  connect();
}
