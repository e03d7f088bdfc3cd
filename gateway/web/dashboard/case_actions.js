// What a person can do with a case: move its status, give it an owner, say that the customer was told.

import { ask } from '../scripts/api.js';
import { h, put } from '../scripts/dom.js';
import { failure } from '../scripts/shell.js';
import { exact, label } from '../scripts/words.js';

const VERBS = {
  triaged: 'Triage', assigned: 'Assign', contacting: 'Contact the customer', in_progress: 'Start work', awaiting_customer: 'Wait for the customer',
  resolved: 'Resolve', verified: 'Verify', reopened: 'Reopen', closed: 'Close',
};
const OUTCOMES = ['recovered', 'unresolved', 'no_reply', 'not_actionable', 'duplicate'];
const CHANNELS = ['phone', 'email', 'chat', 'in_person', 'letter', 'other'];

const choice = (name, words, options, chosen) => h('label', { class: 'field' }, h('span', {}, words),
  h('select', { name }, options.map(([value, text]) => h('option', { value, selected: value === chosen }, text))));

/** The version that was read: somebody else's change in between is refused by the API instead of being overwritten. */
const seen = (one) => ({ 'If-Match': `"${one.version}"` });

function tell(trouble, error, changed) {
  if (error.status !== 412) { put(trouble, failure(error)); return; }
  put(trouble, h('div', { class: 'notice bad', role: 'alert' }, h('p', {}, 'Somebody changed this case a moment ago.'), h('button', { class: 'button', type: 'button', onclick: () => changed() }, 'Show the new state')));
}

export function actions(one, { members, here, changed }) {
  const steps = one.next || [];
  const trouble = h('div');
  const people = members.filter((member) => member.active !== false && member.email).map((member) => [member.email, member.name || member.email]);
  const step = choice('to', 'Move to', steps.map((to) => [to, VERBS[to] || label(to)]), steps.find((to) => ['contacting', 'in_progress', 'resolved', 'verified', 'closed', 'reopened'].includes(to)));
  const outcome = choice('outcome', 'Outcome', OUTCOMES.map((name) => [name, label(name)]), 'recovered');
  const owner = choice('owner', 'Owner', [['', one.owner ? 'Take the owner away' : 'Nobody'], ...people], one.owner?.email || '');
  const note = h('label', { class: 'field' }, h('span', {}, 'Note (optional)'), h('textarea', { name: 'note', rows: 2, maxlength: 5000 }));
  const select = step.querySelector('select');
  const sync = () => { outcome.hidden = select.value !== 'closed'; };
  select.addEventListener('change', sync);
  sync();

  const move = h('form', { onsubmit: async (event) => {
    event.preventDefault();
    const data = Object.fromEntries(new FormData(move));
    const button = move.querySelector('button');
    button.disabled = true;
    try {
      await ask(`${here}/transitions`, { method: 'POST', headers: seen(one), body: {
        to: data.to, ...(data.note.trim() ? { note: data.note.trim() } : {}), ...(data.to === 'closed' ? { outcome: data.outcome } : {}),
      } });
      await changed(`Moved to ${label(data.to)}.`);
    } catch (error) { tell(trouble, error, changed); } finally { button.disabled = false; }
  } }, step, outcome, note, h('div', {}, h('button', { class: 'button primary', type: 'submit' }, 'Move')));

  const own = h('form', { onsubmit: (event) => event.preventDefault() }, owner);
  owner.addEventListener('change', async (event) => {
    try {
      await ask(here, { method: 'PATCH', headers: seen(one), body: { owner: event.target.value || null } });
      event.target.blur();
      await changed('Owner changed.');
    } catch (error) { tell(trouble, error, changed); }
  });
  return [h('div', { class: 'start' }, own, steps.length ? move : h('p', { class: 'muted small' }, 'This case has come to its end.'), trouble)];
}

export function informedForm(one, { here, changed, mayWork }) {
  if (one.customer_informed_at) return h('p', {}, h('span', { class: 'badge good' }, 'Informed'), ` ${exact(one.customer_informed_at)}${one.customer_informed_channel ? ` by ${label(one.customer_informed_channel).toLowerCase()}` : ''}.`);
  if (!mayWork) return h('p', { class: 'muted small' }, 'Not yet.');
  const trouble = h('div');
  const form = h('form', { onsubmit: async (event) => {
    event.preventDefault();
    try {
      await ask(here, { method: 'PATCH', headers: seen(one), body: { customer_informed_at: new Date().toISOString(), customer_informed_channel: new FormData(form).get('channel') } });
      await changed('Recorded that the customer was informed.');
    } catch (error) { tell(trouble, error, changed); }
  } }, h('p', { class: 'muted small' }, 'The loop is closed when the customer knows what was done.'),
  choice('channel', 'Told by', CHANNELS.map((name) => [name, label(name)]), 'phone'), trouble, h('div', {}, h('button', { class: 'button', type: 'submit' }, 'The customer was informed')));
  return form;
}
