// JSON Schema as a list of fields, and an example made from it.

import { h } from '../scripts/dom.js';
import { inline } from './prose.js';

/** Follows $ref and a single allOf; keeps the words that stand beside the reference. */
export function resolve(document, schema, depth = 0) {
  if (!schema || depth > 20) return schema || {};
  if (schema.$ref) {
    const found = schema.$ref.split('/').slice(1).reduce((node, key) => node?.[key.replaceAll('~1', '/').replaceAll('~0', '~')], document);
    const { $ref, ...beside } = schema;
    return { ...resolve(document, found, depth + 1), ...beside };
  }
  if (schema.allOf?.length === 1) {
    const { allOf, ...beside } = schema;
    return { ...resolve(document, allOf[0], depth + 1), ...beside };
  }
  return schema;
}

const variants = (schema) => schema.anyOf || schema.oneOf;

/** The type in words: "string (uuid)", "array of object", "number or null", "one of: day, week". */
export function typeWords(document, given, depth = 0) {
  const schema = resolve(document, given);
  if (depth > 4) return 'any';
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(' | ');
  const several = variants(schema);
  if (several) return [...new Set(several.map((one) => typeWords(document, one, depth + 1)))].join(' | ');
  const types = [].concat(schema.type || (schema.properties ? 'object' : 'any'));
  return types.map((type) => {
    if (type === 'array') return `array of ${schema.items ? typeWords(document, schema.items, depth + 1) : 'any'}`;
    return type + (schema.format ? ` (${schema.format})` : '');
  }).join(' | ');
}

const LIMITS = [['minimum', '≥'], ['exclusiveMinimum', '>'], ['maximum', '≤'], ['exclusiveMaximum', '<'], ['minLength', 'length ≥'], ['maxLength', 'length ≤'], ['minItems', 'items ≥'], ['maxItems', 'items ≤'], ['pattern', 'matches'], ['default', 'default']];
const limitWords = (schema) => LIMITS.filter(([name]) => schema[name] !== undefined && schema[name] !== null)
  .map(([name, words]) => `${words} ${typeof schema[name] === 'string' && name !== 'pattern' ? JSON.stringify(schema[name]) : schema[name]}`).join(', ');

/** The object inside a schema whose fields are worth a list: itself, an array's items, or the one object among variants. */
function inner(document, given, depth = 0) {
  const schema = resolve(document, given);
  if (schema.properties || depth > 4) return schema.properties ? schema : null;
  if (schema.items) return inner(document, schema.items, depth + 1);
  for (const one of variants(schema) || []) {
    const found = inner(document, one, depth + 1);
    if (found) return found;
  }
  return null;
}

function field(document, name, given, required, depth) {
  const schema = resolve(document, given);
  const under = depth < 8 ? inner(document, schema) : null;
  const row = h('li', { class: 'property' },
    h('p', {}, h('code', { class: 'name' }, name), ' ', h('span', { class: 'muted small' }, typeWords(document, schema)), required ? h('span', { class: 'badge accent' }, 'required') : null),
    schema.description ? h('p', { class: 'small muted' }, inline(schema.description)) : null,
    limitWords(schema) ? h('p', { class: 'tiny muted' }, limitWords(schema)) : null);
  if (under) {
    const nested = h('details', {}, h('summary', { class: 'small' }, `Fields of ${name}`));
    nested.addEventListener('toggle', () => { if (nested.children.length === 1) nested.append(fields(document, under, depth + 1)); }); // built when opened: schemas may contain themselves
    row.append(nested);
  }
  return row;
}

/** The fields of an object schema. */
export function fields(document, given, depth = 0) {
  const schema = inner(document, given);
  if (!schema) return h('p', { class: 'small muted' }, typeWords(document, given));
  const required = new Set(schema.required || []);
  return h('ul', { class: 'properties' }, Object.entries(schema.properties).map(([name, one]) => field(document, name, one, required.has(name), depth)));
}

/** An example value of a schema: what the document gives, else something of the right type. */
export function sample(document, given, depth = 0) {
  const schema = resolve(document, given);
  if (schema.example !== undefined) return schema.example;
  if (schema.examples?.length) return schema.examples[0];
  if (schema.const !== undefined) return schema.const;
  if (schema.default !== undefined && schema.default !== null) return schema.default;
  if (schema.enum) return schema.enum[0];
  const several = variants(schema);
  if (several) return sample(document, several.find((one) => resolve(document, one).type !== 'null') || {}, depth + 1);
  const type = [].concat(schema.type || (schema.properties ? 'object' : 'any')).find((one) => one !== 'null');
  if (type === 'object') {
    const required = new Set(schema.required || []);
    const entries = Object.entries(schema.properties || {}).filter(([name]) => depth < 3 || required.has(name));
    return depth > 5 ? {} : Object.fromEntries(entries.map(([name, one]) => [name, sample(document, one, depth + 1)]));
  }
  if (type === 'array') return depth > 5 ? [] : [sample(document, schema.items || {}, depth + 1)];
  if (type === 'integer' || type === 'number') return schema.minimum ?? 1;
  if (type === 'boolean') return true;
  return { 'date-time': '2026-01-15T09:30:00Z', date: '2026-01-15', uuid: '01890a5d-ac96-774b-bcce-b302099a8057', email: 'customer@example.com', uri: 'https://example.com' }[schema.format] ?? 'text';
}
