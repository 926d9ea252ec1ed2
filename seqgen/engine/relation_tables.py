"""Relations as tensors, which compiled functions read. K registers, S slots, vocabulary of V tokens, C classes.

See seqgen/grammar/relations.py for what relations are. All R relations are worked out together, because many small
operations would cost more time than the sums. Those of a class that has fewer than others are filled up with an empty
relation, number R.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from seqgen.engine.register_tables import RegisterTables
from seqgen.grammar.registers import NONE
from seqgen.grammar.relations import TOKEN, Comparison, Relation, Relations


class ComparisonTables(NamedTuple):
    """The m-th comparisons of all relations, for m < M. The tables of relations that have fewer are 0."""

    first: tf.Tensor  # int32[R + 1, M], the register whose slot chooses the row of a table
    second: tf.Tensor  # int32[R + 1, M], the register whose slot chooses the column, unless it is the token
    outcomes: tf.Tensor  # int32[(R + 1) · M · S, S], times the stride in the table of forbidden combinations

    @classmethod
    def from_comparisons(
        cls, comparisons: Sequence[Sequence[tuple[Comparison, int]]], coordinates: np.ndarray
    ) -> ComparisonTables:
        """Takes the comparisons of each relation with their strides."""
        size, width = len(coordinates) + 1, max(map(len, comparisons))
        registers = np.zeros((2, len(comparisons) + 1, width), np.int32)
        outcomes = np.zeros((len(comparisons) + 1, width, size, size), np.int32)
        for number, row in enumerate(comparisons):
            for column, (one, stride) in enumerate(row):
                table = one.table(coordinates) * stride
                sides = (one.minuend, one.subtrahend)
                if one.minuend == TOKEN:
                    table, sides = table.T, sides[::-1]
                outcomes[number, column] = table
                registers[:, number, column] = np.maximum(sides, 0)
        return cls(*map(tf.constant, (*registers, outcomes.reshape(-1, size))))

    def rows(self, relations: tf.Tensor, registers: tf.Tensor) -> tf.Tensor:
        """Returns the row of each comparison int32[B, n, M, S], of relations int32[B, n] and registers int32[B, K]."""
        size, width = self.outcomes.shape[1], self.first.shape[1]
        slots = tf.gather(registers, tf.gather(self.first, relations), batch_dims=1)
        return tf.gather(self.outcomes, (relations[..., None] * width + tf.range(width)) * size + slots)


class RelationTables(NamedTuple):
    """The tables of relations and of their registers."""

    registers: RegisterTables
    by_class: tf.Tensor  # int32[C, n], the relations that hold in a class
    between_registers: ComparisonTables | None
    with_token: ComparisonTables
    offsets: tf.Tensor  # int32[R + 1], where the forbidden combinations of each relation begin
    forbidden: tf.Tensor  # bool[…], the forbidden combinations of all relations
    is_compared: tf.Tensor  # bool[R + 1, K], whether a relation compares a register

    @classmethod
    def from_relations(cls, relations: Relations) -> RelationTables:
        coordinates, count = relations.registers.coordinates, len(relations.relations)
        applies = np.stack([one.applies for one in relations.relations], 1)
        by_class = np.full((len(applies), applies.sum(1).max()), count, np.int32)
        for state_class, row in enumerate(applies):
            by_class[state_class, : row.sum()] = np.flatnonzero(row)
        between, with_token = zip(*map(_with_strides, relations.relations), strict=True)
        sizes = [one.forbidden.size for one in relations.relations]
        is_compared = np.zeros((count + 1, relations.registers.register_count), bool)
        for number, one in enumerate(relations.relations):
            is_compared[number, one.compared_registers] = True
        return cls(
            RegisterTables.from_registers(relations.registers),
            tf.constant(by_class),
            ComparisonTables.from_comparisons(between, coordinates) if any(between) else None,
            ComparisonTables.from_comparisons(with_token, coordinates),
            tf.constant(np.cumsum([0, *sizes]), tf.int32),
            tf.constant(np.concatenate([*(one.forbidden.ravel() for one in relations.relations), [False]])),
            tf.constant(is_compared),
        )

    def forbidden_tokens(
        self, registers: tf.Tensor, state_class: tf.Tensor, is_given: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Returns bool[B, V]: the tokens that may not come next.

        registers int32[B, K] and state_class int32[B] are those before the token. A relation does not hold between
        registers that are all given, bool[B, K]; default: none of them is.
        """
        relations = tf.gather(self.by_class, state_class)
        places = tf.gather(self.offsets, relations)
        if self.between_registers is not None:
            rows = self.between_registers.rows(relations, registers)
            second = tf.gather(registers, tf.gather(self.between_registers.second, relations), batch_dims=1)
            places += tf.reduce_sum(tf.gather(rows, second, batch_dims=3), -1)
        places = places[..., None] + tf.reduce_sum(self.with_token.rows(relations, registers), 2)
        forbidden = tf.gather(self.forbidden, places)
        if is_given is not None:
            is_free = tf.gather(self.is_compared, relations) & ~is_given[:, None]
            forbidden &= tf.reduce_any(is_free, -1, keepdims=True)
        # Tokens without a coordinate share one slot, which is never forbidden.
        by_slot = tf.reduce_any(forbidden, 1) & (tf.range(forbidden.shape[2]) != NONE)
        return tf.gather(by_slot, self.registers.slot, axis=1)


