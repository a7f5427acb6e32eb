// What the timeline shows: lanes with rows of spans, and where on them a moment or a record is.

import { shortName } from "./parts.js";

const MEETING_LANE = -1;
export const ATTENDANCE = "attendance";

export const ON = 1, OFF = 0, UNKNOWN = -1;

/** The first place in ascending numbers whose value is greater than the given one. */
export function firstAfter(values, value) {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The spans of one kind on one lane, one after the other. */
class Row {
  starts = [];
  ends = [];
  states = [];
  startSeqs = [];
  endSeqs = [];

  constructor(kind) {
    this.kind = kind;
  }

  add(state, start, end, startSeq, endSeq) {
    this.states.push(state);
    this.starts.push(start);
    this.ends.push(end ?? Infinity);
    this.startSeqs.push(startSeq);
    this.endSeqs.push(endSeq);
  }

  /** The place of the span that covers a moment, or -1. */
  at(ms) {
    const place = firstAfter(this.starts, ms) - 1;
    return place >= 0 && ms < this.ends[place] ? place : -1;
  }

  stateAt(ms) {
    const place = this.at(ms);
    return place < 0 ? UNKNOWN : this.states[place];
  }
}

class Lane {
  rows = [];
  presence = null;
  markTimes = [];
  markSeqs = [];
  top = 0;
  height = 0;
  #byKind = new Map();

  constructor(key, name, { isMeeting = false, isListed = false } = {}) {
    this.key = key;
    this.name = name;
    this.isMeeting = isMeeting;
    /** Whether only the list of those who attended tells of it, and no record. */
    this.isListed = isListed;
  }

  row(kind) {
    let row = this.#byKind.get(kind);
    if (!row) {
      row = new Row(kind);
      this.#byKind.set(kind, row);
      if (kind === "presence") this.presence = row;
      else this.rows.push(row);
    }
    return row;
  }

  stateAt(kind, ms) {
    return this.#byKind.get(kind)?.stateAt(ms) ?? UNKNOWN;
  }
}

export class TimelineModel {
  lanes = [];
  causeOf = new Map();
  reactionsOf = new Map();

  /** From the service's `timeline`, and the participants of its facts. */
  constructor(told, facts) {
    this.count = told.count;
    const kinds = told.kinds;
    this.lanes = [
      new Lane("", "", { isMeeting: true }),
      ...told.people.map(({ key, name }) => new Lane(key, name)),
    ];
    this.laneOf = new Int32Array(told.count).fill(-1);
    this.timeOf = new Float64Array(told.count);
    for (const [person, kind, state, start, end, startSeq, endSeq] of told.spans) {
      const place = person - MEETING_LANE;
      this.lanes[place].row(kinds[kind]).add(state, start, end, startSeq, endSeq);
      this.#note(startSeq, place, start);
      if (endSeq !== null) this.#note(endSeq, place, end);
    }
    for (const [person, time, seq] of told.marks) {
      const lane = this.lanes[person - MEETING_LANE];
      lane.markTimes.push(time);
      lane.markSeqs.push(seq);
      this.#note(seq, person - MEETING_LANE, time);
    }
    for (const [seq, cause] of told.reactions) {
      this.causeOf.set(seq, cause);
      if (!this.reactionsOf.has(cause)) this.reactionsOf.set(cause, []);
      this.reactionsOf.get(cause).push(seq);
    }
    this.#addAttendance(facts?.participants ?? []);
    this.#tellApart();
    const order = [...kinds, ATTENDANCE];
    for (const lane of this.lanes) lane.rows.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
    this.#findBounds(told, facts);
    this.arrange(false);
  }

  #note(seq, place, time) {
    if (this.laneOf[seq] >= 0) return;
    this.laneOf[seq] = place;
    this.timeOf[seq] = time;
  }

  // Those whose stays are told have them on the one lane of their number, account or name, if no
  // other lane and nobody else has it; or else on a lane of their own. Starred texts of different
  // people may be equal, so they tell nothing.
  #addAttendance(participants) {
    const lanes = new Map();
    const people = new Map();
    const add = (map, text, value) => text && !text.includes("*") && map.set(text, map.has(text) ? null : value);
    for (const lane of this.lanes) for (const text of new Set([lane.name, lane.key])) add(lanes, text, lane);
    for (const each of participants) for (const text of new Set([each.name, each.account, each.number])) add(people, text, each);
    for (const each of participants) {
      const { name, number, account, stays } = each;
      if (!stays.length) continue;
      let lane = [number, account, name].map((text) => people.get(text) === each && lanes.get(text)).find(Boolean);
      if (!lane) {
        lane = new Lane(name || number, name || number, { isListed: true });
        this.lanes.push(lane);
      }
      const row = lane.row(ATTENDANCE);
      let last = -Infinity;
      for (const [start, end] of stays) {
        if (start < last) continue;
        row.add(ON, start, end, null, null);
        last = end ?? Infinity;
      }
    }
  }

  // Of two lanes with one name each shows a part of its key, too.
  #tellApart() {
    const counts = new Map();
    for (const { name } of this.lanes) counts.set(name, (counts.get(name) ?? 0) + 1);
    for (const lane of this.lanes) {
      const name = shortName(lane.name);
      const part = lane.key.includes("*") ? `…${lane.key.slice(-3)}` : `${lane.key.slice(0, 6)}…`;
      lane.label = counts.get(lane.name) > 1 && lane.key !== lane.name ? `${name} · ${part}` : name;
    }
  }

  #findBounds(told, facts) {
    const moments = [told.startMs, told.lastMs, told.endMs, facts?.startTimeMs, facts?.endTimeMs];
    for (const lane of this.lanes)
      for (const row of lane.rows)
        if (row.kind === ATTENDANCE) moments.push(...row.starts, ...row.ends.filter(Number.isFinite));
    // A planned start far from what was recorded would squeeze the picture.
    const known = moments.filter((each) => each !== null && each !== undefined);
    this.isEmpty = known.length === 0 || this.lanes.every((lane) => !lane.rows.length && !lane.presence && !lane.markTimes.length);
    const least = Math.min(...known);
    const most = Math.max(...known);
    this.first = told.startMs ?? least;
    this.last = told.lastMs ?? most;
    const margin = Math.max((most - least) * 0.015, 500);
    this.startMs = least - margin;
    this.endMs = most + margin;
    /** To here a span is drawn that no record ends. */
    this.drawnToMs = most;
  }

  /** Give each lane its place. */
  arrange(isCompact) {
    this.isCompact = isCompact;
    this.rowHeight = isCompact ? 5 : 13;
    this.rowGap = isCompact ? 2 : 3;
    this.markHeight = isCompact ? 7 : 11;
    const padding = isCompact ? 5 : 7;
    this.padding = padding;
    let top = 0;
    for (const lane of this.lanes) {
      const rows = lane.rows.length * (this.rowHeight + this.rowGap);
      const marks = lane.markTimes.length ? this.markHeight : 0;
      lane.top = top;
      lane.height = Math.max(rows + marks + 2 * padding, isCompact ? 20 : 28);
      top += lane.height;
    }
    this.height = top;
    this.tops = this.lanes.map((lane) => lane.top);
  }

  /** The place of the lane at a height, or -1. */
  laneAt(y) {
    if (y < 0 || y >= this.height) return -1;
    return firstAfter(this.tops, y) - 1;
  }

  rowTop(lane, index) {
    return lane.top + this.padding + index * (this.rowHeight + this.rowGap);
  }

  marksTop(lane) {
    return this.rowTop(lane, lane.rows.length);
  }

  /** What is at a height and a moment, where a pixel is so many milliseconds; null: nothing. */
  hit(y, ms, msPerPixel) {
    const place = this.laneAt(y);
    if (place < 0) return null;
    const lane = this.lanes[place];
    if (lane.markTimes.length && y >= this.marksTop(lane) - 1) {
      const near = nearest(lane.markTimes, ms);
      if (near >= 0 && Math.abs(lane.markTimes[near] - ms) <= 6 * msPerPixel)
        return { place, lane, seq: lane.markSeqs[near], isMark: true };
    }
    const index = Math.floor((y - lane.top - this.padding + this.rowGap / 2) / (this.rowHeight + this.rowGap));
    const row = index >= 0 ? lane.rows[index] : undefined;
    for (const each of row ? [row, lane.presence] : [lane.presence]) {
      if (!each) continue;
      let span = each.at(ms);
      if (span < 0 && each === row) span = narrowNear(each, ms, 3 * msPerPixel);
      if (span >= 0) return { place, lane, row: each, span, seq: each.startSeqs[span] };
    }
    return { place, lane, seq: null };
  }
}

function nearest(times, ms) {
  const after = firstAfter(times, ms);
  if (after === 0) return times.length ? 0 : -1;
  if (after === times.length) return after - 1;
  return ms - times[after - 1] <= times[after] - ms ? after - 1 : after;
}

function narrowNear(row, ms, tolerance) {
  const place = Math.min(Math.max(firstAfter(row.starts, ms) - 1, 0), row.starts.length - 1);
  for (const each of [place, place + 1])
    if (each < row.starts.length && row.starts[each] - tolerance <= ms && ms <= row.ends[each] + tolerance) return each;
  return -1;
}
