// The list of meetings: search, dates, pages; all of it in the address.

import { html, nothing } from "./vendor/lit-html/lit-html.js";
import { live } from "./vendor/lit-html/directives/live.js";
import { announce, navigate, refresh } from "./app.js";
import { Refusal, ask, isAbort } from "./api.js";
import { words } from "./words.js";
import { at, duration, fieldOf, figure, integerIn, momentOf, utc } from "./times.js";
import { icon, problem } from "./parts.js";

const PAUSE_MS = 300;
const LIMIT = 50;

export class MeetingsPage {
  #query;
  #rows = null;
  #next = null;
  #error = null;
  #isBusy = false;
  #asking = null;
  #typing = 0;

  /** What stands in the fields, which may be ahead of the address. */
  #typed = {};

  constructor({ query }) {
    this.#query = query;
    this.#takeTyped();
  }

  #takeTyped() {
    const query = this.#query;
    const asked = {
      q: query.get("q") ?? "",
      person: query.get("person") ?? "",
      from: fieldOf(integerIn(query, "from")),
      to: fieldOf(integerIn(query, "to")),
    };
    // A space at the end is not in the address, and stays under the fingers.
    for (const [name, text] of Object.entries(asked)) if (this.#typed[name]?.trim() !== text) this.#typed[name] = text;
  }

  title() {
    return words().meetings;
  }

  open() {
    this.#load();
  }

