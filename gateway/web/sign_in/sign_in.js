// Signs a member in with e-mail and password, then goes on to the page that was asked for.

import { ask } from '../scripts/api.js';
import { $ } from '../scripts/dom.js';

const form = $('#sign-in');
const trouble = $('#trouble');

/** Only a path of this very site: "//other.example" and "/\\other.example" would leave it. */
function next() {
  const wanted = new URLSearchParams(location.search).get('next') || '/dashboard';
  const target = new URL(wanted, location.origin);
  return target.origin === location.origin && target.pathname.startsWith('/dashboard') ? target.pathname + target.search : '/dashboard';
}

function tell(words) {
  trouble.textContent = words;
  trouble.hidden = !words;
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const { email, password } = Object.fromEntries(new FormData(form));
  if (!email.trim() || !password) {
    tell('Give your e-mail address and your password.');
    (email.trim() ? form.password : form.email).focus();
    return;
  }
  const button = $('button', form);
  button.disabled = true;
  tell('');
  try {
    await ask('/v1/session', { method: 'POST', body: { email: email.trim(), password }, signIn: false });
    location.assign(next());
  } catch (error) {
    tell(error.status === 409 ? 'This address belongs to several organisations. Use a sign-in link of the one you want.' : error.status === 401 ? 'E-mail address and password do not match. Check both, or ask an owner for a sign-in link.' : error.message);
    form.password.select();
    button.disabled = false;
  }
});
form.email.focus();
