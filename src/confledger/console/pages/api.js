// Asks the service. What goes wrong becomes a Refusal, with a sentence for the viewer.

import { app, refresh } from "./app.js";
import { words } from "./words.js";

const ROOT = "/console/api/";
const LANGUAGES = { en: "en-US", zh: "zh-CN" };

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
  if (answer.status === 401 && path !== "session") sessionHasEnded();
  throw new Refusal(answer.status, told.error_msg ?? words().errorUnexpected);
}

export function sessionHasEnded() {
  app.hasExpired = Boolean(app.session);
  app.session = null;
  refresh();
}

/** Ask who is signed in. */
export async function askSession() {
  try {
    app.session = await ask("session");
  } catch (error) {
    if (error.status !== 401) throw error;
    if (app.session) app.hasExpired = true;
    app.session = null;
  }
}

export async function signIn(body) {
  app.session = await ask("session", { method: "POST", body });
  app.hasExpired = false;
}

export async function signOut() {
  try {
    await ask("session", { method: "DELETE" });
  } catch (error) {
    if (error.status !== 401) throw error;
  }
  app.session = null;
  app.hasExpired = false;
}

/** Whether a refusal is only that somebody went on before the answer came. */
export function isAbort(error) {
  return error?.name === "AbortError";
}
