// The list of cases: who waits, for whom, until when.

import { ask } from '../scripts/api.js';
import { $, h, put } from '../scripts/dom.js';
import { listen } from '../scripts/live.js';
import { failure, shell, showState } from '../scripts/shell.js';
import { plural } from '../scripts/words.js';
import { caseItem } from './case_queue.js';
import { nothing } from './panel.js';

const VIEWS = {
  open: { name: 'Open', query: { open: true }, none: 'No open cases. Nobody is waiting for you.' },
  mine: { name: 'Mine', query: { open: true, owner: 'me' }, none: 'No open case is yours.' },
  unowned: { name: 'Without owner', query: { open: true, owner: 'none' }, none: 'Every open case has an owner.' },
  overdue: { name: 'Overdue', query: { overdue: true }, none: 'Nothing is overdue.' },
  ended: { name: 'Ended', query: { open: false }, none: 'No case has been resolved or closed yet.' },
};
const list = $('#list');
const wanted = new URLSearchParams(location.search).get('view');
let view = VIEWS[wanted] ? wanted : 'open';
let shown = 50;
let running = null;

put($('#filters'), h('div', { class: 'segmented', role: 'radiogroup', 'aria-label': 'Which cases' }, Object.entries(VIEWS).map(([name, one]) =>
  h('label', {}, h('input', { type: 'radio', name: 'view', value: name, checked: name === view }), h('span', {}, one.name)))));
$('#filters').addEventListener('change', (event) => {
  view = event.target.value;
  shown = 50;
  history.replaceState(null, '', view === 'open' ? location.pathname : `?view=${view}`);
  load();
});

async function load() {
  running?.abort();
  const { signal } = (running = new AbortController());
  try {
    const found = [];
    let cursor = null;
    do {
      const page = await ask('/v1/cases', { query: { ...VIEWS[view].query, limit: 50, cursor }, signal });
      found.push(...page.data);
      cursor = page.next_cursor;
    } while (cursor && found.length < shown);
    $('#subtitle').textContent = found.length ? `${plural(found.length, 'case')}${cursor ? ' or more' : ''}, newest first.` : '';
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
