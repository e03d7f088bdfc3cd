// Reads /openapi.json and lays it out: chapters, operations, fields, examples. No outside request, nothing parsed as HTML.

import { $, code, h, put } from '../scripts/dom.js';
import { prose, inline } from './prose.js';
import { fields, resolve, sample, typeWords } from './schema.js';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const TONES = { get: 'accent', post: 'good', put: 'warn', patch: 'warn', delete: 'bad' };
const title = (tag) => tag.charAt(0).toUpperCase() + tag.slice(1).replaceAll('-', ' ');
const anchor = (operation) => operation.operationId || `${operation.method}-${operation.path}`.replace(/[^a-z0-9]+/gi, '-');
/* What a newcomer looks for comes first; the other chapters keep the document's order. */
const FIRST = ['feedback', 'responses', 'imports', 'metrics', 'terms', 'text', 'customers', 'surveys', 'rules', 'cases', 'webhook endpoints', 'webhook deliveries'];
const CREDENTIALS = { secretKey: 'A secret key', publishableKey: 'A publishable key', session: 'a signed-in browser' };
const chip = (method) => h('span', { class: `badge method ${TONES[method]}` }, method.toUpperCase());

function operationsOf(document) {
  const chapters = new Map((document.tags || []).map((tag) => [tag.name, { tag: tag.name, description: tag.description, operations: [] }]));
  for (const [path, item] of Object.entries(document.paths || {})) {
    for (const method of METHODS.filter((one) => item[one])) {
      const operation = { ...item[method], method, path, parameters: [...(item.parameters || []), ...(item[method].parameters || [])].map((one) => resolve(document, one)) };
      const tag = operation.tags?.[0] || 'other';
      if (!chapters.has(tag)) chapters.set(tag, { tag, operations: [] });
      chapters.get(tag).operations.push(operation);
    }
  }
  const place = (chapter) => (FIRST.includes(chapter.tag) ? FIRST.indexOf(chapter.tag) : FIRST.length);
  return [...chapters.values()].filter((chapter) => chapter.operations.length).sort((a, b) => place(a) - place(b));
}

/** The body of a request or an answer: {type, schema, example} of its first content type, or null. */
function content(document, holder) {
  const [type, media] = Object.entries(resolve(document, holder || {}).content || {})[0] || [];
  if (!media) return null;
  const named = Object.values(media.examples || {})[0];
  const example = media.example ?? (named ? resolve(document, named).value : undefined) ?? (media.schema ? sample(document, media.schema) : undefined);
  return { type, schema: media.schema, example };
}

function credential(document, operation) {
  const needs = operation.security ?? document.security ?? [];
  const names = needs.flatMap((one) => Object.keys(one));
  const schemes = document.components?.securitySchemes || {};
  if (!names.length) return { words: 'No credential is needed.', header: null };
  const scopes = [...new Set(needs.flatMap((one) => Object.values(one).flat()))];
  const words = `${names.map((name) => CREDENTIALS[name] || title(name)).join(' or ')}${scopes.length ? `, scope ${scopes.map((one) => `\`${one}\``).join(' and ')}` : ''}.`;
  const key = names.find((name) => schemes[name]?.type === 'http') ;
  return { words, header: key ? `Authorization: Bearer $CXLOOP_${/publish/i.test(key) ? 'PUBLISHABLE' : 'SECRET'}_KEY` : null };
}

function curl(document, operation, body) {
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name) => `$${name.toUpperCase()}`);
  const query = operation.parameters.filter((one) => one.in === 'query' && one.required).map((one) => `${one.name}=${encodeURIComponent(one.example ?? sample(document, one.schema))}`).join('&');
  const { header } = credential(document, operation);
  const lines = [`curl ${operation.method === 'get' ? '' : `-X ${operation.method.toUpperCase()} `}"${location.origin}${path}${query ? `?${query}` : ''}"`];
  if (header) lines.push(`-H "${header}"`);
  if (body) lines.push(`-H "Content-Type: ${body.type}"`, `-d '${(typeof body.example === 'string' ? body.example : JSON.stringify(body.example, null, 2)).replaceAll("'", "'\\''")}'`);
  return lines.join(' \\\n  ');
}

function parameters(document, operation) {
  if (!operation.parameters.length) return null;
  return [h('h3', {}, 'Parameters'), h('ul', { class: 'properties' }, operation.parameters.map((one) => h('li', { class: 'property' },
    h('p', {}, h('code', { class: 'name' }, one.name), ' ', h('span', { class: 'muted small' }, `${typeWords(document, one.schema || {})}, in ${one.in}`), one.required ? h('span', { class: 'badge accent' }, 'required') : null),
    one.description || one.schema?.description ? h('p', { class: 'small muted' }, inline(one.description || one.schema.description)) : null)))];
}

function responses(document, operation) {
  const all = Object.entries(operation.responses || {});
  const [good, bad] = [all.filter(([status]) => status < '4'), all.filter(([status]) => status >= '4')];
  const errors = bad.length ? h('details', { class: 'answer' }, h('summary', {}, h('span', { class: 'badge' }, 'Errors'), ' ', h('span', { class: 'small muted' }, bad.map(([status]) => status).join(' · ')))) : null;
  errors?.append(h('div', { class: 'errors' }, answers(document, bad)));
  return [answers(document, good), errors];
}

