// One meeting: facts, timeline, the state at the cursor, the record that is looked at, and all records.

import { html, nothing } from "./vendor/lit-html/lit-html.js";
import { live as fieldValue } from "./vendor/lit-html/directives/live.js";
import { app, announce, noteQuery, refresh } from "./app.js";
import { ask, askFile, isAbort, isSameReader, languageTag } from "./api.js";
import { words } from "./words.js";
import { at, duration, figure, integerIn, utc } from "./times.js";
import { icon, moment, named, problem, shortName } from "./parts.js";
import { FILTERS, Records, basisWords, fieldsOf } from "./records.js";
import { RecordTable } from "./table.js";
import { TimelineModel } from "./timeline-model.js";
import { TimelineView } from "./timeline.js";
import { drawSwatch, readLooks } from "./timeline-draw.js";
import { LiveRecords } from "./live.js";
import { statePanel } from "./state.js";

const RECORDS_AT_ONCE = 5_000;
const REDRAW_PAUSE_MS = 700;
/** How many times as long as the service works at a timeline it then has rest. */
const REDRAW_REST = 5;
const FILTER_PAUSE_MS = 200;
const LANES_TO_FIND = 8;

export class MeetingPage {
  shape = "wide";
  #uuid;
  #query;
  #facts = null;
  #records = new Records();
  #found = [];
  #choices = null;
  #model = null;
  #timelineError = null;
  #error = null;
  #takeError = null;
  #redrawPause = REDRAW_PAUSE_MS;
  #cursorMs;
  #selected;
  #wholeLists = new Set();
  #liveState = null;
  #live = null;
  #asking = null;
  #timers = {};
  #frame = 0;
  #timeline;
  #table;
  #legendScheme = "";

