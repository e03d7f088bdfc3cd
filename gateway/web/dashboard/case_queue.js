// Open cases: who owns each, when it is due, where it stands. Used by the overview and by the list of cases.

import { ask } from '../scripts/api.js';
import { h, path, put } from '../scripts/dom.js';
import { ago, count, exact, label, plural } from '../scripts/words.js';
import { nothing, panel } from './panel.js';

/** As many as stand beside the longest list of voices. */
const MOST = 12;
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

/** The title, with the channel as a word: "1 of 5 stars · App store". */
export const caseTitle = (one) => (one.title || 'Case without a title').split(' · ').map((part) => (part === one.channel ? label(part) : part)).join(' · ');

/* What was said, by feedback: asked once, a few at a time, after the list itself stands. */
const said = new Map();
const queued = [];
let asking = 0;

async function next() {
  const job = queued.shift();
  if (!job || asking >= 4) { if (job) queued.unshift(job); return; }
  asking += 1;
  try { said.set(job.id, (await ask(path`/v1/feedback/${job.id}`)).text || ''); } catch { /* the title stands alone */ }
  asking -= 1;
  if (said.get(job.id)) job.fill(said.get(job.id));
  next();
}

/** A line for the words of the customer, filled when they have come. */
function quote(feedbackId) {
  const line = h('p', { class: 'said', dir: 'auto' });
  if (said.has(feedbackId)) line.textContent = said.get(feedbackId);
  else { queued.push({ id: feedbackId, fill: (words) => { line.textContent = words; } }); next(); }
  return line;
}

/** One case as a list item; `full` adds channel and unit, where the title does not name them. */
export function caseItem(one, full = false) {
  const unsaid = (words) => full && words && !caseTitle(one).split(' · ').includes(words);
  return h('li', { 'data-case': one.id },
    h('a', { class: 'title', href: path`/dashboard/cases/${one.id}`, dir: 'auto' }, caseTitle(one)),
    quote(one.feedback_id),
    h('p', { class: 'meta' }, statusBadge(one.status), priorityBadge(one),
      h('span', {}, ownerName(one) || 'Nobody owns it'), dueWords(one),
      unsaid(one.channel && label(one.channel)) ? h('span', {}, label(one.channel)) : null, unsaid(one.unit) ? h('span', {}, one.unit) : null,
      full && one.customer_informed_at ? h('span', { class: 'badge good' }, 'Customer informed') : null));
}

/** The most pressing open cases, late ones before all others, and how many there are: {cases, open, overdue}. */
export async function openCases({ signal } = {}) {
  const [all, late] = await Promise.all([{ open: true }, { overdue: true }].map((query) =>
    ask('/v1/cases', { query: { ...query, sort: 'priority', limit: MOST }, signal })));
  const cases = [...new Map([...late.data, ...all.data].map((one) => [one.id, one])).values()].slice(0, MOST);
  return { cases, open: all.total, overdue: late.total };
}

export function caseQueue(node) {
  const card = panel(node, { title: 'Open cases', tabular: false });
  return async (_, __, shared) => {
    const { cases, open, overdue } = await shared.cases;
    card.works();
    card.says(open ? `${plural(open, 'case')} waiting for an answer, ${overdue ? `${count(overdue)} overdue` : 'none overdue'}. Most urgent first.` : 'A rule opens a case when somebody needs an answer.');
    put(card.picture, open ? [h('ol', { class: 'queue' }, cases.map((one) => caseItem(one))),
      h('p', { class: 'small rest' }, h('a', { href: '/dashboard/cases' }, open > 1 ? `See all ${count(open)}` : 'See all cases'))] : nothing('No open cases. Nobody is waiting for you.'));
  };
}
