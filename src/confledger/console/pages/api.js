// Asks the service. What goes wrong becomes a Refusal, with a sentence for the viewer.

import { app, refresh } from "./app.js";
import { words } from "./words.js";

const ROOT = "/console/api/";
const LANGUAGES = { en: "en-US", zh: "zh-CN" };

/** The console's other windows, which share the session. */
const others = new BroadcastChannel("confledger.session");
others.addEventListener("message", ({ data }) => {
  if (data === "out") sessionHasEnded();
  else isSameReader().catch(() => {}); // The next call tells that the service is away.
});

export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export function languageTag() {
  return LANGUAGES[app.language];
}

/** The answer to a call, parsed; a session that has ended shows the sign-in form in place. */
export async function ask(path, { method = "GET", body, signal } = {}) {
  const headers = { "Accept-Language": languageTag() };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET" && app.session) headers["X-CSRF-Token"] = app.session.csrfToken;
  const token = app.session?.csrfToken;
  let answer;
  try {
    answer = await fetch(ROOT + path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
      credentials: "same-origin",
      cache: "no-store",
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(0, words().errorOffline);
  }
  if (answer.status === 204) return null;
  let told = null;
  try {
    told = await answer.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(answer.status, words().errorUnexpected);
  }
  if (answer.ok) return told;
  // A call that began under another session says nothing of this one.
  if (answer.status === 401 && path !== "session" && token === app.session?.csrfToken) sessionHasEnded();
  throw new Refusal(answer.status, told.error_msg ?? words().errorUnexpected);
}

export function sessionHasEnded() {
  if (app.session) app.hasExpired = true;
  app.session = null;
  refresh();
}

/** Who reads, and what is kept from them; null: nobody. */
export function reader() {
  return app.session ? `${app.session.user.id} ${app.session.masksNumbers}` : null;
}

/** Ask who is signed in; whether that is another reader than before. */
export async function askSession() {
  let told = null;
  try {
    told = await ask("session");
  } catch (error) {
    if (error.status !== 401) throw error;
  }
  const before = reader();
  if (!told && app.session) app.hasExpired = true;
  app.session = told;
  return reader() !== before;
}

/** Ask whether the reader is still the same, for another window may have signed out or in; what
 * is shown follows (`readerchanged`).
 */
export async function isSameReader() {
  const before = reader();
  if (await askSession()) document.dispatchEvent(new Event("readerchanged"));
  return reader() === before;
}

/** Ask whether a file may be taken, for a download does not tell why it was refused. */
export async function askFile(path) {
  let answer;
  try {
    answer = await fetch(ROOT + path, { method: "HEAD", credentials: "same-origin", cache: "no-store" });
  } catch {
    throw new Refusal(0, words().errorOffline);
  }
  // The answer to HEAD has no sentence.
  if (!answer.ok) await ask(path);
}

export async function signIn(body) {
  app.session = await ask("session", { method: "POST", body });
  app.hasExpired = false;
  others.postMessage("in");
}

export async function signOut() {
  try {
    await ask("session", { method: "DELETE" });
  } catch (error) {
    if (error.status !== 401) throw error;
  }
  app.session = null;
  app.hasExpired = false;
  others.postMessage("out");
}

/** Whether a refusal is only that somebody went on before the answer came. */
export function isAbort(error) {
  return error?.name === "AbortError";
}
