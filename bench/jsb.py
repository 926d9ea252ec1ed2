"""Bach chorales as the literature models them: test nats a note after some minutes of training.

    python bench/jsb.py FOLDER [--minutes 10 | --steps N] [--set NAME=VALUE …] [--without-coordinates] [--conditions]
                        [--harmonise [--pieces 77]]

FOLDER and the task are those of chorales.py. What is reported is the best model by validation, once, on test. --set
changes settings of training, as that of `seqgen train` does. --steps compares two of them on a machine that others use.

With --conditions the model is shown some voices ahead in some of the training pieces (layers/conditions.py); nothing
is shown for the figures of validation and test.

With --harmonise the sopranos of the test pieces are given then, and the other voices found (harmonising.py).

Published, same data and convention: Transformer with RoPE 0.508, PoPE 0.489 (figures quoted from the PoPE paper).
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import chorales
import numpy as np
from common import finish
from harmonising import harmonise

from seqgen.corpus.storage.evaluation_batches import evaluation_batches
from seqgen.corpus.storage.training_batches import TrainingBatches
from seqgen.engine.model import Model
from seqgen.engine.scoring.evaluation import Evaluator
from seqgen.engine.settings import SIZES, ModelSettings, TrainingSettings
from seqgen.engine.training.loop import TrainingLoop
from seqgen.engine.training.progress import TrainingBudget, TrainingProgress
from seqgen.engine.training.trainer import Trainer
from seqgen.workflows.reports.baselines import baseline_nats

PUBLISHED = {"transformer_rope_nats": 0.508, "transformer_pope_nats": 0.489}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--steps", type=int, help="train so many steps, however long they take")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of training")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--without-coordinates", action="store_true", help="leave out the intervals to notes before")
    parser.add_argument("--conditions", action="store_true", help="train with some voices known ahead")
    parser.add_argument("--harmonise", action="store_true", help="also find three voices for each soprano of the test")
    parser.add_argument("--pieces", type=int, default=77, help="so many of the test pieces are harmonised")
    arguments = parser.parse_args()
    splits, grammar = chorales.splits(arguments.folder), chorales.positions()
    counted = baseline_nats(splits["train"], splits["test"], grammar, chorales.VOICES)
    print(f"bigram of the same voice: {counted['bigram']:.4f} nats a note on test")

    changed = dict(one.split("=", 1) for one in arguments.set)
    training = TrainingSettings(**{"seed": arguments.seed, **changed})
    settings = ModelSettings(
        **SIZES["small"], coordinates=not arguments.without_coordinates, condition_size=64 * arguments.conditions
    )
    conditions = chorales.voices_ahead() if arguments.conditions else None
    model = Model.new(settings, grammar, arguments.seed, chorales.previous_notes(), conditions)
    stream = TrainingBatches(
        splits["train"], grammar, batch_size=training.batch_size, bptt_length=training.bptt_length, seed=training.seed,
        augment=chorales.transpose, conditions=conditions, show_conditions=chorales.show_voices,
    )  # fmt: skip

    def batches(split: str):
        return (batch for batch, _ in evaluation_batches(splits[split], grammar, batch_size=16, bptt_length=64))

    best: dict[str, np.ndarray] = {}

    def tell(progress: TrainingProgress) -> None:
        if progress.is_evaluation:
            print(f"{progress.seconds:4.0f} s  step {progress.step:6}  loss {progress.loss:.4f}  valid "
                  f"{progress.held_out:.4f}  {progress.tokens_per_second:,.0f} notes/s", flush=True)  # fmt: skip

    with tempfile.TemporaryDirectory() as folder:
        loop = TrainingLoop(
            Trainer(model, training), stream.batch, lambda: batches("valid"),
            TrainingBudget(arguments.steps, None if arguments.steps else 60 * arguments.minutes), Path(folder),
            on_best=lambda weights, result, step: best.update(weights), report=tell,
        )  # fmt: skip
        final = loop.run()
    trained = Model(model.settings, best, grammar, model.registers, conditions)
    chosen = Evaluator(trained)
    found = {}
    if arguments.harmonise:
        found = harmonise(trained, splits["train"], splits["test"], arguments.pieces, arguments.seed)
    finish(
        {
            "test_nats": chosen.held_out_likelihood(batches("test")).nats,
            "valid_nats": chosen.held_out_likelihood(batches("valid")).nats,
            "bigram_nats": counted["bigram"],
            "unigram_nats": counted["unigram"],
            **PUBLISHED,
            **found,
            "minutes": final.seconds / 60,
            "steps": final.step,
        }
    )


if __name__ == "__main__":
    main()
