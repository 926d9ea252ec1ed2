"""The input of the first layer: rows of the embeddings of the token and of the grammar's state, each normalised alone.

The first layer has only as many different inputs as the tables have rows. Where those are fewer than the T·B positions
of a segment, the product with the input weights is made once for each row of the tables, and its results are looked up.
The two products of the gradient shrink in the same way. The function is the same, and a two-layer model saves a quarter
of its work.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

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

    def project(self, weights: tf.Tensor) -> tf.Tensor:
        """Returns z U W [T, B, E] for weights W [H, E], without a product of all positions with W."""
        return linear(self.values, linear(self.matrix, weights))


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
