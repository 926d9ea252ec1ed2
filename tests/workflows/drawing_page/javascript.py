"""Runs the JavaScript of the page that draws: in Node, and as a whole page in Chromium. Skips a test without them."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
)  # fmt: skip
SCRIPTS = ("operators.js", "sampling.js")


def run_in_node(code: str, folder: Path, *others: str) -> Any:
    """Returns what code prints as JSON, which may use the scripts of the page and some others."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node that could run the page's JavaScript")
    sources = [files("seqgen.workflows.drawing_page").joinpath(name).read_text(encoding="utf-8") for name in SCRIPTS]
    program = folder / "program.js"
    program.write_text("\n".join([*sources, *others, code]), encoding="utf-8")
    finished = subprocess.run([node, program], capture_output=True, text=True, timeout=120, check=False)
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def page_after(page: Path, milliseconds: int, folder: Path) -> str:
    """Returns the HTML of a page after so many milliseconds of its own time, in Chromium."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium that could open the page")
    options = (f"--user-data-dir={folder}", f"--virtual-time-budget={milliseconds}", "--dump-dom")
    finished = subprocess.run(
        [CHROMIUM, *FLAGS, *options, page.as_uri()], capture_output=True, text=True, timeout=120, check=False
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout
