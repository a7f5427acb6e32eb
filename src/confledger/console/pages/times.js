// Times and figures, as the viewer reads them.

import { app } from "./app.js";
import { languageTag } from "./api.js";

/** The last moment that a Date can have. */
const TIME_MAX_MS = 8.64e15;

const formats = new Map();

const FORMS = {
  full: { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" },
  exact: {
    year: "numeric", month: "short", day: "numeric",
    hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23",
  },
  day: { weekday: "long", year: "numeric", month: "long", day: "numeric" },
  date: { dateStyle: "medium" },
  time: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  seconds: { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
  millis: {
    hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23",
  },
};

/** A time (UTC, milliseconds) in the viewer's zone, or in UTC if they chose so. */
export function at(ms, form = "full", zone = app.zone) {
  const name = `${app.language} ${zone} ${form}`;
  let format = formats.get(name);
  if (!format) {
    const options = { ...FORMS[form], ...(zone === "utc" && { timeZone: "UTC" }) };
    format = new Intl.DateTimeFormat(languageTag(), options);
    formats.set(name, format);
  }
  return format.format(ms);
}

/** The same moment as everybody on earth would write it. */
export function utc(ms) {
  return new Date(ms).toISOString().replace("T", " ").replace("Z", " UTC");
}

export function zoneName() {
  return app.zone === "utc" ? "UTC" : Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** "1 h 5 min", "4 min 3 s", "12 s". */
export function duration(ms, units) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  if (hours) return `${hours} ${units.hours} ${minutes} ${units.minutes}`;
  if (minutes) return `${minutes} ${units.minutes}` + (seconds % 60 ? ` ${seconds % 60} ${units.seconds}` : "");
  return `${seconds} ${units.seconds}`;
}

export function figure(count) {
  return count.toLocaleString(languageTag());
}

/** The beginning (or the last moment) of a day that a date field names, in the viewer's zone. */
export function momentOf(text, { isEnd = false } = {}) {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return null;
  const time = isEnd ? "T23:59:59.999" : "T00:00:00.000";
  const ms = Date.parse(text + time + (app.zone === "utc" ? "Z" : ""));
  return Number.isNaN(ms) ? null : ms;
}

/** What a date field shows for a moment. */
export function fieldOf(ms) {
  if (ms === null) return "";
  const date = new Date(ms);
  if (app.zone === "utc") return date.toISOString().replace(/^\+0*|T.*/g, "");
  const two = (number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** A number in a query that a time can have, or null. */
export function integerIn(query, name) {
  const text = query.get(name) ?? "";
  return /^\d{1,16}$/.test(text) && Number(text) <= TIME_MAX_MS ? Number(text) : null;
}
