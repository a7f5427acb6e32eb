// Draws the timeline on a canvas: only what is in view, and never twice on a pixel.

import { firstAfter, ON } from "./timeline-model.js";
import { at } from "./times.js";

export const AXIS = 30;

const FONT = '-apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';

/** Kinds differ by colour, by pattern, and by a name where there is room for it. */
const LOOKS = {
  microphone: ["green", "plain"],
  host: ["blue", "upright"],
  cohost: ["sky", "upright"],
  broadcast: ["orange", "slanted"],
  floor: ["plum", "dots"],
  hand: ["gold", "level"],
  hold: ["grey", "crossed"],
  videoLock: ["red", "crossed"],
  localRecording: ["sky", "dots"],
  attendance: ["slate", "level"],
  recording: ["red", "dots"],
  live: ["red", "slanted"],
  pause: ["grey", "slanted"],
  lock: ["gold", "crossed"],
  sharingLock: ["plum", "crossed"],
  voiceActivation: ["green", "upright"],
  layoutBroadcast: ["orange", "level"],
};
const OTHER_LOOK = ["slate", "slanted"];

const COLOURS = ["green", "blue", "sky", "orange", "plum", "gold", "grey", "red", "slate"];

/** The colours of the scheme that is on, and the patterns made of them. */
export function readLooks(element, ratio) {
  const style = getComputedStyle(element);
  const read = (name) => style.getPropertyValue(`--${name}`).trim();
  const looks = { ratio, patterns: new Map() };
  for (const name of ["surface", "surface-2", "ink", "quiet", "line", "line-2", "accent", "cursor", "on-span", "present", "bad", ...COLOURS])
    looks[name] = read(name);
  return looks;
}

function pattern(context, looks, colour, kind) {
  const name = `${colour} ${kind}`;
  let made = looks.patterns.get(name);
  if (made) return made;
  const { ratio } = looks;
  const side = 6;
  const tile = document.createElement("canvas");
  tile.width = tile.height = side * ratio;
  const ink = tile.getContext("2d");
  ink.scale(ratio, ratio);
  const isOff = kind === "off";
  if (!isOff) {
    ink.fillStyle = looks[colour];
    ink.fillRect(0, 0, side, side);
  }
  ink.strokeStyle = ink.fillStyle = isOff ? looks[colour] : looks["on-span"];
  ink.globalAlpha = isOff ? 0.75 : 0.42;
  ink.lineWidth = isOff ? 1 : 1.3;
  ink.beginPath();
  if (kind === "upright") ink.rect(0, 0, 1.4, side);
  if (kind === "level") ink.rect(0, 2, side, 1.4);
  if (kind === "dots") ink.arc(3, 3, 1.25, 0, 7);
  if (["upright", "level", "dots"].includes(kind)) ink.fill();
  if (kind === "slanted" || kind === "crossed" || isOff) {
    const lines = [[-1, 1, 1, -1], [0, 6, 6, 0], [5, 7, 7, 5]];
    for (const [x, y, toX, toY] of lines) {
      ink.moveTo(x, isOff ? side - y : y);
      ink.lineTo(toX, isOff ? side - toY : toY);
    }
    if (kind === "crossed")
      for (const [x, y, toX, toY] of lines) {
        ink.moveTo(x, side - y);
        ink.lineTo(toX, side - toY);
      }
    ink.stroke();
  }
  made = context.createPattern(tile, "repeat");
  made.setTransform(new DOMMatrix().scale(1 / ratio));
  looks.patterns.set(name, made);
  return made;
}

/** Fill a small canvas with what a kind looks like, for the legend. */
export function drawSwatch(canvas, looks, kind, isOn) {
  const context = canvas.getContext("2d");
  canvas.width = 34 * looks.ratio;
  canvas.height = 13 * looks.ratio;
  context.setTransform(looks.ratio, 0, 0, looks.ratio, 0, 0);
  if (kind === "presence") {
    context.fillStyle = isOn ? looks.present : pattern(context, looks, "line-2", "off");
    context.fillRect(0, 0, 34, 13);
  } else bar(context, looks, kind, isOn, 0, 0, 34, 13);
}

