// The bar at the top of every signed-in page: organisation, who is signed in, theme, whether the page is live.

import { ask } from './api.js';
import { $, h, put } from './dom.js';

const STATES = {
  live: ['Live', 'New feedback appears on this page by itself.'],
  polling: ['Every 15 s', 'The live connection is not available; the page asks every 15 seconds instead.'],
  paused: ['Offline', 'You are offline. The page goes on when you are back.'],
};

export function showState(name) {
  const node = $('#live');
  if (!node || node.dataset.state === name) return;
  node.dataset.state = name;
  node.title = STATES[name][1];
  put(node, h('span', { class: 'dot', 'aria-hidden': 'true' }), STATES[name][0]);
}

function themeButton() {
  const button = $('#theme');
  const dark = () => (document.documentElement.dataset.theme
    || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
  const name = () => button.setAttribute('aria-label', dark() ? 'Use the light theme' : 'Use the dark theme');
  name();
  button.addEventListener('click', () => {
    const next = dark() ? 'light' : 'dark';
    document.documentElement.dataset.theme = next;
    try { localStorage.setItem('cxloop:theme', next); } catch { /* for this page only */ }
    name();
    dispatchEvent(new Event('cxloop:theme'));
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { name(); dispatchEvent(new Event('cxloop:theme')); });
}

/** Fills the bar and answers who is signed in: {member, organization, scopes}. Not signed in leads to the sign-in page. */
export async function shell() {
  themeButton();
  const session = await ask('/v1/session').catch(async (error) => {
    $('#main').prepend(failure(error, () => location.reload()));
    throw error;
  });
  const member = session.member || session;
  const organization = session.organization || {};
  if (organization.name) put($('#organization'), organization.name);
  const name = member.name || member.email || 'Account';
  const menu = $('#account');
  put(menu,
    h('summary', { class: 'button quiet', 'aria-label': `Account of ${name}` }, h('span', { class: 'face', 'aria-hidden': 'true' }, name.charAt(0).toUpperCase())),
    h('div', { class: 'menu card' },
      h('p', {}, h('strong', {}, name)), h('p', { class: 'muted small' }, member.email && member.email !== name ? member.email : '', member.role ? ` ${member.role}` : ''),
      h('button', {
        class: 'button', type: 'button', onclick: async () => {
          await ask('/v1/session', { method: 'DELETE', signIn: false }).catch(() => null);
          location.assign('/sign-in');
        },
      }, 'Sign out')));
  menu.addEventListener('keydown', (event) => { if (event.key === 'Escape') { menu.open = false; $('summary', menu).focus(); } });
  document.addEventListener('click', (event) => { if (!menu.contains(event.target)) menu.open = false; });
  return session;
}

/** What a panel shows when its question failed: what happened, whether trying again helps, and the id to ask support with. */
export function failure(error, again) {
  return h('div', { class: 'notice bad', role: 'alert' },
    h('p', {}, h('strong', {}, error.status === 403 ? 'You may not see this.' : 'This could not be loaded.'), ' ', error.message),
    error.requestId ? h('p', { class: 'muted tiny' }, `Request ${error.requestId}`) : null,
    again ? h('button', { class: 'button', type: 'button', onclick: again }, 'Try again') : null);
}
