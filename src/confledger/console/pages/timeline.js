// The timeline as something to use: zoom, pan, cursor, hover and keys, on a canvas that follows a scroll.

import { app } from "./app.js";
import { at, utc } from "./times.js";
import { words } from "./words.js";
import { shortName } from "./parts.js";
import { AXIS, drawTimeline, pointOf, readLooks } from "./timeline-draw.js";
import { ON } from "./timeline-model.js";
import { fieldsOf } from "./records.js";

const LEAST_SPAN_MS = 50;
const DRAG_FROM_PX = 4;
const ZOOM_STEP = 1.6;
const COMPACT_FROM_PX = 900;

export class TimelineView {
  element = document.createElement("div");
  #stage = document.createElement("div");
  #canvas = document.createElement("canvas");
  #spacer = document.createElement("div");
  #tip = document.createElement("div");
  #context = this.#canvas.getContext("2d", { alpha: false });
  #heard;
  #model = null;
  #records = null;
  #looks = null;
  #width = 0;
  #height = 0;
  #view = { from: 0, to: 1 };
  #cursorMs = null;
  #selected = null;
  #hovered = null;
  #frame = 0;
  #pointers = new Map();
  #drag = null;
  #ended = new AbortController();
  #sizes = new ResizeObserver(() => this.#measure());

