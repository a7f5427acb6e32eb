// What the records say of one instant, in words: the text beside the picture.

import { html, nothing } from "./vendor/lit-html/lit-html.js";
import { ON, OFF, UNKNOWN } from "./timeline-model.js";
import { figure } from "./times.js";

const SHOWN_MAX = 12;
const OF_PEOPLE = ["presence", "microphone", "host", "cohost", "broadcast", "floor", "hand", "hold", "videoLock", "localRecording"];

/** Of each kind the places of the lanes that are on and off, and how many are unknown. */
export function stateAt(model, ms) {
  const kinds = Object.fromEntries(OF_PEOPLE.map((kind) => [kind, { on: [], off: [], unknown: 0 }]));
  const meeting = [];
  model.lanes.forEach((lane, place) => {
    if (lane.isMeeting) {
      for (const row of lane.rows) meeting.push([row.kind, row.stateAt(ms)]);
    } else if (!lane.isListed) {
      for (const kind of OF_PEOPLE) {
        const state = lane.stateAt(kind, ms);
        if (state === ON) kinds[kind].on.push(place);
        else if (state === OFF) kinds[kind].off.push(place);
        else kinds[kind].unknown += 1;
      }
    }
  });
  return { kinds, meeting };
}

/** The panel. `all` holds which lists are shown whole; `reveal(place)` shows a lane. */
export function statePanel(t, model, ms, { all, toggle, reveal }) {
  const { kinds, meeting } = stateAt(model, ms);
  const people = (name, places) => {
    const isWhole = all.has(name);
    const shown = isWhole ? places : places.slice(0, SHOWN_MAX);
    return html`<ul class="chips">${shown.map((place) => html`<li><button type="button" class="chip"
        title=${model.lanes[place].key} @click=${() => reveal(place)}>${model.lanes[place].label}</button></li>`)}
      ${places.length > SHOWN_MAX
        ? html`<li><button type="button" class="chip more" aria-expanded=${isWhole} @click=${() => toggle(name)}>
            ${isWhole ? t.close : t.andMore(figure(places.length - SHOWN_MAX))}</button></li>`
        : nothing}</ul>`;
  };
  const line = (title, content, count) =>
    html`<dt>${title}${count === undefined ? nothing : html` <span class="count">${figure(count)}</span>`}</dt><dd>${content}</dd>`;
  const one = (kind, title) => {
    const { on, off, unknown } = kinds[kind];
    if (on.length) return line(title, people(kind, on));
    if (!off.length) return line(title, html`<span class="unknown">${t.unknown}</span>`);
    return line(title, unknown ? t.nobodyByRecords(figure(unknown)) : t.nobody);
  };
  const ifAny = (kind, title) => (kinds[kind].on.length ? line(title, people(kind, kinds[kind].on), kinds[kind].on.length) : nothing);
  const many = (name, title, places) => line(title, places.length ? people(name, places) : html`<span class="quiet">–</span>`, places.length);
  const { microphone, presence } = kinds;
  return html`<dl class="state">
    ${one("host", t.stateHost)} ${one("broadcast", t.stateBroadcast)} ${one("floor", t.stateFloor)}
    ${many("open", t.stateOpen, microphone.on)}
    ${many("closed", t.stateClosed, microphone.off)}
    ${line(t.stateMicUnknown, nothing, microphone.unknown)}
    ${ifAny("hand", t.stateHand)} ${ifAny("cohost", t.stateCohost)} ${ifAny("hold", t.stateHold)}
    ${ifAny("videoLock", t.stateVideoLock)} ${ifAny("localRecording", t.stateLocalRecording)}
    ${many("present", t.statePresent, presence.on)}
    ${meeting.length
      ? html`<dt>${t.stateMeeting}</dt><dd><ul class="settings">${meeting.map(([kind, state]) => html`<li>${t.kinds[kind]}:
          <strong class=${state === UNKNOWN ? "unknown" : ""}>${{ [ON]: t.on, [OFF]: t.off, [UNKNOWN]: t.unknown }[state]}</strong></li>`)}</ul></dd>`
      : nothing}
  </dl>`;
}
