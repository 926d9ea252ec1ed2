"""Do intervals help beyond chorales? Bits a second of music with coordinates and without, after equal time.

    python bench/pieces.py FOLDER [--encodings score performance] [--minutes 4 | --steps N] [--seeds 3]
                           [--set NAME=VALUE …]

FOLDER holds MIDI files, such as those of pop909. Each encoding has one corpus. Models with coordinates and models
without take turns, so that a noisy minute falls on both. What is reported is the best model by validation, once, on
test: `…_bits` is [mean, least, most] over the seeds. Bits a second count everything that a document says, and compare
only models of one encoding.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from pathlib import Path

from common import finish

import seqgen
from seqgen.corpus.storage.evaluation_batches import evaluation_batches
from seqgen.corpus.storage.store import Corpus
from seqgen.engine.scoring.evaluation import Evaluator
from seqgen.workflows.trained_model import TrainedModel


def bits_a_second(trained: TrainedModel, corpus: Corpus) -> float:
    documents, domain = corpus.documents("test"), trained.domain
    batches = evaluation_batches(documents, trained.model.grammar, batch_size=16, bptt_length=64)
    likelihood = Evaluator(trained.model).held_out_likelihood(batch for batch, _ in batches)
    pieces = (domain.decode(documents[number][0]) for number in range(len(documents)))
    seconds: list[float] = [domain.metrics.sizes(piece)["second"] for piece in pieces]
    return likelihood.nats * likelihood.tokens / math.log(2) / sum(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--encodings", nargs="+", default=["score", "performance"])
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--steps", type=int, help="train so many steps, however long they take")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of training")
    arguments = parser.parse_args()
    changed = dict(one.split("=", 1) for one in arguments.set)
    limit = {"steps": arguments.steps} if arguments.steps else {"minutes": arguments.minutes}
    figures: dict[str, object] = {}
    for encoding in arguments.encodings:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "corpus"
            corpus = seqgen.build([arguments.folder], path, domain="midi", settings={"encoding": encoding})
            found: dict[bool, list[float]] = {False: [], True: []}
            for seed in range(arguments.seeds):
                for coordinates in found:
                    trained = seqgen.train(
                        [path], Path(folder) / f"{seed}-{coordinates}", **limit,
                        settings={"coordinates": coordinates, "seed": seed, **changed},
                    )  # fmt: skip
                    bits = bits_a_second(trained, corpus)
                    found[coordinates].append(bits)
                    print(f"{encoding}, seed {seed}, coordinates {coordinates}: {bits:.3f}", flush=True)
        for coordinates, name in ((False, "without"), (True, "with")):
            values = found[coordinates]
            figures[f"{encoding}_{name}_bits"] = [
                round(value, 3) for value in (sum(values) / len(values), min(values), max(values))
            ]
    finish({**figures, **limit, "seeds": arguments.seeds})


if __name__ == "__main__":
    main()
