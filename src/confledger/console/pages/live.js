// A meeting that still runs: what is new comes by itself, and after a break nothing is missing.

import { ask, isSameReader, languageTag } from "./api.js";

const PAUSE_MS = 2_000;
const PAUSE_MAX_MS = 30_000;

export class LiveRecords {
  #path;
  #heard;
  #source = null;
  #pause = PAUSE_MS;
  #timer = 0;

  /** `heard` has `records(told)`, `count()`, `ended()`, `forbidden()`, and `state("live" | "broken")`. */
  constructor(path, heard) {
    this.#path = path;
    this.#heard = heard;
    this.#open();
  }

  close() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  #open() {
    const source = (this.#source = new EventSource(`/console/api/${this.#path}/events?after=${this.#heard.count()}&lang=${languageTag()}`));
    source.addEventListener("open", () => {
      this.#pause = PAUSE_MS;
      this.#heard.state("live");
    });
    source.addEventListener("records", (event) => this.#heard.records(JSON.parse(event.data)));
    source.addEventListener("ended", () => {
      this.close();
      this.#heard.ended();
    });
    source.addEventListener("forbidden", () => {
      this.close();
      this.#heard.forbidden();
    });
    source.addEventListener("expired", () => {
      source.close();
      this.#again(source);
    });
    source.addEventListener("error", () => this.#broken(source));
  }

  // Opened anew by ourselves, from what the page really has; a browser may also have given up.
  #broken(source) {
    source.close();
    if (this.#source !== source) return;
    this.#heard.state("broken");
    this.#timer = setTimeout(() => this.#again(source), this.#pause);
    this.#pause = Math.min(this.#pause * 2, PAUSE_MAX_MS);
  }

  // Tells a session that has ended, and a right that was lost, from a service that is away.
  async #again(source) {
    try {
      if (!(await isSameReader())) return;
      await ask(this.#path);
    } catch (error) {
      if (error.status === 401) return;
      if (error.status === 403 || error.status === 404) {
        if (this.#source === source) this.#heard.forbidden();
        return;
      }
    }
    if (this.#source === source) this.#open();
  }
}
