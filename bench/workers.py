"""Do two workers train like one, repeat to the bit, survive being killed, and what does their talking cost?

    python bench/workers.py [--kills 10] [--steps 200] [--seed 0]

Two processes of this machine train on made-up documents with 2 × B/2 streams, and one process with B. `curve_error` is
the largest difference of the loss over the steps; `identical` says whether a second run of two workers had the same
bits. Then one of the workers, in turn, gets SIGKILL at a random moment, and the run is resumed, again and again; in the
end its weights are compared bit for bit with those of the run that nobody touched. `stop_seconds` is how long the other
worker ran on. `step_ms_…` is the time of a step of two workers, `alone_ms_…` that of one process with the same cores,
`sums_ms_…` the time of the sums over workers without anything else, and `predicted_ms_…` the sum of the two, as in the
model of docs/scaling.md. `share_…` is the part of a step that goes into sums over workers, with segments of 64 steps
and 16 streams in all; `share_averaged_…` is the same with `average_every` of 16.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from common import finish, median_seconds

SIZES = ((1, 128), (2, 256), (2, 512))
AVERAGE_EVERY = 16


def child(task: str, folder: Path, rank: int, addresses: list[str], steps: int) -> None:
    """One worker process. `task` is "train" or "share"."""
    from seqgen.engine.worker_group import WorkerGroup, WorkerLost, connect

    group = connect(addresses, rank) if addresses else WorkerGroup()
    if task == "share":
        for layers, units in SIZES:
            share(group, layers, units)
        os._exit(0)
    print("begins", flush=True)
    try:
        for number in range(2 if task == "twice" else 1):
            train(folder / str(number), group, steps)
    except WorkerLost as lost:
        print("lost", lost, flush=True)
    os._exit(0)


def train(folder: Path, group: Any, steps: int) -> None:
    """Trains or resumes; the chief leaves weights and losses in `folder`.npz."""
    from seqgen import Example
    from seqgen.corpus.storage.documents import Documents
    from seqgen.corpus.storage.evaluation_batches import evaluation_batches
    from seqgen.corpus.storage.training_batches import TrainingBatches
    from seqgen.engine.model import Model
    from seqgen.engine.settings import ModelSettings, TrainingSettings
    from seqgen.engine.training import loop
    from seqgen.engine.training.checkpoint import newest_checkpoint
    from seqgen.engine.training.progress import TrainingBudget
    from seqgen.engine.training.trainer import Trainer
    from seqgen.files import remove_unfinished
    from seqgen.grammar import unconstrained

    loop.CHECKPOINT_SECONDS = 0.2
    grammar, random = unconstrained(20), np.random.default_rng(0)
    examples = [Example.document(np.cumsum(random.integers(0, 4, 90)) % 18 + 2) for _ in range(40)]
    stored = Documents.from_examples([(one.ids, one.weights) for one in examples])
    settings = TrainingSettings(batch_size=8, bptt_length=16, dropout=0.2, num_evaluations=10)
    trainer = Trainer(Model.new(ModelSettings(hidden_size=64, num_layers=1), grammar, 0), settings, group)
    batches = TrainingBatches(stored, grammar, batch_size=8, bptt_length=16, seed=0, streams=trainer.streams)
    losses: list[float] = []

    def step(segment: Any, progress: float, make_step: Any = trainer.step) -> Any:
        loss = make_step(segment, progress)
        losses.append(float(loss))
        print("step", trainer.step_number, flush=True)
        return loss

    trainer.step = step  # type: ignore[method-assign]
    training = loop.TrainingLoop(
        trainer, batches.batch,
        lambda: (batch for batch, _ in evaluation_batches(
            stored, grammar, batch_size=8, bptt_length=16, streams=trainer.streams)),
        TrainingBudget(steps=steps), folder,
        on_best=lambda weights, result, step: None, report=lambda progress: None,
    )  # fmt: skip
    if group.is_chief:
        remove_unfinished(folder)
    newest = newest_checkpoint(folder)
    group.sum_numbers([0.0])  # Nobody writes a checkpoint before all have read the newest one.
    if newest:
        training.resume(newest)
    training.run()
    tensors = trainer.tensors()
    if group.is_chief:
        named = {name.replace("/", "."): value for name, value in tensors.items()}
        np.savez(f"{folder}.npz", losses=losses, **named)  # type: ignore[arg-type]


def share(group: Any, layers: int, units: int) -> None:
    """Prints the time of a step and of its sums."""
    import tensorflow as tf

    from seqgen.engine.model import Model
    from seqgen.engine.segment import DocumentSegment
    from seqgen.engine.settings import ModelSettings, TrainingSettings
    from seqgen.engine.training.trainer import Trainer
    from seqgen.grammar import unconstrained

    model = Model.new(ModelSettings(hidden_size=units, num_layers=layers), unconstrained(300), 0)
    trainer = Trainer(model, TrainingSettings(), group)
    ids = np.random.default_rng(group.rank).integers(2, 300, (65, len(trainer.streams))).astype(np.int32)
    segment = DocumentSegment(ids[:-1], ids[1:], np.ones(ids[1:].shape, np.float32), np.zeros_like(ids[1:]))
    shapes = [tuple(model.weights[name].shape) for name in trainer.trainable_names]
    gradients = [tf.zeros(shape) for shape in shapes]

    def sums() -> tuple[list[tf.Tensor], list[tf.Tensor]]:
        return group.sum("weight", [tf.constant(1.0)]), group.sum("vector", [tf.constant(0.0), *gradients])

    summed = tf.function(sums, autograph=False)
    step = median_seconds(lambda: float(trainer.step(segment, 0.0)), 15)
    talk = median_seconds(lambda: (summed(), group.sum_numbers([0.0] * 5)), 15)
    print("share", f"{layers}x{units}", step, talk, 4 * sum(int(np.prod(shape)) for shape in shapes), flush=True)


@contextmanager
def two_workers(task: str, folder: Path, steps: int) -> Iterator[list[subprocess.Popen[str]]]:
    """Starts two workers, and kills what is left of them at the end."""
    with socket.socket() as one, socket.socket() as other:
        for each in (one, other):
            each.bind(("127.0.0.1", 0))
        addresses = ",".join(f"127.0.0.1:{each.getsockname()[1]}" for each in (one, other))
    processes = [start(task, folder, rank, addresses, steps) for rank in range(2)]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def start(task: str, folder: Path, rank: int, addresses: str, steps: int) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, "--child", task, str(folder), str(rank), addresses, "--steps", str(steps)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def kill_one(folder: Path, steps: int, victim: int, after: int, delay: float) -> float | None:
    """Starts or resumes two workers, and kills one of them `delay` seconds after so many steps.

    Returns how long the other one ran on, or None if the run ended before.
    """
    with two_workers("train", folder, steps) as processes:
        output, made = processes[victim].stdout, 0
        assert output is not None
        for line in output:
            made += line.startswith("step")
            if made == after:
                break
        else:
            return None
        time.sleep(delay)
        processes[victim].send_signal(signal.SIGKILL)
        killed = time.monotonic()
        said = processes[1 - victim].communicate(timeout=120)[0]
        seconds = time.monotonic() - killed
        last = said.splitlines()[-1]
        if processes[victim].wait() == 0:
            return None
        assert last.startswith(f"lost Worker {victim} "), last
        return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        task, name, rank, addresses = arguments.child
        child(task, Path(name), int(rank), addresses.split(",") if addresses else [], arguments.steps)
        return
    figures: dict[str, Any] = {"steps": arguments.steps}
    random = np.random.default_rng(arguments.seed)
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        whole = start("train", root / "alone", 0, "", arguments.steps)
        whole.communicate()
        assert whole.returncode == 0
        with two_workers("twice", root / "two", arguments.steps) as processes:
            for process in processes:
                process.communicate()
        one, two, repeated = (np.load(root / f"{name}/{number}.npz") for name, number in
                              (("alone", 0), ("two", 0), ("two", 1)))  # fmt: skip
        figures["curve_error"] = float(np.abs(one["losses"] - two["losses"]).max())
        figures["identical"] = all(two[name].tobytes() == repeated[name].tobytes() for name in two.files)
        print(figures, flush=True)
        seconds: list[float] = []
        reached = 0
        while len(seconds) < arguments.kills:
            # Moments all over the run: between two kills, a tenth of the steps on average.
            share = (arguments.steps - reached) // (arguments.kills - len(seconds) + 1)
            after = int(random.integers(1, max(2, 2 * share)))
            ended = kill_one(root / "killed", arguments.steps, len(seconds) % 2, after, float(random.uniform(0, 0.05)))
            if ended is None:
                break
            seconds.append(ended)
            newest = max((root / "killed" / "0").glob("step-*"))
            reached = int(newest.stem.removeprefix("step-"))
            print(f"kill {len(seconds)} after {after} steps: the other worker stopped after {ended:.1f} s, newest "
                  f"checkpoint {reached}", flush=True)  # fmt: skip
        with two_workers("train", root / "killed", arguments.steps) as processes:
            for process in processes:
                process.communicate()
        killed = np.load(root / "killed" / "0.npz")
        names = [name for name in two.files if name != "losses"]
        figures["resumed_identical"] = all(two[name].tobytes() == killed[name].tobytes() for name in names)
        figures |= {"kills": len(seconds), "stop_seconds": max(seconds, default=0.0)}
        print(figures, flush=True)
        single = start("share", root, 0, "", 0).communicate()[0]
        with two_workers("share", root, 0) as processes:
            said = processes[0].communicate()[0]
        alone_ms = {line.split()[1]: 1000 * float(line.split()[2]) for line in single.splitlines() if "share" in line}
        for line in said.splitlines():
            if line.startswith("share"):
                _, size, step, talk, size_bytes = line.split()
                figures[f"step_ms_{size}"], figures[f"sums_ms_{size}"] = 1000 * float(step), 1000 * float(talk)
                figures[f"alone_ms_{size}"] = alone_ms[size]
                figures[f"predicted_ms_{size}"] = alone_ms[size] + 1000 * float(talk)
                figures[f"share_{size}"] = float(talk) / float(step)
                local = float(step) - float(talk)
                averaged = 3 * float(talk) / AVERAGE_EVERY  # weights and two moments
                figures[f"share_averaged_{size}"] = averaged / (local + averaged)
                figures[f"megabytes_{size}"] = int(size_bytes) / 1e6
    finish(figures)


if __name__ == "__main__":
    main()
