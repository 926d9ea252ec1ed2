"""The LSTM recurrence over time: one loop that does only what depends on the step before.

Hochreiter & Schmidhuber (1997), *Long Short-Term Memory*, with the forget gate of Gers, Schmidhuber & Cummins (2000),
*Learning to Forget*. For step t, with gates in the order i f g o along the last axis:

    z_t = x_t W + h_{t-1} R + b                        [B, 4H]
    i, f, o = sigmoid(z_i), sigmoid(z_f), sigmoid(z_o)
    g       = tanh(z_g)
    c_t = f * c_{t-1} + i * g                          cell state
    h_t = o * tanh(c_t)                                hidden state

`x W + b` needs no earlier step: it is one matrix product over all T * B rows, made before the loop. So are, after the
backward loop, the gradients of W, R, b and x. Inside the loops there is one product a step, `h R` or `dz R^T`.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

# sigmoid(-1e4) is exactly 0 in float32: with input, forget and output gate shut, c and h become exactly 0.
SHUT = -1e4


def lstm(
    x: tf.Tensor,
    input_weights: tf.Tensor,
    recurrent_weights: tf.Tensor,
    bias: tf.Tensor,
    resets: tf.Tensor,
    hidden_state: tf.Tensor,
    cell_state: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Runs one LSTM layer over a segment.

    x [T, B, D], input_weights [D, 4H], recurrent_weights [H, 4H], bias [4H]; resets bool[T, B], true where a document
    begins and the states become 0; hidden_state and cell_state [B, H] come from the segment before.
    Gives all hidden states [T, B, H] and all cell states [T, B, H]. Gradients stop at the segment's beginning
    (truncated back-propagation through time, Williams & Peng 1990).
    """
    steps, batch, width = x.shape
    units = recurrent_weights.shape[0]
    resets = tf.cast(resets, x.dtype)[:, :, None]
    if steps == 1:
        # Sampling goes step by step and learns nothing, so it needs no loop; and all that is added up goes into one
        # product, because XLA runs a sum of two products of single rows on one core.
        ones = tf.ones((batch, 1), x.dtype)
        rows = tf.concat([input_weights, recurrent_weights, tf.convert_to_tensor(bias)[None], shut(units)[None]], 0)
        z = tf.matmul(tf.concat([x[0], hidden_state, ones, resets[0]], -1), rows)
        _, cell_state, hidden_state = lstm_cell(z, cell_state)
        return hidden_state[None], cell_state[None]
    z_input = tf.matmul(tf.reshape(x, (-1, width)), input_weights) + bias
    z_input = tf.reshape(z_input, (steps, batch, 4 * units))
    return _recurrence(z_input, resets, recurrent_weights, hidden_state, cell_state)


def shut(units: int) -> tf.Tensor:
    """What a reset adds to the pre-activations [4H]: all gates are shut, and the candidate no longer matters."""
    return tf.repeat(tf.constant([SHUT, SHUT, 0.0, SHUT]), units)


def lstm_cell(z: tf.Tensor, cell_state: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """One step from pre-activations z [B, 4H]: the activated gates [B, 4H], cell state and hidden state [B, H]."""
    input_gate, forget_gate, candidate, output_gate = tf.split(z, 4, -1)
    input_gate, forget_gate = tf.sigmoid(input_gate), tf.sigmoid(forget_gate)
    candidate, output_gate = tf.tanh(candidate), tf.sigmoid(output_gate)
    cell_state = forget_gate * cell_state + input_gate * candidate
    gates = tf.concat([input_gate, forget_gate, candidate, output_gate], -1)
    return gates, cell_state, output_gate * tf.tanh(cell_state)


@tf.custom_gradient
def _recurrence(
    z_input: tf.Tensor,
    resets: tf.Tensor,
    recurrent_weights: tf.Tensor,
    first_hidden: tf.Tensor,
    first_cell: tf.Tensor,
) -> tuple[tuple[tf.Tensor, tf.Tensor], Callable[..., tuple[tf.Tensor | None, ...]]]:
    """The loop over time on z_input [T, B, 4H] with resets [T, B, 1], and its gradient written out."""
    steps, batch, four_units = z_input.shape
    units = four_units // 4

    def column(width: int) -> tf.TensorArray:
        return tf.TensorArray(z_input.dtype, steps, element_shape=(batch, width))

    def forward(t: tf.Tensor, hidden: tf.Tensor, cell: tf.Tensor, hiddens: tf.TensorArray, cells: tf.TensorArray,
                all_gates: tf.TensorArray) -> tuple:  # fmt: skip
        z = z_input[t] + resets[t] * shut(units) + tf.matmul(hidden, recurrent_weights)
        gates, cell, hidden = lstm_cell(z, cell)
        return t + 1, hidden, cell, hiddens.write(t, hidden), cells.write(t, cell), all_gates.write(t, gates)

    *_, hiddens, cells, all_gates = tf.while_loop(
        lambda t, *_: t < steps,
        forward,
        (0, first_hidden, first_cell, column(units), column(units), column(4 * units)),
        maximum_iterations=steps,
    )
    hiddens, cells, all_gates = hiddens.stack(), cells.stack(), all_gates.stack()

    def gradient(d_hiddens: tf.Tensor, d_cells: tf.Tensor) -> tuple[tf.Tensor | None, ...]:
        hiddens_before = tf.concat([first_hidden[None], hiddens[:-1]], 0)
        cells_before = tf.concat([first_cell[None], cells[:-1]], 0)
        transposed = tf.transpose(recurrent_weights)

        def backward(k: tf.Tensor, d_hidden: tf.Tensor, d_cell: tf.Tensor, d_zs: tf.TensorArray) -> tuple:
            t = steps - 1 - k
            input_gate, forget_gate, candidate, output_gate = tf.split(all_gates[t], 4, -1)
            squashed = tf.tanh(cells[t])
            d_hidden = d_hidden + d_hiddens[t]
            d_cell = d_cell + d_cells[t] + d_hidden * output_gate * (1 - squashed * squashed)
            # sigmoid' = s (1 - s), tanh' = 1 - t².
            d_z = tf.concat(
                [
                    d_cell * candidate * input_gate * (1 - input_gate),
                    d_cell * cells_before[t] * forget_gate * (1 - forget_gate),
                    d_cell * input_gate * (1 - candidate * candidate),
                    d_hidden * squashed * output_gate * (1 - output_gate),
                ],
                -1,
            )
            return k + 1, tf.matmul(d_z, transposed), d_cell * forget_gate, d_zs.write(t, d_z)

        zero = tf.zeros((batch, units), z_input.dtype)
        _, d_first_hidden, d_first_cell, d_zs = tf.while_loop(
            lambda k, *_: k < steps, backward, (0, zero, zero, column(4 * units)), maximum_iterations=steps
        )
        d_z = d_zs.stack()
        d_recurrent = tf.matmul(
            tf.reshape(hiddens_before, (-1, units)), tf.reshape(d_z, (-1, 4 * units)), transpose_a=True
        )
        return d_z, None, d_recurrent, d_first_hidden, d_first_cell

    return (hiddens, cells), gradient