  /** `heard` has `cursor(ms)`, `select(seq)`, `go(seq)` and `view({from, to})`. */
  constructor(heard) {
    this.#heard = heard;
    this.element.className = "timeline";
    this.#stage.className = "stage";
    this.#stage.tabIndex = 0;
    this.#stage.id = "timeline";
    this.#stage.setAttribute("role", "slider");
    this.#stage.setAttribute("aria-orientation", "horizontal");
    this.#spacer.className = "spacer";
    this.#tip.className = "tip";
    this.#tip.hidden = true;
    this.#tip.setAttribute("aria-hidden", "true");
    this.#stage.append(this.#canvas, this.#spacer);
    this.element.append(this.#stage, this.#tip);
    const on = (target, name, hear, options) =>
      target.addEventListener(name, hear.bind(this), { signal: this.#ended.signal, ...options });
    on(this.#stage, "scroll", this.#draw);
    on(this.#stage, "wheel", this.#wheel, { passive: false });
    on(this.#stage, "keydown", this.#key);
    on(this.#canvas, "pointerdown", this.#down);
    on(this.#canvas, "pointermove", this.#move);
    on(this.#canvas, "pointerup", this.#up);
    on(this.#canvas, "pointercancel", this.#cancel);
    on(this.#canvas, "pointerleave", this.#leave);
    on(this.#canvas, "dblclick", (event) => this.#zoomAt(this.#msAt(event), 1 / (ZOOM_STEP * ZOOM_STEP)));
    on(document, "schemechange", () => {
      this.#looks = null;
      this.#draw();
    });
    this.#sizes.observe(this.#stage);
  }

  close() {
    this.#ended.abort();
    this.#sizes.disconnect();
    cancelAnimationFrame(this.#frame);
  }

  get view() {
    return this.#view;
  }

  get isCompact() {
    return this.#model?.isCompact ?? false;
  }

  /** Whether all of it is in view. */
  get isWhole() {
    return this.#model !== null && this.#view.from <= this.#model.startMs && this.#view.to >= this.#model.endMs;
  }

  /** Show a meeting, or the same one when it has grown. */
  show(model, records, view = null) {
    const before = this.#model;
    const wasWhole = before === null || this.isWhole;
    this.#records = records;
    this.#model = model;
    model.arrange(before ? before.isCompact : model.height > COMPACT_FROM_PX);
    this.#hovered = null;
    if (view) this.#setView(view.from, view.to);
    else if (wasWhole) this.#setView(model.startMs, model.endMs);
    this.#measure();
    this.relabel();
  }

  setCompact(isCompact) {
    if (!this.#model) return;
    this.#model.arrange(isCompact);
    this.#measure();
  }

  setCursor(ms) {
    this.#cursorMs = ms;
    this.relabel();
    this.#draw();
  }

  /** Mark a record; and bring it into view. */
  select(seq, { reveal = false } = {}) {
    this.#selected = seq;
    if (reveal && seq !== null && this.#model && seq < this.#model.count) this.#reveal(seq);
    this.#draw();
  }

  /** Scroll to the first lane whose name has a text in it; returns whether there is one. */
  findLane(text) {
    const part = text.trim().toLowerCase();
    const place = part ? this.#model.lanes.findIndex((lane) => lane.name.toLowerCase().includes(part)) : -1;
    this.#hovered = place < 0 ? null : { place, seq: null };
    if (place >= 0) this.revealLane(place);
    this.#draw();
    return place >= 0;
  }

  revealLane(place) {
    const lane = this.#model.lanes[place];
    this.#stage.scrollTop = lane.top - (this.#height - AXIS - lane.height) / 2;
    this.#draw();
  }

  #reveal(seq) {
    const point = pointOf(this.#model, seq);
    if (!point) return;
    const { from, to } = this.#view;
    const margin = (to - from) * 0.05;
    if (point.ms < from + margin || point.ms > to - margin) this.#setView(point.ms - (to - from) / 2, point.ms + (to - from) / 2);
    const top = this.#stage.scrollTop;
    if (point.y < top + 10 || point.y > top + this.#height - AXIS - 20) this.#stage.scrollTop = point.y - (this.#height - AXIS) / 2;
  }

  zoom(factor) {
    const { from, to } = this.#view;
    const isCursorShown = this.#cursorMs !== null && this.#cursorMs >= from && this.#cursorMs <= to;
    this.#zoomAt(isCursorShown ? this.#cursorMs : (from + to) / 2, factor);
  }

  fit() {
    if (this.#model) this.#setView(this.#model.startMs, this.#model.endMs);
  }

  relabel() {
    const t = words();
    const model = this.#model;
    this.#stage.setAttribute("aria-label", `${t.timeline}. ${t.timelineHelp}`);
    const first = Math.round(model?.startMs ?? 0);
    const last = Math.round(model?.endMs ?? 1);
    const now = this.#cursorMs ?? first;
    this.#stage.setAttribute("aria-valuemin", first);
    this.#stage.setAttribute("aria-valuemax", last);
    this.#stage.setAttribute("aria-valuenow", Math.min(Math.max(Math.round(now), first), last));
    const record = this.#selected === null ? null : this.#records?.rows[this.#selected];
    const what = record && record[0] === this.#cursorMs ? sentence(record, this.#records, t) : "";
    this.#stage.setAttribute("aria-valuetext", this.#cursorMs === null ? t.stateNone : t.timelineAt(at(now, "exact"), what));
    this.#draw();
  }

  get #gutter() {
    return this.#width < 560 ? 84 : 156;
  }

  #measure() {
    const model = this.#model;
    if (!model) return;
    const wanted = model.height + AXIS;
    this.#stage.style.height = `${Math.min(wanted, Math.max(300, innerHeight * 0.58))}px`;
    this.#width = this.#stage.clientWidth;
    this.#height = this.#stage.clientHeight;
    const ratio = devicePixelRatio || 1;
    this.#canvas.width = Math.round(this.#width * ratio);
    this.#canvas.height = Math.round(this.#height * ratio);
    this.#canvas.style.width = `${this.#width}px`;
    this.#canvas.style.height = `${this.#height}px`;
    this.#spacer.style.height = `${Math.max(wanted - this.#height, 0)}px`;
    this.#looks = null;
    // At once, for a canvas that was sized anew is empty.
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#drawNow();
  }

  #draw() {
    if (!this.#frame) this.#frame = requestAnimationFrame(() => this.#drawNow());
  }

  #drawNow() {
    this.#frame = 0;
    if (!this.#model || !this.#width) return;
    this.#looks ??= readLooks(this.element, devicePixelRatio || 1);
    drawTimeline(this.#context, {
      model: this.#model,
      records: this.#records,
      view: this.#view,
      width: this.#width,
      height: this.#height,
      scroll: this.#stage.scrollTop,
      gutter: this.#gutter,
      looks: this.#looks,
      cursorMs: this.#cursorMs,
      selected: this.#selected,
      hovered: this.#hovered,
      laneHovered: this.#hovered?.place,
      zone: app.zone,
      t: words(),
    });
  }

  #setView(from, to) {
    const model = this.#model;
    const whole = model.endMs - model.startMs;
    const span = Math.min(Math.max(to - from, LEAST_SPAN_MS), whole);
    const middle = (from + to) / 2;
    const start = Math.min(Math.max(middle - span / 2, model.startMs), model.endMs - span);
    this.#view = { from: start, to: start + span };
    this.#heard.view(this.#view);
    this.#draw();
  }

  #zoomAt(ms, factor) {
    const { from, to } = this.#view;
    const share = (ms - from) / (to - from);
    const whole = this.#model.endMs - this.#model.startMs;
    const span = Math.min(Math.max((to - from) * factor, LEAST_SPAN_MS), whole);
    this.#setView(ms - span * share, ms + span * (1 - share));
  }

  #pan(pixels) {
    const { from, to } = this.#view;
    const ms = (pixels / (this.#width - this.#gutter)) * (to - from);
    this.#setView(from + ms, to + ms);
  }

  #msAt(event) {
    return this.#msOf(this.#place(event).x);
  }

  #msOf(x) {
    const { from, to } = this.#view;
    return from + ((x - this.#gutter) / (this.#width - this.#gutter)) * (to - from);
  }

  #place(event) {
    const box = this.#canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #hit({ x, y }) {
    if (x < this.#gutter || y < AXIS || !this.#model) return null;
    const perPixel = (this.#view.to - this.#view.from) / (this.#width - this.#gutter);
    return this.#model.hit(y - AXIS + this.#stage.scrollTop, this.#msOf(x), perPixel);
  }

  #wheel(event) {
    if (!this.#model) return;
    const { y } = this.#place(event);
    if (event.ctrlKey || event.metaKey || (y < AXIS && !event.shiftKey && Math.abs(event.deltaY) > Math.abs(event.deltaX))) {
      event.preventDefault();
      this.#zoomAt(Math.max(this.#msAt(event), this.#view.from), Math.exp(Math.max(-1, Math.min(1, event.deltaY / (event.deltaMode ? 3 : 180)))));
    } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      this.#pan(event.deltaX || event.deltaY);
    }
  }

  #down(event) {
    if (event.button || !this.#model) return;
    const place = this.#place(event);
    this.#pointers.set(event.pointerId, place);
    this.#canvas.setPointerCapture(event.pointerId);
    this.#tip.hidden = true;
    if (this.#pointers.size === 2) {
      this.#drag = { kind: "pinch", ...this.#pinch() };
    } else {
      const kind = place.y < AXIS ? "cursor" : "press";
      this.#drag = { kind, ...place, scroll: this.#stage.scrollTop, view: this.#view };
      if (kind === "cursor") this.#putCursor(this.#msOf(place.x));
    }
  }

  #pinch() {
    const [one, other] = [...this.#pointers.values()];
    return { distance: Math.max(Math.abs(one.x - other.x), 20), ms: this.#msOf((one.x + other.x) / 2), view: this.#view };
  }

  #move(event) {
    const place = this.#place(event);
    if (!this.#pointers.has(event.pointerId)) {
      this.#hover(event, place);
      return;
    }
    this.#pointers.set(event.pointerId, place);
    const drag = this.#drag;
    if (!drag) return;
    if (drag.kind === "pinch" && this.#pointers.size === 2) {
      const { distance } = this.#pinch();
      const span = ((drag.view.to - drag.view.from) * drag.distance) / distance;
      const share = (drag.ms - drag.view.from) / (drag.view.to - drag.view.from);
      this.#setView(drag.ms - span * share, drag.ms + span * (1 - share));
      return;
    }
    if (drag.kind === "cursor") this.#putCursor(this.#msOf(place.x));
    if (drag.kind === "press" && Math.hypot(place.x - drag.x, place.y - drag.y) > DRAG_FROM_PX) drag.kind = "pan";
    if (drag.kind === "pan") {
      const ms = ((drag.x - place.x) / (this.#width - this.#gutter)) * (drag.view.to - drag.view.from);
      this.#setView(drag.view.from + ms, drag.view.to + ms);
      if (event.pointerType === "mouse") this.#stage.scrollTop = drag.scroll + drag.y - place.y;
      this.element.classList.add("dragged");
    }
  }

  #up(event) {
    const drag = this.#drag;
    this.#cancel(event);
    if (drag?.kind !== "press") return;
    const place = this.#place(event);
    const hit = this.#hit(place);
    if (place.x >= this.#gutter) this.#putCursor(this.#msOf(place.x));
    if (hit && hit.seq !== null) this.#heard.select(hit.seq);
  }

  #cancel(event) {
    this.#pointers.delete(event.pointerId);
    this.#drag = null;
    this.element.classList.remove("dragged");
  }

  #putCursor(ms) {
    const { startMs, endMs } = this.#model;
    this.#heard.cursor(Math.round(Math.min(Math.max(ms, startMs), endMs)));
  }

  #hover(event, place) {
    if (event.pointerType === "touch") return;
    this.#hovered = this.#hit(place);
    this.#canvas.classList.toggle("pointing", Boolean(this.#hovered && this.#hovered.seq !== null));
    this.#canvas.classList.toggle("scrubbing", place.y < AXIS);
    this.#tell(event, place);
    this.#draw();
  }

  #leave() {
    this.#hovered = null;
    this.#tip.hidden = true;
    this.#draw();
  }

  #tell(event, place) {
    const hit = this.#hovered;
    if (!hit || (hit.seq === null && !hit.row)) {
      this.#tip.hidden = true;
      return;
    }
    const t = words();
    const lines = [];
    const { lane } = hit;
    const name = lane.isMeeting ? t.meetingLane : lane.name === lane.key ? lane.name : `${lane.name} (${lane.key})`;
    if (hit.row) {
      const { row, span } = hit;
      const isOn = row.states[span] === ON;
      const title = row.kind === "microphone" ? (isOn ? t.micOpen : t.micClosed)
        : row.kind === "presence" && !isOn ? t.absent
        : isOn ? t.kinds[row.kind] : t.notSo(t.kinds[row.kind]);
      const end = row.ends[span];
      lines.push(["strong", title], ["span", `${name} · ${at(row.starts[span], "millis")} – ${Number.isFinite(end) ? at(end, "millis") : "…"}`]);
    } else lines.push(["span", name]);
    const record = hit.seq === null ? null : this.#records?.rows[hit.seq];
    if (record) {
      const fields = fieldsOf(record, this.#records.words);
      lines.push(["hr", ""]);
      lines.push([hit.row ? "span" : "strong", `${t.seq} ${hit.seq + 1} · ${fields.operation}`]);
      lines.push(["span", `${at(fields.timeMs, "exact")} (${utc(fields.timeMs).slice(11)})`]);
      lines.push(["span", [fields.operator && `${t.operator} ${shortName(fields.operatorName)}`, fields.object && `${t.object} ${shortName(fields.objectName)}`].filter(Boolean).join(" · ")]);
      lines.push(["span", [fields.result, fields.source && `${t.source} ${fields.source}`].filter(Boolean).join(" · ")]);
      if (fields.detail) lines.push(["span", fields.detail.slice(0, 300)]);
    }
    this.#tip.replaceChildren(...lines.filter(([tag, text]) => text || tag === "hr").map(([tag, text]) => {
      const line = document.createElement(tag);
      line.textContent = text;
      return line;
    }));
    this.#tip.hidden = false;
    const box = this.element.getBoundingClientRect();
    const tip = this.#tip.getBoundingClientRect();
    const left = Math.min(place.x + 14, box.width - tip.width - 8);
    const isLow = event.clientY + tip.height + 24 > innerHeight;
    this.#tip.style.transform = `translate(${Math.max(left, 4)}px, ${isLow ? place.y - tip.height - 12 : place.y + 18}px)`;
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.#model || !this.#records) return;
    const act = {
      ArrowLeft: () => (event.shiftKey ? this.#nudge(-1) : this.#step(-1)),
      ArrowRight: () => (event.shiftKey ? this.#nudge(1) : this.#step(1)),
      ArrowUp: () => (this.#stage.scrollTop -= 40),
      ArrowDown: () => (this.#stage.scrollTop += 40),
      PageUp: () => (this.#stage.scrollTop -= this.#height * 0.8),
      PageDown: () => (this.#stage.scrollTop += this.#height * 0.8),
      Home: () => this.#stepTo(0),
      End: () => this.#stepTo(this.#records.order.length - 1),
      "+": () => this.zoom(1 / ZOOM_STEP),
      "=": () => this.zoom(1 / ZOOM_STEP),
      "-": () => this.zoom(ZOOM_STEP),
      0: () => this.fit(),
      Enter: () => this.#enter(),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  #nudge(direction) {
    const { from, to } = this.#view;
    this.#putCursor((this.#cursorMs ?? from) + direction * (to - from) * 0.01);
    this.#follow();
  }

  /** To the record before or after the one at the cursor. */
  #step(direction) {
    const { order, rows } = this.#records;
    if (!order.length) return;
    let place = order.indexOf(this.#selected ?? -1);
    if (place < 0 || rows[order[place]][0] !== this.#cursorMs) {
      const after = this.#records.placeAfter(this.#cursorMs ?? -Infinity);
      place = direction > 0 ? after - 1 : this.#cursorMs === null ? order.length : after;
      if (direction < 0 && after > 0 && rows[order[after - 1]][0] < this.#cursorMs) place = after;
    }
    this.#stepTo(Math.min(Math.max(place + direction, 0), order.length - 1));
  }

  #stepTo(place) {
    const seq = this.#records.order[place];
    if (seq === undefined) return;
    this.#heard.select(seq);
    this.#heard.cursor(this.#records.rows[seq][0]);
    this.select(seq, { reveal: true });
  }

  #follow() {
    const { from, to } = this.#view;
    if (this.#cursorMs < from || this.#cursorMs > to) this.#setView(this.#cursorMs - (to - from) / 2, this.#cursorMs + (to - from) / 2);
  }

  #enter() {
    const place = this.#records.placeAfter(this.#cursorMs ?? -Infinity) - 1;
    const isSelectedHere = this.#selected !== null && this.#records.rows[this.#selected]?.[0] === this.#cursorMs;
    const seq = isSelectedHere ? this.#selected : this.#records.order[Math.max(place, 0)];
    if (seq !== undefined) this.#heard.go(seq);
  }
}

/** A record in a sentence. */
export function sentence(record, records, t) {
  const fields = fieldsOf(record, records.words);
  return [
    fields.operation,
    fields.object && `${t.object} ${shortName(fields.objectName)}`,
    fields.operator && `${t.operator} ${shortName(fields.operatorName)}`,
    fields.result,
  ].filter(Boolean).join(", ");
}
