"""How long each training segment is, and where it begins: always T steps, or drawn around T.

With one length for ever, gradients would be cut at the same places of a stream. So Merity et al. (2018, *Regularizing
and Optimizing LSTM Language Models*, section 5) draw each length: around T, in 1 of 20 around T/2, with a standard
deviation of 5 at T = 70. XLA compiles a program for each shape, so here a length is one of six, the nearest in steps
of T/8: 7, 8 or 9 eighths of T, or 3, 4 or 5. Every length is a pure function of (seed, step), and where a segment
begins is the sum of those before it: no position is ever saved.
"""

from __future__ import annotations

import numpy as np

HALVED = 0.05
DEVIATION = 5 / 70
BLOCK = 4096


class Lengths:
    """Lengths of segments around `mean` steps."""

    def __init__(self, mean: int, seed: int, *, vary: bool) -> None:
        self._mean = mean
        self._seed = seed
        self._vary = vary
        self._begins = np.zeros(1, np.int64)

    def place(self, step: int) -> tuple[int, int]:
        """Where in every stream the segment of a step begins, and how many steps it has."""
        if not self._vary:
            return step * self._mean, self._mean
        while len(self._begins) <= step + 1:
            drawn = self._draw((len(self._begins) - 1) // BLOCK)
            self._begins = np.concatenate([self._begins, self._begins[-1] + np.cumsum(drawn)])
        return int(self._begins[step]), int(self._begins[step + 1] - self._begins[step])

    def _draw(self, block: int) -> np.ndarray:
        """The lengths of BLOCK steps: int64[BLOCK]."""
        random = np.random.default_rng([self._seed, 2, block])
        middle = np.where(random.random(BLOCK) < HALVED, 4, 8)
        noise = np.clip(np.rint(8 * DEVIATION * random.standard_normal(BLOCK)), -1, 1)
        lengths: np.ndarray = np.maximum(1, (self._mean * (middle + noise)) // 8)
        return lengths.astype(np.int64)
