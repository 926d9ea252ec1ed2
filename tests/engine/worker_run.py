"""One of two workers that train a tiny model together; started by test_worker_group.py.

First both train to the end. Then they train again in another folder, and worker 1 kills itself on the way.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
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
from seqgen.engine.training.progress import TrainingBudget
from seqgen.engine.training.trainer import Trainer
from seqgen.engine.worker_group import WorkerGroup, WorkerLost, connect

STEPS, KILLED_AT = 20, 14


def new_trainer(workers: WorkerGroup) -> Trainer:
    """Returns the trainer of an untrained model."""
    settings = TrainingSettings(
        batch_size=4, bptt_length=8, dropout=0.2, num_evaluations=2, activation_regularization=0.1, ema_decay=0.9
    )
    model = Model.new(ModelSettings(hidden_size=16, num_layers=1, attention_window=4), toys.turns(), 0)
    return Trainer(model, settings, workers)


def train(folder: Path, trainer: Trainer, losses: list[float], kill_at: int | None = None) -> dict[str, np.ndarray]:
    """Begins or resumes a run in `folder`, and adds the loss of each step to `losses`. Returns its weights."""
    grammar = toys.turns()
    stored = Documents.from_examples([(ids, np.r_[0, np.ones(len(ids) - 1)]) for ids in toys.documents(30)])
    make_step = functools.partial(Trainer.step, trainer)
    stream = TrainingBatches(stored, grammar, batch_size=4, bptt_length=8, seed=0, streams=trainer.streams)

    def step(segment, progress):
        if trainer.step_number == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        loss = make_step(segment, progress)
        losses.append(float(loss))
        return loss

    trainer.step = step
    loop = training_loop.TrainingLoop(
        trainer, stream.batch,
        lambda: (batch for batch, _ in evaluation_batches(
            stored, grammar, batch_size=4, bptt_length=8, streams=trainer.streams
        )),
        TrainingBudget(steps=STEPS), folder,
        on_best=lambda weights, result, step: None, report=lambda progress: None,
    )  # fmt: skip
    checkpoint = newest_checkpoint(folder)
    if checkpoint:
        loop.resume(checkpoint)
    loop.run()
    return {"held_out": np.array(loop.best_nats), **trainer.tensors()}


def main(folder: Path, rank: int, addresses: list[str]) -> None:
    workers = connect(addresses, rank)
    losses: list[float] = []
    trainer = new_trainer(workers)
    untrained = trainer.tensors()
    trained = train(folder / "whole", trainer, losses)
    np.savez(folder / f"whole-{rank}.npz", losses=losses, **trained)
    # The same trainer begins again, because compiling takes most of the time.
    trainer.restore(untrained, 0)
    losses = []
    try:
        train(folder / "killed", trainer, losses, KILLED_AT if rank == 1 else None)
    except WorkerLost as error:
        np.save(folder / "killed.npy", losses)
        print(error, flush=True)
    os._exit(0)  # TensorFlow would wait for the worker that is gone.


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3].split(","))
