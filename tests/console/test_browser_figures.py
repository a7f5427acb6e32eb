"""What the console costs a browser, measured and not judged, for machines differ.

The figures are printed with `-s`, and kept: `.venv/bin/pytest --cache-show 'console/*'` prints
those of the last run.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, StorageState, expect

from console.browser.store import LARGEST
from console.browser.viewing import Console, Viewer

_ZOOM_SECONDS = 2.0

_ZOOM = """async (seconds) => {
  const canvas = document.querySelector(".stage canvas");
  const { left, top } = canvas.getBoundingClientRect();
  const gaps = [];
  let last = await new Promise(requestAnimationFrame);
  const end = last + seconds * 1000;
  for (let turn = 0; last < end; turn++) {
    // Half a second in, half a second out, a step in each frame.
    const deltaY = Math.floor(turn / 30) % 2 ? 60 : -60;
    canvas.dispatchEvent(new WheelEvent("wheel", {
      deltaY, ctrlKey: true, clientX: left + 600, clientY: top + 200,
      bubbles: true, cancelable: true,
    }));
    const now = await new Promise(requestAnimationFrame);
    gaps.push(now - last);
    last = now;
  }
  gaps.sort((a, b) => a - b);
  const total = gaps.reduce((sum, gap) => sum + gap, 0);
  return {
    framesPerSecond: Math.round((gaps.length / total) * 1000),
    slowestFrameMs: Math.round(gaps.at(-1)),
  };
}"""

_NOW = "Math.round(performance.now())"

_LOADED = """() => {
  const all = ["navigation", "resource"].flatMap((type) => performance.getEntriesByType(type));
  const sum = (name) => all.reduce((total, each) => total + each[name], 0);
  return {
    requests: all.length,
    bytesOnTheWire: sum("transferSize"),
    bytesUnpacked: sum("decodedBodySize"),
  };
}"""


@pytest.fixture(scope="module")
def figures(request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """What is measured, by name; kept and printed at the end."""
    measured: dict[str, Any] = {}
    yield measured
    for name, value in measured.items():
        print(f"{name}: {value}")  # noqa: T201 - for whoever asks with -s
        if request.config.cache is not None:
            request.config.cache.set(f"console/{name}", value)


def test_a_first_visit_is_measured(
    chromium: Browser, console: Console, session_of_ann: StorageState, figures: dict[str, Any]
) -> None:
    """Of a browser that has nothing of the console yet: bytes, requests, and when the list of
    meetings can be used.
    """
    with Viewer.opened(chromium, console, storage_state=session_of_ann) as viewer:
        viewer.page.goto(console.url)
        expect(viewer.page.locator(".list .row").first).to_be_visible()
        ready = {"interactiveMs": viewer.page.evaluate(_NOW)}
        figures["first visit"] = viewer.page.evaluate(_LOADED) | ready

    assert 0 < figures["first visit"]["requests"] < 40
    assert figures["first visit"]["bytesOnTheWire"] < figures["first visit"]["bytesUnpacked"]


@pytest.mark.parametrize("records", [5_000, 50_000])
def test_zooming_is_measured(ann: Viewer, figures: dict[str, Any], records: int) -> None:
    """Of meetings with 5,000 and with 50,000 records: when all of it can be used, and how many
    frames a second are drawn while the wheel zooms in and out.
    """
    ann.open_meeting(LARGEST if records == 50_000 else ann.console.filled.middle)
    page = ann.page
    whole = {"wholeMs": page.evaluate(_NOW)}
    expect(page.locator("#found")).to_have_text(f"{records:,} records")
    stage = page.get_by_role("slider")
    before = stage.get_attribute("aria-valuemax")
    zoomed = page.evaluate(_ZOOM, _ZOOM_SECONDS)

    figures[f"{records} records"] = whole | zoomed
    assert stage.get_attribute("aria-valuemax") == before
    assert zoomed["framesPerSecond"] > 0
