// What the person is looking at: period, channel, unit. Kept in the page's address, so that a view can be sent to a colleague.

import { period, USUAL, windowOf } from './period.js';

/** `chosen`: a person named the period; otherwise the page may take a longer one (`stretched`) where the usual one is empty. */
export function readQuery() {
  const found = new URLSearchParams(location.search);
  const days = period(found.get('days'));
  return {
    days: days ?? USUAL, chosen: days !== undefined, stretched: false, span: null,
    channel: found.get('channel') || '', unit: found.get('unit') || '', metric: found.get('metric') || '',
  };
}

export function writeQuery({ days, chosen, channel, unit, metric }) {
  const query = new URLSearchParams(Object.entries({ days: chosen ? days : '', channel, unit, metric }).filter(([, value]) => value));
  history.replaceState(null, '', location.pathname + (query.size ? `?${query}` : ''));
}

/** The query of one metric: the window, how it is cut, and the filters. */
export function metricQuery(state, { interval = 'total', shift = 0, group_by: groupBy, filtered = true } = {}) {
  const asked = filtered ? state : { ...state, span: null }; // where everything ends depends on the filters
  return { ...windowOf(asked, shift), interval, group_by: groupBy, ...(filtered ? { channel: state.channel, unit: state.unit } : {}) };
}
