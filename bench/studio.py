"""How soon is a note heard in the studio, how fast is it drawn, how smooth is the page, and does it grow?

    python bench/studio.py [--takes 50]

Serves the model in the box and opens the page in a headless Chromium.

    first_note_s       from pressing play to the first note, with a loaded model
    first_note_cold_s  from the start of the server to the first note; play is pressed as soon as the page is there
    …_processor_s      the seconds of the processor that the server uses in that time, which others do not lengthen
    times_real_time    the length of a piece divided by the time in which it is drawn, while the roll is animated
    frames_per_second  how often the page is drawn meanwhile
    growth_mb          how much the memory of the server grows over so many takes, after the first five
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common import finish
from playwright.sync_api import sync_playwright

ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
             "--autoplay-policy=no-user-gesture-required")  # fmt: skip
MARK = "(name) => performance.getEntriesByName(name).map((one) => one.startTime)"
COUNT_FRAMES = """() => { window.frames_ = 0; const count = () => { window.frames_++; requestAnimationFrame(count); };
requestAnimationFrame(count); window.framesFrom = performance.now(); }"""
FRAMES = "() => 1000 * window.frames_ / (performance.now() - window.framesFrom)"
SETTLED_TAKES = 5
RESIDENT = re.compile(r"VmRSS:\s+(\d+) kB")


def until(condition: Callable[[], Any], seconds: float = 600) -> Any:
    """Waits for a condition, and returns its value."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.005)
    raise SystemExit("The studio did not do what was expected in time.")


def megabytes(process: int) -> float:
    """Returns the resident memory of a process."""
    found = RESIDENT.search(Path(f"/proc/{process}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def processor_seconds(process: int) -> float:
    """Returns the seconds of the processor that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def first_note(page: Any) -> float:
    """Returns the seconds from pressing play to the first note."""
    until(lambda: page.evaluate(MARK, "first-note"))
    return (page.evaluate(MARK, "first-note")[-1] - page.evaluate(MARK, "pressed-play")[-1]) / 1000


def about(page: Any) -> str:
    """Returns what the page says of the take."""
    return str(page.locator("#take-about").inner_text())


def length(page: Any) -> float:
    """Returns the seconds of the take."""
    return float(page.locator("#roll").get_attribute("aria-label").split(",")[1].split()[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--takes", type=int, default=50)
    arguments = parser.parse_args()
    chromium = shutil.which("chromium") or parser.error("there is no Chromium")
    begun = time.monotonic()
    command = [sys.executable, "-m", "seqgen.cli", "studio", "--no-open"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    address = re.search(r"http\S+", server.stdout.readline())
    assert address is not None
    served = time.monotonic() - begun
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(address[0])
        until(lambda: page.locator("#constraints input").count())
        page.locator("#draw").click()
        first_note(page)
        cold, cold_processor = time.monotonic() - begun, processor_seconds(server.pid)
        page.locator("#stop").click()
        until(lambda: "Ready" in page.locator("#status").inner_text())
        firsts, processor, speeds, frames, memory = [], [], [], [], []
        for number in range(arguments.takes):
            page.evaluate("performance.clearMarks()")
            page.evaluate(COUNT_FRAMES)
            used = processor_seconds(server.pid)
            page.locator("#draw").click()
            pressed = time.monotonic()
            firsts.append(first_note(page))
            processor.append(processor_seconds(server.pid) - used)
            until(lambda: "being drawn" not in about(page) and "waits" not in about(page))
            speeds.append(length(page) / (time.monotonic() - pressed))
            page.wait_for_timeout(1000)
            frames.append(page.evaluate(FRAMES))
            page.locator("#stop").click()
            if number + 1 in (SETTLED_TAKES, arguments.takes):
                memory.append(megabytes(server.pid))
        browser.close()
    server.send_signal(signal.SIGINT)
    server.wait(90)
    middle = len(firsts) // 2
    finish({
        "first_note_s": sorted(firsts)[middle], "first_note_processor_s": sorted(processor)[middle],
        "first_note_cold_s": cold, "first_note_cold_processor_s": cold_processor, "served_s": served,
        "times_real_time": sorted(speeds)[middle], "frames_per_second": sorted(frames)[middle],
        "growth_mb": memory[-1] - memory[0], "takes": arguments.takes,
    })  # fmt: skip


if __name__ == "__main__":
    main()
