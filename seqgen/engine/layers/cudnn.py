"""The LSTM by cuDNN, NVIDIA's own kernel (Chetlur et al. 2014): what trains on a GPU.

cuDNN knows nothing of documents. One more input column, 1 where a document begins, resets its states: its weights of
-10 000 close the input, forget and output gates, so that c = f c + i g and h = o tanh(c) are exactly 0, as in the loop
of recurrence.py. XLA cannot compile cuDNN's kernel: in programs of XLA, and for all other cells, the loop runs on a GPU
as well.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from seqgen.engine.cells.base import Cell, Weights
from seqgen.engine.cells.lstm import Lstm
from seqgen.engine.compiling import inside_program
from seqgen.engine.devices import has_cudnn

CLOSED = -1e4


def is_for(cell: Cell, precision: tf.DType) -> bool:
    """Whether a layer is to run here: an LSTM outside programs of XLA where there is a GPU; cuDNN takes no bfloat16."""
    return isinstance(cell, Lstm) and precision == tf.float32 and has_cudnn() and not inside_program()


def cudnn_lstm(
    x: tf.Tensor, weights: Weights, resets: tf.Tensor, hidden: tf.Tensor, carried: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """The same as `recurrence`, but from x [T, B, D] and not from x W: cuDNN makes that product itself."""
    steps, batch, _ = x.shape
    hiddens, _, last, *_ = tf.raw_ops.CudnnRNNV3(
        input=tf.concat([x, tf.cast(resets, x.dtype)[..., None]], -1),
        input_h=hidden[None],
        input_c=carried[None],
        params=packed(weights),
        sequence_lengths=tf.fill([batch], steps),
        rnn_mode="lstm",
        is_training=True,  # keeps what the gradient needs
        time_major=True,
    )
    return hiddens, last[0]


def packed(weights: Weights) -> tf.Tensor:
    """A layer's weights in the one vector that cuDNN reads, with those of the column that resets.

    First the matrices W_i W_f W_g W_o, by rows [H, D + 1], and R_i … R_o [H, H]; then the biases b_i … b_o, and as many
    for the recurrence, which are 0 here. The order of the blocks is the engine's own.
    """
    units = weights.recurrent.shape[0]
    resetting = tf.constant(np.repeat([CLOSED, CLOSED, 0.0, CLOSED], units), weights.input.dtype)
    matrices = tf.concat([weights.input, resetting[None]], 0), weights.recurrent
    by_rows = [tf.reshape(tf.transpose(matrix), [-1]) for matrix in matrices]
    return tf.concat([*by_rows, weights.bias, tf.zeros_like(weights.bias)], 0)
