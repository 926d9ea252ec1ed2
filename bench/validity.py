"""Is every file valid, and does it keep what was asked for, whatever the weights are?

    python bench/validity.py [--samples 10000] [--music21 10000] [--scores 500] [--within 400] [--seed 0]

Models of random weights, drawn anew for every fifty samples, are sampled under constraints that are drawn by chance in
every encoding of the domain `midi`; those that nothing can satisfy are refused, counted, and drawn again. Every file
is opened in pretty_midi, mido and symusic, the first `--music21` of them in music21 too, and what was asked for is
looked for in it by other code (midi_checks.py). The first `--scores` are written as MusicXML too, and music21 must find
every bar of them full. A sample may be cut off, after 600 tokens. `--within` more pieces are harmonised, filled in or
accompanied by the same models, and the notes that were given are looked for in each file. Exits with 1 when a file is
wrong.
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
import symusic
from common import finish
from midi_checks import FAMILIES, KEYS, MODES, TONICS, is_score, keeps, opens

from seqgen import ImpossibleConstraints
from seqgen.contract.discovery import load_domain
from seqgen.engine.decoding.importance_sampling import ImportanceSampler
from seqgen.engine.decoding.infilling import Infiller
from seqgen.engine.decoding.sampling import Sampler
from seqgen.engine.model import Model
from seqgen.engine.scoring.scorer import Scorer
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
    "performance": {"seconds", "key", "range", "velocity", "density"},
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
        "density": span(4, 12, 0, 8) if encoding == "chorale" else span(0, 5, int(encoding == "performance"), 6),
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


WITHIN: dict[str, tuple[dict[str, Any], ...]] = {
    "chorale": ({"harmonise": "S"}, {"harmonise": "SB"}, {"fill": "2-3"}),
    "melody": ({"harmonise": True}, {"fill": "2-2"}),
    "drums": ({"fill": "2-3"},),
    "score": ({"fill": "2-2"}, {"accompany": "melody", "instruments": "strings,drums"}),
}
"""What is asked of each encoding within a prompt of four bars of 4/4."""
PROMPTS = {"score": {"instruments": "piano,flute", "density": "1-5"}, "drums": {"density": "1-5"}}
"""What such a prompt is like."""
DRAWS, PARTICLES = 5, 4
"""Pieces of each prompt, and particles of each piece."""


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
        return self.sampler.sample(
            start.ids, padded(start.grammar), count=BATCH, max_new_tokens=LONGEST, seed=seed,
            next_tokens=start.next_tokens,
        )  # fmt: skip

    def prompt(self, rng: np.random.Generator) -> Any:
        """Returns a piece of four bars of 4/4 that is drawn by chance."""
        asked = {"bars": 4, "time_signature": "4/4", **PROMPTS.get(self.domain.encoding.name, {})}
        grammar = self.domain.grammar(self.domain.Constraints.from_mapping(asked, "constraint"))
        return self.domain.decode(grammar.walk(rng, 5000))

    def draw_within(self, piece: Any, asked: dict[str, Any], rng: np.random.Generator) -> list[np.ndarray]:
        """Documents that hold a part of a piece."""
        start = self.domain.prompting.prompt(piece, self.domain.Constraints.from_mapping(asked, "constraint"))
        options: dict[str, Any] = {
            "count": DRAWS, "max_new_tokens": 5000, "seed": int(rng.integers(2**31)), "num_particles": PARTICLES,
        }  # fmt: skip
        if isinstance(start.given, Grammar):
            return ImportanceSampler(self.sampler, Scorer(self.model)).sample(start.ids, start.given, **options).samples
        return Infiller(self.sampler).fill(start.ids, start.grammar, np.asarray(start.given), **options).samples


def given_notes(piece: Any, asked: dict[str, Any]) -> Counter[tuple[float, int]]:
    """The notes of a piece of bars of 4/4 that must come back: where each begins, in quarters, and its pitch."""
    quarters = piece.start / piece.resolution
    is_given = np.ones(len(piece), bool)
    if "fill" in asked:
        first, last = map(int, asked["fill"].split("-"))
        is_given = (quarters < 4 * (first - 1)) | (quarters >= 4 * last)
    elif isinstance(asked.get("harmonise"), str):
        is_given = np.isin(piece.track, ["SATB".index(voice) for voice in asked["harmonise"]])
    elif "accompany" in asked:
        means = [float(piece.pitch[piece.track == track].mean()) for track in range(len(piece.tracks))]
        is_given = piece.track == int(np.argmax(means))
    return Counter(zip(quarters[is_given].round(3).tolist(), piece.pitch[is_given].tolist(), strict=True))


def check_within(models: dict[str, Random], count: int, rng: np.random.Generator, folder: Path) -> Counter[str]:
    """Returns what is wrong with pieces that are drawn within a prompt, and how many there were of each kind."""
    found: Counter[str] = Counter()
    kinds = [(encoding, asked) for encoding, requests in WITHIN.items() for asked in requests]
    for number in range(-(-count // DRAWS)):
        encoding, asked = kinds[number % len(kinds)]
        model = models[encoding]
        piece = model.prompt(rng)
        for ids in model.draw_within(piece, asked, rng):
            (path,) = model.domain.write(model.domain.decode(ids), folder / "within")
            score = symusic.Score(path)
            heard = Counter(
                (round(note.time / score.ticks_per_quarter, 3), note.pitch)
                for track in score.tracks
                for note in track.notes
            )
            missing = given_notes(piece, asked) - heard
            wrong = [*opens(path, False), *(["a given note is missing"] if missing else [])]
            found.update(f"wrong: {what}" for what in wrong)
            found[f"{encoding} {next(iter(asked))}"] += 1
    return found


class Job(NamedTuple):
    """A file to check, and the score of it where one was written."""

    path: Path
    encoding: str
    asked: dict[str, Any]
    ended: bool
    with_music21: bool
    score: Path | None


def checked(job: Job) -> list[str]:
    """Returns what is wrong with one file."""
    wrong = opens(job.path, job.with_music21) or keeps(job.path, job.encoding, job.asked, job.ended)
    return wrong + (is_score(job.score) if job.score else [])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--music21", type=int, default=10_000, help="so many of them are opened in music21 too")
    parser.add_argument("--scores", type=int, default=500, help="so many are written as MusicXML too")
    parser.add_argument("--within", type=int, default=400, help="so many are drawn within a prompt")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    refused, kinds, ended, wrong = 0, Counter[str](), 0, Counter[str]()
    models = {encoding: Random(encoding) for encoding in ENCODINGS}

    def batch(folder: Path, made: int) -> list[Job]:
        """Returns the next files, or none where what was asked for cannot be."""
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
    with tempfile.TemporaryDirectory() as folder:
        within = check_within(models, arguments.within, rng, Path(folder))
    wrong_within = {what: number for what, number in within.items() if what.startswith("wrong")}
    finish(
        {
            "samples": arguments.samples,
            "within_prompts": dict(sorted(within.items())),
            "opened_in_pretty_midi_mido_and_symusic": arguments.samples,
            "opened_in_music21": min(arguments.music21, arguments.samples),
            "scores_whose_bars_are_full": min(arguments.scores, arguments.samples),
            "whole": ended,
            "wrong": wrong.total(),
            "refused_wishes": refused,
            "by_encoding_and_wish": dict(sorted(kinds.items())),
        }
    )
    sys.exit(bool(wrong or wrong_within))


if __name__ == "__main__":
    main()
