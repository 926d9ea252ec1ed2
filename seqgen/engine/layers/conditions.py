"""How a model hears conditions: what is known ahead is read from right to left (Hadjeres & Nielsen 2018).

At condition step s (seqgen/grammar/conditions.py) the J channels hold the values v_j, of which 0 is "unknown":

    e_s = norm(Σ_j E_j[v_j])              E_j [size_j - 1, D]; an unknown value has the embedding 0
    h_s = lstm(e_s, h_{s+1})              a narrow LSTM of D units without a bias in its candidate
    a_s = Σ_k e_{s+k} W_k                 W_k [D, D], for the offsets k of LOOK_AHEAD_OFFSETS: a dilated convolution
    x  += (h_s + a_s) U                   U [D, H], at each position of the document at step s

Hadjeres & Nielsen, *Anticipation-RNN: Enforcing Unary Constraints in Sequence Generation*, section 3. The LSTM alone
learns slowly which of its inputs come soon, because it has read others since. The convolution sees them directly.
Without a bias in the candidate, the LSTM stays at exactly 0 as long as nothing is known. So a document of which nothing
is shown has the likelihood of a model without conditions, wherever it ends and whatever stands around it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from seqgen.engine.cells.base import CellWeights
from seqgen.engine.cells.lstm import Lstm
from seqgen.engine.compiling import compiled
from seqgen.engine.layers.products import linear
from seqgen.engine.layers.recurrence import recurrence, recurrence_step
from seqgen.engine.layers.step_weights import StepWeights
from seqgen.grammar.conditions import UNKNOWN

READER = Lstm()
"""The cell that reads the conditions."""
LOOK_AHEAD_OFFSETS = (0, 1, 2, 3, 4, 6, 8, 12, 16)
"""How many steps ahead a position sees directly."""


def condition_weight_shapes(size: int, hidden_size: int, channel_sizes: Sequence[int]) -> dict[str, tuple[int, ...]]:
    """Returns the shapes of the weights by name, for D = `size` and H = `hidden_size`."""
    return {
        "conditions/table": (sum(channel_sizes) - len(channel_sizes), size),
        **{f"conditions/{name}": shape for name, shape in READER.weight_shapes(size).items()},
        "conditions/look_ahead": (len(LOOK_AHEAD_OFFSETS) * size, size),
        "conditions/input": (size, hidden_size),
    }


def read_conditions(
    weights: Mapping[str, tf.Tensor], channel_sizes: Sequence[int], values: tf.Tensor, resets: tf.Tensor
) -> tf.Tensor:
    """Returns h + a [S, B, D] for values int32[S, B, J]; what is right of a row of resets bool[S, B] is forgotten."""
    embedded = embed_conditions(weights["conditions/table"], channel_sizes, values)
    cell_weights = _reader_weights(weights)
    zeros = tf.zeros((values.shape[1], embedded.shape[-1]))
    backwards = tf.reverse(linear(embedded, cell_weights.input), [0])
    hiddens, _ = recurrence(READER, backwards, cell_weights, tf.reverse(resets, [0]), zeros, zeros)
    return tf.reverse(hiddens, [0]) + linear(look_ahead(embedded, resets), weights["conditions/look_ahead"])


@compiled
def look_ahead(embedded: tf.Tensor, resets: tf.Tensor) -> tf.Tensor:
    """Returns e_{s+k} [S, B, D] for all offsets k side by side: [S, B, K·D], K the number of offsets.

    It is 0 where a row of resets bool[S, B] lies between, and at the row itself.
    """
    steps, furthest = embedded.shape[0], max(LOOK_AHEAD_OFFSETS)
    padded = tf.pad(embedded, ((0, furthest), (0, 0), (0, 0)))
    # Two rows belong to one document if as many resets stand before them.
    document = tf.pad(tf.cumsum(tf.cast(resets, tf.int32)), ((0, furthest), (0, 0)), constant_values=-1)
    ahead = []
    for offset in LOOK_AHEAD_OFFSETS:
        is_seen = (document[offset : offset + steps] == document[:steps]) & ~resets
        ahead.append(padded[offset : offset + steps] * tf.cast(is_seen[..., None], embedded.dtype))
    return tf.concat(ahead, -1)


def read_condition_step(
    weights: Mapping[str, tf.Tensor], channel_sizes: Sequence[int], values: tf.Tensor, hidden: tf.Tensor,
    cell_state: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:  # fmt: skip
    """Returns e_s + h_s, h_s and the cell state, each [B, D], for values int32[B, J] and the states after step s."""
    embedded = embed_conditions(weights["conditions/table"], channel_sizes, values)
    reset = tf.zeros(values.shape[:1], tf.bool)
    step_weights = StepWeights.from_cell_weights(_reader_weights(weights))
    hidden, cell_state = recurrence_step(READER, [embedded], step_weights, reset, hidden, cell_state)
    return embedded + hidden, hidden, cell_state


def _reader_weights(weights: Mapping[str, tf.Tensor]) -> CellWeights:
    """Returns the weights of the reader. Its candidate has no bias."""
    cell_weights = READER.assemble({name: weights[f"conditions/{name}"] for name in READER.weight_shapes(1)})
    size = cell_weights.input.shape[0]
    has_bias = np.repeat([block != "candidate" for block in READER.blocks], size).astype(np.float32)
    return cell_weights._replace(bias=cell_weights.bias * has_bias)


@compiled
def embed_conditions(table: tf.Tensor, channel_sizes: Sequence[int], values: tf.Tensor) -> tf.Tensor:
    """Returns norm(Σ_j E_j[v_j]) [S, B, D] for a table of all E_j; 0 where every channel is unknown."""
    first_row = np.cumsum([0, *channel_sizes[:-1]]) - np.arange(len(channel_sizes))
    rows = tf.where(values == UNKNOWN, table.shape[0], values - 1 + first_row.astype(np.int32))
    with_unknown = tf.concat([table, tf.zeros((1, table.shape[1]))], 0)
    total = tf.reduce_sum(tf.gather(with_unknown, rows), -2)
    return total * tf.math.rsqrt(tf.reduce_mean(tf.square(total), -1, keepdims=True) + 1e-6)


@compiled
def rows_at(heard: tf.Tensor, rows: tf.Tensor) -> tf.Tensor:
    """Returns the rows [T, B, D] of heard [S, B, D] at rows int32[T, B]."""
    size, batch_size, width = heard.shape
    return tf.gather(tf.reshape(heard, (size * batch_size, width)), rows * batch_size + tf.range(batch_size))
