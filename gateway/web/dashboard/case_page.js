// One case: what was said, what was done, what can be done next.

import { ask, askAll } from '../scripts/api.js';
import { $, h, path, put } from '../scripts/dom.js';
import { listen } from '../scripts/live.js';
import { failure, shell, showState } from '../scripts/shell.js';
import { ago, exact, label } from '../scripts/words.js';
import { actions, informedForm } from './case_actions.js';
import { caseTitle, dueWords, ownerName, priorityBadge, statusBadge } from './case_queue.js';
import { ratingBadges, sentimentBadge } from './voices.js';

const id = decodeURIComponent(location.pathname.split('/').pop());
const here = path`/v1/cases/${id}`;
let members = [];
let mayWork = false;
let shown = 0;

const card = (node, title, ...children) => put(node, h('header', {}, h('h2', {}, title)), h('div', { class: 'body' }, children));
const time = (value) => h('time', { datetime: value, title: exact(value), class: 'muted' }, ago(value));

function said(node, feedback) {
  card(node, 'What was said',
    feedback.title ? h('p', { dir: 'auto' }, h('strong', {}, feedback.title)) : null,
    feedback.text ? h('blockquote', { class: 'quote', dir: 'auto', lang: feedback.language || null }, feedback.text) : h('p', { class: 'muted' }, 'A score without words.'),
    h('p', { class: 'meta' }, ratingBadges(feedback.ratings), sentimentBadge(feedback.sentiment), h('span', {}, label(feedback.channel)),
      feedback.unit ? h('span', {}, feedback.unit) : null, time(feedback.occurred_at || feedback.received_at)));
}

/** One entry of the history as a sentence. */
function sentence(entry) {
  const who = entry.actor?.name || 'Somebody';
  if (entry.kind === 'opened') return `${who} opened the case`;
  if (entry.kind === 'note') return `${who} noted`;
  if (entry.kind === 'transition') return `${who} moved it from ${label(entry.from_status)} to ${label(entry.to_status)}`;
  const names = Object.entries(entry.changes || {}).map(([name, pair]) => {
    if (name === 'owner_id') return `owner: ${members.find((one) => one.id === pair.to)?.name || (pair.to ? 'another member' : 'nobody')}`;
    if (name.endsWith('_at')) return `${label(name.slice(0, -3)).toLowerCase()}: ${pair.to ? exact(pair.to) : 'none'}`;
    return `${label(name).toLowerCase()}: ${pair.to ?? 'none'}`;
  });
  return `${who} changed ${names.join(', ') || 'the case'}`;
}

function historyCard(node, one, changed) {
  const note = h('textarea', { name: 'note', rows: 3, maxlength: 5000, 'aria-label': 'Note for colleagues', placeholder: 'Note for colleagues; the customer never sees it' });
  const kept = node.querySelector('textarea')?.value || '';
  note.value = kept;
  const trouble = h('div');
  const form = h('form', { onsubmit: async (event) => {
    event.preventDefault();
    if (!note.value.trim()) { note.focus(); return; }
    try {
      await ask(`${here}/notes`, { method: 'POST', body: { note: note.value.trim() } });
      note.value = '';
      await changed('Note added.');
    } catch (error) { put(trouble, failure(error)); }
  } }, note, trouble, h('div', {}, h('button', { class: 'button', type: 'submit' }, 'Add note')));
  card(node, 'History',
    h('ol', { class: 'line' }, [...(one.history || [])].reverse().map((entry) => h('li', { class: entry.to_status === 'resolved' || entry.to_status === 'verified' ? 'good' : null },
      h('p', {}, sentence(entry), ' ', time(entry.at)), entry.note ? h('p', { dir: 'auto' }, entry.note) : null))),
    mayWork ? form : null);
}

