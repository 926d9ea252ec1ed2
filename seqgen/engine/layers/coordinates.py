"""How a model hears differences of coordinates: between what it reads and its registers, and in what it may say next.

At each position there are K registers (seqgen/grammar/registers.py), the first R of which hold coordinates r_k. The
token that is read has the coordinate s, and d(s, r) is the number of the clipped difference s - r, or of "none".

    input:   x += Σ_k E_k[d(s, r_k)]                    E [K, 50, H]; a counter k has its own row E_k[n_k]
             the first layer reads Σ_k norm(E_k[…])
    output:  a = norm(x) A                              a [R, 50], with A [H, R · 50]
             logit(v) += Σ_k a_k[d(c(v), r'_k)]         c(v) is the coordinate of a candidate v

Each register has a vector of the full length: a model learns much faster so than from one norm of the sum (see
bench/NOTES.md).
r are the registers before the token that is read, r' those after it. Both sides depend on intervals alone, so what is
learned about one pitch holds for all of them. In music this is relative pitch; compare the relative attention of Huang
et al. (2018, *Music Transformer*), and for the counters Peracha (2020, *Improving Polyphonic Music Models with
Feature-Rich Encoding*, TonicNet).
"""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from seqgen.engine.compiling import compiled
from seqgen.engine.layers.products import linear
from seqgen.engine.layers.rms_norm import rms_norm
from seqgen.grammar.registers import DIFFERENCE_COUNT


class DifferenceLookup(NamedTuple):
    """The embeddings of the differences at each position, and of counters."""

    table: tf.Tensor  # E [K · 50, H]
    gain: tf.Tensor  # [H]
    rows: tf.Tensor  # int32[T, B, K], the row of each register

    @classmethod
    def of(cls, table: tf.Tensor, gain: tf.Tensor, seen: tf.Tensor) -> DifferenceLookup:
        """Looks up seen int32[T, B, K]: d(s, r_k), or n_k of a counter."""
        return cls(table, gain, seen + DIFFERENCE_COUNT * tf.range(seen.shape[-1]))

    def embedding(self) -> tf.Tensor:
        """Returns Σ_k E_k[seen_k] [T, B, H]."""
        return self.rows_of(self.table)

    def normalized(self) -> tf.Tensor:
        """Returns Σ_k norm(E_k[seen_k]) [T, B, H]."""
        return self.rows_of(rms_norm(self.table, self.gain))

    def rows_of(self, table: tf.Tensor) -> tf.Tensor:
        """Returns the sum of K rows [T, B, E] of another table [K · 50, E] for the same differences."""
        return _sum_of_rows(table, self.rows)


@compiled
def _sum_of_rows(table: tf.Tensor, rows: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.gather(table, rows), -2)


def difference_logits(
    x: tf.Tensor, weights: tf.Tensor, slot: tf.Tensor, difference: tf.Tensor, registers: tf.Tensor
) -> tf.Tensor:
    """Returns what the registers add to the logits [..., V], for normalised outputs x [..., H] and A [H, R · 50].

    slot int32[V] is that of each token, difference int32[S, S] the table of the registers. registers int32[..., K] are
    those after the last input; counters among them add nothing.
    """
    references = weights.shape[1] // DIFFERENCE_COUNT
    scores = tf.reshape(linear(x, weights), (-1, references, DIFFERENCE_COUNT))
    rows = tf.reshape(registers, (-1, registers.shape[-1]))[:, :references]
    return tf.reshape(sum_by_token(scores, slot, difference, rows), (*x.shape[:-1], slot.shape[0]))


@compiled
def sum_by_token(scores: tf.Tensor, slot: tf.Tensor, difference: tf.Tensor, references: tf.Tensor) -> tf.Tensor:
    """Returns Σ_k scores[n, k, d(slot of v, references[n, k])], [N, V], for scores [N, R, 50]."""
    # XLA turns the look-up and its gradient into plain loops. One-hot products take four times as long on a CPU.
    by_reference = tf.gather(tf.transpose(difference), references)  # [N, R, S]
    by_slot = tf.reduce_sum(tf.gather(scores, by_reference, batch_dims=2), 1)  # [N, S]
    return tf.matmul(by_slot, tf.one_hot(slot, difference.shape[0]), transpose_b=True)
