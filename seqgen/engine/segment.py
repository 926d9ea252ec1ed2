"""What training and evaluation read: T steps of B packed streams, as arrays of integers."""

from __future__ import annotations

from typing import Protocol

import numpy as np


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
