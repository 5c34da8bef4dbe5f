"""The first minute: how long the page, its examples and its answers take, as somebody in front of Chromium sees it.

``python -m benchmarks.page [--tab NAME] [--phone]``. Beside the times: when something first changes after a press, and whether progress and
result come into view without anybody scrolling (``--phone``: 390 px wide, else 1280). The application starts with an empty data folder for
every example, so nothing is remembered.
The baseline of every row is what a visitor would wait for without progressive results: the finished job.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import TimeoutError as TooLong

from benchmarks import table
from tests.browsing import Visit, app_process, chromium

BUTTONS = {"highlights": "#highlights-example", "viral": "#viral-example", "dubsync": "#sync-example"}
FIRST = {
    "highlights": (("video and timeline", "#highlights-view .stage video"), ("moments", "#highlights-view .card")),
    "viral": (("clips to play", "#viral-view .vcard"), ("scores", "#viral-view .total")),
    "dubsync": (("map of the dub", "#sync-view svg:visible"),),
}
PREFIX = {"highlights": "highlights", "viral": "viral", "dubsync": "sync"}
DONE = {
    "highlights": "#highlights-view .stage[data-job] .card",
    "viral": "#viral-view .viral[data-job] .vcard",
    "dubsync": "#sync-view .sync[data-job] .seg:visible",
}
LIMIT = 600_000
N_TOUCHES = 12


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tab", choices=sorted(BUTTONS))
    parser.add_argument("--phone", action="store_true")
    parser.add_argument("--quick", action="store_true", help="the dub's example only")
    options = parser.parse_args(sys.argv[1:])
    chosen = [options.tab] if options.tab else ["dubsync"] if options.quick else list(BUTTONS)
    rows: list[Sequence[object]] = []
    for name in chosen:
        rows += example(name, 390 if options.phone else 1280)
    print(table(("what", "seconds", "wanted", "until the job is finished"), rows))


def example(name: str, width: int = 1280) -> list[Sequence[object]]:
    """One application, one visitor, one example."""
    with tempfile.TemporaryDirectory() as data, app_process(Path(data)) as address, chromium() as browser:
        begun = time.perf_counter()
        visit = Visit(browser, address, width=width)
        opened = time.perf_counter() - begun
        page, number = visit.page, list(BUTTONS).index(name)
        visit.tab(number)
        worker, begun = _server(address), time.perf_counter()
        spent = _cpu(worker)
        changed = page.evaluate(PRESS, [BUTTONS[name], PREFIX[name]])
        progress = in_view(page, f"#{PREFIX[name]}-progress .studio-progress")
        seen = [(what, waited(page, selector, begun)) for what, selector in FIRST[name]]
        touches = touched(page, visit, number)
        finished = waited(page, DONE[name], begun)
        spent = _cpu(worker) - spent
        arrived = in_view(page, f"#{PREFIX[name]}-progress .studio-done")
        visit.context.close()
    rows: list[Sequence[object]] = [(f"{name}: page after the service listens", f"{opened:.1f}", "≤ 2.5", "")]
    rows.append((f"{name}: press → first change in view, ms", f"{changed:.0f}", "≤ 300", ""))
    rows.append((f"{name}: progress in view by itself", "yes" if progress else "no", "yes", ""))
    rows.append((f"{name}: result in view by itself", "yes" if arrived else "no", "yes", ""))
    rows += [(f"{name}: click → {what}", f"{seconds:.1f}", "≤ 2", f"{finished:.1f}") for what, seconds in seen]
    rows.append((f"{name}: click → finished", f"{finished:.1f}", "≤ 25", f"{finished:.1f}"))
    rows.append((f"{name}: processor time of the service meanwhile", f"{spent:.1f}", "", ""))
    if touches:
        rows.append((f"{name}: a touch while it runs, median", f"{statistics.median(touches):.3f}", "< 0.1", ""))
        rows.append((f"{name}: a touch while it runs, worst of {len(touches)}", f"{max(touches):.3f}", "< 0.1", ""))
    return rows


def _server(address: str) -> psutil.Process:
    """The process that listens there."""
    port = int(address.rstrip("/").rsplit(":", 1)[1])
    found = (c.pid for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN and c.laddr[1:] == (port,))
    return psutil.Process(next(pid for pid in found if pid))


def _cpu(process: psutil.Process) -> float:
    """Processor seconds of a process and of its finished children: what a busy machine does not change much."""
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def waited(page: Any, selector: str, begun: float) -> float:
    """Seconds from ``begun`` until something is visible."""
    page.wait_for_selector(selector, timeout=LIMIT)
    return time.perf_counter() - begun


def touched(page: Any, visit: Visit, number: int) -> list[float]:
    """Seconds from a click on another tab until its contents are drawn, while the job runs; back and forth."""
    times = []
    for i in range(N_TOUCHES):
        if page.locator(".studio-progress").count() == 0:
            break
        target = (number + 1 + i % 3) % 4 if i % 2 == 0 else number
        times.append(page.evaluate(TOUCH, target))
    visit.tab(number)
    return times


def in_view(page: Any, selector: str, patience: float = 10_000) -> bool:
    """Whether the top of something comes into the window within ``patience`` milliseconds, nobody scrolling."""
    try:
        page.wait_for_function(IN_VIEW, arg=selector, timeout=patience)
    except TooLong:
        return False
    return True


PRESS = """async ([selector, name]) => {
  const shown = () => {
    const flow = document.getElementById(`${name}-flow`);
    return [...flow.querySelectorAll('.studio-soon, .studio-progress')].some(node => {
      const box = node.getBoundingClientRect(); return box.height && box.top < innerHeight && box.bottom > 0;
    });
  };
  const begun = performance.now(); document.querySelector(selector).click();
  while (!shown() && performance.now() - begun < 5000) await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return performance.now() - begun;
}"""
IN_VIEW = """(selector) => {
  const box = document.querySelector(selector)?.getBoundingClientRect();
  return Boolean(box && box.height && box.top >= 0 && box.top < innerHeight);
}"""
TOUCH = """async (target) => {
  const tabs = [...document.querySelectorAll('#studio-tabs [role=tab]')], begun = performance.now();
  tabs[target].click();
  while (tabs[target].getAttribute('aria-selected') !== 'true') await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame); await new Promise(requestAnimationFrame);
  return (performance.now() - begun) / 1000;
}"""


if __name__ == "__main__":
    main()
