"""What hostile bundles, inputs and names, kills and write errors cost, and what becomes of them.

    python bench/hostile.py [--kills 10] [--only cases|build|sample]

Prints one JSON line for each case: its outcome, seconds, seconds of the processor, and MiB. The last line counts the
cases that are not as they must be:

- A bundle or an input is refused in one sentence of less than 300 characters, within 2 s of the processor and 300 MiB,
  or it costs only itself and is counted (tests/hostile_cases.py has the cases, and the tests try them too).
- A call that was killed or had no place to write leaves no torn file under a final name. The same call repeated gives
  the same bytes as one that nobody disturbed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from common import finish

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from hostile_cases import (  # noqa: E402
    CASES,
    HOSTILE_NAMES,
    MAX_MIB,
    MAX_SECONDS,
    MAX_SENTENCE_LENGTH,
    NOT_UTF8,
    Case,
)

MAX_WAIT_SECONDS = 600
FILE_SIZES = (0, 1000, 20_000, 100_000)
"""The limits of the size of a file, in bytes, which stand for a full disk."""


class Outcome(NamedTuple):
    """What became of a call. The code is negative if a signal ended it."""

    code: int
    seconds: float
    cpu_seconds: float
    mib: float
    out: str
    err: str

    @property
    def sentences(self) -> list[str]:
        return [line for line in self.err.splitlines() if not line.startswith("read ")]


def call(
    arguments: list[str],
    folder: Path,
    *,
    stdout: Any = subprocess.PIPE,
    kill_after: float | None = None,
    max_file_size: int | None = None,
) -> Outcome:
    """Calls seqgen in a folder, and measures it. `kill_after` is in seconds."""

    def limit() -> None:
        if max_file_size is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (max_file_size, max_file_size))

    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begun = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "seqgen.cli", *arguments], cwd=folder, stdin=subprocess.DEVNULL,
            stdout=out if stdout is subprocess.PIPE else stdout, stderr=err, preexec_fn=limit,
        )  # fmt: skip
        deadline = begun + (kill_after or MAX_WAIT_SECONDS)
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > deadline:
                process.send_signal(signal.SIGKILL)
            time.sleep(0.01)
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
    cpu_seconds = usage.ru_utime + usage.ru_stime
    return Outcome(process.returncode, time.monotonic() - begun, cpu_seconds, usage.ru_maxrss / 2**10, *texts)


def faults_of_case(case: Case, outcome: Outcome) -> Iterator[str]:
    """Yields what is wrong about the outcome of a case."""
    if outcome.code != case.code:
        yield f"exit code {outcome.code}"
    if "Traceback" in outcome.err or "bug of seqgen" in outcome.err:
        yield "a bug"
    if "\x1b" in outcome.out + outcome.err:
        yield "a terminal escape is printed"
    if case.code == 0:
        if case.words not in outcome.out:
            yield "it is not counted"
        return
    if len(outcome.sentences) != 1 or case.words not in outcome.err:
        yield "not one sentence about it"
    if max(map(len, outcome.sentences), default=0) >= MAX_SENTENCE_LENGTH:
        yield "a long sentence"
    if outcome.cpu_seconds > MAX_SECONDS:
        yield "slow"
    if outcome.mib > MAX_MIB:
        yield "much memory"


def try_case(case: Case, folder: Path) -> dict[str, Any]:
    """Tries one case, and returns its report."""
    (folder / "case").mkdir()
    case.make(folder / "case")
    outcome = call([argument.format(case="case", out="out") for argument in case.arguments], folder)
    return report(case.name, outcome, faults_of_case(case, outcome))


def report(name: str, outcome: Outcome, faults: Iterator[str] | list[str]) -> dict[str, Any]:
    last = outcome.sentences[-1] if outcome.sentences else ""
    return {
        "case": name,
        "code": outcome.code,
        "seconds": round(outcome.seconds, 2),
        "cpu_seconds": round(outcome.cpu_seconds, 2),
        "mib": round(outcome.mib),
        "sentence": last,
        "faults": list(faults),
    }


def content(folder: Path) -> dict[str, bytes]:
    """Returns the files below a folder by their paths."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def make_named_texts(folder: Path) -> None:
    """Makes texts with hostile words in files with hostile names."""
    folder.mkdir()
    for number, name in enumerate((*HOSTILE_NAMES, NOT_UTF8)):
        text = "\n".join(f"{word} {number} {position}" for position, word in enumerate(HOSTILE_NAMES))
        (folder / f"{number} {name.replace('/', '|')}.txt").write_text(text * 20, errors="replace")


