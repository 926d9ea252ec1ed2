"""The length and the position of each training segment: always T steps, or a random length around T.

With one constant length, gradients are always cut at the same places of a stream. So Merity et al. (2018, *Regularizing
and Optimizing LSTM Language Models*, section 5) draw each length: around T, or with a probability of 1/20 around T/2,
with a standard deviation of 5 at T = 70. XLA compiles a program for each shape. So there are six lengths here, the
nearest in steps of T/8: 7, 8 or 9 eighths of T, or 3, 4 or 5. Each length is a pure function of (seed, step), and a
segment begins at the sum of the lengths before it, so no position is ever saved.
"""

from __future__ import annotations

import numpy as np

HALF_LENGTH_PROBABILITY = 0.05
RELATIVE_DEVIATION = 5 / 70
BLOCK_SIZE = 4096
"""How many lengths are drawn at once."""


class SegmentLengths:
    """The lengths of segments around `bptt_length` steps."""

    def __init__(self, bptt_length: int, seed: int, *, is_random: bool) -> None:
        self._bptt_length = bptt_length
        self._seed = seed
        self._is_random = is_random
        self._starts = np.zeros(1, np.int64)

    def segment(self, step: int) -> tuple[int, int]:
        """Returns the position in each stream at which the segment of a step begins, and its length."""
        if not self._is_random:
            return step * self._bptt_length, self._bptt_length
        while len(self._starts) <= step + 1:
            lengths = self._draw((len(self._starts) - 1) // BLOCK_SIZE)
            self._starts = np.concatenate([self._starts, self._starts[-1] + np.cumsum(lengths)])
        return int(self._starts[step]), int(self._starts[step + 1] - self._starts[step])

    def _draw(self, block: int) -> np.ndarray:
        """Returns the lengths of one block: int64[BLOCK_SIZE]."""
        rng = np.random.default_rng([self._seed, 2, block])
        mean = np.where(rng.random(BLOCK_SIZE) < HALF_LENGTH_PROBABILITY, 4, 8)
        noise = np.clip(np.rint(8 * RELATIVE_DEVIATION * rng.standard_normal(BLOCK_SIZE)), -1, 1)
        lengths: np.ndarray = np.maximum(1, (self._bptt_length * (mean + noise)) // 8).astype(np.int64)
        return lengths
