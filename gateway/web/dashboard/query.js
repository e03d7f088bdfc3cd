// What the person is looking at: period, channel, unit. Kept in the page's address, so that a view can be sent to a colleague.

import { timezone } from '../scripts/words.js';

export const PERIODS = {
  7: { name: '7 days', words: 'the last 7 days', interval: 'day' },
  30: { name: '30 days', words: 'the last 30 days', interval: 'day' },
  90: { name: '90 days', words: 'the last 90 days', interval: 'week' },
  365: { name: '12 months', words: 'the last 12 months', interval: 'month' },
};

export function readQuery() {
  const found = new URLSearchParams(location.search);
  const days = Number(found.get('days'));
  return { days: PERIODS[days] ? days : 90, channel: found.get('channel') || '', unit: found.get('unit') || '', metric: found.get('metric') || '' };
}

export function writeQuery({ days, channel, unit, metric }) {
  const query = new URLSearchParams(Object.entries({ days: days === 90 ? '' : days, channel, unit, metric }).filter(([, value]) => value));
  history.replaceState(null, '', location.pathname + (query.size ? `?${query}` : ''));
}

/** Local midnight `days` ago as an instant; days are counted by the calendar, so clock changes do not shift them. */
function midnight(days) {
  const time = new Date();
  time.setHours(0, 0, 0, 0);
  time.setDate(time.getDate() - days);
  return time;
}

/** The window as the API takes it: whole local days, today included. `shift` 1 is the window of equal length before. */
export function windowOf({ days }, shift = 0) {
  const from = midnight(days - 1 + shift * days);
  const to = midnight(-1 + shift * days);
  return { from: from.toISOString(), to: to.toISOString(), timezone };
}

/** The query of one metric: the window, how it is cut, and the filters. */
export function metricQuery(state, { interval = 'total', shift = 0, group_by: groupBy, filtered = true } = {}) {
  return { ...windowOf(state, shift), interval, group_by: groupBy, ...(filtered ? { channel: state.channel, unit: state.unit } : {}) };
}
