"""Does a run that is killed again and again end in the weights of one that is left alone?

    python bench/resume.py [--kills 20] [--seed 0]

A small model is trained on made-up documents, in a process of its own that writes checkpoints all the time. SIGKILL
ends it at random moments: one time in three wherever it is, one time in three when half of a checkpoint has been
written (the writing is slowed down for that), one time in three when all of it has been written but it has not got its
name yet. After every fourth kill the newest checkpoint is cut short at a random byte. Each time the run is resumed; in
the end its weights are compared bit for bit with those of a run that nobody touched. `steps_lost` is what each kill
cost; with a checkpoint cut short it is more.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PosixPath
from typing import NamedTuple

import numpy as np
from common import finish

STEPS, FARTHEST = 100, 80
"""For each kill: how long the whole run is, and after how many steps at most the kill comes."""
CHECKPOINT_SECONDS, WRITING_SECONDS = 0.05, 0.03
KINDS = ("any moment", "half written", "not yet named")


def train(folder: Path, out: Path, steps: int) -> None:
    """The process that is killed: says each step, and each checkpoint that it is about to finish."""
    from seqgen import Example
    from seqgen.corpus.storage.documents import Documents
    from seqgen.corpus.storage.evaluation_batches import evaluation_batches
    from seqgen.corpus.storage.training_batches import TrainingBatches
    from seqgen.engine.model import Model
    from seqgen.engine.settings import ModelSettings, TrainingSettings
    from seqgen.engine.training import checkpoint, loop
    from seqgen.engine.training.progress import TrainingBudget
    from seqgen.engine.training.trainer import Trainer
    from seqgen.files import remove_unfinished
    from seqgen.grammar import unconstrained

    checkpoint.atomic_write = slowly(checkpoint.atomic_write)
    loop.CHECKPOINT_SECONDS = CHECKPOINT_SECONDS
    grammar, random = unconstrained(20), np.random.default_rng(0)
    examples = [Example.document(np.cumsum(random.integers(0, 4, 90)) % 18 + 2) for _ in range(40)]
    stored = Documents.from_examples([(one.ids, one.weights) for one in examples])
    settings = TrainingSettings(batch_size=8, bptt_length=16, dropout=0.2, num_evaluations=10)
    model = Model.new(ModelSettings(hidden_size=64, num_layers=1, attention_window=16), grammar, 0)
    trainer = Trainer(model, settings)
    stream = TrainingBatches(
        stored, grammar, batch_size=settings.batch_size, bptt_length=settings.bptt_length, seed=settings.seed
    )
    training = loop.TrainingLoop(
        trainer, stream.batch,
        lambda: (batch for batch, _ in evaluation_batches(stored, grammar, batch_size=8, bptt_length=16)),
        TrainingBudget(steps=steps), folder,
        on_best=lambda weights, result, step: None, report=lambda progress: print("step", progress.step, flush=True),
    )  # fmt: skip
    remove_unfinished(folder)
    newest = checkpoint.newest_checkpoint(folder)
    if newest:
        training.resume(newest)
    print("begins", trainer.step_number, flush=True)
    training.run()
    np.savez(out, **{name.replace("/", "."): value for name, value in model.numpy_weights().items()})  # type: ignore[arg-type]


class SlowPath(PosixPath):
    """A file that is written half, then the rest; it says so."""

    def write_bytes(self, content: bytes) -> int:  # type: ignore[override]
        with open(self, "wb") as file:
            for part, said in ((content[: len(content) // 2], KINDS[1]), (content[len(content) // 2 :], KINDS[2])):
                file.write(part)
                file.flush()
                print(said, flush=True)
                time.sleep(WRITING_SECONDS)
        return len(content)


def slowly(atomic_write):
    """The same, but time passes while a checkpoint is written, so that a kill finds it in every state."""

    @contextmanager
    def write(path: Path) -> Iterator[Path]:
        with atomic_write(path) as temporary:
            yield SlowPath(temporary)

    return write


class Ended(NamedTuple):
    """How one process went."""

    began: int
    reached: int
    finished: bool


def run(folder: Path, out: Path, steps: int, *, kind: str = "", after: int = 0, delay: float = 0.0) -> Ended:
    """Starts or resumes a run; kills it `delay` seconds after it has made `after` steps and then said `kind`."""
    command = [sys.executable, __file__, "--child", str(folder), str(out), str(steps)]
    began = reached = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        # What it had said before it died still stands in the pipe.
        for line in process.stdout:
            said, number = line.rstrip("\n"), line.split()[-1]
            if said.startswith("begins"):
                began = reached = int(number)
            elif said.startswith("step"):
                reached = int(number)
            if kind and reached >= began + after and (said == kind or kind == KINDS[0]):
                time.sleep(delay)
                process.kill()
                kind = ""
    if process.returncode not in (0, -9):
        raise SystemExit("the training process failed by itself; what it said stands above")
    return Ended(began, reached, process.returncode == 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        folder, out, steps = arguments.child
        train(Path(folder), Path(out), int(steps))
        return
    random, steps = np.random.default_rng(arguments.seed), STEPS * arguments.kills
    lost: list[int] = []
    writing = truncated = 0
    with tempfile.TemporaryDirectory() as temporary:
        straight, folder = Path(temporary) / "straight", Path(temporary) / "killed"
        begun = time.monotonic()
        assert run(straight, straight.with_suffix(".npz"), steps).finished
        print(f"{steps} steps left alone: {time.monotonic() - begun:.0f} s", flush=True)
        killed_out, reached = folder.with_suffix(".npz"), 0
        for number in range(arguments.kills):
            after, delay = int(random.integers(1, FARTHEST)), float(random.uniform(0, WRITING_SECONDS / 2))
            kind = KINDS[number % len(KINDS)]
            ended = run(folder, killed_out, steps, kind=kind, after=after, delay=delay)
            if ended.finished:
                raise SystemExit("the run ended before it could be killed")
            if number:
                lost.append(reached - ended.began)
            reached = ended.reached
            in_writing = bool(list(folder.glob(".unfinished-*")))
            writing += in_writing
            cut = number % 4 == 3 and truncate_newest(folder, random)
            truncated += cut
            more = f"{', in the writing' if in_writing else ''}{', then cut short' if cut else ''}"
            print(f"kill {number + 1}: began at {ended.began}, reached {reached}; {kind}{more}", flush=True)
        last = run(folder, killed_out, steps)
        assert last.finished
        lost.append(reached - last.began)
        one, other = np.load(straight.with_suffix(".npz")), np.load(killed_out)
        identical = one.files == other.files and all(one[name].tobytes() == other[name].tobytes() for name in one.files)
    finish(
        {
            "identical": identical,
            "kills": len(lost),
            "steps_lost": lost,
            "kills_in_checkpoint": writing,
            "truncated": truncated,
            "steps": steps,
            "seconds": time.monotonic() - begun,
        }
    )


def truncate_newest(folder: Path, random: np.random.Generator) -> bool:
    """Cuts the newest checkpoint at a random byte; False when there is none."""
    checkpoints = sorted(folder.glob("step-*.safetensors"))
    if checkpoints:
        os.truncate(checkpoints[-1], int(random.integers(checkpoints[-1].stat().st_size)))
    return bool(checkpoints)


if __name__ == "__main__":
    main()
