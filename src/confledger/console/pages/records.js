// The records of a meeting: what their fields are called, what is found among them.

import { integerIn } from "./times.js";
import { words } from "./words.js";

/** The places of the fields in a record as the service sends it. */
export const TIME = 0, SOURCE = 1, OPERATOR = 2, BASIS = 3, OPERATION = 4, OPERATION_TEXT = 5,
  OBJECT = 6, RESULT = 7, RESULT_TEXT = 8, DETAIL = 9, RECEIVED = 10;

export const FILTERS = ["operation", "operator", "source", "person", "result", "q"];

/** What the codes of the ledger are called in the viewer's language. */
export class LedgerWords {
  #operations = {};
  #results = {};
  #names = new Map();

  learn({ operations, results }) {
    Object.assign(this.#operations, operations);
    Object.assign(this.#results, results);
  }

  /** Take the names that the timeline gives to what records name by an id or a number. */
  learnNames(people) {
    this.#names.clear();
    for (const { key, name } of people) {
      // Of two with one starred key nobody can tell which is meant.
      this.#names.set(key, this.#names.has(key) ? key : name);
    }
  }

  name(text) {
    return this.#names.get(text) ?? text;
  }

  operation(record) {
    const code = record[OPERATION];
    return code ? (this.#operations[code] ?? code) : record[OPERATION_TEXT];
  }

  result(record) {
    const code = record[RESULT];
    return code ? (this.#results[code] ?? code) : record[RESULT_TEXT];
  }
}

/** A record for people. */
export function fieldsOf(record, ledgerWords) {
  return {
    timeMs: record[TIME],
    source: record[SOURCE],
    operator: record[OPERATOR],
    basis: record[BASIS],
    operation: ledgerWords.operation(record),
    object: record[OBJECT],
    operatorName: ledgerWords.name(record[OPERATOR]),
    objectName: ledgerWords.name(record[OBJECT]),
    result: ledgerWords.result(record),
    detail: record[DETAIL],
    receivedMs: record[RECEIVED],
  };
}

export class Records {
  /** All that have come so far, by seq. */
  rows = [];
  /** How many the meeting has. */
  count = 0;
  words = new LedgerWords();
  /** The seqs in the order of the records' times. */
  order = [];
  #haystacks = [];

  /** Take some more; what is there already stays. Returns whether there were new ones. */
  take({ count, first, records }) {
    this.count = Math.max(this.count, count);
    const start = this.rows.length;
    if (first > start) return false;
    for (const record of records.slice(start - first)) this.rows.push(record);
    if (this.rows.length === start) return false;
    for (let seq = start; seq < this.rows.length; seq++) this.#place(seq);
    return true;
  }

  /** Whether there are texts that the ledger has no code for, and may know in another language. */
  get haveTexts() {
    return this.rows.some((record) => record[OPERATION_TEXT] || record[RESULT_TEXT]);
  }

  clear() {
    this.rows = [];
    this.order = [];
    this.#haystacks = [];
  }

  forgetWords() {
    this.#haystacks = [];
  }

  // Records come nearly in the order of their times, so a place is found from the end.
  #place(seq) {
    const { order, rows } = this;
    const time = rows[seq][TIME];
    let low = 0;
    let high = order.length;
    if (high === 0 || rows[order[high - 1]][TIME] <= time) {
      order.push(seq);
      return;
    }
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rows[order[middle]][TIME] <= time) low = middle + 1;
      else high = middle;
    }
    order.splice(low, 0, seq);
  }

  /** The place in `order` of the first record after a moment. */
  placeAfter(timeMs) {
    const { order, rows } = this;
    let low = 0;
    let high = order.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rows[order[middle]][TIME] <= timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The seqs that a query lets through, in the order of time. */
  found(query) {
    const asked = FILTERS.filter((name) => query.get(name));
    const from = integerIn(query, "from") ?? -Infinity;
    const to = integerIn(query, "to") ?? Infinity;
    if (!asked.length && from === -Infinity && to === Infinity) return this.order;
    const text = Object.fromEntries(asked.map((name) => [name, query.get(name).toLowerCase()]));
    const needles = text.q?.split(/\s+/).filter(Boolean);
    return this.order.filter((seq) => {
      const record = this.rows[seq];
      if (record[TIME] < from || record[TIME] > to) return false;
      if (text.operation && (record[OPERATION] ?? record[OPERATION_TEXT]).toLowerCase() !== text.operation) return false;
      if (text.result && (record[RESULT] ?? record[RESULT_TEXT]).toLowerCase() !== text.result) return false;
      if (text.source && record[SOURCE].toLowerCase() !== text.source) return false;
      if (text.operator && record[OPERATOR].toLowerCase() !== text.operator) return false;
      if (text.person && !this.#people(record).some((each) => each.toLowerCase().includes(text.person))) return false;
      return !needles || needles.every((needle) => this.#haystack(seq).includes(needle));
    });
  }

  #people(record) {
    return [record[OBJECT], record[OPERATOR], this.words.name(record[OBJECT]), this.words.name(record[OPERATOR])];
  }

  #haystack(seq) {
    return (this.#haystacks[seq] ??= Object.values(fieldsOf(this.rows[seq], this.words)).join("\n").toLowerCase());
  }

  /** What there is to choose from: [value, name, how many], the most frequent first. */
  choices() {
    const counts = { operation: new Map(), operator: new Map(), source: new Map(), result: new Map(), person: new Map() };
    const add = (name, value, text) => {
      if (!value) return;
      const known = counts[name].get(value);
      if (known) known[2] += 1;
      else counts[name].set(value, [value, text, 1]);
    };
    for (const record of this.rows) {
      add("operation", record[OPERATION] ?? record[OPERATION_TEXT], this.words.operation(record));
      add("operator", record[OPERATOR], this.words.name(record[OPERATOR]));
      add("source", record[SOURCE], record[SOURCE]);
      add("result", record[RESULT] ?? record[RESULT_TEXT], this.words.result(record));
      add("person", this.words.name(record[OBJECT]), record[OBJECT]);
    }
    return Object.fromEntries(
      Object.entries(counts).map(([name, map]) => [name, [...map.values()].sort((a, b) => b[2] - a[2])]),
    );
  }
}

/** How the operator is known, in words. */
export function basisWords(basis) {
  return words().bases[basis] ?? basis;
}
