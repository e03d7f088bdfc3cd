// Period, channel and unit: native controls, so that keyboard and screen reader work as everywhere.

import { ask } from '../scripts/api.js';
import { h, put } from '../scripts/dom.js';
import { label } from '../scripts/words.js';
import { metricQuery, PERIODS } from './query.js';

/** Builds the controls in `form`; `changed(state)` runs on every change. Answers {refresh}, which looks for new channels and units. */
export function filters(form, state, changed) {
  const select = (name, words) => h('select', { name, 'aria-label': words });
  const channel = select('channel', 'Channel');
  const unit = select('unit', 'Unit');
  const period = h('div', { class: 'segmented', role: 'radiogroup', 'aria-label': 'Period' }, Object.entries(PERIODS).map(([days, { name }]) =>
    h('label', {}, h('input', { type: 'radio', name: 'days', value: days, checked: Number(days) === state.days }), h('span', {}, name))));
  put(form, period, channel, unit);

  const options = (node, all, groups, chosen) => {
    const names = [...new Set([...groups, chosen])].filter(Boolean).sort();
    const key = names.join('\n');
    if (node.dataset.key !== key || !node.options.length) {
      node.dataset.key = key;
      put(node, h('option', { value: '' }, all), names.map((name) => h('option', { value: name }, node === channel ? label(name) : name)));
    }
    node.value = chosen;
    node.hidden = names.length === 0;
  };
  options(channel, 'All channels', [], state.channel);
  options(unit, 'All units', [], state.unit);

  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('change', () => {
    const data = new FormData(form);
    Object.assign(state, { days: Number(data.get('days')), channel: channel.value, unit: unit.value });
    changed(state);
  });

  return {
    async refresh(signal) {
      const groups = async (groupBy) => (await ask('/v1/metrics/volume', { query: metricQuery(state, { group_by: groupBy, filtered: false }), signal }))
        .series.filter((point) => point.n).map((point) => point.group);
      const [channels, units] = await Promise.all([groups('channel'), groups('unit')]);
      options(channel, 'All channels', channels, state.channel);
      options(unit, 'All units', units, state.unit);
    },
  };
}
