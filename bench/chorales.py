"""Bach chorales as the literature models them, for the benchmarks that train on them.

A folder holds `Jsb16thSeparated.json` (229 / 76 / 77 pieces; S A T B on a grid of 16ths, -1 is silence). The task is
the raw one: a token is a voice's pitch at a 16th, held and repeated notes are not told apart, a piece begins with BOS
and has no EOS, and every note counts. Training pieces are to be transposed by -5 … +6 semitones. The model is told its
voice and its 16th in the bar.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from seqgen import Example
from seqgen.corpus.storage.documents import Documents
from seqgen.corpus.storage.store import SPLITS
from seqgen.grammar import NO_COORDINATE, Conditions, Grammar, Registers, build_grammar, lags

VOICES, SIXTEENTHS = 4, 16
SILENCE, FIRST_PITCH = 2, 3
LOWEST, HIGHEST = 30, 100
LAGS = 4
"""A note is compared with so many notes before it."""
VOICES_SHOWN = {"none": 0.3, "soprano": 0.5, "some": 0.1, "around": 0.1}
"""How often training shows no voice, the soprano alone, a random set of voices, or all voices around a span."""
VOCABULARY = FIRST_PITCH + HIGHEST - LOWEST + 1


def splits(folder: Path) -> dict[str, Documents]:
    """Returns the documents of "train", "valid" and "test"."""
    pieces = json.loads((folder / "Jsb16thSeparated.json").read_text())
    return {
        name: Documents.from_examples([(one.ids, one.weights) for one in map(encode, pieces[name])]) for name in SPLITS
    }


def encode(piece: list[list[float]]) -> Example:
    pitches = np.array(piece).astype(int).reshape(-1)
    ids = np.where(pitches < 0, SILENCE, pitches - LOWEST + FIRST_PITCH)
    if ids.min() < SILENCE or ids.max() >= VOCABULARY:
        raise SystemExit("a pitch lies outside the vocabulary")
    return Example.document(ids, ends=False)


def transpose(ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.where(ids >= FIRST_PITCH, ids + int(rng.integers(-5, 7)), ids)


def positions() -> Grammar:
    """Any note at any time; the state is the voice and the 16th of the bar."""
    count = VOICES * SIXTEENTHS
    return build_grammar(
        VOCABULARY, 0, lambda state: ((token, (state + 1) % count) for token in range(SILENCE, VOCABULARY))
    )


def previous_notes() -> Registers:
    """Returns the pitches of the last LAGS notes."""
    tokens = np.arange(VOCABULARY)
    pitches = np.where(tokens >= FIRST_PITCH, tokens - FIRST_PITCH + LOWEST, NO_COORDINATE).astype(np.int32)
    return lags(pitches, range(1, LAGS + 1), positions().class_count)


def voices_ahead() -> Conditions:
    """Returns the notes of each voice.

    A step begins with the alto, so that all but the first soprano hears its own column.
    """
    classes = np.arange(positions().class_count)
    advances = (classes % VOICES == 1)[:, None]
    return Conditions(np.zeros(VOCABULARY, np.int32), advances, (1 + VOCABULARY - SILENCE,) * VOICES)


def known(columns: np.ndarray, is_known: np.ndarray) -> np.ndarray:
    """Returns the conditions of columns int[n, 4] of which bool[n, 4] are known: int32[n + 1, 4]."""
    values = np.where(is_known, columns - SILENCE + 1, 0)
    return np.concatenate([np.zeros((1, VOICES)), values]).astype(np.int32)


def show_voices(ids: np.ndarray, rng: np.random.Generator, metadata: Mapping[str, Any]) -> np.ndarray:
    """Returns what training shows of a piece."""
    columns = ids[1:].reshape(-1, VOICES)
    is_known = np.zeros(columns.shape, bool)
    part = rng.choice(list(VOICES_SHOWN), p=list(VOICES_SHOWN.values()))
    if part == "soprano":
        is_known[:, 0] = True
    elif part == "some":
        is_known[:, rng.random(VOICES) < 0.5] = True
    elif part == "around":
        length = int(np.exp(rng.uniform(np.log(4), np.log(max(5, len(columns))))))
        first = int(rng.integers(1 - length, len(columns)))
        is_known[:] = True
        is_known[max(first, 0) : first + length] = False
    return known(columns, is_known)
