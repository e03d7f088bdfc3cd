// Descriptions of the API document (a small part of Markdown) as elements; every piece goes in as text.

import { h } from '../scripts/dom.js';

/** `code`, **strong** and bare text of one line. */
export function inline(text) {
  return String(text).split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) => {
    if (part.startsWith('`') && part.length > 2) return h('code', {}, part.slice(1, -1));
    if (part.startsWith('**') && part.length > 4) return h('strong', {}, part.slice(2, -2));
    return part;
  });
}

/** Paragraphs, lists and fenced code. */
export function prose(text) {
  if (!text) return [];
  return String(text).split(/\n\s*\n/).map((block) => {
    const lines = block.trim().split('\n');
    if (lines[0].startsWith('```')) return h('pre', {}, lines.slice(1).filter((line) => !line.startsWith('```')).join('\n'));
    if (lines.every((line) => /^\s*[-*] /.test(line))) return h('ul', { class: 'bullets' }, lines.map((line) => h('li', {}, inline(line.replace(/^\s*[-*] /, '')))));
    if (/^#{1,4} /.test(lines[0])) return [h('h3', {}, inline(lines[0].replace(/^#+ /, ''))), lines.length > 1 ? prose(lines.slice(1).join('\n')) : null];
    return h('p', {}, inline(lines.join(' ')));
  });
}
