// A table of tens of thousands of records: only the rows in view are in the document.

import { at, utc } from "./times.js";
import { words } from "./words.js";
import { shortName } from "./parts.js";
import { fieldsOf } from "./records.js";

const SPARE = 6;
const narrow = matchMedia("(max-width: 760px)");
const COLUMNS = ["time", "operation", "operator", "object", "result", "source", "seq"];

export class RecordTable {
  element = document.createElement("div");
  #head = document.createElement("div");
  #body = document.createElement("div");
  #rows = new Map();
  #records = null;
  #seqs = [];
  #selected = null;
  #heard;
  #frame = 0;
  #ended = new AbortController();
  #sizes = new ResizeObserver(() => this.#draw());

  /** `heard` has `select(seq)` and `go(seq)`. */
  constructor(heard) {
    this.#heard = heard;
    this.element.className = "records";
    this.element.id = "records";
    this.element.tabIndex = 0;
    this.element.setAttribute("role", "grid");
    this.#head.className = "record head";
    this.#head.setAttribute("role", "row");
    this.#head.setAttribute("aria-rowindex", "1");
    this.#body.className = "body";
    this.#body.setAttribute("role", "rowgroup");
    const top = document.createElement("div");
    top.setAttribute("role", "rowgroup");
    top.className = "headgroup";
    top.append(this.#head);
    this.element.append(top, this.#body);
    const on = (target, name, hear) => target.addEventListener(name, hear.bind(this), { signal: this.#ended.signal });
    on(this.element, "scroll", this.#draw);
    on(this.element, "keydown", this.#key);
    on(this.#body, "click", this.#click);
    on(narrow, "change", () => this.relabel());
    this.#sizes.observe(this.element);
    this.relabel();
  }

  close() {
    this.#ended.abort();
    this.#sizes.disconnect();
    cancelAnimationFrame(this.#frame);
  }

  get #rowHeight() {
    return narrow.matches ? 66 : 34;
  }

  /** Show these records, by seq, in this order. */
  show(records, seqs) {
    const isAtEnd = this.element.scrollTop > 0 && this.element.scrollTop + this.element.clientHeight >= this.element.scrollHeight - 4;
    this.#records = records;
    this.#seqs = seqs;
    this.#forget();
    this.element.setAttribute("aria-rowcount", String(seqs.length + 1));
    this.#body.style.height = `${seqs.length * this.#rowHeight}px`;
    if (isAtEnd) this.element.scrollTop = this.element.scrollHeight;
    this.#draw();
  }

  /** In another language, another zone, or another shape. */
  relabel() {
    const t = words();
    this.element.setAttribute("aria-label", t.tableHelp);
    this.#head.replaceChildren(...COLUMNS.map((name) => cell(name, t[name], "columnheader")));
    if (this.#records) this.show(this.#records, this.#seqs);
  }

  select(seq, { reveal = false } = {}) {
    this.#selected = seq;
    if (reveal) this.#reveal(this.#seqs.indexOf(seq));
    this.#mark();
    this.#draw();
  }

  #reveal(place) {
    if (place < 0) return;
    const height = this.#rowHeight;
    const room = this.element.clientHeight - this.#head.offsetHeight;
    const top = place * height;
    if (top < this.element.scrollTop) this.element.scrollTop = top;
    else if (top + height > this.element.scrollTop + room) this.element.scrollTop = top - room + height;
  }

  #forget() {
    for (const row of this.#rows.values()) row.remove();
    this.#rows.clear();
  }

  #draw() {
    if (!this.#frame)
      this.#frame = requestAnimationFrame(() => {
        this.#frame = 0;
        this.#drawNow();
      });
  }

  #drawNow() {
    if (!this.#records) return;
    const height = this.#rowHeight;
    const first = Math.max(Math.floor(this.element.scrollTop / height) - SPARE, 0);
    const last = Math.min(Math.ceil((this.element.scrollTop + this.element.clientHeight) / height) + SPARE, this.#seqs.length);
    for (const [place, row] of this.#rows) {
      if (place < first || place >= last) {
        row.remove();
        this.#rows.delete(place);
      }
    }
    // In their order, for a screen reader reads the document and not the picture.
    let after = null;
    for (let place = last - 1; place >= first; place--) {
      let row = this.#rows.get(place);
      if (!row) {
        row = this.#row(place);
        this.#rows.set(place, row);
        this.#body.insertBefore(row, after);
      }
      after = row;
    }
    this.#mark();
  }

  #row(place) {
    const seq = this.#seqs[place];
    const t = words();
    const fields = fieldsOf(this.#records.rows[seq], this.#records.words);
    const row = document.createElement("div");
    row.className = "record";
    row.id = `record-${seq}`;
    row.dataset.seq = seq;
    row.setAttribute("role", "row");
    row.setAttribute("aria-rowindex", String(place + 2));
    row.style.transform = `translateY(${place * this.#rowHeight}px)`;
    const shown = {
      time: at(fields.timeMs, "millis"),
      operation: fields.operation,
      operator: shortName(fields.operatorName),
      object: shortName(fields.objectName),
      result: fields.result,
      source: fields.source,
      seq: String(seq + 1),
    };
    for (const name of COLUMNS) {
      const made = cell(name, shown[name], "gridcell");
      if (name === "time") made.title = `${at(fields.timeMs, "exact")}\n${utc(fields.timeMs)}`;
      if (name === "operator") made.title = `${fields.operator} (${t.bases[fields.basis] ?? fields.basis})`;
      if (name === "object" && fields.object) made.title = fields.object;
      row.append(made);
    }
    if (this.#records.rows[seq][7] === "FAILED") row.classList.add("has-failed");
    return row;
  }

  #mark() {
    let isThere = false;
    for (const row of this.#rows.values()) {
      const isSelected = Number(row.dataset.seq) === this.#selected;
      row.setAttribute("aria-selected", String(isSelected));
      isThere ||= isSelected;
    }
    if (isThere) this.element.setAttribute("aria-activedescendant", `record-${this.#selected}`);
    else this.element.removeAttribute("aria-activedescendant");
  }

  #click(event) {
    const row = event.target.closest(".record");
    if (row && !String(getSelection())) this.#heard.go(Number(row.dataset.seq));
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const here = this.#seqs.indexOf(this.#selected);
    const page = Math.max(Math.floor(this.element.clientHeight / this.#rowHeight) - 2, 1);
    const last = this.#seqs.length - 1;
    const to = { ArrowDown: here + 1, ArrowUp: here < 0 ? last : here - 1, PageDown: here + page, PageUp: here - page, Home: 0, End: last }[event.key];
    if (to !== undefined && last >= 0) {
      event.preventDefault();
      const place = Math.min(Math.max(to, 0), last);
      this.#reveal(place);
      this.#drawNow();
      this.#heard.select(this.#seqs[place]);
    } else if (event.key === "Enter" && here >= 0) {
      event.preventDefault();
      this.#heard.go(this.#selected);
    }
  }
}

function cell(name, text, role) {
  const made = document.createElement("span");
  made.className = name;
  made.setAttribute("role", role);
  made.textContent = text;
  return made;
}