function bar(context, looks, kind, isOn, x, y, width, height) {
  const [colour, look] = LOOKS[kind] ?? OTHER_LOOK;
  if (isOn) {
    context.fillStyle = look === "plain" || height < 8 ? looks[colour] : pattern(context, looks, colour, look);
    context.fillRect(x, y, width, height);
  } else if (kind === "microphone") {
    context.fillStyle = pattern(context, looks, "grey", "off");
    context.fillRect(x, y, width, height);
    context.strokeStyle = looks.grey;
    context.lineWidth = 1;
    if (width > 2) context.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
  } else {
    context.fillStyle = looks[colour];
    context.globalAlpha = 0.55;
    context.fillRect(x, y + height / 2 - 0.75, width, 1.5);
    context.globalAlpha = 1;
  }
}

const STEPS = [
  10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1.5e4, 3e4, 6e4, 12e4, 3e5, 6e5, 9e5, 18e5, 36e5, 72e5, 108e5, 216e5, 432e5, 864e5,
  1728e5, 6048e5, 26784e5, 315576e5,
];

/** Draw `scene`: `zone`, `model`, `view` ({from, to}), `width`, `height`, `scroll`, `gutter`, `looks`, `t`, and what is marked. */
export function drawTimeline(context, scene) {
  const { model, view, width, height, scroll, gutter, looks } = scene;
  const span = view.to - view.from;
  const pixels = width - gutter;
  const xOf = (ms) => gutter + ((ms - view.from) / span) * pixels;
  const msOf = (x) => view.from + ((x - gutter) / pixels) * span;
  const paper = { ...scene, xOf, msOf };
  context.setTransform(looks.ratio, 0, 0, looks.ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.fillStyle = looks.surface;
  context.fillRect(0, 0, width, height);
  context.textBaseline = "middle";

  context.save();
  context.beginPath();
  context.rect(0, AXIS, width, height - AXIS);
  context.clip();
  grid(context, paper);
  let place = Math.max(model.laneAt(Math.min(scroll, model.height - 1)), 0);
  for (; place < model.lanes.length; place++) {
    const lane = model.lanes[place];
    const y = AXIS + lane.top - scroll;
    if (y > height) break;
    drawLane(context, paper, lane, place, y);
  }
  arcs(context, paper);
  context.restore();
  axis(context, paper);
  cursor(context, paper);
}

function grid(context, { zone, view, width, height, gutter, looks, xOf }) {
  context.fillStyle = looks.line;
  for (const ms of ticksOf(view, width - gutter, zone).moments) context.fillRect(Math.round(xOf(ms)), AXIS, 1, height - AXIS);
}

function ticksOf(view, pixels, zone) {
  const least = ((view.to - view.from) / pixels) * 92;
  const step = STEPS.find((each) => each >= least) ?? STEPS.at(-1);
  const shift = zone === "utc" ? 0 : -new Date(view.from).getTimezoneOffset() * 60_000;
  const moments = [];
  for (let ms = Math.ceil((view.from + shift) / step) * step - shift; ms <= view.to; ms += step) moments.push(ms);
  return { moments, step };
}

function axis(context, { zone, view, width, gutter, looks, xOf, cursorMs }) {
  context.fillStyle = looks["surface-2"];
  context.fillRect(0, 0, width, AXIS);
  context.fillStyle = looks["line-2"];
  context.fillRect(0, AXIS - 1, width, 1);
  const { moments, step } = ticksOf(view, width - gutter, zone);
  const form = step < 1_000 ? "millis" : step < 60_000 ? "seconds" : step < 864e5 ? "time" : "date";
  context.font = `11px ${FONT}`;
  context.fillStyle = looks.quiet;
  context.textAlign = "center";
  // The time at the cursor has its own label.
  const taken = cursorMs === null || cursorMs === undefined ? -Infinity : xOf(cursorMs);
  for (const ms of moments) {
    const x = xOf(ms);
    if (Math.abs(x - taken) < 72) continue;
    if (x > gutter + 24 && x < width - 24) context.fillText(at(ms, form, zone), x, AXIS / 2);
  }
  context.textAlign = "left";
  const day = at(view.from, "date", zone);
  context.fillStyle = looks["surface-2"];
  context.fillRect(0, 0, gutter - 4, AXIS - 1);
  context.fillStyle = looks.quiet;
  context.fillText(fitted(context, day, gutter - 18), 12, AXIS / 2);
}

const widths = new Map();

/** A text cut so that it fits. */
function fitted(context, text, width) {
  const name = `${context.font} ${width} ${text}`;
  let cut = widths.get(name);
  if (cut === undefined) {
    cut = text;
    if (context.measureText(text).width > width) {
      let keep = text.length;
      while (keep > 1 && context.measureText(`${text.slice(0, keep)}…`).width > width) keep--;
      cut = `${text.slice(0, keep)}…`;
    }
    if (widths.size > 5_000) widths.clear();
    widths.set(name, cut);
  }
  return cut;
}

function drawLane(context, paper, lane, place, y) {
  const { model, width, gutter, looks, t } = paper;
  if (place === paper.laneHovered) {
    context.fillStyle = looks["surface-2"];
    context.globalAlpha = 0.6;
    context.fillRect(0, y, width, lane.height);
    context.globalAlpha = 1;
  }
  context.save();
  context.beginPath();
  context.rect(gutter, y, width - gutter, lane.height);
  context.clip();
  if (lane.presence) presence(context, paper, lane, y);
  lane.rows.forEach((row, index) => {
    const top = y + model.padding + index * (model.rowHeight + model.rowGap);
    bars(context, paper, row, top, model.rowHeight);
  });
  if (lane.markTimes.length) marks(context, paper, lane, y + model.marksTop(lane) - lane.top);
  context.restore();
  context.fillStyle = looks.line;
  context.fillRect(0, y + lane.height - 1, width, 1);
  context.font = `${lane.isMeeting ? "600 " : ""}12px ${FONT}`;
  context.fillStyle = lane.isListed ? looks.quiet : looks.ink;
  const name = lane.isMeeting ? t.meetingLane : lane.label;
  context.fillText(fitted(context, name, gutter - 20), 12, y + Math.min(lane.height / 2, 16));
}

function presence(context, { model, view, looks, xOf, msOf, width, gutter }, lane, y) {
  const row = lane.presence;
  for (let place = firstAfter(row.ends, view.from); place < row.starts.length && row.starts[place] <= view.to; ) {
    const from = Math.max(xOf(row.starts[place]), gutter);
    const to = Math.min(xOf(Math.min(row.ends[place], model.drawnToMs)), width);
    context.fillStyle = row.states[place] === ON ? looks.present : pattern(context, looks, "line-2", "off");
    context.fillRect(from, y + 1, Math.max(to - from, 1), lane.height - 2);
    place = to - from < 1 ? Math.max(firstAfter(row.ends, msOf(from + 1)), place + 1) : place + 1;
  }
}

function bars(context, paper, row, top, height) {
  const { model, view, looks, xOf, msOf, width, gutter, t } = paper;
  context.font = `10px ${FONT}`;
  for (let place = firstAfter(row.ends, view.from); place < row.starts.length && row.starts[place] <= view.to; ) {
    const from = Math.max(xOf(row.starts[place]), gutter);
    const to = Math.min(xOf(Math.min(row.ends[place], model.drawnToMs)), width);
    const isOn = row.states[place] === ON;
    if (to - from < 1) {
      // Narrower than a pixel: one line stands for all that are on it.
      bar(context, looks, row.kind, isOn, Math.floor(from), top, 1, height);
      place = Math.max(firstAfter(row.ends, msOf(Math.floor(from) + 1)), place + 1);
      continue;
    }
    // A hair of paper between two bars of one row.
    const length = to - from > 3 ? to - from - 0.75 : to - from;
    bar(context, looks, row.kind, isOn, from, top, length, height);
    if (height >= 12 && length > 40 && (isOn || row.kind === "microphone")) {
      const text = row.kind === "microphone" ? (isOn ? t.micOpen : t.micClosed) : t.kinds[row.kind];
      label(context, paper, text, row.kind, isOn, from, top, length, height);
    }
    if (row === paper.hovered?.row && place === paper.hovered.span) {
      context.strokeStyle = looks.ink;
      context.lineWidth = 1.5;
      context.strokeRect(from, top - 0.5, length, height + 1);
    }
    place++;
  }
}

function label(context, { looks }, text, kind, isOn, from, top, length, height) {
  const shown = fitted(context, text, Math.min(length - 12, 150));
  const width = context.measureText(shown).width;
  const [colour] = LOOKS[kind] ?? OTHER_LOOK;
  context.fillStyle = isOn ? looks[colour] : looks.surface;
  context.fillRect(from + 3, top + 1, width + 7, height - 2);
  context.fillStyle = isOn ? looks["on-span"] : looks.quiet;
  context.fillText(shown, from + 6, top + height / 2 + 0.5);
}

function marks(context, { view, looks, xOf, msOf, records, model }, lane, top) {
  const size = model.isCompact ? 2.6 : 3.8;
  const y = top + size + 0.5;
  const gap = size + 1;
  for (let place = firstAfter(lane.markTimes, view.from - 1); place < lane.markTimes.length && lane.markTimes[place] <= view.to; ) {
    const x = xOf(lane.markTimes[place]);
    const hasFailed = records?.rows[lane.markSeqs[place]]?.[7] === "FAILED";
    if (hasFailed) {
      context.strokeStyle = looks.bad;
      context.lineWidth = 1.6;
      context.beginPath();
      context.moveTo(x - size + 0.5, y - size + 0.5);
      context.lineTo(x + size - 0.5, y + size - 0.5);
      context.moveTo(x + size - 0.5, y - size + 0.5);
      context.lineTo(x - size + 0.5, y + size - 0.5);
      context.stroke();
    } else {
      context.fillStyle = looks.accent;
      context.beginPath();
      context.moveTo(x, y - size);
      context.lineTo(x + size, y);
      context.lineTo(x, y + size);
      context.lineTo(x - size, y);
      context.fill();
    }
    const next = place + 1;
    place = next < lane.markTimes.length && xOf(lane.markTimes[next]) - x < 1 ? Math.max(firstAfter(lane.markTimes, msOf(x + gap / 3)), next) : next;
  }
}

/** Where a record is drawn: the middle of its row or of the marks. */
export function pointOf(model, seq) {
  const place = model.laneOf[seq];
  if (place === undefined || place < 0) return null;
  const lane = model.lanes[place];
  const ms = model.timeOf[seq];
  for (const [index, row] of lane.rows.entries()) {
    const span = firstAfter(row.starts, ms) - 1;
    for (const each of [span, span - 1, span - 2])
      if (each >= 0 && row.startSeqs[each] === seq) return { ms, y: model.rowTop(lane, index) + model.rowHeight / 2 };
  }
  if (lane.markSeqs.length && lane.markSeqs[firstAfter(lane.markTimes, ms) - 1] !== undefined)
    return { ms, y: model.marksTop(lane) + model.markHeight / 2 - 1 };
  return { ms, y: lane.top + lane.height / 2 };
}

function arcs(context, { model, scroll, looks, xOf, selected, hovered, width, gutter }) {
  const seqs = new Set([selected, hovered?.seq].filter((each) => each !== null && each !== undefined && each < model.count));
  context.save();
  context.beginPath();
  context.rect(gutter, AXIS, width - gutter, 1e6);
  context.clip();
  for (const seq of seqs) {
    const pairs = (model.reactionsOf.get(seq) ?? []).slice(0, 200).map((reaction) => [seq, reaction]);
    if (model.causeOf.has(seq)) pairs.push([model.causeOf.get(seq), seq]);
    for (const [cause, reaction] of pairs) {
      const from = pointOf(model, cause);
      const to = pointOf(model, reaction);
      if (!from || !to) continue;
      const [x, y, toX, toY] = [xOf(from.ms), AXIS + from.y - scroll, xOf(to.ms), AXIS + to.y - scroll];
      const bend = Math.max(18, Math.abs(toX - x) / 2);
      context.strokeStyle = looks.cursor;
      context.fillStyle = looks.cursor;
      context.lineWidth = 1.75;
      context.beginPath();
      context.moveTo(x, y);
      context.bezierCurveTo(x - bend * 0.2, y + (toY - y) * 0.15, toX - bend, toY, toX - 3, toY);
      context.stroke();
      context.beginPath();
      context.moveTo(toX, toY);
      context.lineTo(toX - 6, toY - 3.5);
      context.lineTo(toX - 6, toY + 3.5);
      context.fill();
    }
    const point = pointOf(model, seq);
    if (point && seq === selected) {
      context.strokeStyle = looks.cursor;
      context.lineWidth = 2;
      context.beginPath();
      context.arc(xOf(point.ms), AXIS + point.y - scroll, 7, 0, 7);
      context.stroke();
    }
  }
  context.restore();
}

function cursor(context, { zone, cursorMs, width, height, gutter, looks, xOf }) {
  if (cursorMs === null || cursorMs === undefined) return;
  const x = xOf(cursorMs);
  if (x < gutter - 1 || x > width + 1) return;
  context.fillStyle = looks.cursor;
  context.fillRect(Math.round(x) - 0.75, AXIS - 6, 1.5, height - AXIS + 6);
  context.font = `600 11px ${FONT}`;
  const text = at(cursorMs, "millis", zone);
  const length = context.measureText(text).width + 12;
  const left = Math.min(Math.max(x - length / 2, gutter), width - length - 2);
  context.beginPath();
  context.roundRect(left, 4, length, 20, 5);
  context.fill();
  context.fillStyle = looks.surface;
  context.fillText(text, left + 6, 14.5);
}