  close() {
    clearTimeout(this.#typing);
    this.#asking?.abort();
  }

  changed(query) {
    this.#query = query;
    this.#takeTyped();
    this.#load();
  }

  languageChanged() {
    if (this.#error) this.#load();
  }

  async #load() {
    this.#asking?.abort();
    const asking = (this.#asking = new AbortController());
    this.#isBusy = true;
    this.#error = null;
    refresh();
    const asked = new URLSearchParams(this.#query);
    asked.set("limit", LIMIT);
    for (const name of ["from", "to"]) if (integerIn(asked, name) === null) asked.delete(name);
    try {
      let rows = [];
      let next = null;
      // A search may find nothing in one step and yet have further to go.
      do {
        if (next) asked.set("after", next);
        const told = await ask(`conferences?${asked}`, { signal: asking.signal });
        rows = rows.concat(told.data);
        next = told.next;
      } while (next && rows.length === 0);
      this.#rows = rows;
      this.#next = next;
      announce(next ? words().meetingsMore(rows.length) : words().meetingsFound(rows.length));
    } catch (error) {
      if (isAbort(error)) return;
      this.#error = error;
    }
    if (asking === this.#asking) {
      this.#isBusy = false;
      refresh();
    }
  }

  view() {
    const t = words();
    return html`
      <div class="heading"><h1 tabindex="-1">${t.meetings}</h1>
        <p class="quiet" aria-hidden="true">${this.#told(t)}</p></div>
      ${this.#form(t)}
      ${this.#error ? problem(this.#error, () => this.#load()) : this.#list(t)}
    `;
  }

  #told(t) {
    if (this.#error) return nothing;
    if (this.#isBusy) return t.searching;
    if (!this.#rows) return nothing;
    return this.#next ? t.meetingsMore(this.#rows.length) : t.meetingsFound(this.#rows.length);
  }

  #form(t) {
    const query = this.#query;
    const typed = (event) => {
      this.#typed[event.target.name] = event.target.value;
      clearTimeout(this.#typing);
      this.#typing = setTimeout(() => this.#search({ replace: true }), PAUSE_MS);
    };
    return html`<form class="search" role="search" id="search" @submit=${(event) => {
      event.preventDefault();
      clearTimeout(this.#typing);
      this.#search({ replace: false });
    }}>
      <label class="wide">${t.searchMeetings}
        <span class="field">${icon("search")}<input type="search" name="q" .value=${live(this.#typed.q)}
          placeholder=${t.searchMeetingsHint} @input=${typed} autocomplete="off" spellcheck="false"></span></label>
      <label>${t.personIn}<input type="search" name="person" .value=${live(this.#typed.person)}
        placeholder=${t.personHint} @input=${typed} autocomplete="off" spellcheck="false"></label>
      <label>${t.fromDay}<input type="date" name="from" .value=${live(this.#typed.from)} @change=${typed}></label>
      <label>${t.toDay}<input type="date" name="to" .value=${live(this.#typed.to)} @change=${typed}></label>
      <button class="button primary">${t.search}</button>
      ${query.size ? html`<a class="button" href="/console/">${t.clear}</a>` : nothing}
    </form>`;
  }

  #search({ replace }) {
    const query = new URLSearchParams();
    for (const name of ["q", "person"]) {
      const text = this.#typed[name].trim();
      if (text) query.set(name, text);
    }
    const from = momentOf(this.#typed.from);
    const to = momentOf(this.#typed.to, { isEnd: true });
    if (from !== null && to !== null && from > to) {
      this.#error = new Refusal(400, words().daysReversed);
      refresh();
      return;
    }
    if (from !== null) query.set("from", from);
    if (to !== null) query.set("to", to);
    const text = query.toString();
    navigate("/console/" + (text && `?${text}`), { replace });
  }

  #list(t) {
    if (!this.#rows) return html`<p class="quiet">${t.loading}</p>`;
    if (!this.#rows.length) return this.#nothingFound(t);
    const days = [];
    for (const row of this.#rows) {
      const day = row.startTimeMs === null ? t.noStart : at(row.startTimeMs, "day");
      if (days.at(-1)?.day !== day) days.push({ day, rows: [] });
      days.at(-1).rows.push(row);
    }
    return html`<div class=${this.#isBusy ? "days faded" : "days"}>
      ${days.map(({ day, rows }) => html`<section><h2 class="day">${day}</h2>
        <ul class="list">${rows.map((row) => this.#row(t, row))}</ul></section>`)}</div>
      ${this.#pages(t)}`;
  }

  #row(t, row) {
    const { startTimeMs: start, endTimeMs: end } = row;
    return html`<li class="row">
      <span class="when" title=${start === null ? nothing : utc(start)}>
        ${start === null ? "–" : at(start, "time")}${end === null ? nothing : html`<span class="quiet"> – ${at(end, "time")}</span>`}</span>
      <span class="what"><a class="stretched" href=${`/console/meetings/${row.conferenceUUID}`}>${row.subject || t.noSubject}</a>
        <span class="quiet">${[row.scheduler, row.conferenceID && `${t.meetingId} ${row.conferenceID}`].filter(Boolean).join(" · ") || row.conferenceUUID}</span></span>
      <span class="much">
        ${row.isRunning ? html`<span class="badge live">${t.running}</span>` : nothing}
        ${start !== null && end !== null ? html`<span>${duration(end - start, t.units)}</span>` : nothing}
        ${row.recordCount === null ? nothing : html`<span class="quiet">${t.recordCount(figure(row.recordCount), row.recordCount)}</span>`}
      </span>
    </li>`;
  }

  #pages(t) {
    const isLater = this.#query.has("after");
    if (!this.#next && !isLater) return nothing;
    const first = new URLSearchParams(this.#query);
    first.delete("after");
    const further = new URLSearchParams(this.#query);
    further.set("after", this.#next ?? "");
    return html`<nav class="pages" aria-label=${t.pages}>
      ${isLater ? html`<a class="button" href=${`/console/?${first}`}>${t.newest}</a>` : nothing}
      ${this.#next ? html`<a class="button" href=${`/console/?${further}`}>${t.older}</a>` : nothing}
    </nav>`;
  }

  #nothingFound(t) {
    const isAsked = ["q", "person", "from", "to"].some((name) => this.#query.has(name));
    return html`<section class="empty">
      <h2>${isAsked ? t.noMeetingFound : t.noMeeting}</h2>
      <p>${isAsked ? t.noMeetingFoundText : t.noMeetingText}</p>
      ${isAsked ? html`<p><a class="button" href="/console/">${t.clear}</a></p>` : nothing}
    </section>`;
  }
}