  constructor({ query, name }) {
    this.#uuid = name;
    this.#query = query;
    this.#cursorMs = integerIn(query, "at");
    this.#selected = integerIn(query, "record");
    this.#timeline = new TimelineView({
      cursor: (ms) => this.#putCursor(ms),
      select: (seq) => this.#select(seq),
      go: (seq) => this.#goToRow(seq),
      view: (view) => this.#viewChanged(view),
    });
    this.#table = new RecordTable({
      select: (seq) => this.#select(seq, { from: "table" }),
      go: (seq) => this.#goToMark(seq),
    });
  }

  title() {
    return this.#facts ? this.#facts.subject || words().noSubject : words().meetings;
  }

  get #path() {
    return `conferences/${encodeURIComponent(this.#uuid)}`;
  }

  open() {
    this.#load();
  }

  close() {
    this.#asking?.abort();
    this.#live?.close();
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    cancelAnimationFrame(this.#frame);
    this.#timeline.close();
    this.#table.close();
    delete document.getElementById("main")?.dataset.loaded;
  }

  /** The address of the same meeting changed: a step back, or a link. */
  changed(query) {
    this.#query = query;
    this.#cursorMs = integerIn(query, "at");
    this.#selected = integerIn(query, "record");
    this.#timeline.setCursor(this.#cursorMs);
    this.#timeline.select(this.#selected, { reveal: true });
    this.#filter();
  }

  async languageChanged() {
    this.#timeline.relabel();
    this.#table.relabel();
    if (!this.#facts) return;
    try {
      this.#takeFacts(await ask(this.#path));
      this.#records.forgetWords();
      if (this.#records.haveTexts) {
        this.#records.clear();
        await this.#loadRecords(this.#asking.signal);
      }
      this.#choices = null;
      this.#filter();
      this.#timeline.relabel();
    } catch (error) {
      if (!isAbort(error)) this.#error = error;
    }
    refresh();
  }

  async #load() {
    this.#asking?.abort();
    const { signal } = (this.#asking = new AbortController());
    this.#error = null;
    try {
      const facts = ask(this.#path, { signal });
      const timeline = this.#loadTimeline(facts, signal);
      timeline.catch(() => {}); // What fails first is told.
      this.#takeFacts(await facts);
      refresh();
      await Promise.all([timeline, this.#loadRecords(signal)]);
      this.#timeline.relabel();
      if (this.#selected !== null) this.#table.select(this.#selected, { reveal: true });
      document.getElementById("main").dataset.loaded = this.#uuid;
      if (this.#facts.isRunning) this.#watch();
    } catch (error) {
      if (isAbort(error)) return;
      this.#error = error;
    }
    refresh();
  }

  #takeFacts(facts) {
    this.#facts = facts;
    this.#records.words.learn(facts);
  }

  async #loadRecords(signal) {
    let told;
    do {
      told = await ask(`${this.#path}/records?after=${this.#records.rows.length}&limit=${RECORDS_AT_ONCE}`, { signal });
      const isFirst = this.#records.rows.length === 0;
      this.#records.take(told);
      // Counted when the first are there, and when all are: in between it would only cost time.
      if (isFirst || this.#records.rows.length >= told.count) this.#choices = null;
      this.#filter();
    } while (told.records.length && this.#records.rows.length < told.count);
  }

  async #loadTimeline(facts, signal) {
    this.#timelineError = null;
    try {
      const asked = performance.now();
      const answered = ask(`${this.#path}/timeline`, { signal }).then((told) => {
        this.#redrawPause = Math.max(REDRAW_PAUSE_MS, REDRAW_REST * (performance.now() - asked));
        return told;
      });
      const [told, known] = await Promise.all([answered, facts]);
      const isFirst = this.#model === null;
      this.#records.words.learnNames(told.people);
      this.#records.forgetWords();
      this.#choices = null;
      this.#filter();
      this.#model = new TimelineModel(told, known);
      const from = integerIn(this.#query, "from");
      const to = integerIn(this.#query, "to");
      if (this.#model.isEmpty) this.#model = null;
      else {
        this.#timeline.show(this.#model, this.#records, isFirst && from !== null && to > from ? { from, to } : null);
        if (isFirst) {
          this.#timeline.setCursor(this.#cursorMs);
          this.#timeline.select(this.#selected, { reveal: true });
        }
      }
    } catch (error) {
      if (isAbort(error) || error.status === 401) throw error;
      this.#timelineError = error;
    }
    refresh();
  }

  // --- A meeting that runs ----------------------------------------------------

  #watch() {
    this.#live?.close();
    this.#live = new LiveRecords(this.#path, {
      count: () => this.#records.rows.length,
      records: (told) => this.#grow(told),
      ended: () => this.#hasEnded(),
      forbidden: () => this.#isForbidden(),
      state: (state) => {
        this.#liveState = state;
        refresh();
      },
    });
  }

  #grow(told) {
    const before = this.#records.rows.length;
    if (!this.#records.take(told)) return;
    this.#choices = null;
    this.#filter();
    announce(words().liveGrew(this.#records.rows.length - before));
    // Many may come one after the other: the picture follows when it can.
    this.#timers.redraw ??= setTimeout(async () => {
      try {
        await this.#loadTimeline(Promise.resolve(this.#facts), this.#asking.signal);
      } catch {
        // Whoever signs in again gets all of it anew.
      }
      this.#timers.redraw = undefined;
      if (this.#model && this.#model.count < this.#records.rows.length && this.#live) this.#grow({ count: 0, first: 0, records: [] });
    }, this.#redrawPause);
  }

  // Nothing of it stays, and the service says why.
  #isForbidden() {
    clearTimeout(this.#timers.redraw);
    this.#timers.redraw = undefined;
    this.#liveState = null;
    this.#facts = null;
    this.#model = null;
    this.#records = new Records();
    this.#filter();
    this.#load();
  }

  async #hasEnded() {
    this.#liveState = "ended";
    announce(words().liveEnded);
    await this.#load();
    this.#liveState = "ended";
    refresh();
  }

  // --- Cursor, record and filters ---------------------------------------------

  #putCursor(ms) {
    this.#cursorMs = ms;
    this.#timeline.setCursor(ms);
    this.#query.set("at", ms);
    this.#noteSoon();
    this.#refreshSoon();
  }

  #select(seq, { from = "timeline" } = {}) {
    this.#selected = seq;
    this.#query.set("record", seq);
    this.#timeline.select(seq, { reveal: from === "table" });
    this.#table.select(seq, { reveal: from !== "table" });
    if (from === "table") this.#putCursor(this.#records.rows[seq][0]);
    this.#noteSoon();
    this.#refreshSoon();
  }

  #goToRow(seq) {
    if (!this.#found.includes(seq)) this.#clearFilters();
    this.#select(seq);
    this.#table.element.scrollIntoView({ block: "nearest" });
    this.#table.element.focus({ preventScroll: true });
    this.#table.select(seq, { reveal: true });
  }

  #goToMark(seq) {
    this.#select(seq, { from: "table" });
  }

  #viewChanged(view) {
    this.#refreshSoon();
    if (!this.#isOnlyShown) return;
    clearTimeout(this.#timers.view);
    this.#timers.view = setTimeout(() => this.#onlyShown(true, view), FILTER_PAUSE_MS);
  }

  get #isOnlyShown() {
    return integerIn(this.#query, "from") !== null;
  }

  #onlyShown(isOn, view = this.#timeline.view) {
    if (isOn) {
      this.#query.set("from", Math.floor(view.from));
      this.#query.set("to", Math.ceil(view.to));
    } else {
      this.#query.delete("from");
      this.#query.delete("to");
    }
    noteQuery(this.#query);
    this.#filter();
  }

  #setFilter(name, value) {
    if (value) this.#query.set(name, value);
    else this.#query.delete(name);
    clearTimeout(this.#timers.filter);
    this.#timers.filter = setTimeout(() => {
      noteQuery(this.#query);
      this.#filter();
      announce(this.#foundWords(words()));
    }, FILTER_PAUSE_MS);
  }

  #clearFilters() {
    for (const name of [...FILTERS, "from", "to"]) this.#query.delete(name);
    noteQuery(this.#query);
    this.#filter();
  }

  #filter() {
    this.#found = this.#records.found(this.#query);
    this.#table.show(this.#records, this.#found);
    refresh();
  }

  #noteSoon() {
    clearTimeout(this.#timers.note);
    this.#timers.note = setTimeout(() => noteQuery(this.#query), FILTER_PAUSE_MS);
  }

  #refreshSoon() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      refresh();
    });
  }

  #foundWords(t) {
    return t.found(figure(this.#found.length), figure(this.#records.rows.length));
  }

  // --- What is shown ----------------------------------------------------------

  view() {
    const t = words();
    if (this.#error)
      return html`<p class="crumbs"><a href="/console/">${t.meetings}</a></p>
        <h1 tabindex="-1" class="unseen">${this.title()}</h1>${problem(this.#error, () => this.#load())}`;
    if (!this.#facts) return html`<h1 tabindex="-1" class="unseen">${t.meetings}</h1><p class="quiet">${t.loading}</p>`;
    if (this.#zone !== app.zone || this.#language !== app.language) {
      this.#zone = app.zone;
      this.#language = app.language;
      queueMicrotask(() => {
        this.#timeline.relabel();
        this.#table.relabel();
      });
    }
    return html`
      <p class="crumbs"><a href="/console/">${t.meetings}</a></p>
      ${this.#head(t)}
      ${this.#timelineSection(t)}
      <div class="columns">
        <div class="aside">${this.#recordCard(t)}${this.#stateCard(t)}</div>
        ${this.#recordsSection(t)}
      </div>`;
  }

  #zone = app.zone;
  #language = app.language;

  #head(t) {
    const facts = this.#facts;
    const fact = (name, content) => html`<div><dt>${name}</dt><dd>${content}</dd></div>`;
    const { startTimeMs: start, endTimeMs: end } = facts;
    return html`<div class="heading meeting">
        <h1 tabindex="-1">${facts.subject || t.noSubject}</h1>
        ${this.#liveBadge(t)}
        ${this.#takeAway(t)}
      </div>
      ${this.#takeError ? problem(this.#takeError) : nothing}
      <dl class="facts">
        ${facts.scheduler ? fact(t.scheduler, facts.scheduler) : nothing}
        ${fact(t.start, start === null ? t.notKnown : moment(start))}
        ${fact(t.end, end === null ? (facts.isRunning ? t.stillRuns : t.notKnown) : moment(end))}
        ${start !== null && end !== null ? fact(t.lasted, duration(end - start, t.units)) : nothing}
        ${facts.conferenceID ? fact(t.meetingId, facts.conferenceID) : nothing}
        ${fact(t.records, figure(Math.max(this.#records.count, facts.recordCount ?? 0)))}
        ${facts.participants.length ? fact(t.participants, this.#participants(t)) : nothing}
      </dl>`;
  }

  #participants(t) {
    const { participants, participantCount } = this.#facts;
    return html`<details class="menu"><summary>${t.showParticipants(participantCount)}</summary>
      <ul class="sheet">${participants.map((each) => html`<li>
        ${each.person ? html`<a href=${`/console/people/${encodeURIComponent(each.person)}`}>${each.name || each.number}</a>` : each.name || each.number}
        ${each.role === "host" ? html` <span class="badge">${t.host}</span>` : nothing}
        <span class="quiet">${each.stays.map(([from, to]) => `${at(from, "time")}–${to === null ? "…" : at(to, "time")}`).slice(0, 3).join(", ")}</span>
      </li>`)}</ul></details>`;
  }

  #liveBadge(t) {
    const text = { live: t.live, broken: t.liveBroken, ended: t.liveEnded }[this.#liveState];
    return text ? html`<span class=${`badge ${this.#liveState}`} id="live">${text}</span>` : nothing;
  }

  #takeAway(t) {
    const link = (format, text) => {
      const path = `${this.#path}/export.${format}?lang=${languageTag()}`;
      return html`<li><a id=${`export-${format}`} download href=${`/console/api/${path}`}
        @click=${(event) => this.#take(event, path)}>${icon("down")}${text}</a></li>`;
    };
    return html`<details class="menu right" id="take-away"><summary class="button">${icon("down")}${t.takeAway}</summary>
      <ul class="sheet actions">
        ${link("csv", t.takeCsv)} ${link("xlsx", t.takeXlsx)} ${link("jsonl", t.takeJsonl)}
        <li><a id="export-print" href=${`/console/meetings/${this.#uuid}/print`}>${icon("print")}${t.takePrint}</a></li>
      </ul></details>`;
  }

  async #take(event, path) {
    event.preventDefault();
    this.#takeError = null;
    const link = document.createElement("a");
    link.href = event.currentTarget.href;
    link.download = "";
    try {
      if (!(await isSameReader())) return;
      await askFile(path);
      link.click();
    } catch (error) {
      this.#takeError = error;
    }
    refresh();
  }

  #timelineSection(t) {
    const body = this.#timelineError
      ? problem(this.#timelineError, () => this.#loadTimeline(Promise.resolve(this.#facts), this.#asking.signal))
      : this.#model
        ? this.#timeline.element
        : html`<p class="empty small"><strong>${this.#records.count ? t.loading : t.noTimeline}</strong> ${this.#records.count ? nothing : t.noTimelineText}</p>`;
    const button = (name, text, act, id) =>
      html`<button type="button" class="tool" id=${id} title=${text} aria-label=${text} ?disabled=${!this.#model} @click=${act}>${icon(name)}</button>`;
    return html`<section class="card flush" aria-labelledby="timeline-title">
      <div class="bar"><h2 id="timeline-title">${t.timeline}</h2>
        <p class="quiet hint grow">${t.timelineHint}</p>
        ${this.#model && this.#model.lanes.length > LANES_TO_FIND
          ? html`<input class="find" type="search" id="find-lane" aria-label=${t.findLane} placeholder=${t.findLane} autocomplete="off" spellcheck="false"
              @input=${(event) => this.#findLane(event.target)}>`
          : nothing}
        <label class="check"><input type="checkbox" id="compact" .checked=${fieldValue(this.#timeline.isCompact)} @change=${(event) => {
          this.#timeline.setCompact(event.target.checked);
          refresh();
        }}>${t.compact}</label>
        <span class="tools">
          ${button("minus", t.zoomOut, () => this.#timeline.zoom(1.6), "zoom-out")}
          ${button("plus", t.zoomIn, () => this.#timeline.zoom(1 / 1.6), "zoom-in")}
          ${button("fit", t.zoomFit, () => this.#timeline.fit(), "zoom-fit")}
        </span></div>
      ${body}
      ${this.#model ? this.#legend(t) : nothing}
    </section>`;
  }

  #findLane(field) {
    const isMissed = !this.#timeline.findLane(field.value) && field.value.trim() !== "";
    field.setAttribute("aria-invalid", String(isMissed));
    if (isMissed) announce(words().noPersonFound);
  }

  #legend(t) {
    const kinds = new Set();
    for (const lane of this.#model.lanes) for (const row of lane.rows) kinds.add(row.kind);
    const entries = [["presence", true, t.kinds.presence], ["presence", false, t.absent]];
    for (const kind of kinds) {
      if (kind === "microphone") entries.push([kind, true, t.micOpen], [kind, false, t.micClosed]);
      else entries.push([kind, true, t.kinds[kind]]);
    }
    const scheme = `${app.scheme} ${entries.length} ${app.language}`;
    if (scheme !== this.#legendScheme) {
      this.#legendScheme = scheme;
      requestAnimationFrame(() => this.#drawLegend());
    }
    return html`<details class="legend" @toggle=${() => this.#drawLegend()}><summary>${t.legend}</summary>
      <ul>${entries.map(([kind, isOn, text]) => html`<li><canvas class="swatch" data-kind=${kind} data-on=${isOn ? "1" : "0"}></canvas>${text}</li>`)}</ul>
      <p class="quiet">${t.legendText}</p></details>`;
  }

  #drawLegend() {
    const looks = readLooks(document.body, devicePixelRatio || 1);
    for (const canvas of document.querySelectorAll(".swatch")) drawSwatch(canvas, looks, canvas.dataset.kind, canvas.dataset.on === "1");
  }

  #stateCard(t) {
    const ms = this.#cursorMs;
    return html`<section class="card" aria-labelledby="state-title" id="state">
      <h2 id="state-title">${t.stateAt}</h2>
      ${ms === null || !this.#model
        ? html`<p class="quiet">${t.stateNone}</p>`
        : html`<p class="moment">${moment(ms, "exact")}<span class="quiet">${app.zone === "utc" ? nothing : utc(ms)}</span></p>
            ${statePanel(t, this.#model, ms, {
              all: this.#wholeLists,
              toggle: (name) => {
                if (!this.#wholeLists.delete(name)) this.#wholeLists.add(name);
                refresh();
              },
              reveal: (place) => this.#timeline.revealLane(place),
            })}`}
      <details class="limits"><summary>${t.limits}</summary><ul>${t.limitsList.map((each) => html`<li>${each}</li>`)}</ul></details>
    </section>`;
  }

  #recordCard(t) {
    const record = this.#selected === null ? undefined : this.#records.rows[this.#selected];
    if (!record)
      return html`<section class="card" aria-labelledby="record-title"><h2 id="record-title">${t.selected}</h2>
        <p class="quiet">${t.noSelected}</p></section>`;
    const fields = fieldsOf(record, this.#records.words);
    const line = (name, content) => (content ? html`<dt>${name}</dt><dd>${content}</dd>` : nothing);
    const cause = this.#model?.causeOf.get(this.#selected);
    const reactions = this.#model?.reactionsOf.get(this.#selected) ?? [];
    return html`<section class="card" aria-labelledby="record-title" id="record">
      <h2 id="record-title">${t.selected} <span class="quiet">${t.seq} ${figure(this.#selected + 1)}</span></h2>
      <dl class="record-fields">
        ${line(t.operation, html`<strong>${fields.operation}</strong>`)}
        ${line(t.time, html`${moment(fields.timeMs, "exact")}${app.zone === "utc" ? nothing : html`<br><span class="quiet">${utc(fields.timeMs)}</span>`}`)}
        ${line(t.operator, html`${fields.operator ? html`<span class="breaks">${named(fields.operator, fields.operatorName)}</span>` : nothing} <span class="quiet">(${basisWords(fields.basis)})</span>`)}
        ${line(t.object, fields.object && html`<span class="breaks">${named(fields.object, fields.objectName)}</span>`)}
        ${line(t.result, fields.result && html`<span class=${record[7] === "FAILED" ? "failed" : ""}>${fields.result}</span>`)}
        ${line(t.source, fields.source)}
        ${line(t.detail, fields.detail && html`<span class="breaks">${fields.detail}</span>`)}
        ${line(t.received, moment(fields.receivedMs))}
        ${cause === undefined ? nothing : line(t.causedBy, this.#link(cause))}
        ${reactions.length ? line(t.reactions, html`<ul class="plain">${reactions.slice(0, 20).map((seq) => html`<li>${this.#link(seq)}</li>`)}</ul>`) : nothing}
      </dl></section>`;
  }

  #link(seq) {
    const record = this.#records.rows[seq];
    if (!record) return `${words().seq} ${seq + 1}`;
    const { operation, objectName } = fieldsOf(record, this.#records.words);
    return html`<button type="button" class="link" @click=${() => this.#select(seq, { from: "table" })}>${operation}${objectName ? ` · ${shortName(objectName)}` : ""}</button>`;
  }

  #recordsSection(t) {
    const query = this.#query;
    const isFiltered = FILTERS.some((name) => query.get(name)) || this.#isOnlyShown;
    const { rows, count } = this.#records;
    this.#choices ??= this.#records.choices();
    const choose = (name, any, label) => html`<label>${label}<select name=${name} .value=${fieldValue(query.get(name) ?? "")}
        @change=${(event) => this.#setFilter(name, event.target.value)}>
        <option value="" ?selected=${!query.get(name)}>${any}</option>
        ${this.#options(name).map(([value, text, many]) => html`<option value=${value} ?selected=${query.get(name) === value}>${shortName(text)} (${figure(many)})</option>`)}
      </select></label>`;
    return html`<section class="card flush table" aria-labelledby="records-title">
      <div class="bar"><h2 id="records-title">${t.records}</h2>
        <p class="quiet grow" id="found">${rows.length < count ? t.loadingRecords(figure(rows.length), figure(count)) : this.#foundWords(t)}</p>
        ${isFiltered ? html`<button type="button" class="button small" id="clear-filters" @click=${() => this.#clearFilters()}>${t.clearFilters}</button>` : nothing}
      </div>
      <form class="filters" role="search" @submit=${(event) => event.preventDefault()}>
        <label class="wide">${t.filterText}<span class="field">${icon("search")}<input type="search" name="q" .value=${fieldValue(query.get("q") ?? "")}
          autocomplete="off" spellcheck="false" @input=${(event) => this.#setFilter("q", event.target.value.trim())}></span></label>
        ${choose("operation", t.anyOperation, t.operation)}
        ${choose("operator", t.anyOperator, t.operator)}
        <label>${t.filterPerson}<input type="search" name="person" list="people-list" .value=${fieldValue(query.get("person") ?? "")}
          placeholder=${t.filterPersonHint} autocomplete="off" spellcheck="false" @input=${(event) => this.#setFilter("person", event.target.value.trim())}></label>
        <datalist id="people-list">${this.#choices.person.slice(0, 500).map(([value]) => html`<option value=${value}></option>`)}</datalist>
        ${choose("source", t.anySource, t.source)}
        ${choose("result", t.anyResult, t.result)}
        <label class="check"><input type="checkbox" id="only-shown" .checked=${fieldValue(this.#isOnlyShown)} ?disabled=${!this.#model}
          @change=${(event) => this.#onlyShown(event.target.checked)}>${t.onlyShown}</label>
      </form>
      ${this.#found.length || rows.length < count ? this.#table.element : this.#nothingFound(t, rows.length)}
    </section>`;
  }

  // What an address asks for stands in the list even if no record has it.
  #options(name) {
    const value = this.#query.get(name);
    const options = this.#choices[name].slice(0, 300);
    return value && !options.some(([known]) => known === value) ? [[value, value, 0], ...options] : options;
  }

  #nothingFound(t, count) {
    return count
      ? html`<div class="empty small"><strong>${t.noRecordFound}</strong> <span>${t.noRecordFoundText}</span></div>`
      : html`<div class="empty small"><strong>${t.noRecord}</strong> <span>${t.noRecordText}</span></div>`;
  }
}

