"""A training run that writes a checkpoint after every step; test_killed.py starts it, kills it and continues it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from engine import toys
from seqgen.corpus.storage.documents import Documents
from seqgen.corpus.storage.evaluation_batches import evaluation_batches
from seqgen.corpus.storage.training_batches import TrainingBatches
from seqgen.engine.model import Model
from seqgen.engine.settings import ModelSettings, TrainingSettings
from seqgen.engine.training import loop as training_loop
from seqgen.engine.training.checkpoint import newest_checkpoint
from seqgen.engine.training.progress import TrainingBudget, TrainingProgress
from seqgen.engine.training.trainer import Trainer
from seqgen.files import remove_unfinished

STEPS = 60


def train(
    folder: Path, report: Callable[[TrainingProgress], None] = lambda progress: None
) -> tuple[int, dict[str, np.ndarray]]:
    """Trains until the end, from the newest checkpoint in `folder` if there is one.

    Returns the step that training begins with, and the weights at the end.
    """
    grammar = toys.turns()
    stored = Documents.from_examples([(ids, np.r_[0, np.ones(len(ids) - 1)]) for ids in toys.documents(30)])
    training = TrainingSettings(batch_size=4, bptt_length=8, dropout=0.2, num_evaluations=5)
    trainer = Trainer(Model.new(ModelSettings(hidden_size=16, num_layers=1), grammar, 0), training)
    stream = TrainingBatches(stored, grammar, batch_size=4, bptt_length=8, seed=0)
    loop = training_loop.TrainingLoop(
        trainer,
        stream.batch,
        lambda: (batch for batch, _ in evaluation_batches(stored, grammar, batch_size=4, bptt_length=8)),
        TrainingBudget(steps=STEPS),
        folder,
        on_best=lambda weights, result, step: None,
        report=report,
    )
    remove_unfinished(folder)
    checkpoint = newest_checkpoint(folder)
    if checkpoint:
        loop.resume(checkpoint)
    first_step = trainer.step_number
    loop.run()
    return first_step, trainer.model.numpy_weights()


if __name__ == "__main__":
    training_loop.CHECKPOINT_SECONDS = 0.0
    train(Path(sys.argv[1]), lambda progress: print(progress.step, flush=True))
