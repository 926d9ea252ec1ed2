"""The input of the first layer: embeddings of token and grammar state, of differences, and of what is known ahead.

    norm(E[token]) + norm(S[class]) + Σ_k norm(D_k[difference k]) + z U

The tables E and S have few rows. Where those are fewer than the T·B positions of a segment, the product with the input
weights is made once for each row, and its results are looked up. The two products of the gradient shrink in the same
way. The function is the same, and a two-layer model saves a quarter of its work.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from seqgen.engine.layers.coordinates import DifferenceLookup
from seqgen.engine.layers.products import linear
from seqgen.engine.layers.rms_norm import rms_norm


class EmbeddingLookup(NamedTuple):
    """A table and the ids of the rows that are looked up in it."""

    table: tf.Tensor  # [R, D]
    ids: tf.Tensor  # int32[...]

    def rows_of(self, table: tf.Tensor) -> tf.Tensor:
        """Returns the rows [..., E] of another table [R, E] for the same ids."""
        return tf.gather(table, self.ids)


class LowRankInput(NamedTuple):
    """An embedding z U that is the product of few numbers and a matrix."""

    values: tf.Tensor  # z [T, B, D]
    matrix: tf.Tensor  # U [D, H]

    def embedding(self) -> tf.Tensor:
        """Returns z U [T, B, H]."""
        return linear(self.values, self.matrix)


class InputEmbeddings(NamedTuple):
    """All embeddings of the positions of a segment."""

    lookups: Sequence[EmbeddingLookup]
    """Of the token and of the state. They are normalised by the gain of the first layer."""
    differences: DifferenceLookup | None = None
    conditions: LowRankInput | None = None

    def residual(self) -> tf.Tensor:
        """Returns what goes past the recurrent layers [T, B, H]."""
        others = [part.embedding() for part in (self.differences, self.conditions) if part is not None]
        return tf.add_n([embed(self.lookups), *others])

    def normalized(self, gain: tf.Tensor) -> tf.Tensor:
        """Returns what the first layer reads [T, B, H], by the gain [H] of its norm."""
        embedded = embed_normalized(self.lookups, gain)
        if self.differences is not None:
            embedded += self.differences.normalized()
        return embedded if self.conditions is None else embedded + self.conditions.embedding()

    def project(self, gain: tf.Tensor, weights: tf.Tensor, precision: tf.DType) -> tf.Tensor:
        """Returns `normalized` times weights [H, E], [T, B, E]. Products over all positions are in `precision`."""
        projected = project_embeddings(self.lookups, gain, weights, precision)
        if self.differences is not None:
            projected += linear(self.differences.normalized(), weights, precision)
        if self.conditions is not None:
            # Without a product of all positions with the weights.
            projected += linear(self.conditions.values, linear(self.conditions.matrix, weights))
        return projected

    def rows_of(self, tables: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Returns the rows [T, B, E] of other tables: those of the token, of the state and of differences."""
        lookups: list[EmbeddingLookup | DifferenceLookup] = [*self.lookups]
        if self.differences is not None:
            lookups.append(self.differences)
        return [lookup.rows_of(table) for lookup, table in zip(lookups, tables, strict=True)]


def embed(lookups: Sequence[EmbeddingLookup]) -> tf.Tensor:
    """Returns the sum of the embeddings [..., D]."""
    return tf.add_n([lookup.rows_of(lookup.table) for lookup in lookups])


def embed_normalized(lookups: Sequence[EmbeddingLookup], gain: tf.Tensor) -> tf.Tensor:
    """Returns the sum of the embeddings [..., D], each normalised alone."""
    return tf.add_n([rms_norm(lookup.rows_of(lookup.table), gain) for lookup in lookups])


def project_embeddings(
    lookups: Sequence[EmbeddingLookup], gain: tf.Tensor, weights: tf.Tensor, precision: tf.DType
) -> tf.Tensor:
    """Returns `embed_normalized` times weights [D, E], [..., E]. A product over all positions is in `precision`."""
    positions = math.prod(lookups[0].ids.shape)
    if sum(lookup.table.shape[0] for lookup in lookups) > positions:
        return linear(embed_normalized(lookups, gain), weights, precision)
    # Many positions add up to the gradient of one row, so products over rows are always in float32.
    return tf.add_n([lookup.rows_of(linear(rms_norm(lookup.table, gain), weights)) for lookup in lookups])