function answers(document, all) {
  return all.map(([status, given]) => {
    const answer = resolve(document, given);
    const body = content(document, given);
    const box = h('details', { class: 'answer' }, h('summary', {}, h('span', { class: `badge ${status < '3' ? 'good' : status < '5' ? 'warn' : 'bad'}` }, status), ' ', h('span', { class: 'small' }, inline(answer.description || ''))));
    box.addEventListener('toggle', () => { // built when opened: most readers open few
      if (box.children.length > 1 || !body) return;
      if (body.schema) box.append(fields(document, body.schema));
      if (body.example !== undefined) box.append(code(typeof body.example === 'string' ? body.example : JSON.stringify(body.example, null, 2), `example of status ${status}`));
    });
    return box;
  });
}

function operationCard(document, operation) {
  const body = content(document, operation.requestBody);
  const good = Object.entries(operation.responses || {}).find(([status]) => status.startsWith('2'));
  const answer = good ? content(document, good[1]) : null;
  return h('article', { class: 'operation', id: anchor(operation) },
    h('div', { class: 'words' },
      h('h2', {}, h('a', { href: `#${anchor(operation)}` }, operation.summary || operation.operationId || operation.path)),
      h('p', { class: 'route' }, chip(operation.method), h('code', {}, operation.path)),
      prose(operation.description), h('p', { class: 'small muted' }, inline(credential(document, operation).words)),
      parameters(document, operation),
      body ? [h('h3', {}, 'Body'), h('p', { class: 'tiny muted' }, body.type), body.schema ? fields(document, body.schema) : null] : null,
      h('h3', {}, 'Answers'), responses(document, operation)),
    h('div', { class: 'samples' }, code(curl(document, operation, body), `curl for ${operation.path}`),
      answer?.example !== undefined ? [h('p', { class: 'tiny muted' }, `Answer, status ${good[0]}`), code(typeof answer.example === 'string' ? answer.example : JSON.stringify(answer.example, null, 2), 'example answer')] : null));
}

function webhooks(document) {
  const all = Object.entries(document.webhooks || {});
  if (!all.length) return null;
  return h('section', { id: 'webhooks' }, h('h1', {}, 'Webhooks'), h('p', { class: 'muted' }, 'What cxloop sends to your endpoints, signed by the Standard Webhooks scheme.'),
    all.map(([name, item]) => {
      const operation = item.post || Object.values(item)[0];
      const body = content(document, operation.requestBody);
      return h('article', { class: 'operation', id: `webhook-${name}` },
        h('div', { class: 'words' }, h('h2', {}, operation.summary || name), h('p', { class: 'route' }, chip('post'), h('code', {}, name)), prose(operation.description), body?.schema ? fields(document, body.schema) : null),
        h('div', { class: 'samples' }, body?.example !== undefined ? code(JSON.stringify(body.example, null, 2), `payload of ${name}`) : null));
    }));
}

function contents(chapters, hooks) {
  const link = (href, ...words) => h('li', { 'data-words': words.map((one) => (typeof one === 'string' ? one : one.textContent)).join(' ').toLowerCase() }, h('a', { href }, words));
  put($('#chapters'), chapters.map((chapter) => h('section', {}, h('h2', {}, title(chapter.tag)), h('ul', {}, chapter.operations.map((one) => {
    const row = link(`#${anchor(one)}`, chip(one.method), h('span', {}, one.summary || one.path));
    row.dataset.words += ` ${one.path.toLowerCase()}`;
    return row;
  })))), hooks.length ? h('section', {}, h('h2', {}, 'Webhooks'), h('ul', {}, hooks.map((name) => link(`#webhook-${name}`, h('span', {}, name))))) : null);
  $('#find').addEventListener('input', (event) => {
    const wanted = event.target.value.trim().toLowerCase().split(/\s+/);
    let shown = 0;
    for (const row of document.querySelectorAll('#chapters li')) {
      row.hidden = !wanted.every((word) => row.dataset.words.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    for (const section of document.querySelectorAll('#chapters section')) section.hidden = !section.querySelector('li:not([hidden])');
    $('#none').hidden = shown > 0;
  });
}

/** Marks the operation that is being read in the list beside it. */
function follow() {
  const links = new Map([...document.querySelectorAll('#chapters a')].map((one) => [one.getAttribute('href').slice(1), one]));
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((one) => one.isIntersecting)) {
      document.querySelector('#chapters a[aria-current]')?.removeAttribute('aria-current');
      const link = links.get(entry.target.id);
      link?.setAttribute('aria-current', 'true');
      link?.scrollIntoView({ block: 'nearest' });
    }
  }, { rootMargin: '-80px 0px -70% 0px' });
  document.querySelectorAll('article.operation').forEach((one) => seen.observe(one));
}

async function start() {
  const main = $('#document');
  try {
    const answer = await fetch('/openapi.json');
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const found = await answer.json();
    const chapters = operationsOf(found);
    put(main, h('header', { class: 'intro' }, h('h1', {}, found.info?.title || 'API'), h('p', { class: 'muted small' }, `Version ${found.info?.version || '1'} · base address `, h('code', {}, location.origin)), prose(found.info?.description)),
      chapters.map((chapter) => h('section', { id: `tag-${chapter.tag}` }, h('h1', {}, title(chapter.tag)), chapter.description ? prose(chapter.description) : null, chapter.operations.map((one) => operationCard(found, one)))),
      webhooks(found));
    contents(chapters, Object.keys(found.webhooks || {}));
    follow();
    if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
  } catch (error) {
    put(main, h('div', { class: 'notice bad', role: 'alert' }, h('p', {}, h('strong', {}, 'The API document could not be read. '), `/openapi.json: ${error.message}. Check that the gateway is running, then reload.`)));
  }
}

start();
