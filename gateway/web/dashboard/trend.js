// The leading score over time with its 95 % interval, and the number of records over time.

import { ask } from '../scripts/api.js';
import { h } from '../scripts/dom.js';
import { bucket, count, decimal, enough, interval, TOO_FEW } from '../scripts/words.js';
import { lineChart } from './line_chart.js';
import { domain, MEASURES, onScale, scaleWords } from './measures.js';
import { nothing, panel } from './panel.js';
import { ALL, intervalOf, lengthOf, PERIODS } from './period.js';
import { metricQuery } from './query.js';

/** The points of one metric on one scale over time, oldest first. */
async function series(metric, scale, state, signal) {
  const size = intervalOf(state);
  const found = await ask(`/v1/metrics/${metric}`, { query: metricQuery(state, { interval: size }), signal });
  const points = [...onScale(found, scale)].sort((a, b) => (a.start < b.start ? -1 : 1));
  if (state.days !== ALL || !state.span) return { size, points };
  /* The API begins with the oldest record of all; under a filter the first ones may be long before. */
  const from = points.findLastIndex((point) => new Date(point.start) <= state.span.first);
  const own = points.slice(Math.max(0, from));
  return { size, points: own.map((point, i) => (i ? point : { ...point, partial: false })) };
}

export function scoreTrend(node) {
  const card = panel(node, { title: 'Score over time' });
  let chart = null;
  let size = 'day';
  let drawn = '';
  let measure = MEASURES.nps;
  const say = (point, last) => {
    if (!point) return 'No answers yet.';
    const when = `${last ? 'Latest, ' : ''}${bucket(point.start, size)}${point.partial ? ' (in part)' : ''}: `;
    if (!point.n) return [when, 'no answers'];
    if (!enough(point)) return [when, `too few to say (${count(point.n)} of at least ${TOO_FEW} answers)`];
    return [when, h('strong', {}, `${measure.short} ${measure.say(point.value)}`), ` (${interval(point.ci95, measure.say)}), n = ${count(point.n)}`,
      point.n_customers ? ` from ${count(point.n_customers)} customers` : ''];
  };
  return async (state, signal, { lead, wayToAll }) => {
    const { metric, point } = await lead;
    const got = await series(metric, point.scale, state, signal);
    size = got.size;
    measure = MEASURES[metric];
    card.works();
    card.named(`${measure.name} over time`);
    card.says(`The band is the 95 % interval: the score lies in it, not on the line. Gaps are times with too few answers${scaleWords(metric, point.scale)}.`);
    const points = got.points.map((p) => ({ ...p, ...(enough(p) ? { lo: p.ci95?.[0], hi: p.ci95?.[1] } : { value: null, lo: null, hi: null }) }));
    const shares = measure.parts(got.points[0] || {}).map(([words]) => words);
    card.rows({
      caption: `${measure.name} by ${size}`,
      head: ['Start', measure.short, '95 % interval', 'n', 'Customers', ...shares],
      body: got.points.map((p) => [bucket(p.start, size), enough(p) ? measure.say(p.value) : p.n ? 'too few' : '–', enough(p) ? interval(p.ci95, measure.say) : '–',
        count(p.n), count(p.n_customers ?? 0), ...measure.parts(p).map(([, n]) => count(n ?? 0))]),
    });
    if (!got.points.some((p) => p.n)) {
      chart = null;
      const way = await wayToAll();
      card.picture.replaceChildren(nothing(way || state.days === ALL ? 'No answers in this period.' : 'No answers in this period. A longer period or fewer filters may show some.', way));
      return;
    }
    if (drawn !== metric) chart = null;
    drawn = metric;
    chart ||= lineChart(card.picture, { kind: 'band', say, axis: (value) => measure.say(value), label: `${measure.name} over time`, range: (shown) => domain(measure, shown, point.scale) });
    await chart.update(points, size);
  };
}

export function volumeTrend(node) {
  const card = panel(node, { title: 'Feedback received' });
  let chart = null;
  let size = 'day';
  const say = (point, last) => (point ? [`${last ? 'Latest, ' : ''}${bucket(point.start, size)}: `, h('strong', {}, count(point.n)), point.n === 1 ? ' record' : ' records'] : '');
  return async (state, signal, { wayToAll }) => {
    const got = await series('volume', null, state, signal);
    size = got.size;
    card.works();
    const all = got.points.reduce((sum, p) => sum + p.n, 0);
    card.says(`${count(all)} in ${PERIODS[state.days].words}, ${decimal(all / lengthOf(state))} a day.`);
    card.rows({ caption: `Feedback received by ${size}`, head: ['Start', 'Records', 'Customers'], body: got.points.map((p) => [bucket(p.start, size), count(p.n), count(p.n_customers ?? 0)]) });
    if (!all) {
      chart = null;
      card.picture.replaceChildren(nothing('Nothing was received in this period.', await wayToAll()));
      return;
    }
    chart ||= lineChart(card.picture, { kind: 'bars', say, axis: count, label: 'Feedback received over time' });
    await chart.update(got.points.map((p) => ({ ...p, value: p.n })), size);
  };
}
