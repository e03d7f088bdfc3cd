// NPS over time with its 95 % interval, and the number of records over time.

import { ask } from '../scripts/api.js';
import { h } from '../scripts/dom.js';
import { bucket, count, decimal, enough, interval, score, TOO_FEW } from '../scripts/words.js';
import { lineChart } from './line_chart.js';
import { nothing, panel } from './panel.js';
import { metricQuery, PERIODS } from './query.js';

/** The points of one metric over time without a group, oldest first. */
async function series(metric, state, signal) {
  const size = PERIODS[state.days].interval;
  const found = await ask(`/v1/metrics/${metric}`, { query: metricQuery(state, { interval: size }), signal });
  return { found, size, points: [...found.series].sort((a, b) => (a.start < b.start ? -1 : 1)) };
}

export function npsTrend(node) {
  const card = panel(node, { title: 'Net Promoter Score over time' });
  let chart = null;
  let size = 'day';
  const say = (point, last) => {
    if (!point) return 'No answers yet.';
    const when = `${last ? 'Latest, ' : ''}${bucket(point.start, size)}${point.partial ? ' (in part)' : ''}: `;
    if (!point.n) return [when, 'no answers'];
    if (!enough(point)) return [when, `too few to say (${count(point.n)} of at least ${TOO_FEW} answers)`];
    return [when, h('strong', {}, `NPS ${score(point.value)}`), ` (${interval(point.ci95)}), n = ${count(point.n)}`,
      point.n_customers ? ` from ${count(point.n_customers)} customers` : ''];
  };
  return async (state, signal) => {
    const got = await series('nps', state, signal);
    size = got.size;
    card.works();
    card.says('The band is the 95 % interval: the score lies in it, not on the line. Gaps are times with too few answers.');
    const points = got.points.map((p) => ({ ...p, ...(enough(p) ? { lo: p.ci95?.[0], hi: p.ci95?.[1] } : { value: null, lo: null, hi: null, raw: p.value }) }));
    card.rows({
      caption: `Net Promoter Score by ${size}`,
      head: ['Start', 'NPS', '95 % interval', 'n', 'Customers', 'Promoters', 'Passives', 'Detractors'],
      body: got.points.map((p) => [bucket(p.start, size), enough(p) ? score(p.value) : p.n ? 'too few' : '–', enough(p) ? interval(p.ci95) : '–',
        count(p.n), count(p.n_customers ?? 0), count(p.promoters ?? 0), count(p.passives ?? 0), count(p.detractors ?? 0)]),
    });
    if (!got.points.some((p) => p.n)) {
      chart = null;
      card.picture.replaceChildren(nothing('No NPS answers in this period. A longer period or fewer filters may show some.'));
      return got.found;
    }
    chart ||= lineChart(card.picture, { kind: 'band', say, axis: score, label: 'Net Promoter Score over time' });
    await chart.update(points, size);
    return got.found;
  };
}

export function volumeTrend(node) {
  const card = panel(node, { title: 'Feedback received' });
  let chart = null;
  let size = 'day';
  const say = (point, last) => (point ? [`${last ? 'Latest, ' : ''}${bucket(point.start, size)}: `, h('strong', {}, count(point.n)), point.n === 1 ? ' record' : ' records'] : '');
  return async (state, signal) => {
    const got = await series('volume', state, signal);
    size = got.size;
    card.works();
    const all = got.points.reduce((sum, p) => sum + p.n, 0);
    card.says(`${count(all)} in ${PERIODS[state.days].words}, ${decimal(all / state.days)} a day.`);
    card.rows({ caption: `Feedback received by ${size}`, head: ['Start', 'Records', 'Customers'], body: got.points.map((p) => [bucket(p.start, size), count(p.n), count(p.n_customers ?? 0)]) });
    if (!all) {
      chart = null;
      card.picture.replaceChildren(nothing('Nothing was received in this period.'));
      return got.found;
    }
    chart ||= lineChart(card.picture, { kind: 'bars', say, axis: count, label: 'Feedback received over time' });
    await chart.update(got.points.map((p) => ({ ...p, value: p.n })), size);
    return got.found;
  };
}
