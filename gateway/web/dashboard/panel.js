// The frame of a chart card: title, what it says in words, and a switch between the picture and the table of its figures.

import { h, put } from '../scripts/dom.js';
import { failure } from '../scripts/shell.js';

let ids = 0;

/**
 * Makes `node` a card and answers its parts. `draw` fills `picture`; `rows` answers {head, body} for the table.
 * The chosen side stays chosen when the figures are replaced.
 */
export function panel(node, { title, tabular = true }) {
  ids += 1;
  const heading = h('h2', { id: `panel-${ids}` }, title);
  const sub = h('p', { class: 'muted small' });
  const picture = h('div', { class: 'picture' });
  const table = h('div', { class: 'table', hidden: true, tabindex: 0, role: 'region', 'aria-label': `${title}, as a table` });
  const trouble = h('div', { hidden: true });
  const button = h('button', { class: 'button quiet', type: 'button', 'aria-pressed': 'false' }, 'Table');
  button.addEventListener('click', () => {
    const on = button.getAttribute('aria-pressed') !== 'true';
    button.setAttribute('aria-pressed', String(on));
    table.hidden = !on;
    picture.hidden = on;
  });
  node.setAttribute('aria-labelledby', heading.id);
  put(node,
    h('header', {}, h('div', {}, heading, sub), h('div', { class: 'actions' }, tabular ? button : null)),
    h('div', { class: 'body' }, trouble, picture, table));
  const waiting = h('div', { class: 'waiting chart', 'aria-hidden': 'true' });
  put(picture, waiting);
  return {
    picture, table, sub,
    says(...words) { put(sub, ...words); },
    named(words) { heading.textContent = words; table.setAttribute('aria-label', `${words}, as a table`); },
    fails(error, again) { put(trouble, failure(error, again)); trouble.hidden = false; waiting.remove(); },
    works() { trouble.hidden = true; waiting.remove(); },
    rows({ caption, head, body }) {
      put(table, h('table', {},
        h('caption', { class: 'visually-hidden' }, caption),
        h('thead', {}, h('tr', {}, head.map((name, i) => h('th', { scope: 'col', class: i ? 'number' : null }, name)))),
        h('tbody', {}, body.map((row) => h('tr', {}, row.map((cell, i) => (i ? h('td', { class: 'number' }, cell) : h('th', { scope: 'row' }, cell))))))));
    },
  };
}

/** The sentence of a panel that has nothing to show, and what leads to something. */
export const nothing = (words, way = null) => h('div', { class: 'notice' }, h('p', {}, words), way);
