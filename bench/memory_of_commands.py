"""How much memory does each command need for corpora of 1, 10 and 100 MB? The files are made up.

    python bench/memory_of_commands.py [--sizes 1 10 100] [--domains text bpe sentiment midi]
                                       [--commands build train evaluate] [--seconds 300] [--folder DIR]

Each command runs in a process of its own. Its figure is the highest sum of the resident memory of this process and of
all processes that it started, in MB, measured ten times a second; memory that they share is counted twice. A command
that takes more than `--seconds` is stopped; what it needed so far counts, and `stopped` counts such commands. With
`--folder`, files, corpora and models stay there, and a later call with other commands uses them.

A model of the default size is trained for two steps. Held-out data are small, because only time grows with them: the
bounds of what is read of them are constants. `predict-long` answers about one text of the size of the corpus
(at most 10 MB), `explain` about ten short ones.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from common import finish
from memory_of_building import midi_file

MEGABYTE = 1_000_000
WORDS, WORDS_OF_SENTENCE, SENTENCES_OF_REVIEW = 30_000, 12, 10
NOTES_OF_FILE = 5000
MAX_LONG_TEXT_MB = 10
SAMPLES_A_SECOND = 10
DOMAINS = {"text": ["--domain", "text"], "bpe": ["--domain", "text", "--set", "tokenizer=bpe"],
           "sentiment": ["--domain", "sentiment"], "midi": ["--domain", "midi"]}  # fmt: skip
ENDINGS = {"text": ".txt", "bpe": ".txt", "sentiment": ".csv", "midi": ""}
TRAINING = ["--steps", "2", "--set", "num_evaluations=1"]
HELD_OUT_BYTES = 20_000


class Measured(NamedTuple):
    """The highest resident memory of a command in MB, its time, and whether it was stopped."""

    megabytes: float
    seconds: float
    is_stopped: bool


def sentences(seed: int) -> Iterator[str]:
    """Yields endless sentences. Words are as frequent as in Zipf's law."""
    random = np.random.default_rng(seed)
    letters = np.array(list("etaoinshrdlucmfwypvbgk"))
    words = ["".join(random.choice(letters, random.integers(1, 11))) for _ in range(WORDS)]
    shares = 1 / np.arange(1, WORDS + 1)
    cumulative = np.cumsum(shares / shares.sum())
    while True:
        numbers = np.searchsorted(cumulative, random.random((1000, WORDS_OF_SENTENCE)))
        for row in np.minimum(numbers, WORDS - 1).tolist():
            yield " ".join(words[number] for number in row) + "."


def make_text(path: Path, size: int, seed: int) -> None:
    written, source = 0, sentences(seed)
    with open(path, "w") as file:
        while written < size:
            written += file.write(" ".join(itertools.islice(source, SENTENCES_OF_REVIEW)) + "\n")


