// The texts of the pages, in the viewer's language. Only the one that is read is loaded.

import { app } from "./app.js";

const known = {};

/** Load the viewer's language. */
export async function loadWords() {
  if (!known[app.language]) known[app.language] = (await import(`./texts/${app.language}.js`)).texts;
  document.documentElement.lang = app.language === "zh" ? "zh-CN" : "en";
}

/** All texts: sentences, or functions that make one. */
export function words() {
  return known[app.language] ?? known.en ?? known.zh;
}
