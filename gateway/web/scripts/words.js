// Turns numbers and times into words: one place that knows how a score, an interval and a moment are said.

/* A browser started by a tool may name a language that is none ("en-US@posix"). */
const language = (() => {
  try { return Intl.getCanonicalLocales(navigator.language)[0] || 'en'; } catch { return 'en'; }
})();
const whole = new Intl.NumberFormat(language);
const oneDigit = new Intl.NumberFormat(language, { maximumFractionDigits: 1, minimumFractionDigits: 1 });
export const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';

/** Answers below which a score is not shown as a number: its interval would cover most of the scale. */
export const TOO_FEW = 10;

export const count = (n) => whole.format(n);
export const score = (value) => whole.format(Math.round(value) + 0).replace('-', '−');
export const decimal = (value) => oneDigit.format(value).replace('-', '−');
export const percent = (part, all) => (all ? `${Math.round((100 * part) / all)} %` : '–');
export const signed = (value) => (Math.round(value) > 0 ? '+' : '') + score(value);
export const interval = (ends, say = score) => (ends ? `${say(ends[0])} to ${say(ends[1])}` : '');
export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

/** Whether a point of a series holds enough answers to be said as a number. */
export const enough = (point) => Boolean(point) && point.value !== null && point.value !== undefined && point.n >= TOO_FEW;

const dayFormat = new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short' });
const dayYear = new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short', year: 'numeric' });
const monthFormat = new Intl.DateTimeFormat(language, { month: 'short', year: 'numeric' });
const moment = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });
const clock = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });

/** A day, with its year where that is not this one. */
export const day = (time) => (new Date(time).getFullYear() === new Date().getFullYear() ? dayFormat : dayYear).format(new Date(time));
export const fullDay = (time) => dayYear.format(new Date(time));
export const exact = (time) => moment.format(new Date(time));
export const clockTime = (time) => clock.format(new Date(time));

/** The name of one bucket of a series: a day, "week of …", or a month. */
export function bucket(time, size) {
  if (size === 'month') return monthFormat.format(new Date(time));
  return size === 'week' ? `week of ${day(time)}` : fullDay(time);
}

/** "5 min. ago", "in 3 hr.", "12 Nov 2026": near moments by distance, far ones by date. */
export function ago(time, now = Date.now()) {
  const seconds = (new Date(time) - now) / 1000;
  const size = Math.abs(seconds);
  if (size < 45) return 'just now';
  if (size < 3600) return relative.format(Math.round(seconds / 60), 'minute');
  if (size < 86400) return relative.format(Math.round(seconds / 3600), 'hour');
  if (size < 14 * 86400) return relative.format(Math.round(seconds / 86400), 'day');
  return fullDay(time);
}

const SPELLED = new Set(['api', 'csat', 'ces', 'nps', 'qr', 'sms']);

/** snake_case from the API as words: "awaiting_customer" → "Awaiting customer", "sms" → "SMS". */
export const label = (name) => {
  const words = String(name).replaceAll('_', ' ').split(' ').map((word) => (SPELLED.has(word) ? word.toUpperCase() : word)).join(' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
};

const NPS_GROUPS = [[9, 'Promoter', 'good'], [7, 'Passive', 'warn'], [0, 'Detractor', 'bad']];

/** What a rating says about itself: {text, group, tone}. */
export function rating(one) {
  const scale = one.scale || {};
  const top = one.metric === 'nps' ? 10 : scale.max;
  const value = `${one.value}${top !== undefined && top !== null ? ` of ${top}` : ''}`;
  const text = one.metric === 'stars' && !one.aspect ? `${value} stars` : `${label(one.aspect || one.metric)} ${value}`;
  if (one.metric !== 'nps') return { text, group: '', tone: '' };
  const [, group, tone] = NPS_GROUPS.find(([least]) => one.value >= least) || NPS_GROUPS[2];
  return { text: `NPS ${one.value}`, group, tone };
}

/** The change between two independent scores with its 95 % interval (MOVER on the two intervals; Zou & Donner 2008). */
export function change(before, after) {
  if (!enough(before) || !enough(after) || !before.ci95 || !after.ci95) return null;
  const difference = after.value - before.value;
  const low = difference - Math.hypot(after.value - after.ci95[0], before.ci95[1] - before.value);
  const high = difference + Math.hypot(after.ci95[1] - after.value, before.value - before.ci95[0]);
  return { difference, low, high, verdict: low > 0 ? 'up' : high < 0 ? 'down' : 'unclear' };
}
