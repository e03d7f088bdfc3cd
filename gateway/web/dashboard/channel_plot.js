// NPS by channel: one dot and its interval per channel on the whole scale, so that overlap is seen as overlap.

import { ask } from '../scripts/api.js';
import { h, put, s } from '../scripts/dom.js';
import { count, enough, interval, label, score } from '../scripts/words.js';
import { nothing, panel } from './panel.js';
import { metricQuery } from './query.js';

/** The part of the scale that holds every interval, in steps of 20 and never narrower than 80 points. */
function domainOf(points) {
  const ends = points.filter(enough).flatMap((point) => point.ci95);
  let low = Math.max(-100, Math.floor((Math.min(0, ...ends) - 2) / 20) * 20);
  let high = Math.min(100, Math.ceil((Math.max(0, ...ends) + 2) / 20) * 20);
  while (high - low < 80) { if (high < 100) high += 20; else low -= 20; }
  return { low, high, at: (value) => `${((100 * (value - low)) / (high - low)).toFixed(2)}%` };
}

function row(point, { at }) {
  const shown = enough(point);
  return h('li', { class: shown && point.n >= 30 ? null : 'faint' },
    h('span', { class: 'name', title: point.group }, label(point.group ?? 'unknown')),
    s('svg', { 'aria-hidden': 'true' }, s('line', { class: 'zero', x1: at(0), x2: at(0), y1: 0, y2: 28 }),
      shown ? s('line', { class: 'range', x1: at(point.ci95[0]), x2: at(point.ci95[1]), y1: 14, y2: 14 }) : null,
      shown ? s('circle', { class: 'point', cx: at(point.value), cy: 14, r: 5.5 }) : null),
    h('span', { class: 'says' }, shown ? [h('b', {}, score(point.value)), h('span', { class: 'muted tiny' }, ` ${interval(point.ci95)}`)] : h('span', { class: 'muted' }, 'too few to say'),
      h('br'), h('span', { class: 'muted tiny' }, `n = ${count(point.n)}`)));
}

export function channelPlot(node) {
  const card = panel(node, { title: 'NPS by channel' });
  return async (state, signal) => {
    const found = await ask('/v1/metrics/nps', { query: metricQuery(state, { group_by: 'channel' }), signal });
    const points = found.series.filter((point) => point.n).sort((a, b) => b.n - a.n);
    card.works();
    card.says('Where intervals overlap widely, the order of channels says little.');
    card.rows({ caption: 'NPS by channel', head: ['Channel', 'NPS', '95 % interval', 'n'], body: points.map((p) => [label(p.group), enough(p) ? score(p.value) : 'too few', enough(p) ? interval(p.ci95) : '–', count(p.n)]) });
    if (!points.length) { put(card.picture, nothing('No channel has NPS answers in this period.')); return; }
    const domain = domainOf(points.slice(0, 8));
    put(card.picture, h('ul', { class: 'plot', 'aria-label': 'NPS by channel' }, points.slice(0, 8).map((point) => row(point, domain)),
      h('li', { class: 'axis', 'aria-hidden': 'true' }, h('span'), h('span', { class: 'axis' }, s('svg', {},
        s('text', { x: 0, y: 11 }, score(domain.low)), domain.low < 0 ? s('text', { x: domain.at(0), y: 11, 'text-anchor': 'middle' }, '0') : null, s('text', { x: '100%', y: 11, 'text-anchor': 'end' }, score(domain.high)))), h('span'))));
  };
}