class RelationState(NamedTuple):
    """What relations remember of each of B sequences."""

    registers: tf.Tensor  # int32[B, K]
    is_given: tf.Tensor  # bool[B, K], whether a token that was given set the register
    is_broken: tf.Tensor  # bool[B], whether a token that was drawn has broken a relation

    @classmethod
    def from_prompts(
        cls, prompts: Sequence[np.ndarray], classes: Sequence[np.ndarray], relations: Relations
    ) -> RelationState:
        """Returns the state after each prompt int32[n]. classes int32[n] are those after the tokens of each prompt."""
        pairs = zip(prompts, classes, strict=True)
        registers = tf.constant(np.stack([relations.registers.unroll(*pair)[-1] for pair in pairs]))
        return cls(registers, tf.ones_like(registers, bool), tf.zeros(len(prompts), bool))

    def forbidden_tokens(self, state_class: tf.Tensor, is_given: tf.Tensor | None, tables: RelationTables) -> tf.Tensor:
        """Returns bool[B, V]: the tokens that break a relation after a state of the class int32[B].

        is_given bool[B] says whether the next token is given, None that it is not. What it breaks between given tokens
        does not count.
        """
        all_given = None if is_given is None else self.is_given & is_given[:, None]
        return tables.forbidden_tokens(self.registers, state_class, all_given)

    def append(
        self, token: tf.Tensor, before: tf.Tensor, after: tf.Tensor, is_given: tf.Tensor | None, tables: RelationTables
    ) -> RelationState:
        """Returns the state after one more token int32[B]; see `forbidden_tokens`.

        The classes of the grammar's states before and after the token are int32[B].
        """
        forbidden = self.forbidden_tokens(before, is_given, tables)
        is_broken = self.is_broken | tf.gather(forbidden, token, batch_dims=1)
        registers = tables.registers.advance(token, after, self.registers, tf.gather(tables.registers.slot, token))
        if is_given is None:
            return RelationState(registers, tf.zeros_like(self.is_given), is_broken)
        given = tables.registers.advance(token, after, tf.cast(self.is_given, tf.int32), tf.cast(is_given, tf.int32))
        return RelationState(registers, given > 0, is_broken)


def _with_strides(relation: Relation) -> tuple[list[tuple[Comparison, int]], list[tuple[Comparison, int]]]:
    """Returns the comparisons between registers and those with the token, each with its stride in the flat table."""
    strides = np.cumprod([1, *reversed(relation.forbidden.shape[1:])])[::-1].tolist()
    between: list[tuple[Comparison, int]] = []
    with_token: list[tuple[Comparison, int]] = []
    for one, stride in zip(relation.comparisons, strides, strict=True):
        (with_token if TOKEN in (one.minuend, one.subtrahend) else between).append((one, stride))
    return between, with_token
