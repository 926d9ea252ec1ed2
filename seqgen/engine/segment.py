"""What training, evaluation and scoring read: T steps of B packed streams, as arrays of integers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np

from seqgen.grammar import BOS, Grammar


class Segment(Protocol):
    """T steps of B packed streams: what one training step reads."""

    @property
    def inputs(self) -> np.ndarray:
        """int32[T, B]; BOS resets the memory."""

    @property
    def targets(self) -> np.ndarray:
        """int32[T, B]: the token after each input."""

    @property
    def weights(self) -> np.ndarray:
        """float32[T, B]: how much each target counts."""

    @property
    def states(self) -> np.ndarray:
        """int32[T, B]: the grammar's state after each input."""


def tensors(segment: Segment) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The arrays of a segment in the order in which the compiled functions take them."""
    return segment.inputs, segment.targets, segment.weights, segment.states


class Cut(NamedTuple):
    """A segment of one document: B = 1."""

    inputs: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    states: np.ndarray


def cut(ids: np.ndarray, weights: np.ndarray, grammar: Grammar, steps: int) -> Iterator[Cut]:
    """A document's segments of `steps` inputs: ids int32[n], weights float32[n].

    Every id is an input once. After the last one comes BOS of weight 0, which also fills the last segment up, so that
    all segments share one compiled shape. Raises ValueError when the grammar forbids an id.
    """
    states = grammar.unroll(ids)
    for begin in range(0, len(ids), steps):
        until = begin + steps + 1
        missing = max(0, until - len(ids))
        window = np.concatenate([ids[begin:until], np.full(missing, BOS)]).astype(np.int32)[:, None]
        counts = np.concatenate([weights[begin:until], np.zeros(missing)]).astype(np.float32)[:, None]
        after = np.concatenate([states[begin:until], np.full(missing, grammar.start)]).astype(np.int32)[:, None]
        yield Cut(window[:-1], window[1:], counts[1:], after[:-1])
