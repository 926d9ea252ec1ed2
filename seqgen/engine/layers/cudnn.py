"""The LSTM by cuDNN, NVIDIA's own kernel (Chetlur et al. 2014), which trains on a GPU.

cuDNN knows nothing of documents. One more input column, 1 where a document begins, resets its states: its weights of
-10 000 close the input, forget and output gates, so that c = f c + i g and h = o tanh(c) are exactly 0, as in the loop
of recurrence.py. XLA cannot compile cuDNN's kernel, so on a GPU the loop runs inside XLA's programs and for all other
cells.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from seqgen.engine.cells.base import Cell, CellWeights
from seqgen.engine.cells.lstm import Lstm
from seqgen.engine.compiling import inside_program
from seqgen.engine.devices import has_cudnn

CLOSED_GATE = -1e4


def can_use_cudnn(cell: Cell, precision: tf.DType) -> bool:
    """Whether cuDNN can run a layer: an LSTM in float32, outside of XLA's programs, where there is a GPU of NVIDIA."""
    return isinstance(cell, Lstm) and precision == tf.float32 and has_cudnn() and not inside_program()


def cudnn_lstm(
    x: tf.Tensor, weights: CellWeights, resets: tf.Tensor, hidden: tf.Tensor, cell_state: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns what `recurrence` does, for x [T, B, H] in place of x W: cuDNN makes that product itself."""
    steps, batch_size, _ = x.shape
    hiddens, _, last, *_ = tf.raw_ops.CudnnRNNV3(
        input=tf.concat([x, tf.cast(resets, x.dtype)[..., None]], -1),
        input_h=hidden[None],
        input_c=cell_state[None],
        params=pack_weights(weights),
        sequence_lengths=tf.fill([batch_size], steps),
        rnn_mode="lstm",
        is_training=True,  # keeps what the gradient needs
        time_major=True,
    )
    return hiddens, last[0]


def pack_weights(weights: CellWeights) -> tf.Tensor:
    """Returns a layer's weights as the one vector that cuDNN reads, those of the reset column included.

    First the matrices W_i W_f W_g W_o, by rows [H, H + 1], and R_i … R_o [H, H]; then the biases b_i … b_o; then as
    many biases of the recurrence, which are 0 here. The order of the blocks is that of `Lstm`.
    """
    hidden_size = weights.recurrent.shape[0]
    reset = tf.constant(np.repeat([CLOSED_GATE, CLOSED_GATE, 0.0, CLOSED_GATE], hidden_size), weights.input.dtype)
    matrices = tf.concat([weights.input, reset[None]], 0), weights.recurrent
    by_rows = [tf.reshape(tf.transpose(matrix), [-1]) for matrix in matrices]
    return tf.concat([*by_rows, weights.bias, tf.zeros_like(weights.bias)], 0)