def make_reviews(path: Path, size: int, seed: int) -> None:
    source = sentences(seed)
    with open(path, "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "label"])
        for number in itertools.count():
            if file.tell() >= size:
                break
            label = ("bad", "good")[number % 2]
            rows.writerow([f"{label} " + " ".join(itertools.islice(source, SENTENCES_OF_REVIEW)), label])


def make_music(folder: Path, size: int, seed: int) -> None:
    """Files of one melody each, about 45 KB."""
    folder.mkdir()
    written, random = 0, np.random.default_rng(seed)
    for number in itertools.count():
        if written >= size:
            break
        written += (folder / f"{number:05}.mid").write_bytes(midi_file(random.integers(48, 84, NOTES_OF_FILE)))


def make_files(folder: Path, domain: str, megabytes: int) -> None:
    """Makes training data and held-out data of a domain, and small files to predict."""
    make = {"midi": make_music, "sentiment": make_reviews}.get(domain, make_text)
    sizes = {"data": megabytes * MEGABYTE, "valid": HELD_OUT_BYTES, "test": HELD_OUT_BYTES}
    for seed, (name, size) in enumerate(sizes.items()):
        make(folder / f"{name}{ENDINGS[domain]}", size, seed)
    if domain == "sentiment":
        make_text(folder / "texts.txt", megabytes * MEGABYTE, 3)
        size = min(megabytes, MAX_LONG_TEXT_MB) * MEGABYTE
        text = " ".join(itertools.islice(sentences(4), size // 60))
        with open(folder / "long.csv", "w", newline="") as file:
            csv.writer(file).writerows([["text"], [text[:size]]])
        with open(folder / "short.csv", "w", newline="") as file:
            csv.writer(file).writerows([["text"], *([one] for one in itertools.islice(sentences(5), 10))])


def commands(folder: Path, domain: str) -> dict[str, list[str]]:
    """Returns the arguments of `seqgen` for each command, in their order: later ones need what earlier ones made."""
    data, valid, test = (str(folder / f"{name}{ENDINGS[domain]}") for name in ("data", "valid", "test"))
    options = [*DOMAINS[domain], "--valid", valid, "--test", test]
    first = str(next((folder / "data").iterdir())) if domain == "midi" else data
    corpus, run = str(folder / "corpus"), str(folder / "run")
    parts = [str(folder / f"part-{number}") for number in (1, 2)]
    part = ["build", data, *options, "--part"]
    found = {
        "build": ["build", data, *options, "-o", corpus],
        "part-1": [*part, "1/2", "-o", parts[0]],
        "part-2": [*part, "2/2", "-o", parts[1]],
        "learn": ["merge", *parts, "-o", f"{folder}/merged"],
        "part-1-again": [*part, "1/2", "-o", parts[0]],
        "part-2-again": [*part, "2/2", "-o", parts[1]],
        "merge": ["merge", *parts, "-o", f"{folder}/merged"],
        "train": ["train", corpus, "-o", run, *TRAINING],
        "evaluate": ["evaluate", run],
        "score": ["score", run, corpus],
        "score-file": ["score", run, first],
        "sample": ["sample", run, "-o", f"{folder}/samples", "-n", "4"],
        "inside": ["inside", run, first, "-o", f"{folder}/inside"],
        "export": ["export", run, "--to", "savedmodel", "-o", f"{folder}/exported"],
    }
    if domain == "sentiment":
        found |= {
            "predict": ["predict", run, data],
            "predict-texts": ["predict", run, str(folder / "texts.txt")],
            "predict-long": ["predict", run, str(folder / "long.csv")],
            "explain": ["predict", run, str(folder / "short.csv"), "--explain"],
        }
    return found


def tree_megabytes(root: int) -> float:
    """Returns the resident memory of a process and of all below it."""
    parents, pages = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                parents[int(entry.name)], pages[int(entry.name)] = int(fields[1]), int(fields[21])
            except OSError:
                continue  # The process has ended.
    tree = {root}
    while more := {pid for pid, parent in parents.items() if parent in tree} - tree:
        tree |= more
    return sum(pages.get(pid, 0) for pid in tree) * os.sysconf("SC_PAGE_SIZE") / MEGABYTE


def measure(arguments: list[str], log: Path, seconds: float) -> Measured:
    """Runs `seqgen` with some arguments. Raises CalledProcessError if it fails."""
    began, peak = time.perf_counter(), 0.0
    with open(log, "w") as output:
        process = subprocess.Popen([sys.executable, "-m", "seqgen.cli", *arguments], stdout=output, stderr=output)
        while process.poll() is None and time.perf_counter() - began < seconds:
            peak = max(peak, tree_megabytes(process.pid))
            time.sleep(1 / SAMPLES_A_SECOND)
    is_stopped = process.poll() is None
    if is_stopped:
        process.terminate()
    elif process.returncode:
        raise subprocess.CalledProcessError(process.returncode, arguments, log.read_text()[-2000:])
    process.wait()
    return Measured(peak, time.perf_counter() - began, is_stopped)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 10, 100], help="MB")
    parser.add_argument("--domains", nargs="+", default=list(DOMAINS), choices=list(DOMAINS))
    parser.add_argument("--commands", nargs="+", help="default: all")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    figures: dict[str, float | int] = {"stopped": 0, "failed": 0}
    with tempfile.TemporaryDirectory() as temporary:
        for domain, megabytes in itertools.product(arguments.domains, arguments.sizes):
            folder = (arguments.folder or Path(temporary)) / f"{domain}-{megabytes}"
            if not folder.exists():
                folder.mkdir(parents=True)
                make_files(folder, domain, megabytes)
            for name, command in commands(folder, domain).items():
                if arguments.commands and name not in arguments.commands:
                    continue
                try:
                    found = measure(command, folder / f"{name}.log", arguments.seconds)
                except subprocess.CalledProcessError as error:
                    print(f"{domain:9} {megabytes:4} MB  {name:14} failed: {error.output}", flush=True)
                    figures["failed"] += 1
                    continue
                note = "  (stopped)" if found.is_stopped else ""
                print(f"{domain:9} {megabytes:4} MB  {name:14} {found.megabytes:6.0f} MB {found.seconds:6.1f} s{note}",
                      flush=True)  # fmt: skip
                figures[f"mb_{domain}_{name}_{megabytes}"] = found.megabytes
                figures["stopped"] += found.is_stopped
    finish({**figures, "mb_most": max((value for key, value in figures.items() if key.startswith("mb_")), default=0)})


if __name__ == "__main__":
    main()
