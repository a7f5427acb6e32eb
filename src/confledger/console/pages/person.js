// Everything that one person did, or had done to them, across meetings.

import { html, nothing } from "./vendor/lit-html/lit-html.js";
import { announce, refresh } from "./app.js";
import { ask, isAbort } from "./api.js";
import { words } from "./words.js";
import { figure } from "./times.js";
import { moment, problem, shortName } from "./parts.js";
import { LedgerWords, fieldsOf } from "./records.js";

const LIMIT = 100;

export class PersonPage {
  #key;
  #person = null;
  #rows = null;
  #next = null;
  #words = new LedgerWords();
  #error = null;
  #isBusy = false;
  #asking = null;

  constructor({ name }) {
    this.#key = name;
  }

  title() {
    return this.#name() || words().person;
  }

  open() {
    this.#load();
  }

  close() {
    this.#asking?.abort();
  }

  languageChanged() {
    this.#load();
  }

  #name() {
    const person = this.#person;
    return person ? person.name || person.account || person.number : "";
  }

  async #load({ isMore = false } = {}) {
    this.#asking?.abort();
    const asking = (this.#asking = new AbortController());
    this.#isBusy = true;
    this.#error = null;
    refresh();
    let rows = isMore ? this.#rows : [];
    const before = rows.length;
    let next = isMore ? this.#next : null;
    try {
      do {
        const asked = new URLSearchParams({ limit: LIMIT, ...(next && { after: next }) });
        const told = await ask(`people/${encodeURIComponent(this.#key)}/records?${asked}`, { signal: asking.signal });
        this.#person = told.person;
        this.#words.learn(told);
        rows = rows.concat(told.data);
        next = told.next;
      } while (next && rows.length === before);
      this.#rows = rows;
      this.#next = next;
      announce(words().recordCount(figure(rows.length), rows.length));
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
    const person = this.#person;
    return html`
      <p class="crumbs"><a href="/console/people">${t.people}</a></p>
      <div class="heading"><h1 tabindex="-1">${this.#name() || t.person}</h1>
        <p class="quiet">${person ? [person.account, person.number].filter((each) => each && each !== this.#name()).join(" · ") : nothing}</p></div>
      <p class="quiet lead">${t.personLead}</p>
      ${this.#error ? problem(this.#error, () => this.#load()) : this.#list(t)}
    `;
  }

  #list(t) {
    if (!this.#rows) return html`<p class="quiet">${t.loading}</p>`;
    if (!this.#rows.length)
      return html`<section class="empty"><h2>${t.noRecordOfPerson}</h2><p>${t.noRecordOfPersonText}</p></section>`;
    const groups = [];
    for (const row of this.#rows) {
      if (groups.at(-1)?.id !== row.conferenceUUID) groups.push({ id: row.conferenceUUID, subject: row.subject, rows: [] });
      groups.at(-1).rows.push(row);
    }
    return html`${groups.map((group) => html`<section>
        <h2 class="day"><a href=${`/console/meetings/${group.id}`}>${group.subject || t.noSubject}</a></h2>
        <ul class="list">${group.rows.map((row) => this.#row(t, row))}</ul></section>`)}
      ${this.#next ? html`<p class="pages"><button type="button" class="button" ?disabled=${this.#isBusy}
        @click=${() => this.#load({ isMore: true })}>${t.moreRecords}</button></p>` : nothing}`;
  }

  #row(t, { conferenceUUID, isOperator, record, seq }) {
    const fields = fieldsOf(record, this.#words);
    return html`<li class="row">
      <span class="when long">${moment(fields.timeMs)}</span>
      <span class="what"><a class="stretched" href=${`/console/meetings/${conferenceUUID}?at=${fields.timeMs}&record=${seq}`}>${fields.operation}</a>
        <span class="quiet">${isOperator
          ? fields.object ? t.didTo(shortName(fields.object)) : t.didToAll
          : t.doneBy(shortName(fields.operator) || t.somebody)}</span></span>
      <span class="much"><span class=${isOperator ? "badge" : "badge soft"}>${isOperator ? t.did : t.wasDone}</span>
        <span class=${record[7] === "FAILED" ? "failed" : "quiet"}>${fields.result}</span></span>
    </li>`;
  }
}
