// The one way to ask the public API. Session cookie, JSON, problem+json errors; not signed in leads to the sign-in page.

/** What the API refused, or why it could not be reached. `retry`: trying again can help. */
export class ApiError extends Error {
  constructor({ status = 0, code = 'unreachable', title, detail, requestId = '', errors = [] }) {
    super(detail || title || 'The server could not be reached.');
    Object.assign(this, { status, code, title, requestId, errors });
    this.retry = status === 0 || status === 429 || status >= 500;
  }
}

const present = ([, value]) => value !== undefined && value !== null && value !== '';

/** A path with its query; empty values are left out, arrays are repeated. */
export function address(path, query = {}) {
  const pairs = Object.entries(query).flatMap(([name, value]) => [].concat(value).map((one) => [name, one])).filter(present);
  return pairs.length ? `${path}?${new URLSearchParams(pairs)}` : path;
}

export async function ask(path, { method = 'GET', query, body, headers = {}, signal, signIn = true } = {}) {
  let answer;
  try {
    answer = await fetch(address(path, query), {
      method, signal, credentials: 'same-origin', cache: 'no-store',
      headers: { Accept: 'application/json', ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new ApiError({ title: 'No connection', detail: 'The server could not be reached. Check that it is running and that you are online.' });
  }
  if (answer.status === 401 && signIn) {
    location.assign(address('/sign-in', { next: location.pathname + location.search }));
    await new Promise(() => {}); // the page is leaving: nothing after this line shall run
  }
  if (answer.status === 204) return null;
  const text = await answer.text();
  let content = {};
  try { content = text ? JSON.parse(text) : {}; } catch { /* a proxy's own page: the status says enough */ }
  if (answer.ok) return content;
  throw new ApiError({
    status: answer.status, code: content.code || `http_${answer.status}`, title: content.title,
    detail: content.detail || content.title || `The server answered with status ${answer.status}.`,
    requestId: content.request_id || answer.headers.get('x-request-id') || '', errors: content.errors || [],
  });
}

/** Every item of a list, page by page, up to `most`. */
export async function askAll(path, { query = {}, most = 500, ...more } = {}) {
  const items = [];
  for (let cursor; items.length < most;) {
    const found = await ask(path, { query: { limit: 100, ...query, cursor }, ...more });
    items.push(...found.data);
    cursor = found.next_cursor;
    if (!cursor) break;
  }
  return items.slice(0, most);
}
