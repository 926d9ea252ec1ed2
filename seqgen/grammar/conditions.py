"""Conditions: what is known ahead of a document, such as its key, its end, or one voice to harmonise.

A document has *condition steps*, such as the columns of a grid or the bars of a piece. At each step there are J
*channels*, each of which holds a small integer, or 0 where nothing is known. Some tokens move on to the next step. So
the step of every position follows from the tokens and the classes of the grammar's states, and sampling carries one
integer. A model reads the conditions from right to left (seqgen/engine/layers/conditions.py), so that at each position
it hears what is known from there on.

Step 0 is the beginning of a document, such as a header. The model hears nothing there, so that the beginning can be
drawn before the conditions are made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from seqgen.grammar.special_tokens import BOS

UNKNOWN = 0
"""The value of a channel where nothing is known."""
LOOK_AHEAD = 64
"""How many steps after the end of a training segment the model hears."""
WINDOW_MULTIPLE = 32
"""The rows of a window are a multiple of this, so that most windows share one shape."""


@dataclass(frozen=True, eq=False)
class Conditions:
    """The channels, and which tokens move on, over V tokens of N kinds and C classes of the grammar's states.

    kind:          int32[V], the kind of each token
    advances:      bool[C, N], whether a token moves on to the next step, by the class of the state after it and its
                   kind
    channel_sizes: how many values each of the J channels has, 0 ("unknown") included
    """

    kind: np.ndarray
    advances: np.ndarray
    channel_sizes: tuple[int, ...]

    def __post_init__(self) -> None:
        """Raises ValueError for tables that do not fit each other."""
        if self.kind.size and not 0 <= self.kind.min() <= self.kind.max() < self.advances.shape[1]:
            raise ValueError("each kind of a token must be a column of the table that says which tokens move on")
        if not self.channel_sizes or min(self.channel_sizes) < 2:
            raise ValueError("conditions need a channel, and each channel a value beside 'unknown'")

    def fits(self, vocabulary_size: int, class_count: int) -> bool:
        """Whether the tables are for so many tokens and classes of grammar states."""
        return self.kind.shape == (vocabulary_size,) and len(self.advances) == class_count

    def steps(self, ids: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Returns the step at each of the ids int32[n] of one document: int32[n].

        classes int32[n] are those of the grammar's states after the ids.
        """
        return np.cumsum(self.advances[classes, self.kind[ids]] & (ids != BOS)).astype(np.int32)

    def accepts(self, values: np.ndarray) -> bool:
        """Whether the values int[C, J] are those of so many steps."""
        if values.ndim != 2 or values.shape[1] != len(self.channel_sizes):
            return False
        return bool(((values >= UNKNOWN) & (values < self.channel_sizes)).all() and (values[:1] == UNKNOWN).all())


class ConditionWindow(NamedTuple):
    """The conditions that a segment of B packed streams hears, S rows of them.

    values: int32[S, B, J], by row
    resets: bool[S, B], rows that divide documents: what is right of them is not heard left of them
    rows:   int32[T, B], the row at each position of the segment
    """

    values: np.ndarray
    resets: np.ndarray
    rows: np.ndarray


class ConditionPart(NamedTuple):
    """A part of a document within a segment.

    values: int32[C, J], the conditions of the whole document
    steps:  int32[n], the step at each position of the part
    """

    values: np.ndarray
    steps: np.ndarray


def condition_window(streams: Sequence[Sequence[ConditionPart]]) -> ConditionWindow:
    """Returns the window of B streams, each of which is a sequence of parts with T positions together.

    A part hears its document up to LOOK_AHEAD steps after its last position. Row 0 divides documents and is heard at
    step 0. A pure function.
    """
    channels = streams[0][0].values.shape[1]
    columns = [_stream_rows(parts) for parts in streams]
    longest = max(len(values) for values, _, _ in columns)
    # Never fewer than a document needs that goes on after the segment, so that few windows have another shape.
    size = -(-max(longest, LOOK_AHEAD + 1) // WINDOW_MULTIPLE) * WINDOW_MULTIPLE
    values = np.zeros((size, len(streams), channels), np.int32)
    resets = np.zeros(values.shape[:2], bool)
    for stream, (some, dividing, _) in enumerate(columns):
        values[: len(some), stream] = some
        resets[: len(some), stream] = dividing
    return ConditionWindow(values, resets, np.stack([rows for _, _, rows in columns], 1).astype(np.int32))


def _stream_rows(parts: Sequence[ConditionPart]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns the values, the resets and the rows at each position of one stream."""
    channels = parts[0].values.shape[1]
    divider = np.zeros((1, channels), np.int32)
    values, rows, count = [divider], [], 1
    for part in parts:
        first = max(int(part.steps[0]), 1)
        heard = part.values[first : int(part.steps[-1]) + 1 + LOOK_AHEAD]
        # A step that the values do not reach has the row of the divider after them, which says nothing.
        row = np.minimum(part.steps - first, len(heard)) + count
        rows.append(np.where(part.steps == 0, 0, row))
        values += [heard, divider]
        count += len(heard) + 1
    dividing = np.zeros(count, bool)
    dividing[np.cumsum([0, *(len(some) for some in values[:-1])])[::2]] = True
    return np.concatenate(values), dividing, np.concatenate(rows)
