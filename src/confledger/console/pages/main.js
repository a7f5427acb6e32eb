// The shell: header, routing, focus, and the form to sign in wherever nobody is signed in.

import { html, nothing, render } from "./vendor/lit-html/lit-html.js";
import { app, announce, navigate, refresh, setLanguage, setScheme, setZone, startRendering, startRouting } from "./app.js";
import { Refusal, askSession, isAbort, isSameReader, reader, signOut } from "./api.js";
import { loadWords, words } from "./words.js";
import { zoneName } from "./times.js";
import { icon, problem } from "./parts.js";
import { SignInPage } from "./sign-in.js";
import { MeetingsPage } from "./meetings.js";

const ROUTES = [
  [/^\/console\/?$/, async () => MeetingsPage],
  [/^\/console\/sign-in$/, async () => SignInPage],
  [/^\/console\/meetings\/([^/]+)$/, async () => (await import("./meeting.js")).MeetingPage],
  [/^\/console\/meetings\/([^/]+)\/print$/, async () => (await import("./print.js")).PrintPage],
  [/^\/console\/people$/, async () => (await import("./people.js")).PeoplePage],
  [/^\/console\/people\/([^/]+)$/, async () => (await import("./person.js")).PersonPage],
];

const root = document.getElementById("console");
const signInInPlace = new SignInPage({ isInPlace: true });
let shownPath = null;
let shownForm = false;
let trouble = null;
let leaveError = null;
let isFocusDue = false;
let openedFor = null;

async function openAddress() {
  trouble = null;
  leaveError = null;
  const path = location.pathname;
  const query = new URLSearchParams(location.search);
  if (path === shownPath && app.page) {
    app.page.changed?.(query);
    refresh();
    return;
  }
  for (const [pattern, load] of ROUTES) {
    const match = pattern.exec(path);
    const name = match && decoded(match[1]);
    if (!match || name === null) continue;
    const isFirst = shownPath === null;
    shownPath = path;
    let Page;
    try {
      Page = await load();
    } catch {
      // The service is away, or has just become a newer one.
      trouble = new Refusal(0, words().errorOffline);
      refresh();
      return;
    }
    if (location.pathname !== path) return;
    app.page?.close?.();
    app.page = new Page({ query, name });
    openPage();
    refresh();
    if (!isFirst) moveFocus();
    return;
  }
  shownPath = path;
  app.page?.close?.();
  app.page = { title: () => words().notFoundTitle, view: notFound };
  refresh();
}

/** A part of an address as it was before it was encoded; null: it never was. */
function decoded(text) {
  try {
    return text && decodeURIComponent(text);
  } catch {
    return null;
  }
}

function openPage() {
  if (!app.session) return;
  openedFor = reader();
  app.page.open?.();
}

/** After a step to another page a keyboard and a screen reader begin at its heading. */
function moveFocus() {
  scrollTo(0, 0);
  isFocusDue = true;
  refresh();
}

// The heading of a page that still loads gives way to another one, so until the viewer does
// something the focus follows.
function keepFocus() {
  if (!isFocusDue) return;
  const heading = document.querySelector("main h1");
  const { activeElement } = document;
  if (!heading || heading === activeElement || (activeElement !== document.body && activeElement?.closest("main"))) return;
  heading.focus({ preventScroll: true });
}

function notFound() {
  const t = words();
  return html`<section class="empty">
    <h1 tabindex="-1">${t.notFoundTitle}</h1>
    <p>${t.notFoundText}</p>
    <p><a class="button" href="/console/">${t.backToMeetings}</a></p>
  </section>`;
}

function shell() {
  const t = words();
  if (trouble) return html`<main id="main" class="narrow">${problem(trouble, start)}</main>`;
  if (app.session === undefined) return html`<main id="main"><p class="quiet">${t.loading}</p></main>`;
  const needsForm = !app.session || app.page instanceof SignInPage;
  const page = needsForm ? (app.page instanceof SignInPage ? app.page : signInInPlace) : app.page;
  document.title = page ? `${page.title()} · confledger` : "confledger";
  if (needsForm !== shownForm) {
    shownForm = needsForm;
    if (needsForm) queueMicrotask(() => document.querySelector("main input, main button")?.focus());
  }
  return html`
    <a class="skip" href="#main">${t.skip}</a>
    ${header(t, needsForm)}
    <main id="main" tabindex="-1" class=${page?.shape ?? ""}>${leaveError
        ? html`<p class="problem" role="alert"><strong>${t.stillSignedIn}</strong> ${leaveError.message}</p>`
        : nothing}${page ? page.view() : nothing}</main>
    <footer class="foot"><span>confledger</span><span>${t.motto}</span></footer>
  `;
}

