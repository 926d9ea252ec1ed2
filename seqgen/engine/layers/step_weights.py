"""The weights of a recurrent layer in the form in which decoding reads them, one step at a time.

A step of few sequences reads each weight once and computes little with it, so it takes as long as that reading.

- The input of the first layer is a sum of rows of embeddings. The product of the whole tables with the input weights is
  made once, and a step looks its rows up. So it does not read the input weights of that layer.
- Everything else that is added up in a layer is one product.
- In bfloat16, a matrix has half the bytes, and processors with instructions for it multiply twice as fast. XLA turns
  such a matrix into float32 for a product with few rows, and would gain nothing there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from seqgen.engine.cells.base import CellWeights

MIN_BFLOAT16_ROWS = 4
"""With fewer rows, a product in bfloat16 takes longer than in float32."""


class StepWeights(NamedTuple):
    """What one step of a layer reads. I is the width of what `matrix` reads beside the recurrent input."""

    matrix: tf.Tensor  # float32[I + K·H, G·H], or bfloat16[G·H, I + K·H]: transposed it needs less packing
    bias: tf.Tensor  # [G·H]
    extra: tf.Tensor  # [P·H], see CellWeights
    ones: tf.Tensor  # [G·H]
    tables: tuple[tf.Tensor, ...] = ()  # [R, G·H] each: the rows of an embedding times W. None if x itself is read

    @classmethod
    def from_cell_weights(cls, weights: CellWeights, precision: tf.DType = tf.float32) -> StepWeights:
        """Returns the weights of a layer that reads its input x [B, H]."""
        return cls._from_matrices([weights.input, weights.recurrent], weights, precision)

    @classmethod
    def from_embeddings(
        cls, tables: Sequence[tf.Tensor], low_rank: Sequence[tf.Tensor], weights: CellWeights, precision: tf.DType
    ) -> StepWeights:
        """Returns the weights of a layer that reads rows of `tables` [R, H] and values z [B, D] of z U.

        `low_rank` are the matrices U [D, H].
        """
        matrices = [*(tf.matmul(one, weights.input) for one in low_rank), weights.recurrent]
        projected = tuple(tf.matmul(table, weights.input) for table in tables)
        return cls._from_matrices(matrices, weights, precision)._replace(tables=projected)

    @classmethod
    def _from_matrices(cls, matrices: Sequence[tf.Tensor], weights: CellWeights, precision: tf.DType) -> StepWeights:
        matrix = tf.concat(matrices, 0)
        if precision == tf.bfloat16:
            matrix = tf.transpose(tf.cast(matrix, tf.bfloat16))
        bias = tf.convert_to_tensor(weights.bias)
        return cls(matrix, bias, weights.extra, tf.ones_like(bias))

    def pre_activations(self, parts: Sequence[tf.Tensor], rows: Sequence[tf.Tensor] = ()) -> tf.Tensor:
        """Returns z [B, G·H] of what the matrix reads, in parts [B, ·], and of rows [B, G·H] of the tables."""
        x = tf.concat(parts, -1)
        if self.matrix.dtype == tf.bfloat16:
            product = tf.raw_ops.BatchMatMulV3(x=tf.cast(x, tf.bfloat16), y=self.matrix, adj_y=True, Tout=tf.float32)
        else:
            product = tf.matmul(x, self.matrix)
        # XLA would make a product and a sum one operation, which takes five times as long for a single row.
        return product * self.ones + sum(rows, self.bias)
