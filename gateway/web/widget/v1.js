/* cxloop survey widget, version 1: one NPS question and a follow-up, in a shadow root.
 *
 *   <script src="https://HOST/widget/v1.js" data-key="cxl_pk_…" data-survey="default" async></script>
 *
 * No build step, no cookies, no third party, no inline style, no eval, no innerHTML: it runs under a strict
 * Content-Security-Policy that names HOST in script-src and connect-src. All options: examples/README.md.
 */
(() => {
  'use strict';

  const script = document.currentScript || document.querySelector('script[data-key^="cxl_pk_"]');
  const early = Array.isArray(window.cxloop) ? window.cxloop : [];
  if (!script || (window.cxloop && !Array.isArray(window.cxloop))) return; // loaded twice: the first one stays

  const data = script.dataset;
  const base = new URL(script.src, location.href).origin;
  const key = data.key || '';
  const survey = data.survey || 'default';
  const DAY = 864e5;
  const NAME = 'cxloop:' + survey + ':' + key.slice(-8);

  // --- texts
  const TEXTS = {
    en: ['How likely are you to recommend us to a friend or colleague?', 'Not at all likely', 'Extremely likely',
      'What is the main reason for your score?', 'Send', 'Thank you for your answer.',
      'Thank you. Your answer is saved and will be sent as soon as possible.', 'Close', 'Optional',
      'Please choose a number from 0 to 10 first.', 'This survey is not taking answers right now.'],
    de: ['Wie wahrscheinlich ist es, dass Sie uns weiterempfehlen?', 'Sehr unwahrscheinlich', 'Sehr wahrscheinlich',
      'Was ist der Hauptgrund für Ihre Bewertung?', 'Senden', 'Danke für Ihre Antwort.',
      'Danke. Ihre Antwort ist gespeichert und wird so bald wie möglich gesendet.', 'Schließen', 'Freiwillig',
      'Bitte wählen Sie zuerst eine Zahl von 0 bis 10.', 'Diese Umfrage nimmt gerade keine Antworten an.'],
    fr: ['Quelle est la probabilité que vous nous recommandiez à un proche ?', 'Pas du tout probable', 'Très probable',
      'Quelle est la raison principale de votre note ?', 'Envoyer', 'Merci pour votre réponse.',
      'Merci. Votre réponse est enregistrée et sera envoyée dès que possible.', 'Fermer', 'Facultatif',
      'Choisissez d’abord un nombre de 0 à 10.', 'Cette enquête n’accepte pas de réponses pour le moment.'],
    es: ['¿Qué probabilidad hay de que nos recomiende a un amigo o colega?', 'Nada probable', 'Muy probable',
      '¿Cuál es la razón principal de su puntuación?', 'Enviar', 'Gracias por su respuesta.',
      'Gracias. Su respuesta está guardada y se enviará en cuanto sea posible.', 'Cerrar', 'Opcional',
      'Elija primero un número del 0 al 10.', 'Esta encuesta no admite respuestas en este momento.'],
    ar: ['ما مدى احتمال أن توصي بنا لصديق أو زميل؟', 'غير محتمل إطلاقًا', 'محتمل جدًا',
      'ما السبب الرئيسي لتقييمك؟', 'إرسال', 'شكرًا لك على إجابتك.',
      'شكرًا لك. حُفظت إجابتك وستُرسل في أقرب وقت ممكن.', 'إغلاق', 'اختياري',
      'يرجى اختيار رقم من 0 إلى 10 أولًا.', 'لا يستقبل هذا الاستبيان إجابات حاليًا.'],
  };
  const NAMES = ['question', 'low', 'high', 'follow_up', 'send', 'thanks', 'saved', 'close', 'optional', 'missing', 'refused'];
  const wanted = (data.language || document.documentElement.lang || navigator.language || 'en').toLowerCase();
  const language = wanted.split('-')[0];
  let shown = TEXTS[language] ? language : 'en';
  const texts = Object.fromEntries(NAMES.map((name, i) => [name, TEXTS[shown][i]]));

  // --- memory (works without storage too)
  const memory = {};
  const read = (name) => {
    try { return JSON.parse(localStorage.getItem(NAME + name)); } catch { return memory[name] ?? null; }
  };
  const write = (name, value) => {
    memory[name] = value;
    try { localStorage.setItem(NAME + name, JSON.stringify(value)); } catch { /* private mode or full: memory holds it */ }
  };

  // --- delivery
  /* One entry per submission: a later comment replaces the waiting score. The server takes the same submission_id
   * again as a revision, so sending twice is one voice. */
  const GIVE_UP = 7 * DAY;
  let timer = 0;
  let sending = null; // { controller, id } of the request on its way

  const waiting = () => (read(':queue') || []).filter((entry) => Date.now() - entry.at < GIVE_UP);
  const keep = (entry) => write(':queue', [...waiting().filter((other) => other.id !== entry.id), entry].slice(-50));
  const drop = (entry) => // an entry that was replaced meanwhile (newer serial) stays
    write(':queue', waiting().filter((other) => other.id !== entry.id || other.serial !== entry.serial));
  const address = () => base + '/v1/responses?key=' + encodeURIComponent(key);

  async function post(entry) {
    const controller = new AbortController();
    sending = { controller, id: entry.id };
    const late = setTimeout(() => controller.abort(), 15000);
    try {
      // text/plain is a "simple" request: no preflight, the same path that sendBeacon takes
      const answer = await fetch(address(), {
        method: 'POST', body: entry.body, keepalive: entry.body.length < 50000, credentials: 'omit',
        referrerPolicy: 'strict-origin-when-cross-origin', signal: controller.signal,
        headers: { 'Content-Type': 'text/plain;charset=UTF-8' },
      });
      if (answer.ok) return 'sent';
      // 400/401/403/404/410/413/415/422 stay wrong however often they are sent
      if (![408, 409, 425, 429].includes(answer.status) && answer.status < 500) return 'refused';
      return { after: 1000 * (parseInt(answer.headers.get('Retry-After'), 10) || 0) };
    } catch {
      return { after: 0 };
    } finally {
      clearTimeout(late);
      sending = null;
    }
  }

  async function flush() {
    clearTimeout(timer);
    if (sending || navigator.onLine === false) return;
    for (let entry; (entry = waiting().find((e) => e.next <= Date.now()));) {
      const result = await post(entry);
      if (result === 'sent' || result === 'refused') {
        drop(entry);
        tell(entry, result);
      } else {
        const tries = entry.tries + 1;
        const wait = Math.min(18e5, 3000 * 2 ** Math.min(tries, 10)) * (0.5 + Math.random()); // ±50 %, at most half an hour
        const now = waiting().find((e) => e.id === entry.id);
        if (now && now.serial === entry.serial) keep({ ...entry, tries, next: Date.now() + Math.max(wait, result.after) });
        tell(entry, 'waiting');
        if (navigator.onLine === false) break;
      }
    }
    const next = Math.min(...waiting().map((e) => e.next));
    if (next < Infinity) timer = setTimeout(flush, Math.min(Math.max(next - Date.now(), 50), 2e9));
  }

  // --- the answer
  const uuid = () => crypto.randomUUID ? crypto.randomUUID() : '10000000-1000-4000-8000-100000000000'.replace(/[018]/g,
    (c) => (+c ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (+c / 4)))).toString(16));

  let customer = null;
  if (data.customer || data.customerEmail) {
    customer = {};
    if (data.customer) customer.external_id = data.customer;
    if (data.customerEmail) customer.email = data.customerEmail;
    if (data.customerName) customer.name = data.customerName;
  }
  let answer = null;    // { id, at, score, text, serial, saved, outcome }: one person's answer in this opening
  let settle = 0;

  function save(final) {
    if (!answer || answer.score === null) return;
    clearTimeout(settle);
    const content = JSON.stringify([answer.score, answer.text]);
    if (content === answer.saved) return;
    answer.saved = content;
    answer.serial += 1;
    const body = { submission_id: answer.id, occurred_at: answer.at, ratings: [{ metric: 'nps', value: answer.score }] };
    if (answer.text) body.text = answer.text;
    if (survey !== 'default') body.survey_id = survey;
    if (data.unit) body.unit = data.unit;
    if (data.touchpoint) body.touchpoint = data.touchpoint;
    if (customer) body.customer = customer;
    const entry = { id: answer.id, serial: answer.serial, body: JSON.stringify(body), tries: 0, next: 0, at: Date.now() };
    keep(entry);
    write(':asked', { at: Date.now(), answered: true });
    if (!final) return void flush();
    // A beacon outlives the page. What is on its way is cut, so that it cannot arrive after its newer self. Nobody hears
    // whether a beacon arrived, so the entry stays and the next page sends it again.
    if (sending && sending.id === answer.id) sending.controller.abort();
    const beacon = new Blob([entry.body], { type: 'text/plain;charset=UTF-8' });
    if (navigator.onLine !== false && navigator.sendBeacon?.(address(), beacon)) keep({ ...entry, next: Date.now() + 2e4 });
  }

  function tell(entry, result) {
    if (!answer || entry.id !== answer.id) return;
    answer.outcome = result;
    if (view?.done) view.say(closing());
  }

  const closing = () => (answer.outcome === 'refused' ? texts.refused : answer.outcome === 'waiting' ? texts.saved : texts.thanks);

  // --- appearance
  const CSS = `
:host{all:initial;position:fixed;z-index:2147483000;inset-block-end:16px;inset-inline-end:16px;width:min(420px,calc(100vw - 32px));
--a:#4f46e5;--on:#fff;--bg:#fff;--fg:#16181d;--mute:#5c6370;--line:#d9dce3;--soft:#f4f5f8;color-scheme:light}
:host([data-theme=dark]){--bg:#1b1d23;--fg:#f2f3f5;--mute:#a5abb8;--line:#3b3f4a;--soft:#262932;color-scheme:dark}
@media (prefers-color-scheme:dark){:host([data-theme=auto]){--bg:#1b1d23;--fg:#f2f3f5;--mute:#a5abb8;--line:#3b3f4a;--soft:#262932;color-scheme:dark}}
*{box-sizing:border-box;margin:0}
form{font:400 15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;color:var(--fg);background:var(--bg);border:1px solid var(--line);
border-radius:14px;padding:20px;box-shadow:0 2px 6px rgb(0 0 0/.06),0 12px 40px rgb(0 0 0/.16);max-height:calc(100vh - 32px);overflow:auto;animation:in .28s cubic-bezier(.2,.8,.2,1)}
@keyframes in{from{opacity:0;transform:translateY(12px)}}
fieldset{border:0;padding:0;min-width:0}
legend,.q{font-weight:600;font-size:16px;line-height:1.35;padding:0;padding-inline-end:32px;text-wrap:balance}
.x{position:absolute;inset-block-start:12px;inset-inline-end:12px;width:32px;height:32px;border:0;border-radius:8px;background:none;color:var(--mute);font:400 20px/1 system-ui,sans-serif;cursor:pointer}
.x:hover{background:var(--soft);color:var(--fg)}
.scale{display:grid;grid-template-columns:repeat(11,1fr);gap:4px;margin-block-start:16px;direction:ltr}
label.n{position:relative;display:block}
label.n input{position:absolute;inset:0;width:100%;height:100%;opacity:0;margin:0;cursor:pointer}
label.n span{display:grid;place-items:center;min-height:40px;min-width:24px;border:1px solid var(--line);border-radius:8px;font-variant-numeric:tabular-nums;font-size:14px;font-weight:500;background:var(--bg)}
label.n input:hover+span{border-color:var(--a);background:var(--soft)}
label.n input:checked+span{background:var(--a);border-color:var(--a);color:var(--on)}
label.n input:focus-visible+span{outline:3px solid var(--a);outline-offset:2px}
.ends{display:flex;justify-content:space-between;gap:16px;margin-block-start:8px;font-size:12px;color:var(--mute);direction:ltr}
.more{margin-block-start:18px;animation:in .24s cubic-bezier(.2,.8,.2,1)}
[hidden]{display:none!important}
.more label{display:flex;justify-content:space-between;align-items:baseline;gap:12px;font-weight:600;font-size:14px;margin-block-end:6px}
.more small{font-weight:400;font-size:12px;color:var(--mute)}
textarea{display:block;width:100%;min-height:76px;resize:vertical;padding:10px 12px;font:inherit;color:inherit;background:var(--bg);border:1px solid var(--line);border-radius:10px}
.send{margin-block-start:12px;min-height:40px;padding:0 18px;border:0;border-radius:10px;background:var(--a);color:var(--on);font:600 14px/1 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;cursor:pointer}
.send:hover{filter:brightness(1.08)}
button:focus-visible,textarea:focus-visible,.say:focus-visible{outline:3px solid var(--a);outline-offset:2px}
.say{font-weight:500}.say:empty{display:none}.error{margin-block-start:10px;font-size:13px}
@media (prefers-reduced-motion:reduce){form,.more{animation:none}}
@media (forced-colors:active){form,label.n span,textarea,.send{border:1px solid CanvasText}label.n input:checked+span{forced-color-adjust:none;background:Highlight;color:HighlightText;border-color:Highlight}
label.n input:focus-visible+span,button:focus-visible,textarea:focus-visible{outline-color:Highlight}}
@media (max-width:440px){:host{inset-block-end:8px;inset-inline-end:8px;width:calc(100vw - 16px)}form{padding:16px}.scale{gap:2px}}
@media print{:host{display:none}}`;

  const el = (tag, properties = {}, ...children) => {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  };

  function paint(root, host) {
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(CSS);
      root.adoptedStyleSheets = [sheet];
    } catch { // browsers before 2023
      root.append(el('style', { textContent: CSS }));
    }
    const accent = /^#[0-9a-f]{6}$/i.test(data.accent || '') ? data.accent : null;
    if (accent) {
      const [r, g, b] = [1, 3, 5].map((i) => (parseInt(accent.slice(i, i + 2), 16) / 255) ** 2.2);
      host.style.setProperty('--a', accent);
      host.style.setProperty('--on', 0.21 * r + 0.72 * g + 0.07 * b > 0.36 ? '#000' : '#fff');
    }
  }

  // --- the card
  let view = null;

  function build() {
    const host = el('div');
    host.dataset.theme = ['light', 'dark'].includes(data.theme) ? data.theme : 'auto';
    host.setAttribute('data-cxloop', '');
    const root = host.attachShadow({ mode: 'open' });
    paint(root, host);

    const radios = [];
    const scale = el('div', { className: 'scale' });
    for (let value = 0; value <= 10; value += 1) {
      const input = el('input', { type: 'radio', name: 'score', value: String(value) });
      input.setAttribute('aria-label', value + ({ 0: ', ' + texts.low, 10: ', ' + texts.high }[value] || ''));
      radios.push(input);
      scale.append(el('label', { className: 'n' }, input, el('span', { textContent: String(value), ariaHidden: 'true' })));
    }
    const text = el('textarea', { id: 'text', maxLength: 4000, rows: 3, dir: 'auto' });
    const close = el('button', { type: 'button', className: 'x', ariaLabel: texts.close, textContent: '×' });
    const more = el('div', { className: 'more', hidden: true },
      el('label', { htmlFor: 'text' }, texts.follow_up, el('small', { textContent: texts.optional })),
      text, el('button', { type: 'submit', className: 'send', textContent: texts.send }));
    const ask = el('fieldset', {}, el('legend', { id: 'q', textContent: texts.question }), scale,
      el('div', { className: 'ends', ariaHidden: 'true' }, el('span', { textContent: texts.low }), el('span', { textContent: texts.high })), more);
    const say = el('p', { className: 'say', tabIndex: -1 });
    say.setAttribute('role', 'status');
    say.setAttribute('aria-live', 'polite');
    const form = el('form', { noValidate: true, lang: shown, dir: /^(ar|fa|he|ur)$/.test(shown) ? 'rtl' : 'ltr' }, ask, say, close);
    form.setAttribute('role', 'dialog');
    form.setAttribute('aria-label', texts.question);
    root.append(form);

    const card = { host, radios, text, done: false, back: null, say(words) { say.textContent = words; } };

    form.addEventListener('change', (event) => {
      if (event.target.name !== 'score') return;
      answer.score = Number(event.target.value);
      more.hidden = false;
      card.say('');
      clearTimeout(settle); // arrow keys pass over numbers: the one they rest on is saved
      settle = setTimeout(save, 1500);
    });
    text.addEventListener('input', () => { answer.text = text.value.trim(); });
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (answer.score === null) return card.say(texts.missing);
      answer.text = text.value.trim();
      card.done = true;
      ask.hidden = true;
      save();
      if (navigator.onLine === false && waiting().some((e) => e.id === answer.id)) answer.outcome = 'waiting';
      card.say(closing());
      say.focus();
      document.dispatchEvent(new CustomEvent('cxloop:answered', { detail: { survey, score: answer.score } }));
      setTimeout(() => { if (view === card && !root.activeElement?.matches('.x:focus-visible')) hide(); }, 6000);
    });
    form.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') { event.stopPropagation(); hide(); }
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); form.requestSubmit(); }
    });
    form.addEventListener('focusin', (event) => { card.back ||= event.relatedTarget; });
    close.addEventListener('click', hide);
    return card;
  }

  function hide() {
    if (!view) return;
    save();
    if (!answer.saved) write(':asked', { at: Date.now(), answered: false });
    const { host, back } = view;
    const within = document.activeElement === host;
    host.remove();
    view = null;
    if (within && back && back.isConnected) back.focus();
    document.dispatchEvent(new CustomEvent('cxloop:closed', { detail: { survey } }));
  }

  // --- published settings
  let published = null;
  const take = (value, limit) => (typeof value === 'string' && value.trim() ? value.slice(0, limit) : null);

  function settings() {
    published ||= fetch(`${base}/v1/surveys/${encodeURIComponent(survey)}/published?key=${encodeURIComponent(key)}`,
      { credentials: 'omit' })
      .then(async (reply) => (reply.ok ? reply.json() : { closed: reply.status === 410 }))
      .catch(() => ({}))
      .then((found) => {
        const words = found.locales?.[wanted] || found.locales?.[language] || found;
        const [ask, more] = ['nps', 'text'].map((type) => (words.questions || []).find((q) => q.type === type) || {});
        if (ask.text) shown = words === found ? (found.language || shown).split('-')[0] : language;
        const put = (name, value) => { if (take(value, 500)) texts[name] = take(value, 500); };
        put('question', ask.text); put('low', ask.low_label); put('high', ask.high_label);
        put('follow_up', more.text); put('thanks', words.thanks);
        data.accent ||= found.colour || '';
        return found;
      });
    return published;
  }

  const due = (found) => {
    const asked = read(':asked');
    if (!asked) return true;
    const days = Number(data.repeatDays ?? found.repeat_days ?? 90);
    return Date.now() - asked.at > (asked.answered ? days : Math.min(days, 30)) * DAY;
  };

  // --- what a page may call
  const api = {
    /** Shows the question, also to who was asked before (force), taking the focus (focus). Answers whether it is shown. */
    async open(options) {
      const { force = true, focus = true } = options || {};
      if (view) return true;
      const opener = document.activeElement;
      const found = await settings();
      if (view) return true;
      if (found.closed || (!force && !due(found))) return false;
      answer = { id: uuid(), at: new Date().toISOString(), score: null, text: '', serial: 0, saved: '', outcome: '' };
      view = build();
      (document.body || document.documentElement).append(view.host);
      if (focus) { view.back = opener; view.radios[0].focus(); }
      return true;
    },
    close: () => hide(),
    /** Names the customer of later answers: {external_id, email, phone, name, attributes}. */
    identify(who) { customer = who && typeof who === 'object' ? { ...who } : null; },
    reset() { customer = null; write(':asked', null); },
  };
  window.cxloop = { ...api, push: (call) => api[call[0]]?.(...call.slice(1)) };
  early.forEach(window.cxloop.push);

  addEventListener('online', () => {
    write(':queue', waiting().map((entry) => ({ ...entry, next: 0 })));
    flush();
  });
  // pagehide, and hidden for phones that never say pagehide: an answer on the screen is saved as it stands
  addEventListener('pagehide', () => save(true));
  document.addEventListener('visibilitychange', () => { if (document.visibilityState === 'hidden') save(true); });

  flush();
  if (data.trigger !== 'manual') {
    setTimeout(() => { api.open({ force: false, focus: false }); }, 1000 * Number(data.delay ?? 2));
  }
})();
