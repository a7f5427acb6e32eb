// Who there is: a search, and a link to everything of one person.

import { html, nothing } from "./vendor/lit-html/lit-html.js";
import { live } from "./vendor/lit-html/directives/live.js";
import { announce, navigate, refresh } from "./app.js";
import { ask, isAbort } from "./api.js";
import { words } from "./words.js";
import { figure } from "./times.js";
import { icon, problem } from "./parts.js";

const PAUSE_MS = 300;
const LIMIT = 100;

export class PeoplePage {
  #query;
  #people = null;
  #next = null;
  #error = null;
  #isBusy = false;
  #asking = null;
  #typing = 0;

  /** What stands in the field, which may be ahead of the address. */
  #typed = "";

  constructor({ query }) {
    this.#query = query;
    this.#takeTyped();
  }

  #takeTyped() {
    const text = this.#query.get("q") ?? "";
    if (this.#typed.trim() !== text) this.#typed = text;
  }

  title() {
    return words().people;
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

  /** Load the first people, or some more: the same person may come again, and counts once. */
  async #load({ isMore = false } = {}) {
    this.#asking?.abort();
    const asking = (this.#asking = new AbortController());
    this.#isBusy = true;
    this.#error = null;
    refresh();
    const asked = new URLSearchParams({ q: this.#query.get("q") ?? "", limit: LIMIT });
    const known = new Map(isMore ? this.#people.map((each) => [each.person, each]) : []);
    const before = known.size;
    let next = isMore ? this.#next : null;
    try {
      do {
        if (next) asked.set("after", next);
        const told = await ask(`people?${asked}`, { signal: asking.signal });
        for (const each of told.data) known.set(each.person, { ...known.get(each.person), ...each });
        next = told.next;
      } while (next && known.size === before);
      this.#people = [...known.values()];
      this.#next = next;
      announce(words().peopleFound(this.#people.length));
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
      <div class="heading"><h1 tabindex="-1">${t.people}</h1>
        <p class="quiet" aria-hidden="true">${this.#isBusy ? t.searching : this.#people && this.#query.get("q") ? t.peopleFound(this.#people.length) : nothing}</p></div>
      <form class="search short" role="search" id="search" @submit=${(event) => {
        event.preventDefault();
        this.#search(false);
      }}>
        <label class="wide">${t.searchPeople}
          <span class="field">${icon("search")}<input type="search" name="q" .value=${live(this.#typed)}
            placeholder=${t.searchPeopleHint} autocomplete="off" spellcheck="false" @input=${(event) => {
              this.#typed = event.target.value;
              clearTimeout(this.#typing);
              this.#typing = setTimeout(() => this.#search(true), PAUSE_MS);
            }}></span></label>
        <button class="button primary">${t.search}</button>
      </form>
      ${this.#error ? problem(this.#error, () => this.#load()) : this.#list(t)}
    `;
  }

  #search(replace) {
    clearTimeout(this.#typing);
    const text = this.#typed.trim();
    navigate("/console/people" + (text && `?${new URLSearchParams({ q: text })}`), { replace });
  }

  #list(t) {
    if (!this.#people) return html`<p class="quiet">${t.loading}</p>`;
    if (!this.#people.length) {
      const isAsked = this.#query.get("q");
      return html`<section class="empty"><h2>${isAsked ? t.noPersonFound : t.noPeople}</h2>
        <p>${isAsked ? t.noPersonFoundText : t.noPeopleText}</p></section>`;
    }
    return html`<ul class="list people">${this.#people.map((each) => html`<li class="row">
        <span class="what"><a class="stretched" href=${`/console/people/${encodeURIComponent(each.person)}`}>${each.name || each.account || each.number}</a>
          <span class="quiet">${[each.account, each.number].filter(Boolean).join(" · ")}</span></span>
        <span class="much">${each.conferenceCount === undefined || each.conferenceCount === null ? nothing : t.meetingCount(figure(each.conferenceCount), each.conferenceCount)}</span>
      </li>`)}</ul>
      ${this.#next ? html`<p class="pages"><button type="button" class="button" ?disabled=${this.#isBusy}
        @click=${() => this.#load({ isMore: true })}>${t.morePeople}</button></p>` : nothing}`;
  }
}
