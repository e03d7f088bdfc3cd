// The latest verbatims with what was understood, and the words that mark detractors.

import { ask } from '../scripts/api.js';
import { h, put, s } from '../scripts/dom.js';
import { ago, count, exact, label, percent, plural, rating } from '../scripts/words.js';
import { nothing, panel } from './panel.js';
import { windowOf } from './period.js';

const TONES = { positive: ['good', '+'], negative: ['bad', '−'], mixed: ['warn', '±'], neutral: ['', '○'] };

export function sentimentBadge(sentiment) {
  if (!sentiment) return null;
  const [tone, sign] = TONES[sentiment.label] || TONES.neutral;
  return h('span', { class: `badge ${tone}` }, h('span', { 'aria-hidden': 'true' }, sign), label(sentiment.label));
}

export function ratingBadges(ratings = []) {
  return ratings.slice(0, 3).map((one) => {
    const { text, group, tone } = rating(one);
    return h('span', { class: `badge figures ${tone}`, title: group || null }, text, group ? h('span', { class: 'visually-hidden' }, `, ${group}`) : null);
  });
}

function voice(one, fresh) {
  const when = one.occurred_at || one.received_at;
  const words = one.text || '';
  const text = words ? h('p', { class: 'text', dir: 'auto', lang: one.language || null }, words) : null;
  let more = null;
  if (words.length > 320) {
    more = h('button', { class: 'more', type: 'button', 'aria-expanded': 'false', onclick: () => {
      const open = text.classList.toggle('full');
      more.textContent = open ? 'Show less' : 'Show all';
      more.setAttribute('aria-expanded', String(open));
    } }, 'Show all');
  }
  return h('li', { class: [fresh ? 'new' : '', words || one.title ? '' : 'wordless'].join(' ').trim() || null, 'data-feedback': one.id },
    one.title ? h('p', { class: 'title', dir: 'auto' }, one.title) : null, text, more,
    h('p', { class: 'meta' }, ratingBadges(one.ratings), sentimentBadge(one.sentiment),
      h('span', {}, label(one.channel)), one.unit ? h('span', {}, one.unit) : null, one.touchpoint ? h('span', {}, label(one.touchpoint)) : null,
      words || one.title ? null : h('span', {}, 'no words'),
      h('time', { datetime: when, title: exact(when) }, ago(when))));
}

export function latestVoices(node) {
  const card = panel(node, { title: 'Latest voices', tabular: false });
  let known = null;
  return async (state, signal, { wayToAll }) => {
    const found = await ask('/v1/feedback', { query: { limit: 10, channel: state.channel, unit: state.unit, from: windowOf(state).from }, signal });
    card.works();
    card.says('Newest first, with the sentiment as the model reads it.');
    const way = found.data.length ? null : await wayToAll();
    const shown = new Set(found.data.map((one) => one.id));
    put(card.picture, found.data.length
      ? h('ol', { class: 'voices' }, found.data.map((one) => voice(one, known && !known.has(one.id))))
      : nothing('Nobody has said anything in this period.', way));
    known = shown;
  };
}

/* Above this z a difference is hard to explain by chance (the API's own words). */
const MARKED = 2;

/** Without terms that hardly ever stand outside a longer one that is shown too: "gate" beside "at the gate". */
const withoutParts = (terms) => terms.filter((one) => !terms.some((other) =>
  other !== one && ` ${other.term} `.includes(` ${one.term} `) && other.n >= 0.8 * one.n));

export function criticalTerms(node) {
  const card = panel(node, { title: 'Words of critical customers' });
  return async (state, signal, { lead }) => {
    const group = (await lead).metric === 'nps' ? 'detractors' : 'critical';
    const title = group === 'detractors' ? 'Words of detractors' : 'Words of critical customers';
    const { from, to } = windowOf(state);
    const found = await ask('/v1/terms', { query: { from, to, channel: state.channel, unit: state.unit, group, limit: 30 }, signal });
    const terms = withoutParts(found.terms.filter((term) => term.z > MARKED)).slice(0, 9);
    card.works();
    card.named(title);
    card.says(found.n ? `Said markedly more often than by others, in ${plural(found.n, 'text')}${found.sampled ? ' (the newest)' : ''}.` : 'Said markedly more often than by others.');
    card.rows({ caption: title, head: ['Term', 'Texts', 'Customers', 'Share', 'Others'], body: terms.map((t) => [t.term, count(t.n), count(t.n_customers), percent(t.share, 1), t.share_rest === null ? '–' : percent(t.share_rest, 1)]) });
    const most = Math.max(1, ...terms.map((term) => term.n));
    put(card.picture, terms.length ? h('ol', { class: 'terms' }, terms.map((term) => h('li', {},
      s('svg', { 'aria-hidden': 'true' }, s('rect', { width: `${(100 * term.n) / most}%`, height: '100%', rx: 7 })),
      h('span', { class: 'word', dir: 'auto' }, term.term), h('span', { class: 'figures' }, count(term.n), h('span', { class: 'tiny' }, ` · ${percent(term.share, 1)}`)))))
      : nothing('No word stands out: too few texts, or they are alike.'));
  };
}
