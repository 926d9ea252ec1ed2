"""Models that are trained for the same time, side by side: each in a process and on a core of its own.

What one is given, all are given: a core, one thread, and the training loop's own clock, which begins when everything is
compiled. Linux only, for only there a process can be held on a core.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import queue
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from statistics import median, variance
from typing import Any, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from seqgen.corpus.storage.documents import Documents
from seqgen.corpus.storage.evaluation_batches import evaluation_batches
from seqgen.corpus.storage.training_batches import Augment, Batch, TrainingBatches
from seqgen.engine.model import Model
from seqgen.engine.settings import ModelSettings, TrainingSettings
from seqgen.engine.training.loop import TrainingLoop
from seqgen.engine.training.progress import TrainingBudget, TrainingProgress
from seqgen.engine.training.trainer import Trainer
from seqgen.grammar import Grammar

LONGEST = 8192
"""Tokens of a held-out document that are read in one stream."""
STUDENT = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18)
"""Student's t at 97.5 % for 1, 2, … degrees of freedom."""


class Task(NamedTuple):
    """What is to be learned; the best model by `valid` is judged by `test`."""

    train: Documents
    valid: Documents
    test: Documents
    grammar: Grammar
    augment: Augment | None = None


class Run(NamedTuple):
    """What became of one training."""

    test: float
    """Nats a token."""
    valid: float
    """The best of the curve."""
    curve: list[tuple[float, float]]
    """(seconds, nats a token of `valid`) of each evaluation."""
    steps: int
    tokens_per_second: float
    """Of training, evaluations counted in the time."""


def train(task: Task, model_settings: ModelSettings, settings: TrainingSettings, seconds: float) -> Run:
    """Trains a new model for that long."""
    grammar, steps = task.grammar, settings.bptt_length
    trainer = Trainer(Model.new(model_settings, grammar, settings.seed), settings)
    stream = TrainingBatches(
        task.train, grammar, batch_size=settings.batch_size, bptt_length=steps, seed=settings.seed, augment=task.augment
    )

    def batches(documents: Documents) -> Iterator[Batch]:
        return (
            batch
            for batch, _ in evaluation_batches(
                documents, grammar, batch_size=settings.batch_size, bptt_length=steps, max_length=LONGEST
            )
        )

    curve: list[tuple[float, float]] = []
    best: dict[str, np.ndarray] = {}

    def tell(progress: TrainingProgress) -> None:
        if progress.is_evaluation and progress.held_out is not None:
            curve.append((progress.seconds, progress.held_out))

    with tempfile.TemporaryDirectory() as folder:
        loop = TrainingLoop(
            trainer, stream.batch, lambda: batches(task.valid), TrainingBudget(seconds=seconds), Path(folder),
            on_best=lambda weights, result, step: best.update(weights), report=tell,
        )  # fmt: skip
        compile_all(loop)
        final = loop.run()
        for name, weight in trainer.evaluated_model.weights.items():
            weight.assign(best[name])
        test = loop.evaluator.held_out_likelihood(batches(task.test)).nats
    valid, tokens = min(nats for _, nats in curve), final.step * settings.batch_size * steps
    return Run(test, valid, curve, final.step, tokens / seconds)


def compile_all(loop: TrainingLoop) -> None:
    """Makes TensorFlow compile a step and an evaluation, and leaves no trace in what is trained."""
    before = loop.trainer.tensors()
    float(loop.trainer.step(loop.segment_at(0), 0.0))
    loop.evaluator.held_out_likelihood(loop.held_out())
    loop.trainer.restore(before, 0)


def side_by_side(function: Callable[..., Any], jobs: Sequence[tuple], at_once: int) -> list[Any]:
    """function(*job) for every job in turn, `at_once` at a time, each in a new process that has a core to itself."""
    cores: queue.SimpleQueue[int] = queue.SimpleQueue()
    for core in sorted(os.sched_getaffinity(0))[:at_once]:
        cores.put(core)

    def hold() -> None:
        # Of this thread alone; the processes that it starts inherit it, and TensorFlow starts as many threads as cores.
        os.sched_setaffinity(0, {cores.get()})

    def alone(job: tuple) -> Any:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
            return process.submit(function, *job).result()

    with ThreadPoolExecutor(cores.qsize(), initializer=hold) as threads:
        return list(threads.map(alone, jobs))


def least_difference(groups: Sequence[Sequence[float]]) -> float:
    """Fisher's least significant difference at 5 %: means of two groups that differ by less may differ by chance.

    Each group holds the results of the same n seeds, and all are taken to vary alike: as the median of their variances
    says, for a variant that fails with one seed and not with another must not hide all differences. Infinite for one.
    """
    seeds = len(groups[0])
    if seeds < 2:
        return math.inf
    freedom = min(len(groups) * (seeds - 1), len(STUDENT))
    return STUDENT[freedom - 1] * math.sqrt(2 / seeds * median(variance(group) for group in groups))
