"""Checks that a wheel holds every file of the packages and all entry points. Usage: check_wheel.py WHEEL."""

from __future__ import annotations

import sys
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDERS = {
    "seqgen": ROOT / "seqgen",
    "seqgen/corpora": ROOT / "corpora",
    **{
        folder.name: folder
        for folder in ROOT.glob("plugins/*/seqgen_*")
        if not (folder.parent / "pyproject.toml").is_file()  # a distribution of its own
    },
}
REQUIRED = (
    "seqgen/py.typed",
    "seqgen_midi/py.typed",
    "seqgen_sentiment/py.typed",
    "seqgen_text/py.typed",
    "seqgen_midi/display/player.js",
    "seqgen/workflows/reports/page.html",
    "seqgen/studio/page/index.html",
    "seqgen/studio/page/main.js",
    "seqgen/corpora/bach-chorales.toml",
    "seqgen/models/pretrained/bach-chorales/model.safetensors",
    "seqgen/models/pretrained/irish-tunes/model.safetensors",
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def source_files() -> set[str]:
    """Returns the name in the wheel of each file of the packages."""
    return {
        f"{name}/{path.relative_to(folder)}"
        for name, folder in FOLDERS.items()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


def entry_point_lines() -> list[str]:
    """Returns the lines of entry_points.txt that pyproject.toml asks for."""
    groups = {"console_scripts": PROJECT["scripts"], **PROJECT["entry-points"]}
    return [line for group, points in groups.items() for line in (f"[{group}]", *map(" = ".join, points.items()))]


def main(path: str) -> None:
    with zipfile.ZipFile(path) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
        (entry_points,) = (name for name in wheel.namelist() if name.endswith("/entry_points.txt"))
        registered = wheel.read(entry_points).decode().splitlines()
    faults = [f"{name} is missing" for name in sorted((source_files() | set(REQUIRED)) - names)]
    faults += [f"{name} does not belong there" for name in sorted(names - source_files())]
    faults += [f"the entry point {line!r} is missing" for line in entry_point_lines() if line not in registered]
    if faults:
        sys.exit(f"{path}: " + "; ".join(faults))
    print(f"{path} holds all {len(names)} files")


if __name__ == "__main__":
    main(sys.argv[1])
