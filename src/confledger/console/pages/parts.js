// Small parts that several pages show.

import { html, nothing, svg } from "./vendor/lit-html/lit-html.js";
import { words } from "./words.js";
import { at, utc } from "./times.js";

const SHAPES = {
  clock: svg`<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5l3.5 2"/>`,
  half: svg`<circle cx="12" cy="12" r="8.5"/><path d="M12 3.5v17a8.5 8.5 0 0 0 0-17z" fill="currentColor" stroke="none"/>`,
  sun: svg`<circle cx="12" cy="12" r="4"/><path d="M12 2.5v2.5M12 19v2.5M2.5 12H5M19 12h2.5M5.3 5.3 7 7M17 17l1.7 1.7M5.3 18.7 7 17M17 7l1.7-1.7"/>`,
  moon: svg`<path d="M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z"/>`,
  leave: svg`<path d="M10 4H5v16h5M15 8l4 4-4 4M19 12H9"/>`,
  plus: svg`<path d="M12 5v14M5 12h14"/>`,
  minus: svg`<path d="M5 12h14"/>`,
  fit: svg`<path d="M4 12h16M7.5 8.5 4 12l3.5 3.5M16.5 8.5 20 12l-3.5 3.5"/>`,
  rows: svg`<path d="M4 6h16M4 12h16M4 18h16"/>`,
  down: svg`<path d="M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 20h14"/>`,
  print: svg`<path d="M7 9V4h10v5M7 17H4.5V9h15v8H17M7 14h10v6H7z"/>`,
  search: svg`<circle cx="10.5" cy="10.5" r="6.5"/><path d="m15.5 15.5 5 5"/>`,
  cross: svg`<path d="m6 6 12 12M18 6 6 18"/>`,
};

export function icon(name) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">${SHAPES[name]}</svg>`;
}

/** A moment, with UTC at hand. */
export function moment(ms, form = "full") {
  return html`<time datetime=${new Date(ms).toISOString()} title=${utc(ms)}>${at(ms, form)}</time>`;
}

/** What went wrong, and what to do about it. */
export function problem(error, again) {
  const t = words();
  const advice = { 0: t.adviceOffline, 403: t.adviceForbidden, 404: t.adviceUnknown }[error.status];
  const mayRetry = again && ![400, 403, 404].includes(error.status);
  return html`<div class="problem" role="alert">
    <p><strong>${error.message}</strong></p>
    ${advice ? html`<p>${advice}</p>` : nothing}
    ${mayRetry ? html`<p><button type="button" class="button" @click=${again}>${t.tryAgain}</button></p>` : nothing}
  </div>`;
}

const LONG_ID = /^[0-9a-f]{32}$/i;

/** A name short enough for a list; ids of 32 digits by their first ones. */
export function shortName(name) {
  return LONG_ID.test(name) ? `${name.slice(0, 8)}…` : name;
}

/** What a record says, and whom that is concluded to be. */
export function named(text, name) {
  return name === text ? text : `${text} [${words().concluded(name)}]`;
}
