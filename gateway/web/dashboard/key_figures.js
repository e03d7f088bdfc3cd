// The key figures at the top: each with the number of answers and the interval it stands on.

import { ask } from '../scripts/api.js';
import { h, put } from '../scripts/dom.js';
import { change, count, enough, interval, percent, plural, signed, TOO_FEW } from '../scripts/words.js';
import { MEASURES, scaleWords, whole } from './measures.js';
import { ALL, PERIODS, spanWords } from './period.js';
import { metricQuery } from './query.js';

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
  if (!before) return null;
  const step = (value) => (value > 0 ? '+' : '') + say(value);
  const moved = change(before, after);
  const than = `the ${PERIODS[state.days].name} before`;
  if (!moved) return h('p', { class: 'change muted' }, before.n ? `Too few answers in ${than} to compare.` : `Nothing to compare in ${than}.`);
  if (moved.verdict === 'unclear') return h('p', { class: 'change muted' }, `No clear change from ${than} (${say(before.value)}).`);
  const up = moved.verdict === 'up';
  return h('p', { class: 'change' }, h('b', { class: up ? 'up' : 'down' }, `${up ? '↑' : '↓'} ${step(moved.difference)}`),
    h('span', { class: 'muted' }, `against ${than} (between ${step(moved.low)} and ${step(moved.high)})`));
}

function big(point, words, state) {
  if (!point.n) return h('p', { class: 'words muted' }, state.days === ALL ? 'No answers yet' : 'No answers in this period');
  if (!enough(point)) return h('p', { class: 'words' }, `Too few to say: ${plural(point.n, 'answer')}, ${TOO_FEW} needed`);
  return h('p', { class: 'big' }, words);
}

function leadTile({ metric, point, before }, state) {
  const measure = MEASURES[metric];
  const parts = measure.parts(point).filter(([, n]) => n !== undefined);
  return h('article', { class: 'card tile main', 'data-figure': metric },
    h('div', {}, h('h2', {}, measure.name), big(point, enough(point) ? measure.say(point.value) : '', state),
      enough(point) && point.ci95 ? h('p', { class: 'small muted figures' }, `95 % interval ${interval(point.ci95, measure.say)}`) : null,
      point.n ? h('p', { class: 'small muted figures' }, `n = ${count(point.n)}${point.n_customers ? ` from ${plural(point.n_customers, 'customer')}` : ''}${scaleWords(metric, point.scale)}`) : null),
    h('div', { class: 'side' }, point.n && parts.length ? shares(parts) : null, compared(before, point, state, measure)));
}

function sentimentTile(now, pending, state) {
  return h('article', { class: 'card tile', 'data-figure': 'sentiment' }, h('h2', {}, MEASURES.sentiment.name),
    big(now, enough(now) ? signed(now.value) : '', state),
    enough(now) ? h('p', { class: 'small muted figures' }, `95 % interval ${interval(now.ci95)}, n = ${count(now.n)}`) : null,
    h('div', { class: 'foot' }, now.n ? shares(MEASURES.sentiment.parts(now)) : h('p', { class: 'small muted' }, pending ? 'Texts are still being read.' : 'No texts in this period.')));
}

/* Of fewer records a percentage says nothing: three after one is no growth of 200 %. */
const FEW = 30;

function against(now, before, state) {
  if (!before) return state.span ? spanWords(state.span) : '';
  const then = `the ${PERIODS[state.days].name} before`;
  if (before.n < FEW) return `${before.n ? count(before.n) : 'None'} in ${then}`;
  return `${signed((100 * (now.n - before.n)) / before.n)} % against ${then}`;
}

function volumeTile(now, before, pending, state) {
  return h('article', { class: 'card tile', 'data-figure': 'volume' }, h('h2', {}, 'Feedback received'), h('p', { class: 'big' }, count(now.n)),
    h('p', { class: 'small muted figures' }, now.n_customers ? `from ${plural(now.n_customers, 'known customer')}` : `in ${PERIODS[state.days].words}`),
    h('div', { class: 'foot small muted' }, pending ? h('span', { class: 'badge accent' }, `${count(pending)} still being read`)
      : against(now, before, state)));
}

function casesTile({ open, overdue }) {
  return h('article', { class: 'card tile', 'data-figure': 'cases' }, h('h2', {}, 'Open cases'), h('p', { class: 'big' }, count(open)),
    h('p', { class: 'small' }, overdue ? h('span', { class: 'late' }, `${count(overdue)} overdue`) : h('span', { class: 'muted' }, open ? 'None is overdue' : 'Nobody is waiting')),
    h('div', { class: 'foot' }, h('a', { class: 'small', href: '/dashboard/cases' }, 'See all cases')));
}

/** Fills the row of tiles; answers {completeness, all}: how much is still being read, and the number of records. */
export function keyFigures(node) {
  put(node, Array.from({ length: 4 }, () => h('div', { class: 'card tile waiting', 'aria-hidden': 'true' })));
  return async (state, signal, { cases, lead }) => {
    const leading = await lead;
    const earlier = (metric) => (state.days === ALL ? null : total(metric, state, signal, 1)); // before all there is nothing
    const [before, sentiment, volume, volumeBefore, open] = await Promise.all([
      earlier(leading.metric), total('sentiment', state, signal), total('volume', state, signal), earlier('volume'), cases.catch(() => null),
    ]);
    const pending = volume.completeness?.pending ?? 0;
    const sameScale = before && (before.totals?.find((point) => point.scale === leading.point.scale) || whole(before));
    put(node, leadTile({ ...leading, before: sameScale }, state), sentimentTile(whole(sentiment), pending, state),
      volumeTile(whole(volume), volumeBefore && whole(volumeBefore), pending, state),
      open ? casesTile(open) : null);
    return { completeness: volume.completeness, all: whole(volume).n };
  };
}