function facts(node, one) {
  const rows = [['Priority', [label(one.priority), one.priority_score !== undefined ? ` (${one.priority_score} of 100)` : '']], ['Channel', one.channel && label(one.channel)], ['Unit', one.unit], ['Touchpoint', one.touchpoint && label(one.touchpoint)],
    ['Opened', one.opened_at && exact(one.opened_at)], ['Due', one.due_at && exact(one.due_at)], ['Resolved', one.resolved_at && exact(one.resolved_at)], ['Reopened', one.reopened ? `${one.reopened} times` : null]];
  card(node, 'Facts', h('dl', { class: 'facts' }, rows.filter(([, value]) => value).map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)])),
    one.priority_reasons?.length ? h('details', { class: 'why' }, h('summary', { class: 'small' }, 'Why this priority'), h('ul', { class: 'small muted reasons' }, one.priority_reasons.map((reason) => h('li', {}, `${reason.because} (${reason.points > 0 ? '+' : ''}${reason.points})`)))) : null);
}

const STAGE_TONES = { done: 'good', failed: 'bad' };
const STAGE_WORDS = { pending: 'on its way', waiting: 'waits for the stage before', skipped: 'not needed', failed: 'given up' };
const took = (ms) => (ms < 1000 ? `${ms} ms later` : ms < 120_000 ? `${(ms / 1000).toFixed(1)} s later` : '');

async function trace(node, feedbackId) {
  const { stages } = await ask(path`/v1/feedback/${feedbackId}/trace`);
  card(node, 'From the answer to the action', h('ol', { class: 'line' }, stages.map((stage) => h('li', { class: STAGE_TONES[stage.state] },
    h('p', {}, h('strong', {}, label(stage.name)), ' ', stage.at ? time(stage.at) : h('span', { class: 'muted' }, STAGE_WORDS[stage.state] || ''),
      stage.duration_ms ? h('span', { class: 'muted' }, ` · ${took(stage.duration_ms)}`) : null),
    stage.reason ? h('p', { class: 'muted small' }, stage.reason) : null,
    stage.next_at ? h('p', { class: 'muted small' }, 'Tried again ', time(stage.next_at)) : null))));
}

async function load(words) {
  const serial = (shown += 1);
  let one;
  try {
    one = await ask(here);
  } catch (error) {
    put($('.case'), failure(error.status === 404 ? Object.assign(error, { message: 'There is no such case, or it belongs to another organisation.' }) : error, error.retry ? () => location.reload() : null));
    return;
  }
  if (serial !== shown) return;
  document.title = `${caseTitle(one)} · cxloop`;
  $('#heading').textContent = caseTitle(one);
  put($('#subtitle'), h('span', { class: 'meta' }, statusBadge(one.status), priorityBadge(one), h('span', {}, ownerName(one) || 'Nobody owns it'), dueWords(one), one.outcome ? h('span', {}, `Outcome: ${label(one.outcome).toLowerCase()}`) : null));
  card($('#work'), 'Next step', mayWork ? actions(one, { members, here, changed: load }) : h('p', { class: 'muted small' }, 'Your role may read cases, not work on them.'));
  card($('#informed'), 'Customer informed', informedForm(one, { here, changed: load, mayWork }));
  historyCard($('#history'), one, load);
  facts($('#facts'), one);
  if (words) $('#done').textContent = words;
  ask(path`/v1/feedback/${one.feedback_id}`).then((feedback) => said($('#said'), feedback), (error) => card($('#said'), 'What was said', failure(error)));
  trace($('#trace'), one.feedback_id).catch(() => { $('#trace').hidden = true; });
}

const session = await shell();
const scopes = session.scopes || session.member?.scopes;
mayWork = !scopes || scopes.includes('cases:write');
members = await askAll('/v1/members').catch(() => []);
/* A form somebody is writing in is not replaced under his hands; the next hint after he is done refreshes it. */
const writing = () => document.activeElement?.matches('.case textarea, .case input, .case select');
listen({ state: showState, changed: (topics) => { if ((topics.has('cases') || topics.has('poll')) && !writing()) load(); } });
await load();
