// What an organisation without feedback sees: the two shortest ways to get the first one in.

import { code, h, put } from '../scripts/dom.js';

export function firstSteps(node) {
  const here = location.origin;
  const curl = `curl -X POST ${here}/v1/feedback \\
  -H "Authorization: Bearer $CXLOOP_SECRET_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{
    "channel": "api",
    "ratings": [{"metric": "nps", "value": 9}],
    "text": "Checkout was quick, but the parcel came two days late."
  }'`;
  const snippet = `<script src="${here}/widget/v1.js"
        data-key="cxl_pk_YOUR_PUBLISHABLE_KEY"
        async></script>`;
  put(node, h('div', { class: 'start two' },
    h('section', { class: 'card whole' }, h('div', { class: 'body' },
      h('h2', {}, 'Listening for the first voice'),
      h('p', { class: 'muted' }, 'Nothing has arrived yet. Send one piece of feedback in either way; this page shows it within seconds, without reloading.'))),
    h('section', { class: 'card' }, h('div', { class: 'body' },
      h('h2', {}, 'From your server'), h('p', { class: 'muted small' }, 'With a secret key (cxl_sk_…). Keep it on your server.'), code(curl, 'curl command'))),
    h('section', { class: 'card' }, h('div', { class: 'body' },
      h('h2', {}, 'From your website'), h('p', { class: 'muted small' }, 'With a publishable key (cxl_pk_…), which may only submit answers. Name your site in its allowed origins.'), code(snippet, 'widget snippet'))),
    h('p', { class: 'muted small whole' }, 'A file of past feedback (CSV or JSONL) goes in with ', h('code', {}, 'POST /v1/imports'), '. All of it is described in the ', h('a', { href: '/docs' }, 'API documentation'), '.')));
}
