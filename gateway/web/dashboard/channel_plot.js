// The leading score by channel: a dot and its interval per channel on one scale, so that overlap is seen as overlap.

import { ask } from '../scripts/api.js';
import { h, put, s } from '../scripts/dom.js';
import { count, enough, interval, label } from '../scripts/words.js';
import { domain, MEASURES, onScale } from './measures.js';
import { nothing, panel } from './panel.js';
import { metricQuery } from './query.js';

function row(point, { at, low, high }, { say }) {
  const shown = enough(point);
  return h('li', { class: shown && point.n >= 30 ? null : 'faint' },
    h('span', { class: 'name', title: point.group }, label(point.group ?? 'unknown')),
    s('svg', { 'aria-hidden': 'true' }, low <= 0 && high >= 0 ? s('line', { class: 'zero', x1: at(0), x2: at(0), y1: 0, y2: 28 }) : null,
      shown ? s('line', { class: 'range', x1: at(point.ci95[0]), x2: at(point.ci95[1]), y1: 14, y2: 14 }) : null,
      shown ? s('circle', { class: 'point', cx: at(point.value), cy: 14, r: 5.5 }) : null),
    h('span', { class: 'says' }, shown ? [h('b', {}, say(point.value)), h('span', { class: 'muted tiny' }, ` ${interval(point.ci95, say)}`)] : h('span', { class: 'muted' }, 'too few to say'),
      h('br'), h('span', { class: 'muted tiny' }, `n = ${count(point.n)}`)));
}

export function channelPlot(node) {
  const card = panel(node, { title: 'Score by channel' });
  return async (state, signal, { lead }) => {
    const { metric, point: { scale } } = await lead;
    const measure = MEASURES[metric];
    const title = `${measure.short} by channel`;
    const found = await ask(`/v1/metrics/${metric}`, { query: metricQuery(state, { group_by: 'channel' }), signal });
    const points = onScale(found, scale).filter((point) => point.n).sort((a, b) => b.n - a.n);
    card.works();
    card.named(title);
    card.says('Where intervals overlap widely, the order of channels says little.');
    card.rows({ caption: title, head: ['Channel', measure.short, '95 % interval', 'n'], body: points.map((p) => [label(p.group), enough(p) ? measure.say(p.value) : 'too few', enough(p) ? interval(p.ci95, measure.say) : '–', count(p.n)]) });
    if (!points.length) { put(card.picture, nothing('No channel has answers in this period.')); return; }
    const [low, high] = domain(measure, points.slice(0, 8), scale, true);
    const part = { low, high, at: (value) => `${((100 * (value - low)) / (high - low)).toFixed(2)}%` };
    put(card.picture, h('ul', { class: 'plot', 'aria-label': title }, points.slice(0, 8).map((point) => row(point, part, measure)),
      h('li', { class: 'axis', 'aria-hidden': 'true' }, h('span'), h('span', { class: 'axis' }, s('svg', {},
        s('text', { x: 0, y: 11 }, measure.say(low)), low < 0 && high > 0 ? s('text', { x: part.at(0), y: 11, 'text-anchor': 'middle' }, '0') : null, s('text', { x: '100%', y: 11, 'text-anchor': 'end' }, measure.say(high)))), h('span'))));
  };
}
