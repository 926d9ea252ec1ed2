"""Is every file valid, and does it keep what was asked for, whatever the weights are?

    python bench/validity.py [--samples 10000] [--music21 10000] [--scores 500] [--seed 0]

Models of random weights, drawn anew for every fifty samples, are sampled under constraints that are drawn by chance in
every encoding of the domain `midi`; those that nothing can satisfy are refused, counted, and drawn again. Every file
is opened in pretty_midi, mido and symusic, the first `--music21` of them in music21 too, and what was asked for is
looked for in it by other code (midi_checks.py). The first `--scores` are written as MusicXML too, and music21 must find
every bar of them full. A sample may be cut off, after 600 tokens. Exits with 1 when a file is wrong.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from common import finish
from midi_checks import FAMILIES, KEYS, MODES, TONICS, is_score, keeps, opens

from seqgen import ImpossibleConstraints
from seqgen.contract.discovery import load_domain
from seqgen.engine.decoding.sampling import Sampler
from seqgen.engine.model import Model
from seqgen.engine.settings import ModelSettings
from seqgen.grammar import EOS, Grammar

ENCODINGS = ("chorale", "melody", "drums", "score", "performance")
BATCH, LONGEST = 50, 600
METERS = ("4/4", "3/4", "2/4", "6/8")
KNOWN = {
    "chorale": {"bars", "seconds", "time_signature", "key", "range", "density"},
    "melody": {"bars", "seconds", "time_signature", "key", "range", "density"},
    "drums": {"bars", "seconds", "time_signature", "instruments", "density"},
    "score": {"bars", "seconds", "time_signature", "key", "range", "density", "instruments", "tempo", "velocity"},
    "performance": {"seconds", "key", "range", "velocity"},
}


def wishes(encoding: str, rng: np.random.Generator) -> dict[str, Any]:
    """What is asked of the next samples: some of the constraints that the encoding knows, with values by chance."""

    def span(lowest: int, highest: int, least: int, most: int) -> str:
        first = int(rng.integers(lowest, highest))
        return f"{first}-{first + int(rng.integers(least, most))}"

    some = rng.permutation(list(FAMILIES) if encoding == "score" else list(KEYS))[: int(rng.integers(1, 5))]
    drums = ["drums"] if encoding == "score" and rng.random() < 0.5 else []
    values: dict[str, Any] = {
        "bars": int(rng.integers(1, 5)),
        "seconds": float(rng.integers(2, 12)),
        "time_signature": str(rng.choice(METERS)),
        "key": str(rng.choice(list(TONICS))) + str(rng.choice(["", "#", "b"])) + str(rng.choice(list(MODES))),
        "range": span(30, 70, 5, 40) if encoding != "chorale" else f"S:{span(58, 70, 4, 13)},B:{span(34, 50, 4, 14)}",
        "density": span(0, 5, 0, 5) if encoding != "chorale" else span(4, 12, 0, 8),
        "instruments": ",".join([*map(str, some), *drums]),
        "tempo": span(30, 200, 10, 60),
        "velocity": span(1, 100, 10, 27),
    }
    asked = {name: value for name, value in values.items() if name in KNOWN[encoding] and rng.random() < 0.45}
    if {"bars", "seconds"} <= set(asked):
        del asked["seconds"]
    if encoding != "performance" and {"bars", "seconds", "density"} & set(asked):
        asked["time_signature"] = values["time_signature"]
    if encoding == "score" and "seconds" in asked:
        asked["tempo"] = str(rng.choice([60, 80, 120, 144]))
        asked.pop("density", None)
    if encoding == "score" and "density" in asked and "bars" in asked:
        asked["bars"] = min(asked["bars"], 2)
    return asked


def padded(grammar: Grammar) -> Grammar:
    """The same grammar with states that nothing leads to, up to a power of two: most then share a compiled shape."""
    more = 2 ** int(np.ceil(np.log2(grammar.state_count))) - grammar.state_count
    allowed, following = (np.pad(table, ((0, more), (0, 0))) for table in (grammar.allowed, grammar.next_state))
    return replace(grammar, allowed=allowed, next_state=following, state_class=np.pad(grammar.state_class, (0, more)))


class Random:
    """A model of one encoding whose weights are drawn anew for every batch."""

    def __init__(self, encoding: str) -> None:
        made = load_domain("midi")
        self.domain: Any = made(made.Settings.from_mapping({"encoding": encoding}))
        self.model = Model.new(
            ModelSettings(hidden_size=16, num_layers=1, attention_window=4, attention_size=8), self.domain.grammar(), 0
        )
        self.sampler = Sampler(self.model)

    def draw(self, asked: dict[str, Any], rng: np.random.Generator) -> list[np.ndarray]:
        for weight in self.model.weights.values():
            weight.assign(rng.normal(0, rng.choice([0.1, 0.5, 1.0]), weight.shape).astype(np.float32))
        start = self.domain.prompting.prompt(None, self.domain.Constraints.from_mapping(asked, "constraint"))
        seed = int(rng.integers(2**31))
        return self.sampler.sample(start.ids, padded(start.grammar), count=BATCH, max_new_tokens=LONGEST, seed=seed)


class Job(NamedTuple):
    """A file to check, and the score of it where one was written."""

    path: Path
    encoding: str
    asked: dict[str, Any]
    ended: bool
    with_music21: bool
    score: Path | None


def checked(job: Job) -> list[str]:
    """What is wrong with one file."""
    wrong = opens(job.path, job.with_music21) or keeps(job.path, job.encoding, job.asked, job.ended)
    return wrong + (is_score(job.score) if job.score else [])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--music21", type=int, default=10_000, help="so many of them are opened in music21 too")
    parser.add_argument("--scores", type=int, default=500, help="so many are written as MusicXML too")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    refused, kinds, ended, wrong = 0, Counter[str](), 0, Counter[str]()
    models = {encoding: Random(encoding) for encoding in ENCODINGS}

    def batch(folder: Path, made: int) -> list[Job]:
        """The next files, or none where what was asked for cannot be."""
        nonlocal refused, ended
        encoding = ENCODINGS[made // BATCH % len(ENCODINGS)]
        asked = wishes(encoding, rng)
        try:
            drawn = models[encoding].draw(asked, rng)
        except ImpossibleConstraints:
            refused += 1
            return []
        jobs = []
        for number, ids in enumerate(drawn[: arguments.samples - made], start=made):
            domain, whole = models[encoding].domain, bool(ids[-1] == EOS)
            item, name = domain.decode(ids), folder / str(number)
            (path,) = domain.write(item, name)
            score = domain.display.render(item, "musicxml", name) if number < arguments.scores else None
            ended += whole
            kinds.update({encoding: 1, **dict.fromkeys(asked, 1)})
            jobs.append(Job(path, encoding, asked, whole, number < arguments.music21, score))
        return jobs

    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool,
    ):
        made = 0
        while made < arguments.samples:
            jobs = batch(Path(folder), made)
            for job, found in zip(jobs, pool.map(checked, jobs), strict=True):
                wrong.update(found)
                for what in found:
                    print(f"{job.encoding} {job.asked}: {what}", flush=True)
                for file in filter(None, (job.path, job.score)):
                    file.unlink()
            made += len(jobs)
            print(f"{made} of {arguments.samples}, {wrong.total()} wrong", flush=True)
    finish(
        {
            "samples": arguments.samples,
            "opened_in_pretty_midi_mido_and_symusic": arguments.samples,
            "opened_in_music21": min(arguments.music21, arguments.samples),
            "scores_whose_bars_are_full": min(arguments.scores, arguments.samples),
            "whole": ended,
            "wrong": wrong.total(),
            "refused_wishes": refused,
            "by_encoding_and_wish": dict(sorted(kinds.items())),
        }
    )
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
