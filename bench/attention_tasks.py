"""What attention is tried on: three kinds of real data, and two made ones that ask for what stood long ago.

Recall: 8 pairs of key and value, 500 steps of something else, then each key again in another order; its value is asked
for (after Graves et al. 2014 and Ba et al. 2016, *Using Fast Weights to Attend to the Recent Past*). Copying: a motif
of 10 notes, 200 notes at random, a signal, and the motif again. Both are learned with gaps of all lengths up to those,
short ones more often, and judged at full length. Each attention reaches what is asked for, and so do the gradients.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import chorales
import numpy as np
from race import Task

from seqgen.corpus.store import Documents
from seqgen.domain import Example
from seqgen.engine.settings import SIZES
from seqgen.grammar import BOS, EOS, anything

FIRST = 2
"""The first id after BOS and EOS."""
RECALLED_AFTER, PAIRS, KEYS, VALUES, OTHERS = 500, 8, 16, 16, 8
COPIED_AFTER, MOTIF, NOTES = 200, 10, 16
SIGNAL = FIRST + NOTES
TRAINED, TESTED = 30_000, 128
WORDS = 8000


class Trial(NamedTuple):
    """A task, and the settings for it that are not the defaults."""

    task: Task
    attention_memory: int
    """M of the side that has attention."""
    model: dict[str, Any]
    training: dict[str, Any]


def jsb(data: Path) -> Trial:
    """M is four bars."""
    documents = chorales.splits(data / "jsb")
    task = Task(documents["train"], documents["valid"], documents["test"], chorales.positions(), chorales.transpose)
    return Trial(task, 4 * chorales.VOICES * chorales.SIXTEENTHS, SIZES["small"], {})


def tinyshakespeare(data: Path) -> Trial:
    """Characters; the first 90 % are learned, the rest is both validation and test."""
    text = (data / "tinyshakespeare" / "input.txt").read_text()
    ids = {character: FIRST + number for number, character in enumerate(sorted(set(text)))}
    cut = int(0.9 * len(text))
    train, held_out = (
        in_memory([Example.document([ids[character] for character in part], ends=False)])
        for part in (text[:cut], text[cut:])
    )
    return Trial(Task(train, held_out, held_out, anything(FIRST + len(ids))), 128, SIZES["small"], {})


def multi30k(data: Path) -> Trial:
    """A German sentence, a separator, the English one and EOS; only the English one and EOS are asked for."""
    unknown, separator, first = FIRST, FIRST + 1, FIRST + 2

    def pairs(split: str) -> list[tuple[list[str], list[str]]]:
        german, english = ((data / "multi30k" / f"{split}.{end}").read_text().splitlines() for end in ("de", "en"))
        return [(source.split(), target.split()) for source, target in zip(german, english, strict=True)]

    # One word in two languages is two words.
    counts = Counter(word for pair in pairs("train") for part in (0, 1) for word in ((part, one) for one in pair[part]))
    ids = {word: first + number for number, (word, _) in enumerate(counts.most_common(WORDS))}

    def example(source: list[str], target: list[str]) -> Example:
        german, english = (
            [ids.get((part, one), unknown) for one in words] for part, words in enumerate((source, target))
        )
        return asked([*german, separator], [*english, EOS])

    train, valid, test = (
        in_memory([example(*pair) for pair in pairs(split)]) for split in ("train", "val", "test_2016_flickr")
    )
    return Trial(Task(train, valid, test, anything(first + len(ids))), 64, SIZES["small"], {})


def recall(data: Path) -> Trial:
    first_value, first_other = FIRST + KEYS, FIRST + KEYS + VALUES

    def draw(random: np.random.Generator, gap: int) -> Example:
        pairs = np.stack([FIRST + random.permutation(KEYS)[:PAIRS], first_value + random.integers(0, VALUES, PAIRS)], 1)
        others = first_other + random.integers(0, OTHERS, gap)
        again = random.permutation(pairs)
        example = asked([*pairs.ravel(), *others], again.ravel())
        # The keys are given, not asked for.
        example.weights[-2 * PAIRS :: 2] = 0
        return example

    return made(draw, RECALLED_AFTER, first_other + OTHERS, 544)


def copying(data: Path) -> Trial:
    def draw(random: np.random.Generator, gap: int) -> Example:
        motif, others = (FIRST + random.integers(0, NOTES, length) for length in (MOTIF, gap))
        return asked([*motif, *others, SIGNAL], motif)

    return made(draw, COPIED_AFTER, SIGNAL + 1, 224)


def made(draw: Callable[[np.random.Generator, int], Example], gap: int, vocabulary: int, reach: int) -> Trial:
    """A trial on documents that are drawn; attention and gradients reach `reach` steps back."""
    random = np.random.default_rng(0)
    train = in_memory([draw(random, int(gap ** random.random())) for _ in range(TRAINED)])
    valid, test = (in_memory([draw(random, gap) for _ in range(TESTED)]) for _ in range(2))
    shape = {"width": 128, "layers": 1}
    settings = {"streams": 8, "segment": reach, "dropout": 0.0, "weight_decay": 0.0}
    return Trial(Task(train, valid, test, anything(vocabulary)), reach, shape, settings)


def asked(given: list[int], answer: list[int] | np.ndarray) -> Example:
    """A document of which only the answer counts."""
    ids = np.array([BOS, *given, *answer], np.int32)
    weights = np.zeros(len(ids), np.float32)
    weights[-len(answer) :] = 1
    return Example(ids, weights)


def in_memory(examples: list[Example]) -> Documents:
    return Documents.from_examples([(one.ids, one.weights) for one in examples])


TRIALS: dict[str, Callable[[Path], Trial]] = {
    "jsb": jsb,
    "tinyshakespeare": tinyshakespeare,
    "multi30k": multi30k,
    "recall": recall,
    "copying": copying,
}
RECALLING = ("recall", "copying")