function header(t, isBare) {
  const path = location.pathname;
  const link = (href, text, isHere) =>
    html`<a href=${href} aria-current=${isHere ? "page" : nothing}>${text}</a>`;
  return html`<header class="top">
    <a class="brand" href="/console/"><img src="/console/icon.svg" alt="" width="26" height="26">confledger</a>
    ${isBare
      ? html`<span class="grow"></span>`
      : html`<nav class="grow" aria-label=${t.navigation}>
          ${link("/console/", t.meetings, path === "/console/" || path.startsWith("/console/meetings"))}
          ${link("/console/people", t.people, path.startsWith("/console/people"))}
        </nav>`}
    <div class="tools">
      <button type="button" class="tool" @click=${changeZone} title=${t.zoneTitle(zoneName())}
        aria-label=${t.zoneTitle(zoneName())}>${icon("clock")}<span>${app.zone === "utc" ? "UTC" : t.localTime}</span></button>
      <button type="button" class="tool" @click=${changeScheme} title=${t.schemeTitle[app.scheme]}
        aria-label=${t.schemeTitle[app.scheme]}>${icon({ auto: "half", light: "sun", dark: "moon" }[app.scheme])}</button>
      <button type="button" class="tool" @click=${changeLanguage} lang=${app.language === "en" ? "zh-CN" : "en"}
        id="language">${app.language === "en" ? "中文" : "English"}</button>
      ${isBare
        ? nothing
        : html`<button type="button" class="tool" @click=${leave} title=${t.signedInAs(app.session.user.name)}
            aria-label=${`${t.signOut} (${app.session.user.name})`}>
            <span class="who">${app.session.user.name}</span>${icon("leave")}</button>`}
    </div>
  </header>`;
}

function changeZone() {
  setZone(app.zone === "utc" ? "local" : "utc");
  announce(words().zoneTitle(zoneName()));
}

function changeScheme() {
  const order = ["auto", "light", "dark"];
  setScheme(order[(order.indexOf(app.scheme) + 1) % 3]);
}

async function changeLanguage() {
  setLanguage(app.language === "en" ? "zh" : "en");
  await loadWords();
  app.page?.languageChanged?.();
  refresh();
}

async function leave() {
  try {
    await signOut().catch(async (error) => {
      if (error.status !== 403) throw error;
      // Another window has signed in since, so the session has another CSRF token.
      await askSession();
      await signOut();
    });
  } catch (error) {
    if (reader() !== openedFor) readerChanged();
    leaveError = error;
    refresh();
    return;
  }
  app.page?.close?.();
  app.page = null;
  shownPath = null;
  navigate("/console/sign-in");
}

/** After signing in: the page that was asked for. */
export function signedIn() {
  if (app.page instanceof SignInPage || !app.page) {
    shownPath = null;
    navigate("/console/", { replace: true });
  } else if (openedFor !== null && openedFor !== reader()) {
    // What one may see is not to stay on the page for another.
    app.page.close?.();
    app.page = null;
    shownPath = null;
    openAddress();
  } else {
    openPage();
  }
  refresh();
  moveFocus();
}

/** Another window has signed out, or somebody in. */
function readerChanged() {
  // A link that nobody has used yet is not lost.
  if (app.session && !app.page?.hasLink) signedIn();
  else refresh();
}

function followLink(event) {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (link.hash && link.pathname === location.pathname) return;
  if (!link.pathname.startsWith("/console/") || link.pathname.startsWith("/console/api/")) return;
  event.preventDefault();
  navigate(link.pathname + link.search);
}

function closeMenus(isToClose) {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (isToClose(menu)) menu.open = false;
}

async function start() {
  trouble = null;
  app.page?.close?.();
  app.page = null;
  shownPath = null;
  await loadWords();
  document.getElementById("unstarted")?.remove();
  startRendering(() => {
    render(shell(), root);
    keepFocus();
  });
  refresh();
  try {
    await askSession();
  } catch (error) {
    if (!isAbort(error)) trouble = error;
  }
  if (trouble) refresh();
  else await openAddress();
  document.documentElement.dataset.ready = "";
}

startRouting(openAddress);
document.addEventListener("click", followLink);
document.addEventListener("signedin", signedIn);
document.addEventListener("readerchanged", readerChanged);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && app.session !== undefined) isSameReader().catch(() => {});
});
addEventListener("pageshow", (event) => {
  // What was left long ago is shown only to whom it was shown before.
  if (event.persisted) start();
});
for (const name of ["keydown", "pointerdown"]) addEventListener(name, () => (isFocusDue = false), { capture: true });
addEventListener("popstate", () => openAddress());
document.addEventListener("click", (event) => closeMenus((menu) => !menu.contains(event.target)));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  closeMenus((menu) => {
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    return true;
  });
});
addEventListener("hashchange", () => {
  // A sign-in link that was opened where the console was open already.
  if (location.hash.startsWith("#link=")) start();
});
const announcer = document.createElement("div");
announcer.id = "announcer";
announcer.setAttribute("aria-live", "polite");
announcer.className = "unseen";
document.body.append(announcer);
start();
