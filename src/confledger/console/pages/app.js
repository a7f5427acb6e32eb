// What all pages share: the settings of the viewer, who is signed in, and the one render.

const KEPT = "confledger.";

function kept(name, allowed, otherwise) {
  try {
    const value = localStorage.getItem(KEPT + name);
    return allowed.includes(value) ? value : otherwise;
  } catch {
    return otherwise;
  }
}

function keep(name, value) {
  try {
    localStorage.setItem(KEPT + name, value);
  } catch {
    // Then it holds until the page is left.
  }
}

const browsersLanguage = navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";

export const app = {
  /** "en" or "zh". */
  language: kept("language", ["en", "zh"], browsersLanguage),
  /** "auto", "light" or "dark". */
  scheme: kept("scheme", ["auto", "light", "dark"], "auto"),
  /** "local" or "utc". */
  zone: kept("zone", ["local", "utc"], "local"),
  /** What `GET session` told; null: nobody is signed in; undefined: not asked yet. */
  session: undefined,
  /** Whether there was a session that has ended. */
  hasExpired: false,
  /** The page that is shown: `title()`, `view()`, `changed(query)`, `close()`. */
  page: null,
};

let renderAll = () => {};
let isDue = false;

export function startRendering(render) {
  renderAll = render;
}

/** Draw anew, once for all changes of this moment. */
export function refresh() {
  if (isDue) return;
  isDue = true;
  queueMicrotask(() => {
    isDue = false;
    renderAll();
  });
}

export function setLanguage(language) {
  app.language = language;
  keep("language", language);
}

export function setZone(zone) {
  app.zone = zone;
  keep("zone", zone);
  refresh();
}

export function setScheme(scheme) {
  app.scheme = scheme;
  keep("scheme", scheme);
  if (scheme === "auto") delete document.documentElement.dataset.scheme;
  else document.documentElement.dataset.scheme = scheme;
  document.dispatchEvent(new Event("schemechange"));
  refresh();
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
  document.dispatchEvent(new Event("schemechange")),
);

/** Have a screen reader say something, when it has the time. */
export function announce(text) {
  const place = document.getElementById("announcer");
  if (place && place.textContent !== text) place.textContent = text;
}

let openAddress = () => {};

export function startRouting(open) {
  openAddress = open;
}

/** Go to another address of the console. */
export function navigate(address, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", address);
  openAddress();
}

/** Change the query of the address without leaving the page or making a step to go back to. */
export function noteQuery(query) {
  const text = query.toString();
  history.replaceState(history.state, "", location.pathname + (text && `?${text}`));
}
