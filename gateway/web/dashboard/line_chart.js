// One time series with uPlot, on a canvas in the page's own colours; readable by pointer, by arrow keys and in words.

import { h, put } from '../scripts/dom.js';
import { bucket, day } from '../scripts/words.js';

let library;
/** uPlot, asked for once. It hands navigator.language to Intl, which refuses "en-US@posix" and the like. */
function uplot() {
  try { Intl.getCanonicalLocales(navigator.language); } catch { Object.defineProperty(navigator, 'language', { value: 'en', configurable: true }); }
  library ||= import('../lib/uplot.js').then((module) => module.default);
  return library;
}

const HEIGHT = 256;
const probe = h('i', { hidden: true });
/** A colour token as the canvas needs it: resolved for the theme in force. */
function colour(name, alpha = 1) {
  if (!probe.isConnected) document.body.append(probe);
  probe.style.color = alpha === 1 ? `var(${name})` : `color-mix(in srgb, var(${name}) ${alpha * 100}%, transparent)`;
  return getComputedStyle(probe).color;
}

/**
 * Draws into `node` and answers {update(data), redraw()}.
 *   kind: 'band' (a line with its interval) or 'bars'; say(point): the words of one point; axis(value): a label;
 *   range(points): the part of the scale that a band is drawn on.
 *   A point: {start, value, lo, hi, ...}; value null leaves a gap.
 */
export function lineChart(node, { kind, say, axis, label, range: rangeOf }) {
  const frame = h('div', { class: 'chart', tabindex: 0, role: 'group', 'aria-label': `${label}. Left and right arrow keys read the points.` });
  const readout = h('p', { class: 'readout', 'aria-live': 'polite' });
  put(node, frame, readout);
  let points = [];
  let size = 'day';
  let plot = null;
  let drawn = '';

  const tell = (index) => put(readout, index === null || index === undefined || !points[index]
    ? say(points[points.length - 1], true) : say(points[index], false));

  const columns = () => {
    const x = points.map((point) => new Date(point.start) / 1000);
    const value = points.map((point) => point.value);
    return kind === 'bars' ? [x, value] : [x, value, points.map((p) => p.hi), points.map((p) => p.lo)];
  };

  const range = (_, low, high) => (kind === 'bars' ? [0, Math.max(4, (high || 0) * 1.12)] : rangeOf(points));

  async function draw() {
    const UPlot = await uplot();
    plot?.destroy();
    const font = `12px ${getComputedStyle(document.body).fontFamily}`;
    const grid = { stroke: colour('--line'), width: 1 };
    const ticks = { show: false };
    const line = { label, stroke: colour('--accent'), width: 2, points: { show: points.length < 40, size: 5, fill: colour('--surface'), width: 2 } };
    const edge = { stroke: 'transparent', points: { show: false } };
    const bars = { label, stroke: 'transparent', fill: colour('--accent', .72), points: { show: false }, paths: UPlot.paths.bars({ size: [.74, 44], radius: .12 }) };
    plot = new UPlot({
      width: Math.max(240, frame.clientWidth), height: HEIGHT, padding: [12, 30, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 9, fill: colour('--accent'), stroke: colour('--surface'), width: 2 } },
      scales: { x: { time: true, ...(kind === 'bars' ? { range: (u, low, high) => [low - step() * .6, high + step() * .6] } : {}) }, y: { range } },
      axes: [
        { stroke: colour('--muted'), font, grid: { show: false }, ticks, size: 30, splits: marks, values: (_, found) => found.map((mark) => (size === 'month' ? bucket(mark * 1000, 'month') : day(mark * 1000))) },
        { stroke: colour('--muted'), font, grid, ticks, size: 46, space: 44, values: (_, found) => found.map((mark) => (Number.isInteger(mark) || kind !== 'bars' ? axis(mark) : '')) },
      ],
      series: kind === 'bars' ? [{}, bars] : [{}, line, edge, edge],
      bands: kind === 'bars' ? [] : [{ series: [2, 3], fill: colour('--accent', .15) }],
      hooks: { setCursor: [(u) => { if (u.cursor.idx !== undefined) tell(u.cursor.idx); }] },
    }, columns(), frame);
    tell(null);
  }
  /* Labels stand where the points are, as many as there is room for, counted back from the latest. */
  const marks = (u) => {
    const every = Math.max(1, Math.ceil(points.length / Math.max(2, Math.floor(u.width / 92))));
    return points.filter((_, i) => (points.length - 1 - i) % every === 0).map((point) => new Date(point.start) / 1000);
  };
  const step = () => (points.length > 1 ? (new Date(points[1].start) - new Date(points[0].start)) / 1000 : 86400);

  let at = -1;
  frame.addEventListener('keydown', (event) => {
    const move = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
    if (!move || !plot) return;
    event.preventDefault();
    at = Math.min(points.length - 1, Math.max(0, (at < 0 ? points.length : at) + move));
    plot.setCursor({ left: plot.valToPos(new Date(points[at].start) / 1000, 'x'), top: 10 });
    tell(at);
  });
  frame.addEventListener('blur', () => { at = -1; plot?.setCursor({ left: -10, top: -10 }); });
  new ResizeObserver(() => { if (plot && frame.clientWidth > 0 && frame.clientWidth !== plot.width) plot.setSize({ width: frame.clientWidth, height: HEIGHT }); }).observe(frame);
  addEventListener('cxloop:theme', () => { if (plot) draw(); });

  return {
    async update(next, interval) {
      const key = `${interval}:${next.length}`;
      points = next;
      size = interval;
      if (plot && key === drawn) { plot.setData(columns()); if (at < 0) tell(null); } else { drawn = key; await draw(); }
    },
  };
}
