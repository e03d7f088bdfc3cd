// Period, channel and unit: native controls, so that keyboard and screen reader work as everywhere.

import { ask } from '../scripts/api.js';
import { h, put } from '../scripts/dom.js';
import { label } from '../scripts/words.js';
import { MEASURES } from './measures.js';
import { period as named, PERIODS } from './period.js';
import { metricQuery } from './query.js';

/** Builds the controls in `form`; `changed(state)` runs on every change. Answers {measures, shows, refresh}; refresh looks for new channels and units. */
export function filters(form, state, changed) {
  const select = (name, words) => h('select', { name, 'aria-label': words });
  const channel = select('channel', 'Channel');
  const unit = select('unit', 'Unit');
  const metric = select('metric', 'Score');
  metric.hidden = true;
  const period = h('div', { class: 'segmented', role: 'radiogroup', 'aria-label': 'Period' }, Object.entries(PERIODS).map(([days, { name }]) =>
    h('label', {}, h('input', { type: 'radio', name: 'days', value: days, checked: days === String(state.days) }), h('span', {}, name))));
  put(form, period, metric, channel, unit);

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
  form.addEventListener('change', (event) => {
    const data = new FormData(form);
    Object.assign(state, { days: named(data.get('days')), channel: channel.value, unit: unit.value, ...(event.target === metric ? { metric: metric.value } : {}) });
    if (event.target.name === 'days') Object.assign(state, { chosen: true, stretched: false });
    changed(state);
  });

  return {
    /** Marks the period that is shown, when the page took it by itself. */
    shows(days) { period.querySelector(`[value="${days}"]`).checked = true; },
    /** The scores that have answers, and the one that is shown. */
    measures(names, chosen) {
      if (metric.dataset.key !== names.join()) put(metric, names.map((name) => h('option', { value: name }, MEASURES[name].short)));
      metric.dataset.key = names.join();
      metric.value = chosen;
      metric.hidden = names.length < 2;
    },
    async refresh(signal) {
      const groups = async (groupBy) => (await ask('/v1/metrics/volume', { query: metricQuery(state, { group_by: groupBy, filtered: false }), signal }))
        .series.filter((point) => point.n).map((point) => point.group);
      const [channels, units] = await Promise.all([groups('channel'), groups('unit')]);
      options(channel, 'All channels', channels, state.channel);
      options(unit, 'All units', units, state.unit);
    },
  };
}
