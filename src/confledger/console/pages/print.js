// A meeting on paper: facts, timeline, records, when it was printed and by whom.

import { html, nothing } from "./vendor/lit-html/lit-html.js";
import { app, refresh } from "./app.js";
import { ask, isAbort, isSameReader } from "./api.js";
import { words } from "./words.js";
import { at, duration, figure, utc, zoneName } from "./times.js";
import { icon, named, problem } from "./parts.js";
import { Records, basisWords, fieldsOf } from "./records.js";
import { TimelineModel } from "./timeline-model.js";
import { AXIS, drawTimeline, readLooks } from "./timeline-draw.js";

const RECORDS_AT_ONCE = 5_000;
const WIDTH = 1_000;
const SHEET_HEIGHT = 760;
const MANY = 10_000;

export class PrintPage {
  shape = "paper";
  #uuid;
  #facts = null;
  #records = new Records();
  #model = null;
  #error = null;
  #isWhole = false;
  #printedMs = Date.now();
  #asking = null;
  #noteTime = () => {
    this.#printedMs = Date.now();
    refresh();
  };

  constructor({ name }) {
    this.#uuid = name;
    addEventListener("beforeprint", this.#noteTime);
  }

  title() {
    const t = words();
    return this.#facts ? `${t.printTitle}: ${this.#facts.subject || t.noSubject}` : t.printTitle;
  }

  open() {
    this.#load();
  }

  close() {
    this.#asking?.abort();
    delete document.getElementById("main")?.dataset.loaded;
    removeEventListener("beforeprint", this.#noteTime);
  }

  async languageChanged() {
    this.#records.clear();
    await this.#load();
  }

  async #load() {
    this.#asking?.abort();
    const { signal } = (this.#asking = new AbortController());
    this.#error = null;
    const path = `conferences/${encodeURIComponent(this.#uuid)}`;
    try {
      // The paper says who printed it.
      if (!(await isSameReader())) return;
      const [facts, timeline] = await Promise.all([ask(path, { signal }), ask(`${path}/timeline`, { signal })]);
      this.#facts = facts;
      this.#records.words.learn(facts);
      this.#records.words.learnNames(timeline.people);
      this.#model = new TimelineModel(timeline, facts);
      let told;
      do {
        told = await ask(`${path}/records?after=${this.#records.rows.length}&limit=${RECORDS_AT_ONCE}`, { signal });
        this.#records.take(told);
        refresh();
      } while (told.records.length && this.#records.rows.length < told.count);
      this.#isWhole = true;
      this.#printedMs = Date.now();
    } catch (error) {
      if (isAbort(error)) return;
      this.#error = error;
    }
    refresh();
    queueMicrotask(() => {
      if (this.#isWhole) {
        this.#drawSheets();
        document.getElementById("main").dataset.loaded = this.#uuid;
      }
    });
  }

  view() {
    const t = words();
    if (this.#error) return html`<h1 tabindex="-1" class="unseen">${this.title()}</h1>${problem(this.#error, () => this.#load())}`;
    if (!this.#isWhole) {
      const { rows, count } = this.#records;
      return html`<h1 tabindex="-1" class="unseen">${this.title()}</h1>
        <p class="quiet">${count ? t.loadingRecords(figure(rows.length), figure(count)) : t.loading}</p>`;
    }
    return html`
      <div class="print-bar">
        <a class="button" href=${`/console/meetings/${this.#uuid}`}>${t.printBack}</a>
        <button type="button" class="button primary" id="print" @click=${() => this.#print()}>${icon("print")}${t.print}</button>
        ${this.#records.count > MANY ? html`<span class="quiet">${t.printMany(figure(this.#records.count))}</span>` : nothing}
      </div>
      <article class="sheet-of-paper">${this.#paper(t)}</article>`;
  }

  async #print() {
    if (await isSameReader().catch(() => true)) print();
  }

  #paper(t) {
    const facts = this.#facts;
    const { user, corp } = app.session;
    const { startTimeMs: start, endTimeMs: end } = facts;
    const line = (name, content) => html`<tr><th scope="row">${name}</th><td>${content}</td></tr>`;
    const both = (ms) => html`${utc(ms)} <span class="quiet">(${at(ms)})</span>`;
    return html`
      <p class="kicker">${t.printTitle}</p>
      <h1 tabindex="-1">${facts.subject || t.noSubject}</h1>
      <table class="paper-facts"><tbody>
        ${line(t.meetingUuid, html`<code>${this.#uuid}</code>`)}
        ${facts.conferenceID ? line(t.meetingId, facts.conferenceID) : nothing}
        ${facts.scheduler ? line(t.scheduler, facts.scheduler) : nothing}
        ${line(t.start, start === null ? t.notKnown : both(start))}
        ${line(t.end, end === null ? (facts.isRunning ? t.stillRuns : t.notKnown) : both(end))}
        ${start !== null && end !== null ? line(t.lasted, duration(end - start, t.units)) : nothing}
        ${line(t.records, figure(this.#records.rows.length))}
        ${line(t.printedAt, both(this.#printedMs))}
        ${line(t.printedBy, `${user.name} (${user.account})`)}
        ${line(t.printedFrom, corp.name)}
      </tbody></table>
      <p class="quiet">${t.printTimes(zoneName())} ${t.printNote}</p>
      ${facts.participants.length
        ? html`<h2>${t.participants} (${figure(facts.participantCount)})</h2>
            <ul class="paper-people">${facts.participants.map((each) => html`<li>${each.name || each.number}${each.role === "host" ? ` (${t.host})` : ""}</li>`)}</ul>`
        : nothing}
      <h2>${t.timeline}</h2>
      <div id="sheets" role="img" aria-label=${`${t.timeline}: ${t.lanes(this.#model.lanes.length)}`}></div>
      <h2>${t.records}</h2>
      <table class="paper-records"><thead><tr>
        ${[t.seq, t.utc, t.operation, t.operator, t.object, t.result, t.source, t.detail].map((each) => html`<th scope="col">${each}</th>`)}
      </tr></thead><tbody>${this.#records.order.map((seq) => this.#row(seq))}</tbody></table>
      <section class="limits"><h2>${t.limits}</h2><ul>${t.limitsList.map((each) => html`<li>${each}</li>`)}</ul></section>`;
  }

  #row(seq) {
    const fields = fieldsOf(this.#records.rows[seq], this.#records.words);
    return html`<tr><td>${seq + 1}</td><td class="mono">${utc(fields.timeMs).slice(0, -4)}</td><td>${fields.operation}</td>
      <td class="breaks">${named(fields.operator, fields.operatorName) || basisWords(fields.basis)}</td><td class="breaks">${named(fields.object, fields.objectName)}</td><td>${fields.result}</td><td>${fields.source}</td><td>${fields.detail}</td></tr>`;
  }

  // As many canvases as there are sheets, since a page can't break within one.
  #drawSheets() {
    const place = document.getElementById("sheets");
    if (!place || this.#model.isEmpty) return;
    const model = this.#model;
    model.arrange(model.height > SHEET_HEIGHT);
    const looks = readLooks(place, 2);
    const sheets = [];
    for (let first = 0; first < model.lanes.length; ) {
      const top = model.lanes[first].top;
      let next = first + 1;
      while (next < model.lanes.length && model.lanes[next].top + model.lanes[next].height - top <= SHEET_HEIGHT) next++;
      const last = model.lanes[next - 1];
      const height = last.top + last.height - top + AXIS;
      const canvas = document.createElement("canvas");
      canvas.width = WIDTH * looks.ratio;
      canvas.height = height * looks.ratio;
      drawTimeline(canvas.getContext("2d"), {
        model, records: this.#records, view: { from: model.startMs, to: model.endMs }, width: WIDTH, height, scroll: top, gutter: 156, looks,
        cursorMs: null, selected: null, hovered: null, zone: "utc", t: words(),
      });
      sheets.push(canvas);
      first = next;
    }
    place.replaceChildren(...sheets);
  }
}
