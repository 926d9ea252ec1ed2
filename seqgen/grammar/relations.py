"""Relations between registers: which tokens may not come next, because of how their coordinate differs from others.

A relation compares a few coordinates: those in registers (registers.py) and that of the token which may come next. Each
comparison sorts a difference into one of a few outcomes. A table says which combinations of outcomes are forbidden. For
example, two voices may not move in the same direction from one fifth to another. As an automaton, such a rule would
need a state for each combination of the coordinates.

Relations hold for the tokens that are drawn. A prompt may break them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seqgen.grammar.registers import NO_COORDINATE, Registers

TOKEN = -1
"""In a comparison: the coordinate of the token that may come next, in place of that of a register."""
NO_OUTCOME = 0
"""The outcome of a comparison in which one of the two is no coordinate."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """The difference `minuend` − `subtrahend` of two coordinates, sorted into outcomes.

    minuend:    a register, or TOKEN
    subtrahend: a register, or TOKEN
    outcomes:   int32[2 D + 1], the outcome of each difference from −D to D; no difference of coordinates is greater
    """

    minuend: int
    subtrahend: int
    outcomes: np.ndarray

    def table(self, coordinates: np.ndarray) -> np.ndarray:
        """Returns the outcomes of all pairs of coordinates int32[n]: int32[n + 1, n + 1], by the slots of the two.

        Raises ValueError for coordinates that differ by more than D.
        """
        difference = coordinates[:, None].astype(np.int64) - coordinates
        largest = len(self.outcomes) // 2
        if difference.size and difference.max() > largest:
            raise ValueError(f"coordinates differ by up to {difference.max()}, and a comparison has only {largest}")
        return np.pad(self.outcomes[difference + largest], ((1, 0), (1, 0)), constant_values=NO_OUTCOME)


@dataclass(frozen=True, eq=False)
class Relation:
    """What no token may do to the registers in some classes of grammar states.

    applies:     bool[C], the classes of the state before the token in which the relation holds
    comparisons: m comparisons; at least one of them is with the token
    forbidden:   bool[O₁, …, Oₘ], the combinations of outcomes that are forbidden. Tokens without a coordinate are never
                 forbidden.
    """

    applies: np.ndarray
    comparisons: Sequence[Comparison]
    forbidden: np.ndarray

    @property
    def compared_registers(self) -> list[int]:
        """The registers that are compared, in ascending order."""
        return sorted({side for one in self.comparisons for side in (one.minuend, one.subtrahend)} - {TOKEN})


@dataclass(frozen=True, eq=False)
class Relations:
    """Relations that hold together, between registers of the domain."""

    registers: Registers
    relations: Sequence[Relation]

    def __post_init__(self) -> None:
        """Raises ValueError for relations that do not fit the registers."""
        first_counter = self.registers.register_count - self.registers.counter_count
        for relation in self.relations:
            sides = [side for one in relation.comparisons for side in (one.minuend, one.subtrahend)]
            if not all(side == TOKEN or 0 <= side < first_counter for side in sides):
                raise ValueError("a relation compares the token and registers that hold coordinates")
            if TOKEN not in sides:
                raise ValueError("a relation compares the token with a register")
            if relation.applies.shape != (len(self.registers.update),):
                raise ValueError("a relation says for each class of states whether it holds there")
            tables = [one.table(self.registers.coordinates) for one in relation.comparisons]
            limits = relation.forbidden.shape
            if len(limits) != len(tables) or any(
                not 0 <= table.min() <= table.max() < limit for table, limit in zip(tables, limits, strict=True)
            ):
                raise ValueError("a relation needs a table with a row for each outcome of each comparison")

    def forbidden_tokens(self, registers: np.ndarray, state_class: int) -> np.ndarray:
        """Returns the tokens that may not come next: bool[V].

        registers int32[K] and the class of the grammar's state are those before the token.
        """
        slots, forbidden = self.registers.slots, np.zeros(len(self.registers.slots), bool)
        for relation in self.relations:
            if not relation.applies[state_class]:
                continue
            outcomes = []
            for one in relation.comparisons:
                sides = [slots if side == TOKEN else registers[side] for side in (one.minuend, one.subtrahend)]
                outcomes.append(one.table(self.registers.coordinates)[sides[0], sides[1]])
            forbidden |= relation.forbidden[tuple(np.broadcast_arrays(*outcomes))]
        return np.asarray(forbidden & (self.registers.coordinate != NO_COORDINATE))

    def forbidden_after(self, ids: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Returns the tokens that may not come after each of ids int32[n], which begin with BOS: bool[n, V].

        classes int32[n] are those of the grammar's states after the ids.
        """
        registers = self.registers.unroll(ids, classes)
        pairs = zip(registers, classes.tolist(), strict=True)
        return np.stack([self.forbidden_tokens(row, state_class) for row, state_class in pairs])
