"""Segments: T steps of B packed streams, as arrays of integers. Training, evaluation and scoring read them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np

from seqgen.grammar import BOS, ConditionWindow, Grammar


class Segment(Protocol):
    """T steps of B packed streams: what one training step reads."""

    @property
    def inputs(self) -> np.ndarray:
        """int32[T, B]. A BOS resets the memory."""

    @property
    def targets(self) -> np.ndarray:
        """int32[T, B]: the token after each input."""

    @property
    def weights(self) -> np.ndarray:
        """float32[T, B]: how much each target counts."""

    @property
    def states(self) -> np.ndarray:
        """int32[T, B]: the grammar's state after each input."""

    @property
    def conditions(self) -> ConditionWindow | None:
        """What the model hears of what is known ahead; None for nothing."""


def segment_arrays(segment: Segment) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Returns inputs, targets, weights and states, the order in which compiled functions take them."""
    return segment.inputs, segment.targets, segment.weights, segment.states


class DocumentSegment(NamedTuple):
    """A segment of one document: B = 1."""

    inputs: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    states: np.ndarray

    @property
    def conditions(self) -> None:
        """Nothing is known ahead."""


def split_document(ids: np.ndarray, weights: np.ndarray, grammar: Grammar, steps: int) -> Iterator[DocumentSegment]:
    """Splits a document into segments of `steps` inputs. ids int32[n], weights float32[n].

    Every id is an input once. After the last id comes BOS with weight 0, which also pads the last segment, so that all
    segments share one compiled shape. Raises ValueError if the grammar forbids an id.
    """
    states = grammar.unroll(ids)
    for begin in range(0, len(ids), steps):
        end = begin + steps + 1
        padding = max(0, end - len(ids))
        window = np.concatenate([ids[begin:end], np.full(padding, BOS)]).astype(np.int32)[:, None]
        window_weights = np.concatenate([weights[begin:end], np.zeros(padding)]).astype(np.float32)[:, None]
        window_states = np.concatenate([states[begin:end], np.full(padding, grammar.start)]).astype(np.int32)[:, None]
        yield DocumentSegment(window[:-1], window[1:], window_weights[1:], window_states[:-1])
