// Builds elements. Text goes in as text nodes only; nothing here, or anywhere, parses HTML from data.

const SVG = 'http://www.w3.org/2000/svg';

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** An HTML element: h('p', {class: 'muted', onclick: f}, 'text', child, [more]). Attributes that are null or false are left out. */
export const h = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);

/** An SVG element, in the same way. */
export const s = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

/** Replaces what an element holds. */
export function put(node, ...children) {
  node.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const $ = (selector, root = document) => root.querySelector(selector);

/** A link target or a file name may hold only what we put there; ids from the API are escaped before they go into a path. */
export const path = (strings, ...values) => strings.reduce((all, part, i) => all + encodeURIComponent(values[i - 1]) + part);

/** A block of code with a copy button. */
export function code(text, label) {
  const button = h('button', { class: 'button quiet copy', type: 'button', 'aria-label': `Copy ${label}` }, 'Copy');
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = 'Copied';
    } catch {
      button.textContent = 'Select and copy';
    }
    setTimeout(() => { button.textContent = 'Copy'; }, 1800);
  });
  return h('div', { class: 'code' }, h('pre', { tabindex: 0, 'aria-label': label }, text), button);
}
