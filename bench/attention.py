"""Attention, measured: what it costs, and on which tasks it wins at equal time.

    python bench/attention.py FOLDER [--minutes 2] [--only recall …]

FOLDER holds the data sets jsb, tinyshakespeare and multi30k. Cost: tokens a second of training at 2 × 256, T 128,
M 128, with attention and without, in turns in one process. Then each task is learned twice for the same time, with and
without attention, at the same moment, each on a core of its own (race.py):

    jsb          the chorales of chorales.py; nats a note
    text         characters of tiny Shakespeare, first 90 % / last 10 %; nats a character
    translation  Multi30k German → English as one sequence of words, 8 000 the commonest; nats an English word
    recall       keys with values, 500 steps of noise, then each key in another order: its value; nats a value; learned
                 from documents with 0 to 500 steps of noise, as no gradient goes back further than a segment
    motif        16 random tokens, 200 steps of noise, the same 16; nats a token of the second time

Recall and motif are new in every document. In these a model that remembers nothing pays ln 16 = 2.77 nats.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import median

import chorales
import numpy as np
from common import finish
from race import Run, Task, side_by_side, train

from seqgen import Example
from seqgen.corpus.storage.documents import Documents
from seqgen.corpus.storage.training_batches import TrainingBatches
from seqgen.engine.model import Model
from seqgen.engine.settings import ModelSettings, TrainingSettings
from seqgen.engine.training.trainer import Trainer
from seqgen.grammar import unconstrained

FIRST = 2
SYMBOLS = 16
ROUNDS, STEPS = 5, 30


def documents(examples: list[Example]) -> Documents:
    return Documents.from_examples([(one.ids, one.weights) for one in examples])


def task_of(parts: list[list[Example]], vocabulary: int) -> Task:
    train, valid, test = map(documents, parts)
    return Task(train, valid, test, unconstrained(vocabulary))


def jsb(folder: Path) -> Task:
    parts = chorales.splits(folder / "jsb")
    return Task(parts["train"], parts["valid"], parts["test"], chorales.positions(), chorales.transpose)


def text(folder: Path) -> Task:
    whole = (folder / "tinyshakespeare" / "input.txt").read_text(encoding="utf-8")
    ids = np.unique(list(whole), return_inverse=True)[1] + FIRST
    cut, size = int(0.9 * len(ids)), 10_000
    learned, held_out = (
        [Example.document(part[start : start + size], ends=False) for start in range(0, len(part), size)]
        for part in (ids[:cut], ids[cut:])
    )
    return task_of([learned, held_out, held_out], int(ids.max()) + 1)


def translation(folder: Path, most_words: int = 8000) -> Task:
    def lines(split: str, language: str) -> list[list[str]]:
        text = (folder / "multi30k" / f"{split}.{language}").read_text(encoding="utf-8")
        return [line.split() for line in text.splitlines()]

    counted = Counter(word for language in ("de", "en") for line in lines("train", language) for word in line)
    unknown, separator = FIRST, FIRST + 1
    number = {word: FIRST + 2 + rank for rank, (word, _) in enumerate(counted.most_common(most_words))}

    def pairs(split: str) -> list[Example]:
        made = []
        for source, target in zip(lines(split, "de"), lines(split, "en"), strict=True):
            given, told = ([number.get(word, unknown) for word in words] for words in (source, target))
            example = Example.document([*given, separator, *told])
            example.weights[: len(given) + 2] = 0
            made.append(example)
        return made

    return task_of([pairs(split) for split in ("train", "val", "test_2016_flickr")], FIRST + 2 + len(number))


def recall(folder: Path, pairs: int = 4, wait: int = 500) -> Task:
    """Keys are of one alphabet, values of another; noise is a token of its own."""
    keys, values, noise = FIRST, FIRST + SYMBOLS, FIRST + 2 * SYMBOLS

    def one(rng: np.random.Generator, learned: bool) -> Example:
        steps = rng.integers(wait + 1) if learned else wait
        chosen, answers = rng.permutation(SYMBOLS)[:pairs], rng.integers(SYMBOLS, size=pairs)
        shown = np.stack([keys + chosen, values + answers], 1)
        asked = shown[rng.permutation(pairs)]
        example = Example.document([*shown.ravel(), *[noise] * steps, *asked.ravel()], ends=False)
        example.weights[:] = 0
        example.weights[-2 * pairs + 1 :: 2] = 1
        return example

    return drawn(one, noise + 1)


def motif(folder: Path, length: int = 16, wait: int = 200) -> Task:
    noise = FIRST + SYMBOLS

    def one(rng: np.random.Generator, learned: bool) -> Example:
        tune = FIRST + rng.integers(SYMBOLS, size=length)
        example = Example.document([*tune, *[noise] * wait, noise + 1, *tune], ends=False)
        example.weights[:] = 0
        example.weights[-length:] = 1
        return example

    return drawn(one, noise + 2)


def drawn(one: Callable[[np.random.Generator, bool], Example], vocabulary: int) -> Task:
    """Documents that a training of some minutes hardly sees twice; `one` is told whether a document is learned from."""
    return task_of([[one(np.random.default_rng([seed, n]), seed == 0) for n in range(count)]
                    for seed, count in enumerate((8000, 64, 256))], vocabulary)  # fmt: skip


TASKS: dict[str, tuple[Callable[[Path], Task], int, int]] = {
    "jsb": (jsb, 128, 64),
    "text": (text, 128, 64),
    "translation": (translation, 64, 64),
    "recall": (recall, 640, 256),
    "motif": (motif, 256, 128),
}
"""Of each task: what makes it, how far attention looks back, and the length of a segment."""


def learn(folder: Path, name: str, attends: bool, seconds: float) -> Run:
    make, memory, segment = TASKS[name]
    model = ModelSettings(hidden_size=128, num_layers=1, attention_window=memory if attends else 0)
    run = train(make(folder), model, TrainingSettings(bptt_length=segment, dropout=0.1, num_evaluations=6), seconds)
    print(f"{name:12} {'with' if attends else 'without':8} test {run.test:.4f}  {run.steps} steps", flush=True)
    return run


def cost() -> dict[str, float]:
    """Tokens a second of training with attention as a share of those without, the medians of steps taken in turns."""
    grammar, steps, streams = unconstrained(65), 128, 32
    rng = np.random.default_rng(0)
    corpus = documents([Example.document(rng.integers(FIRST, 65, 5000)) for _ in range(64)])
    settings = TrainingSettings(batch_size=streams, bptt_length=steps)
    stream = TrainingBatches(corpus, grammar, batch_size=streams, bptt_length=steps, seed=0)
    trainers = {
        memory: Trainer(
            Model.new(ModelSettings(hidden_size=256, num_layers=2, attention_window=memory), grammar, 0), settings
        )
        for memory in (0, 128)
    }
    seconds: dict[int, list[float]] = {memory: [] for memory in trainers}
    for turn in range(ROUNDS + 1):
        for memory, trainer in trainers.items():
            begun = time.perf_counter()
            for step in range(STEPS):
                loss = trainer.step(stream.batch(step), 1e-3)
            float(loss)
            if turn:  # the first one compiles
                seconds[memory].append(time.perf_counter() - begun)
    without, attending = (median(seconds[memory]) for memory in (0, 128))
    return {"attention_cost": 1 - without / attending, "tokens_per_second_without": streams * steps * STEPS / without}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=2.0, help="of each training")
    parser.add_argument("--only", nargs="*", choices=["cost", *TASKS], default=["cost", *TASKS])
    arguments = parser.parse_args()
    figures: dict[str, float] = cost() if "cost" in arguments.only else {}
    names = [name for name in TASKS if name in arguments.only]
    jobs = [(arguments.folder, name, attends, 60 * arguments.minutes) for name in names for attends in (True, False)]
    runs = dict(zip([job[1:3] for job in jobs], side_by_side(learn, jobs, 2), strict=True))
    for name in names:
        attending, without = runs[name, True], runs[name, False]
        figures |= {f"{name}_nats_with": attending.test, f"{name}_nats_without": without.test}
        better = "attention wins" if attending.test < without.test else "attention loses"
        print(f"{name}: {attending.test:.4f} with, {without.test:.4f} without: {better}.")
    finish({**figures, "minutes": arguments.minutes})


if __name__ == "__main__":
    main()
