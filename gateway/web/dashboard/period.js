// Which stretch of time is looked at: so many days back from today, or everything there is.

import { ask } from '../scripts/api.js';
import { fullDay, timezone } from '../scripts/words.js';

export const ALL = 'all';
/** What is shown to whoever chose nothing. */
export const USUAL = 90;
export const PERIODS = {
  7: { name: '7 days', words: 'the last 7 days', interval: 'day' },
  30: { name: '30 days', words: 'the last 30 days', interval: 'day' },
  90: { name: '90 days', words: 'the last 90 days', interval: 'week' },
  365: { name: '12 months', words: 'the last 12 months', interval: 'month' },
  [ALL]: { name: 'All', words: 'all' },
};
const DAY = 86_400_000;

/** A period as it stands in an address or a form, or undefined where that names none. */
export const period = (name) => (Object.hasOwn(PERIODS, name ?? '') ? (name === ALL ? ALL : Number(name)) : undefined);

/** Local midnight `days` ago; days are counted by the calendar, so clock changes do not shift them. */
function midnight(days, time = new Date()) {
  const at = new Date(time);
  at.setHours(0, 0, 0, 0);
  at.setDate(at.getDate() - days);
  return at;
}

/** When the oldest and the newest record under the filters were given: {first, last}, or null where there is none. */
export async function spanOf({ channel, unit }, signal) {
  const [first, last] = await Promise.all(['occurred_at', '-occurred_at'].map(async (sort) =>
    (await ask('/v1/feedback', { query: { limit: 1, sort, channel, unit }, signal })).data[0]?.occurred_at));
  return first && last ? { first: new Date(first), last: new Date(last) } : null;
}

/** The usual period, or the smallest longer one that holds the newest record. */
export const fitting = ({ last }) => [USUAL, 365].find((days) => last >= midnight(days - 1)) ?? ALL;

/** Everything ends with its newest record: with the month of it, or today, so that the last bucket is whole where it can be. */
function endOf({ last }) {
  const month = new Date(last.getFullYear(), last.getMonth() + 1, 1);
  return month <= new Date() ? month : new Date(Math.max(midnight(-1), midnight(-1, last)));
}

/**
 * The window as the API takes it: whole local days, today included. `shift` 1 is the window of equal length before.
 * All has no beginning: the API begins with the oldest record.
 */
export function windowOf({ days, span }, shift = 0) {
  if (days === ALL) return { to: span ? endOf(span).toISOString() : undefined, timezone };
  return { from: midnight(days - 1 + shift * days).toISOString(), to: midnight(-1 + shift * days).toISOString(), timezone };
}

/** Whether there are records, and none of them in the window. */
export function elsewhere(state, span) {
  if (state.days === ALL || !span) return false;
  const { from, to } = windowOf(state);
  return span.last < new Date(from) || span.first >= new Date(to);
}

/** How many days the window has. */
export const lengthOf = ({ days, span }) => (days !== ALL ? days : span ? Math.max(1, Math.round((midnight(-1, span.last) - midnight(0, span.first)) / DAY)) : 1);

/** Into what the window is cut. */
export function intervalOf(state) {
  if (state.days !== ALL) return PERIODS[state.days].interval;
  const days = lengthOf(state);
  return days <= 45 ? 'day' : days <= 200 ? 'week' : 'month';
}

/** "3 Mar 2014 to 9 Sep 2018"; a line does not break within a day. */
export function spanWords(span) {
  const [first, last] = [span.first, span.last].map((time) => fullDay(time).replaceAll(' ', '\u00a0'));
  return first === last ? first : `${first} to ${last}`;
}
