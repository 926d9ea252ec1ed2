"""What the first layer reads: rows of the token's and of the grammar state's embedding, each normalised by itself.

There are only as many different inputs to the first layer as the tables have rows. Where those are fewer than the
T·B positions of a segment, its product with the input weights is made once for each row and then looked up; the
gradient's two products shrink alike. That is the same function, and saves a two-layer model a quarter of its work.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import tensorflow as tf

from seqgen.engine.layers.products import linear
from seqgen.engine.layers.rms_norm import normalise


class Lookup(NamedTuple):
    """Rows of a table: rows [R, D], ids int32[...]."""

    rows: tf.Tensor
    ids: tf.Tensor

    def of(self, rows: tf.Tensor) -> tf.Tensor:
        """The same look-up in other rows."""
        return tf.gather(rows, self.ids)


def embedded(lookups: list[Lookup]) -> tf.Tensor:
    """The sum of what is looked up: [..., D]."""
    return tf.add_n([lookup.of(lookup.rows) for lookup in lookups])


def normalised(lookups: list[Lookup], gain: tf.Tensor) -> tf.Tensor:
    """The sum of what is looked up, each normalised by itself: [..., D]."""
    return tf.add_n([normalise(lookup.of(lookup.rows), gain) for lookup in lookups])


def projected(lookups: list[Lookup], gain: tf.Tensor, weights: tf.Tensor, precision: tf.DType) -> tf.Tensor:
    """`normalised` times weights [D, E] = [..., E]; precision is that of a product over all positions."""
    positions = math.prod(lookups[0].ids.shape)
    if sum(lookup.rows.shape[0] for lookup in lookups) > positions:
        return linear(normalised(lookups, gain), weights, precision)
    # Many positions add up to one row's gradient, so rows are always exact.
    return tf.add_n([lookup.of(linear(normalise(lookup.rows, gain), weights)) for lookup in lookups])
