// The scores a dashboard can lead with: how each is called, written, and on which part of which scale it is drawn.

import { ask } from '../scripts/api.js';
import { decimal, enough, score } from '../scripts/words.js';
import { metricQuery } from './query.js';

const hundred = { say: score, low: -100, high: 100, span: 40, step: 20 };
/** The bounds of a scale as the API writes it: "1-5", "-2-2", "1-7 descending". */
const bounds = (key) => (/^(-?[\d.]+)-(-?[\d.]+)/.exec(key || '') || [0, 1, 5]).slice(1).map(Number);
const mean = { say: decimal, span: 1, step: 0.5 };

/* In the order in which a dashboard prefers them; `parts`: shares of the answers that are shown as a bar. */
export const MEASURES = {
  nps: { ...hundred, name: 'Net Promoter Score', short: 'NPS', parts: (p) => [['Promoters', p.promoters, 'good'], ['Passives', p.passives, 'mid'], ['Detractors', p.detractors, 'bad']] },
  csat: { say: (value) => `${score(value)} %`, low: 0, high: 100, span: 30, step: 10, name: 'Satisfied customers (CSAT)', short: 'CSAT', parts: (p) => [['Satisfied', p.top_box, 'good'], ['Not satisfied', p.other, 'bad']] },
  ces: { ...mean, name: 'Customer effort (CES)', short: 'CES', parts: (p) => [['Found it easy', p.agreeing, 'good'], ['Did not', p.other, 'bad']] },
  stars: { ...mean, name: 'Stars', short: 'Stars', parts: (p) => [['Best stars', p.top_box, 'good'], ['Fewer', p.other, 'bad']] },
  rating: { ...mean, name: 'Rating', short: 'Rating', parts: () => [] },
  sentiment: { ...hundred, name: 'Net sentiment of texts', short: 'Sentiment', parts: (p) => [['Positive', p.positive, 'good'], ['Mixed or neutral', (p.neutral ?? 0) + (p.mixed ?? 0), 'mid'], ['Negative', p.negative, 'bad']] },
};

/** The part of the scale to draw: all known values with their intervals, never less than `span` wide, cut at the scale's ends. */
export function domain(measure, points, scale, zero = false) {
  const [low, high] = measure.low === undefined ? bounds(scale) : [measure.low, measure.high];
  const known = points.filter(enough).flatMap((p) => [p.value, ...(p.ci95 || [])]).concat(zero && low < 0 ? [0] : []);
  if (!known.length) return [low, high];
  const { span, step } = measure;
  const missing = Math.max(0, span - (Math.max(...known) - Math.min(...known))) / 2;
  const from = Math.floor((Math.min(...known) - missing - span / 20) / step) * step;
  const to = Math.ceil((Math.max(...known) + missing + span / 20) / step) * step;
  return [Math.max(low, from), Math.min(high, to)];
}

/** The window in one point: where answers stand on several scales, the scale with the most answers. */
export const whole = (found) => (found.totals?.length > 1 ? found.totals.reduce((best, one) => (one.n > best.n ? one : best)) : found.total);

/** The points of a series that stand on one scale. */
export const onScale = (found, scale) => found.series.filter((point) => (point.scale ?? null) === (scale ?? null) || point.n === 0);

/** "1-5" in words, where it has to be said. */
export const scaleWords = (metric, scale) => (['ces', 'stars', 'rating'].includes(metric) && scale ? `, on a scale of ${bounds(scale).join(' to ')}${scale.endsWith('descending') ? ', less is better' : ''}` : '');

/** Every score (of `names`) with answers in the window: [[name, total]], the most preferred first. */
export async function available(state, signal, names = Object.keys(MEASURES)) {
  const all = await Promise.all(names.map(async (name) => [name, whole(await ask(`/v1/metrics/${name}`, { query: metricQuery(state), signal }))]));
  return all.filter(([, point]) => point.n > 0);
}

/** The score to lead with: the one asked for, else the first with enough answers, else the one with the most. */
export function leading(found, wanted) {
  const names = found.map(([name]) => name);
  if (names.includes(wanted)) return wanted;
  return (found.find(([, point]) => enough(point)) || [...found].sort((a, b) => b[1].n - a[1].n)[0] || ['nps'])[0];
}
