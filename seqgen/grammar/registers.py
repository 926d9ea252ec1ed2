"""Coordinates and registers: what a model may compare a token with.

A domain may give each token a *coordinate*, an integer such as a pitch, or none. *Registers* are a small automaton
beside the grammar that remembers coordinates: what a voice sounds, what it sounded before, the last k values of a
series. Some registers count instead, for example how long a voice has held its note. A model reads the differences
between the coordinate of a token and the *references*, which are the registers that it sees
(seqgen/engine/layers/coordinates.py). Other registers are only memory: to compare a value with the one 24 steps ago,
the 23 values between must be kept too.

After each token, one *update* says for every register where its new value comes from. The update depends on the kind
of the token and on the class of the grammar's state after the token. BOS clears all registers. So registers follow from
the tokens and the classes alone, and everything that carries a model's memory can carry them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seqgen.grammar.special_tokens import BOS

NO_COORDINATE = np.iinfo(np.int32).min
"""The coordinate of a token that has none."""
NONE = 0
"""The value of a register that holds no coordinate, and of a counter that has counted nothing."""
MAX_DIFFERENCE = 24
"""Differences of coordinates are clipped to this absolute value."""
DIFFERENCE_COUNT = 2 * MAX_DIFFERENCE + 2
"""Different values of a clipped difference. The last one means that one of the two is no coordinate."""


@dataclass(frozen=True, eq=False)
class Registers:
    """K registers over a vocabulary of V tokens of N kinds and C classes of the grammar's states, with R updates.

    coordinate:    int32[V], the coordinate of each token, or NO_COORDINATE
    kind:          int32[V], the kind of each token
    update:        int32[C, N], the number of the update after a token, by the class of the state after it and its kind
    sources:       int32[R, K], where each register takes its value from: register 0 … K - 1 before the update, the
                   token's coordinate (K), nothing (K + 1), or 1 more than its own value (K + 2), for counters alone
    subject:       int32[R], the source of the coordinate that the model compares with the registers when it reads the
                   token: that of the token, or that of a register, which a token such as "hold" repeats
    counter_count: the number of registers that count; they are the last ones
    memory_count:  the number of registers that hold coordinates and that no model sees; they stand before the counters
    """

    coordinate: np.ndarray
    kind: np.ndarray
    update: np.ndarray
    sources: np.ndarray
    subject: np.ndarray
    counter_count: int = 0
    memory_count: int = 0

    def __post_init__(self) -> None:
        """Raises ValueError for tables that do not fit each other."""
        updates, registers = self.sources.shape
        if self.kind.shape != self.coordinate.shape or self.subject.shape != (updates,):
            raise ValueError("registers need a kind for each coordinate, and a subject for each update")
        for name, values, limit in (
            ("kind", self.kind, self.update.shape[1]),
            ("update", self.update, updates),
            ("source", self.sources, registers + 3),
            ("subject", self.subject, registers + 2),
        ):
            if values.size and not 0 <= values.min() <= values.max() < limit:
                raise ValueError(f"each {name} of registers must be between 0 and {limit - 1}")
        # By source: whether it gives a count, and whether it gives a coordinate. Nothing is both.
        first_counter = registers - self.counter_count
        counts, coordinates = np.arange(registers + 3) >= first_counter, np.ones(registers + 3, bool)
        counts[registers], coordinates[first_counter:registers], coordinates[-1] = False, False, False
        of_coordinates, of_counters = np.split(self.sources, [first_counter], axis=1)
        if not (coordinates[of_coordinates].all() and counts[of_counters].all() and coordinates[self.subject].all()):
            raise ValueError("a register of coordinates cannot take its value from a counter, nor a counter from one")

    @property
    def register_count(self) -> int:
        """K."""
        return int(self.sources.shape[1])

    @property
    def reference_count(self) -> int:
        """The number of registers that a model compares with a token; they are the first ones."""
        return self.register_count - self.counter_count - self.memory_count

    @property
    def seen_count(self) -> int:
        """The number of registers that a model sees: the references and the counters."""
        return self.register_count - self.memory_count

    @property
    def coordinates(self) -> np.ndarray:
        """The different coordinates in ascending order. Registers hold 1 + an index into them, or NONE."""
        return np.unique(self.coordinate[self.coordinate != NO_COORDINATE])

    @property
    def slots(self) -> np.ndarray:
        """The coordinate of each token as registers hold it: int32[V]."""
        ranks = 1 + np.searchsorted(self.coordinates, self.coordinate)
        return np.where(self.coordinate == NO_COORDINATE, NONE, ranks).astype(np.int32)

    @property
    def difference(self) -> np.ndarray:
        """The row of each clipped difference: int32[S, S], by the slot of the subject and that of the reference."""
        coordinates = self.coordinates.astype(np.int64)
        clipped = np.clip(coordinates[:, None] - coordinates, -MAX_DIFFERENCE, MAX_DIFFERENCE) + MAX_DIFFERENCE
        return np.pad(clipped, ((1, 0), (1, 0)), constant_values=DIFFERENCE_COUNT - 1).astype(np.int32)

    def fits(self, vocabulary_size: int, class_count: int) -> bool:
        """Whether the tables are for so many tokens and classes of grammar states."""
        return self.coordinate.shape == (vocabulary_size,) and len(self.update) == class_count

    def unroll(self, ids: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Returns the registers after each of ids int32[n]: int32[n, K].

        classes int32[n] are those of the grammar's states after the ids.
        """
        registers, slots = np.zeros((len(ids), self.register_count), np.int32), self.slots
        value = np.zeros(self.register_count, np.int32)
        for position, (token, state_class) in enumerate(zip(ids.tolist(), classes.tolist(), strict=True)):
            source = self.sources[self.update[state_class, self.kind[token]]]
            copied = np.append(value, [slots[token], NONE])[np.minimum(source, self.register_count + 1)]
            value = np.where(source == self.register_count + 2, value + 1, copied) * (token != BOS)
            registers[position] = value
        return registers


def lags(coordinate: np.ndarray, steps_back: Sequence[int], class_count: int) -> Registers:
    """Returns registers that hold the coordinates int32[V] of the tokens so many steps back, in ascending order.

    1 is the last token that was read. All tokens between are kept as memory.
    """
    longest = max(steps_back)
    order = [*steps_back, *sorted(set(range(1, longest + 1)) - set(steps_back))]
    # The token of k steps back is in the register of k - 1 steps before the update; the newest one is the token itself.
    sources = np.array([[longest if steps == 1 else order.index(steps - 1) for steps in order]], np.int32)
    return Registers(
        coordinate, np.zeros(len(coordinate), np.int32), np.zeros((class_count, 1), np.int32), sources,
        np.array([longest], np.int32), memory_count=longest - len(steps_back),
    )  # fmt: skip
