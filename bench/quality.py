"""Are samples like the data, without being copies of it? Musical statistics, and the longest copied passages.

    python bench/quality.py [MODEL] [--minutes 10] [--samples 200] [--set parallels=0] [--temperature 1] [--min-p 0]

Without --temperature and --min-p, samples are drawn as the domain recommends.

MODEL is a run of the domain `midi`, or a bundle that was trained on bach-chorales; without one such a model is trained.
`overlap_samples` is, on average over all statistics, the overlapped area (Yang & Lerch, 2018) of held-out pieces with
samples; `overlap_halves` is that of two disjoint halves of the whole corpus, which is what can be reached.
`copied_samples` is how many tokens the longest passage of a sample has that stands in a training piece, in any key:
mean and most; `copied_held_out` is that of held-out pieces, each cut to the length of a sample. `part_writing` is
[samples, held-out pieces, whole corpus]: see seqgen_midi/metrics/voice_leading.py.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from common import finish

import seqgen
from seqgen.corpus.storage.store import SPLITS, Corpus
from seqgen.models.bundle import SETTINGS_FILE
from seqgen.models.run_settings import RunSettings
from seqgen.workflows.evaluate import copied_passages
from seqgen.workflows.reports.copied_passages import CopiedPassage

RECIPE = "bach-chorales"


def overlaps(domain: seqgen.Domain, real: list[Any], made: list[Any]) -> dict[str, float]:
    """Returns the overlapped area of each statistic."""
    told = domain.metrics.compare([seqgen.Record(item) for item in real], [seqgen.Record(item) for item in made])
    return {name.removesuffix(", overlap"): value for name, value in told.items() if name.endswith(", overlap")}


def lengths(copies: list[CopiedPassage]) -> list[float]:
    found = [copy.length for copy in copies]
    return [round(float(np.mean(found)), 1), max(found)]


def corpus_of(model: Path, folder: Path) -> Corpus:
    """Returns the corpus of a run; for a bundle, which has none, the recipe's, built in `folder`."""
    if (model / SETTINGS_FILE).is_file():
        return Corpus.open(model / RunSettings.read(model).corpus)
    return seqgen.build([RECIPE], folder / "corpus")


def part_writing(domain: seqgen.Domain, sides: list[list[Any]]) -> dict[str, list[float]]:
    """Returns the densities and shares of part-writing of each side, by name; a domain without voices has none."""
    measured = [domain.metrics.compare([], [seqgen.Record(item) for item in side]) for side in sides]
    names = [name for name in measured[-1] if name.endswith(("16ths, samples", "closes, samples", "soprano, samples"))]
    return {
        name.removesuffix(", samples"): [round(side.get(name, float("nan")), 3) for side in measured] for name in names
    }


def judge(
    model: Path, corpus: Corpus, samples: int, seed: int, constraints: dict[str, str], chosen: dict[str, float]
) -> dict[str, Any]:
    trained = seqgen.load(model)
    options = trained.sampling_options(**chosen)
    domain = trained.domain
    pieces = {}
    for split in SPLITS:
        documents = corpus.documents(split)
        pieces[split] = [domain.decode(documents[number][0]) for number in range(len(documents))]
    every = [piece for split in SPLITS for piece in pieces[split]]
    order = np.random.default_rng(seed).permutation(len(every))
    first, second = ([every[number] for number in half.tolist()] for half in np.array_split(order, 2))
    held_out = pieces["test"] or pieces["valid"]
    made = trained.sample(samples, seed=seed, constraints=constraints, options=options)
    copies, expected = copied_passages(domain, corpus, [sample.ids for sample in made])
    by_samples = overlaps(domain, held_out, [sample.item for sample in made])
    by_halves = overlaps(domain, first, second)
    shared = [name for name in by_halves if name in by_samples]
    faults = part_writing(domain, [[sample.item for sample in made], held_out, every])
    return {
        "parallels": faults.get("parallel fifths and octaves per 100 16ths", [float("nan")])[0],
        "closes": faults.get("closes", [float("nan")])[0],
        "overlap_samples": float(np.mean([by_samples[name] for name in shared])),
        "overlap_halves": float(np.mean([by_halves[name] for name in shared])),
        "by_statistic": {name: [round(by_samples[name], 3), round(by_halves[name], 3)] for name in shared},
        "part_writing": faults,
        "constraints": constraints,
        "temperature": options.temperature,
        "min_p": options.min_p,
        "copied_samples": lengths(copies),
        "copied_held_out": lengths(expected),
        "samples": samples,
        "held_out": len(held_out),
        "tokens_a_sample": float(np.mean([len(sample.ids) for sample in made])),
        "held_out_nats": trained.bundle.config["result"]["held_out_nats"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, nargs="?")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a constraint on the samples")
    parser.add_argument("--temperature", type=float)
    parser.add_argument("--min-p", type=float)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = arguments.model or Path(folder) / "run"
        if arguments.model is None:
            seqgen.train([RECIPE], model, minutes=arguments.minutes)
        constraints = dict(pair.split("=", 1) for pair in arguments.set)
        asked = {"temperature": arguments.temperature, "min_p": arguments.min_p}
        chosen = {name: value for name, value in asked.items() if value is not None}
        corpus = corpus_of(model, Path(folder))
        finish(judge(model, corpus, arguments.samples, arguments.seed, constraints, chosen))


if __name__ == "__main__":
    main()
