// The list of cases: who waits, for whom, until when.

import { ask } from '../scripts/api.js';
import { $, h, put } from '../scripts/dom.js';
import { listen } from '../scripts/live.js';
import { failure, shell, showState } from '../scripts/shell.js';
import { label, plural } from '../scripts/words.js';
import { caseItem } from './case_queue.js';
import { nothing } from './panel.js';

const VIEWS = {
  open: { name: 'Open', query: { open: true }, none: 'No open cases. Nobody is waiting for you.' },
  mine: { name: 'Mine', query: { open: true, owner: 'me' }, none: 'No open case is yours.' },
  unowned: { name: 'Without owner', query: { open: true, owner: 'none' }, none: 'Every open case has an owner.' },
  overdue: { name: 'Overdue', query: { overdue: true }, none: 'Nothing is overdue.' },
  ended: { name: 'Ended', query: { open: false }, sort: 'opened', none: 'No case has been resolved or closed yet.' },
};
const SORTS = { priority: 'most urgent first', due: 'due first', opened: 'newest first' };
const list = $('#list');
const address = new URLSearchParams(location.search);
const named = (all, name) => (Object.hasOwn(all, name ?? '') ? name : null);
let view = named(VIEWS, address.get('view')) || 'open';
let chosen = named(SORTS, address.get('sort'));
let shown = 50;
let running = null;

put($('#filters'), h('div', { class: 'segmented', role: 'radiogroup', 'aria-label': 'Which cases' }, Object.entries(VIEWS).map(([name, one]) =>
  h('label', {}, h('input', { type: 'radio', name: 'view', value: name, checked: name === view }), h('span', {}, one.name)))),
h('select', { name: 'sort', 'aria-label': 'Order' }, Object.entries(SORTS).map(([name, words]) => h('option', { value: name }, label(words)))));
/* What has ended is looked up, newest first; what is open is worked through, most urgent first. */
const sort = () => chosen || VIEWS[view].sort || 'priority';
const order = $('#filters select');
order.value = sort();
$('#filters').addEventListener('change', (event) => {
  if (event.target === order) chosen = order.value; else view = event.target.value;
  order.value = sort();
  shown = 50;
  const query = new URLSearchParams(Object.entries({ view: view === 'open' ? '' : view, sort: chosen }).filter(([, value]) => value));
  history.replaceState(null, '', location.pathname + (query.size ? `?${query}` : ''));
  load();
});

async function load() {
  running?.abort();
  const { signal } = (running = new AbortController());
  try {
    const found = [];
    let cursor = null;
    let total = 0;
    do {
      const page = await ask('/v1/cases', { query: { ...VIEWS[view].query, sort: sort(), limit: 50, cursor }, signal });
      found.push(...page.data);
      cursor = page.next_cursor;
      total = page.total;
    } while (cursor && found.length < shown);
    $('#subtitle').textContent = found.length ? `${plural(total, 'case')}, ${SORTS[sort()]}.` : '';
    put(list, h('div', { class: 'body' },
      found.length ? h('ol', { class: 'queue' }, found.map((one) => caseItem(one, true))) : nothing(VIEWS[view].none),
      cursor ? h('p', { class: 'buttons' }, h('button', { class: 'button', type: 'button', onclick: () => { shown = found.length + 50; load(); } }, 'Show more')) : null));
  } catch (error) {
    if (error.name !== 'AbortError') put(list, h('div', { class: 'body' }, failure(error, error.retry ? load : null)));
  }
}

await shell();
listen({ state: showState, changed: (topics) => { if (topics.has('cases') || topics.has('poll')) load(); } });
await load();
