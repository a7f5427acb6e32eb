// The form to sign in: at an address of its own, or in place of a page whose session has ended.

import { html, nothing } from "./vendor/lit-html/lit-html.js";
import { app, announce, refresh } from "./app.js";
import { signIn } from "./api.js";
import { words } from "./words.js";

export class SignInPage {
  shape = "narrow";
  #link = null;
  #error = null;
  #isBusy = false;

  constructor({ isInPlace = false }) {
    const secret = !isInPlace && location.pathname === "/console/sign-in" && /^#link=(.+)$/.exec(location.hash);
    if (secret) {
      try {
        this.#link = decodeURIComponent(secret[1]);
      } catch {
        // No link that was ever given out.
      }
      // The secret is not to stay in the address or in the history.
      history.replaceState(null, "", location.pathname);
    }
  }

  get hasLink() {
    return this.#link !== null;
  }

  title() {
    return words().signIn;
  }

  view() {
    const t = words();
    return html`<section class="card sign-in">
      <img src="/console/icon.svg" alt="" width="56" height="56">
      <h1 tabindex="-1">${t.signInTitle}</h1>
      <p class="quiet">${t.motto}</p>
      ${app.hasExpired ? html`<p class="note">${t.hasExpired}</p>` : nothing}
      ${this.#link && !this.#error ? this.#linkForm(t) : this.#passwordForm(t)}
      <p class="hint">${t.signInHelp} <code>confledger console login-link</code></p>
    </section>`;
  }

  #linkForm(t) {
    return html`<form @submit=${(event) => this.#send(event, () => ({ link: this.#link }))}>
      <p>${t.linkOnce}</p>
      ${app.session ? html`<p class="note">${t.linkReplaces(app.session.user.name)}</p>` : nothing}
      <button class="button primary" ?disabled=${this.#isBusy}>${t.signInByLink}</button>
    </form>`;
  }

  #passwordForm(t) {
    const read = (form) => ({ account: form.account.value.trim(), password: form.password.value });
    return html`<form @submit=${(event) => this.#send(event, read)}>
      ${this.#error ? html`<p class="problem" role="alert" id="sign-in-error">${this.#error.message}</p>` : nothing}
      <label>${t.account}<input name="account" autocomplete="username" required autocapitalize="none" spellcheck="false"
        aria-describedby=${this.#error ? "sign-in-error" : nothing}></label>
      <label>${t.password}<input name="password" type="password" autocomplete="current-password" required></label>
      <button class="button primary" ?disabled=${this.#isBusy}>${t.signIn}</button>
    </form>`;
  }

  async #send(event, read) {
    event.preventDefault();
    const form = event.target;
    this.#isBusy = true;
    refresh();
    try {
      await signIn(read(form));
      this.#error = null;
      this.#link = null;
      form.reset();
      document.dispatchEvent(new Event("signedin"));
    } catch (error) {
      this.#error = error;
      announce(error.message);
      form.password?.select();
    } finally {
      this.#isBusy = false;
      refresh();
    }
  }
}
