// Open cases: who owns each, when it is due, where it stands. Used by the overview and by the list of cases.

import { askAll } from '../scripts/api.js';
import { h, path, put } from '../scripts/dom.js';
import { ago, exact, label, plural } from '../scripts/words.js';
import { nothing, panel } from './panel.js';

export const OPEN = ['new', 'triaged', 'assigned', 'contacting', 'in_progress', 'awaiting_customer', 'reopened'];
const STATUS_TONES = { new: 'accent', reopened: 'warn', awaiting_customer: '', resolved: 'good', verified: 'good', closed: '' };
const PRIORITY_TONES = { urgent: 'bad', high: 'warn' };

export const isOpen = (one) => OPEN.includes(one.status);
export const isLate = (one) => one.overdue ?? (isOpen(one) && Boolean(one.due_at) && new Date(one.due_at) < new Date());
export const ownerName = (one) => one.owner?.name || one.owner?.email || '';
export const priorityOf = (one) => one.priority || '';

export const statusBadge = (status) => h('span', { class: `badge ${STATUS_TONES[status] ?? ''}` }, label(status));
export const priorityBadge = (one) => (PRIORITY_TONES[priorityOf(one)] ? h('span', { class: `badge ${PRIORITY_TONES[priorityOf(one)]}` }, label(priorityOf(one))) : null);

export function dueWords(one) {
  if (!one.due_at) return null;
  const time = h('time', { datetime: one.due_at, title: exact(one.due_at) }, ago(one.due_at));
  return isLate(one) ? h('span', { class: 'late' }, 'Overdue, due ', time) : h('span', {}, isOpen(one) ? 'Due ' : 'Was due ', time);
}

export const caseTitle = (one) => one.title || 'Case without a title';

/** One case as a list item; `full` adds channel and unit. */
export function caseItem(one, full = false) {
  return h('li', { 'data-case': one.id },
    h('a', { class: 'title', href: path`/dashboard/cases/${one.id}`, dir: 'auto' }, caseTitle(one)),
    h('p', { class: 'meta' }, statusBadge(one.status), priorityBadge(one),
      h('span', {}, ownerName(one) || 'Nobody owns it'), dueWords(one),
      full && one.channel ? h('span', {}, label(one.channel)) : null, full && one.unit ? h('span', {}, one.unit) : null,
      full && one.customer_informed_at ? h('span', { class: 'badge good' }, 'Customer informed') : null));
}

/** All open cases, the most pressing first: {open, overdue, more}. */
export async function openCases({ signal, query = {} } = {}) {
  const most = 200;
  const found = await askAll('/v1/cases', { query: { open: true, ...query }, most, signal });
  const open = found.filter(isOpen);
  const rank = (one) => [isLate(one) ? 0 : 1, one.due_at ? new Date(one.due_at).getTime() : Infinity];
  open.sort((a, b) => { const [x, y] = [rank(a), rank(b)]; return x[0] - y[0] || x[1] - y[1]; });
  return { open, overdue: open.filter(isLate).length, more: found.length >= most };
}

export function caseQueue(node) {
  const card = panel(node, { title: 'Open cases', tabular: false });
  return async (_, __, asked) => {
    const { open, overdue, more } = await asked;
    card.works();
    card.says(open.length ? `${plural(open.length, 'person', 'people')}${more ? ' or more' : ''} waiting for an answer, ${overdue} overdue.` : 'A rule opens a case when somebody needs an answer.');
    put(card.picture, open.length ? h('ol', { class: 'queue' }, open.slice(0, 7).map((one) => caseItem(one))) : nothing('No open cases. Nobody is waiting for you.'));
    if (open.length > 7) card.picture.append(h('p', { class: 'small' }, h('a', { href: '/dashboard/cases' }, `See all ${open.length}`)));
  };
}