def try_disturbed(
    name: str,
    arguments: list[str],
    folder: Path,
    disturb: Callable[[list[str], Path], Outcome],
    expected: dict[str, bytes],
) -> dict[str, Any]:
    """Disturbs a call that writes to `out`, repeats it, and compares its files with those of an undisturbed call."""
    disturbed = disturb(arguments, folder)
    faults = []
    if "Traceback" in disturbed.err or "bug of seqgen" in disturbed.err:
        faults.append("a bug")
    written = content(folder / "out") if (folder / "out").is_dir() else {}
    if any(expected.get(path) != data for path, data in written.items() if ".unfinished" not in path):
        faults.append("a torn file")
    if written != expected:
        repeated = call(arguments, folder)
        if repeated.code or content(folder / "out") != expected:
            faults.append(f"the repeated call differs: {repeated.err[-200:]}")
    return report(name, disturbed, faults)


def disturbances(kills: int, seconds: float) -> Iterator[tuple[str, Callable[[list[str], Path], Outcome]]]:
    """Yields names and disturbances of a call that takes so many seconds."""
    for number in range(kills):
        after = seconds * (number + 0.5) / kills
        yield f"killed after {after:.1f} s", partial(call, kill_after=after)
    for size in FILE_SIZES:
        yield f"no file may exceed {size} bytes", partial(call, max_file_size=size)
    yield "standard output is full", with_full_output
    yield "standard output is closed", with_closed_output


def with_full_output(arguments: list[str], folder: Path) -> Outcome:
    with open("/dev/full", "wb") as full:
        return call(arguments, folder, stdout=full)


def with_closed_output(arguments: list[str], folder: Path) -> Outcome:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        return call(arguments, folder, stdout=writer)
    finally:
        os.close(writer)


PARTS = {
    "build": ["build", "texts", "--domain", "text", "-o", "out"],
    "sample": ["sample", "bach-chorales", "-o", "out", "-n", "1", "--set", "bars=1"],
}
"""The calls that are disturbed."""


def reports_of_cases() -> Iterator[dict[str, Any]]:
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            yield try_case(case, Path(folder))


def reports_of_disturbed(arguments: list[str], kills: int) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as name:
        make_named_texts(Path(name) / "texts")
        undisturbed = call(arguments, Path(name))
        assert undisturbed.code == 0, undisturbed.err
        expected = content(Path(name) / "out")
        yield report(f"{arguments[0]}, not disturbed", undisturbed, [])
    for what, disturb in disturbances(kills, undisturbed.seconds):
        with tempfile.TemporaryDirectory() as name:
            make_named_texts(Path(name) / "texts")
            yield try_disturbed(f"{arguments[0]}, {what}", arguments, Path(name), disturb, expected)


def reports(kills: int, only: str | None) -> Iterator[dict[str, Any]]:
    if only in (None, "cases"):
        yield from reports_of_cases()
    for part, arguments in PARTS.items():
        if only in (None, part):
            yield from reports_of_disturbed(arguments, kills)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--only", choices=("cases", *PARTS), help="try one part")
    arguments = parser.parse_args()
    faults = count = 0
    slowest = largest = 0.0
    for one in reports(arguments.kills, arguments.only):
        print(json.dumps(one), flush=True)
        count, faults = count + 1, faults + bool(one["faults"])
        slowest, largest = max(slowest, one["seconds"]), max(largest, one["mib"])
    finish({"cases": count, "with_faults": faults, "slowest_seconds": slowest, "largest_mib": largest})


if __name__ == "__main__":
    main()
