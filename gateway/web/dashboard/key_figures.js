// The key figures at the top: each with the number of answers and the interval it stands on.

import { ask } from '../scripts/api.js';
import { h, put } from '../scripts/dom.js';
import { change, count, enough, interval, percent, plural, signed, TOO_FEW } from '../scripts/words.js';
import { MEASURES, scaleWords, whole } from './measures.js';
import { metricQuery, PERIODS } from './query.js';

const total = async (metric, state, signal, shift = 0) =>
  (await ask(`/v1/metrics/${metric}`, { query: metricQuery(state, { shift }), signal }));

/** Shares as a bar and a key: [[words, number, tone]]. The words carry the meaning, the colours repeat it. */
function shares(parts) {
  const all = parts.reduce((sum, [, n]) => sum + n, 0);
  const bar = h('div', { class: 'parts', 'aria-hidden': 'true' }, parts.filter(([, n]) => n > 0).map(([, n, tone]) => {
    const part = h('i', { class: tone });
    part.style.flexGrow = n / all;
    return part;
  }));
  return [bar, h('p', { class: 'key' }, parts.map(([words, n, tone]) => h('span', { class: tone }, `${words} ${percent(n, all)}`)))];
}

function compared(before, after, state, { say }) {
  const step = (value) => (value > 0 ? '+' : '') + say(value);
  const moved = change(before, after);
  const than = `the ${PERIODS[state.days].name} before`;
  if (!moved) return h('p', { class: 'change muted' }, before.n ? `Too few answers in ${than} to compare.` : `Nothing to compare in ${than}.`);
  if (moved.verdict === 'unclear') return h('p', { class: 'change muted' }, `No clear change from ${than} (${say(before.value)}).`);
  const up = moved.verdict === 'up';
  return h('p', { class: 'change' }, h('b', { class: up ? 'up' : 'down' }, `${up ? '↑' : '↓'} ${step(moved.difference)}`),
    h('span', { class: 'muted' }, `against ${than} (between ${step(moved.low)} and ${step(moved.high)})`));
}

function big(point, words) {
  if (!point.n) return h('p', { class: 'words muted' }, 'No answers yet');
  if (!enough(point)) return h('p', { class: 'words' }, `Too few to say: ${plural(point.n, 'answer')}, ${TOO_FEW} needed`);
  return h('p', { class: 'big' }, words);
}

function leadTile({ metric, point, before }, state) {
  const measure = MEASURES[metric];
  const parts = measure.parts(point).filter(([, n]) => n !== undefined);
  return h('article', { class: 'card tile main', 'data-figure': metric },
    h('div', {}, h('h2', {}, measure.name), big(point, enough(point) ? measure.say(point.value) : ''),
      enough(point) && point.ci95 ? h('p', { class: 'small muted figures' }, `95 % interval ${interval(point.ci95, measure.say)}`) : null,
      point.n ? h('p', { class: 'small muted figures' }, `n = ${count(point.n)}${point.n_customers ? ` from ${plural(point.n_customers, 'customer')}` : ''}${scaleWords(metric, point.scale)}`) : null),
    h('div', { class: 'side' }, point.n && parts.length ? shares(parts) : null, compared(before, point, state, measure)));
}

function sentimentTile(now, pending) {
  return h('article', { class: 'card tile', 'data-figure': 'sentiment' }, h('h2', {}, MEASURES.sentiment.name),
    big(now, enough(now) ? signed(now.value) : ''),
    enough(now) ? h('p', { class: 'small muted figures' }, `95 % interval ${interval(now.ci95)}, n = ${count(now.n)}`) : null,
    h('div', { class: 'foot' }, now.n ? shares(MEASURES.sentiment.parts(now)) : h('p', { class: 'small muted' }, pending ? 'Texts are still being read.' : 'No texts in this period.')));
}

function volumeTile(now, before, pending, state) {
  const before100 = before.n ? Math.round((100 * (now.n - before.n)) / before.n) : null;
  return h('article', { class: 'card tile', 'data-figure': 'volume' }, h('h2', {}, 'Feedback received'), h('p', { class: 'big' }, count(now.n)),
    h('p', { class: 'small muted figures' }, now.n_customers ? `from ${plural(now.n_customers, 'known customer')}` : PERIODS[state.days].words),
    h('div', { class: 'foot small muted' }, pending ? h('span', { class: 'badge accent' }, `${count(pending)} still being read`)
      : before100 === null ? 'Nothing in the period before.' : `${signed(before100)} % against the ${PERIODS[state.days].name} before`));
}

function casesTile(open, overdue, more) {
  return h('article', { class: 'card tile', 'data-figure': 'cases' }, h('h2', {}, 'Open cases'), h('p', { class: 'big' }, count(open) + (more ? '+' : '')),
    h('p', { class: 'small' }, overdue ? h('span', { class: 'late' }, `${count(overdue)} overdue`) : h('span', { class: 'muted' }, open ? 'None is overdue' : 'Nobody is waiting')),
    h('div', { class: 'foot' }, h('a', { class: 'small', href: '/dashboard/cases' }, 'See all cases')));
}

/** Fills the row of tiles; answers {completeness, all}: how much is still being read, and the number of records. */
export function keyFigures(node) {
  put(node, Array.from({ length: 4 }, () => h('div', { class: 'card tile waiting', 'aria-hidden': 'true' })));
  return async (state, signal, { cases, lead }) => {
    const leading = await lead;
    const [before, sentiment, volume, volumeBefore, open] = await Promise.all([
      total(leading.metric, state, signal, 1), total('sentiment', state, signal),
      total('volume', state, signal), total('volume', state, signal, 1), cases.catch(() => null),
    ]);
    const pending = volume.completeness?.pending ?? 0;
    const earlier = before.totals?.find((point) => point.scale === leading.point.scale) || whole(before);
    put(node, leadTile({ ...leading, before: earlier }, state), sentimentTile(whole(sentiment), pending),
      volumeTile(whole(volume), whole(volumeBefore), pending, state),
      open ? casesTile(open.open.length, open.overdue, open.more) : null);
    return { completeness: volume.completeness, all: whole(volume).n };
  };
}
