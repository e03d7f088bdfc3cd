// The overview: asks each panel's question of the public API, and asks again when something changed.

import { ask } from '../scripts/api.js';
import { $, h } from '../scripts/dom.js';
import { listen } from '../scripts/live.js';
import { failure, shell, showState } from '../scripts/shell.js';
import { clockTime, count, plural } from '../scripts/words.js';
import { balance } from './balance.js';
import { caseQueue, openCases } from './case_queue.js';
import { channelPlot } from './channel_plot.js';
import { filters } from './filters.js';
import { firstSteps } from './first_steps.js';
import { keyFigures } from './key_figures.js';
import { available, leading } from './measures.js';
import { ALL, elsewhere, fitting, PERIODS, spanOf, spanWords, USUAL } from './period.js';
import { readQuery, writeQuery } from './query.js';
import { scoreTrend, volumeTrend } from './trend.js';
import { criticalTerms, latestVoices } from './voices.js';

const state = readQuery();
const parts = {
  figures: keyFigures($('#tiles')), trend: scoreTrend($('#trend')), channels: channelPlot($('#channels')), volume: volumeTrend($('#volume')),
  terms: criticalTerms($('#terms')), verbatims: latestVoices($('#verbatims')), cases: caseQueue($('#cases')),
};
/* What each hint of the server makes stale; anything unknown makes everything stale. */
const STALE = { cases: ['figures', 'cases'], records: ['figures', 'trend', 'channels', 'volume', 'terms', 'verbatims'] };
/* For so long (ms) the choice of scores, channels and units counts as known: what changes seldom is asked seldom. */
const SETTLED = 20_000;
let running = null;
let empty = null;

/** Where a panel's own error is shown: its card, or the row of figures. */
function trouble(name, error) {
  const node = name === 'figures' ? $('#tiles') : $(`#${name}`);
  node.querySelector('.trouble')?.remove();
  const box = failure(error, error.retry ? () => { box.remove(); load([name]); } : null);
  box.classList.add('trouble');
  (node.querySelector('.body') || node).prepend(box);
  node.querySelectorAll('.waiting').forEach((one) => one.remove());
}

async function isEmpty(signal) {
  if (empty !== false) empty = (await ask('/v1/feedback', { query: { limit: 1 }, signal })).data.length === 0;
  return empty;
}

/** The score this page leads with: {metric, point}; the others are offered beside it. */
let offered = { key: '', at: 0, metric: '' };
async function leadOf(signal) {
  const key = JSON.stringify({ ...state, span: null });
  const known = offered.key === key && Date.now() - offered.at < SETTLED ? offered.metric : '';
  const found = await available(state, signal, known ? [known] : undefined);
  const metric = known || leading(found, state.metric);
  if (!known) {
    controls.measures(found.map(([name]) => name), metric);
    offered = { key, at: Date.now(), metric };
  }
  return { metric, point: found.find(([name]) => name === metric)?.[1] || { value: null, n: 0, ci95: null } };
}

/* Whoever chose no period sees the usual one, or a longer one while that is empty; decided once, so that a view stays. */
let decided = state.chosen;
async function settlePeriod(span) {
  if (!decided && !state.chosen) {
    const found = await span();
    decided = found !== null;
    if (found && fitting(found) !== state.days) {
      Object.assign(state, { days: fitting(found), stretched: true });
      controls.shows(state.days);
      controls.refresh().catch(() => {});
    }
  }
  state.span = state.days === ALL ? await span() : null;
}

function showAll() {
  Object.assign(state, { days: ALL, chosen: true, stretched: false });
  controls.shows(ALL);
  changed();
}

const unfinished = new Set();

/** Asks for these panels, and for those that an earlier call was cut off from. */
async function load(names = Object.keys(parts)) {
  running?.abort();
  const { signal } = (running = new AbortController());
  names.forEach((name) => unfinished.add(name));
  const none = await isEmpty(signal).catch(() => false);
  if (signal.aborted) return;
  $('#board').hidden = none;
  $('#filters').hidden = none;
  if (none && $('#empty').hidden) firstSteps($('#empty'));
  $('#empty').hidden = !none;
  if (none) { $('#subtitle').textContent = 'No feedback yet.'; return; }

  let asked = null;
  const span = () => (asked ||= spanOf(state, signal));
  await settlePeriod(span).catch(() => {});
  if (signal.aborted) return;
  /** A button to where the records are, when none of them is in the chosen period. */
  const wayToAll = async () => {
    const found = await span().catch(() => null);
    return elsewhere(state, found) ? h('button', { class: 'button', type: 'button', onclick: showAll }, `Show all, ${spanWords(found)}`) : null;
  };
  const cases = openCases({ signal });
  const lead = leadOf(signal);
  for (const shared of [cases, lead]) shared.catch(() => {}); // each panel that waits for one says so itself
  await Promise.all([...unfinished].map(async (name) => {
    try {
      const answer = await parts[name](state, signal, { cases, lead, wayToAll });
      (name === 'figures' ? $('#tiles') : $(`#${name}`)).querySelector('.trouble')?.remove();
      if (name === 'figures') summary(answer);
    } catch (error) {
      if (error.name === 'AbortError') return;
      trouble(name, error);
    }
    unfinished.delete(name);
  }));
}

/* Live hints never cut a load short, or steady traffic would starve the page: they wait for it and are gathered. After
 * a load the page rests as long as the load took, so that a busy server is asked less. */
let busy = null;
const hinted = new Set();
async function refresh(names) {
  names.forEach((name) => hinted.add(name));
  if (busy) return;
  while (hinted.size) {
    const now = [...hinted];
    hinted.clear();
    const began = performance.now();
    busy = load(now);
    await busy;
    const rest = Math.min(1500, performance.now() - began);
    if (hinted.size) await new Promise((done) => { setTimeout(done, rest); });
  }
  busy = null;
}

function summary({ completeness, all }) {
  const pending = completeness?.pending ?? 0;
  const records = `${plural(all, 'record')}${state.days === ALL ? ' in all' : state.stretched ? '' : ` in ${PERIODS[state.days].words}`}`
    + (state.days === ALL && state.span ? `, ${spanWords(state.span)}` : '');
  const why = state.stretched ? `Nothing in ${PERIODS[USUAL].words}, so this shows ${state.days === ALL ? 'everything' : PERIODS[state.days].words}: ` : '';
  $('#subtitle').textContent = why + records
    + (pending ? `, ${count(pending)} still being read` : '') + (completeness?.failed ? `, ${count(completeness.failed)} could not be read` : '') + `. As of ${clockTime(completeness?.as_of || Date.now())}.`;
}

await shell();
let looked = Date.now();
function changed() {
  writeQuery(state);
  load();
  controls.refresh().catch(() => {});
}
const controls = filters($('#filters'), state, changed);
balance($('#board'), $('#verbatims'), $('#cases'));
listen({
  state: showState,
  changed: (topics) => {
    refresh([...topics].flatMap((topic) => STALE[topic] || Object.keys(parts)));
    if (Date.now() - looked > SETTLED) {
      looked = Date.now();
      controls.refresh().catch(() => {});
    }
  },
});
await Promise.all([refresh(Object.keys(parts)), controls.refresh().catch(() => {})]);
