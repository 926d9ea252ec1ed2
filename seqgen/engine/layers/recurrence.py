"""The recurrence over time: one loop that does only what depends on the step before.

For any cell (cells/base.py), where u_t is its recurrent input (the hidden state, for most cells),

    z_t = x_t W + u_{t-1} R + b              [B, G·H]
    h_t, c_t = step(z_t, h_{t-1}, c_{t-1})

`x W` needs no earlier step: one matrix product over all T·B rows makes it before the loop. With dz_t the gradient of a
loss with respect to z_t, which the backward loop gives, the other gradients are also single products after that loop:

    dW = Σ x_tᵀ dz_t     dR = Σ u_{t-1}ᵀ dz_t     db = Σ dz_t     dx_t = dz_t Wᵀ

Inside the loops there is one product a step: u R forward, and du = dz Rᵀ backward. XLA compiles the loops. The large
products stay outside, because TensorFlow's own are faster than XLA's.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from seqgen.engine.cells.base import Cell, CellWeights, StepOutput
from seqgen.engine.compiling import compiled
from seqgen.engine.layers.products import matmul_in_loop, matmul_transpose_a
from seqgen.engine.layers.step_weights import StepWeights


def recurrence(
    cell: Cell,
    input_projection: tf.Tensor,
    weights: CellWeights,
    resets: tf.Tensor,
    hidden: tf.Tensor,
    cell_state: tf.Tensor,
    precision: tf.DType = tf.float32,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Runs one layer over a segment. Returns all hidden states [T, B, H] and the last cell state [B, C·H].

    input_projection [T, B, G·H] is x W. resets bool[T, B] is true where a document begins: there both states become
    exactly 0. hidden [B, H] and cell_state [B, C·H] come from the segment before. precision is that of the products
    with R and of the product that makes its gradient.

    Gradients stop at the beginning of the segment: truncated back-propagation through time (Williams & Peng 1990).
    """
    keep = _keep_factor(resets, hidden.dtype)
    return _differentiable_loop(cell, precision)(input_projection, keep, *weights[1:], hidden, cell_state)


def recurrence_step(
    cell: Cell, inputs: Sequence[tf.Tensor], weights: StepWeights, reset: tf.Tensor, hidden: tf.Tensor,
    cell_state: tf.Tensor, rows: Sequence[tf.Tensor] = (),
) -> tuple[tf.Tensor, tf.Tensor]:  # fmt: skip
    """Runs one layer for one step, with reset bool[B]. Takes and returns h [B, H] and c [B, C·H].

    Decoding goes step by step and learns nothing, so it needs no loop. `inputs` [B, ·] are what the matrix of the
    weights reads beside the recurrent input, and `rows` [B, G·H] those of its tables.
    """
    z = weights.pre_activations([*inputs, cell.recurrent_input(hidden, cell_state)], rows)
    output, keep = cell.step(z, hidden, cell_state, weights.extra), _keep_factor(reset, hidden.dtype)
    return output.hidden * keep, output.cell_state * keep


def all_steps(
    cell: Cell,
    input_projection: tf.Tensor,
    weights: CellWeights,
    resets: tf.Tensor,
    hidden: tf.Tensor,
    cell_state: tf.Tensor,
) -> StepOutput:
    """Returns the output of every step of a segment, [T, B, ·], where `recurrence` returns only some of it.

    Takes the arguments of `recurrence`. States are 0 where a document begins, whatever the activations are there. Has
    no gradient.
    """
    keep = _keep_factor(resets, hidden.dtype)
    hiddens, cell_states, saved, _ = _forward_loop(
        cell, tf.float32, input_projection, keep, *weights[1:], hidden, cell_state
    )
    if cell.saves_activations:
        return StepOutput(hiddens, cell_states, saved)
    # The states are known, so no step waits for another: all are computed at once, as if they were one batch.
    hiddens_before = tf.concat([hidden[None], hiddens[:-1]], 0)
    cell_states_before = tf.concat([cell_state[None], cell_states[:-1]], 0)
    z, h, c = (tf.reshape(rows, (-1, rows.shape[-1])) for rows in (saved, hiddens_before, cell_states_before))
    activations = cell.step(z, h, c, weights.extra).activations
    return StepOutput(hiddens, cell_states, tf.reshape(activations, (*hiddens.shape[:2], -1)))


def _keep_factor(resets: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    """Returns the factor of the states [..., 1]: 0 where a document begins, else 1."""
    return (1 - tf.cast(resets, dtype))[..., None]


@functools.cache
def _differentiable_loop(cell: Cell, precision: tf.DType) -> Callable[..., tuple[tf.Tensor, tf.Tensor]]:
    """Returns the loop over time of a cell, with its gradient written out."""
    forward_loop = compiled(functools.partial(_forward_loop, cell, precision))
    backward_loop = compiled(functools.partial(_backward_loop, cell, precision))

    def loop(input_projection: tf.Tensor, keep: tf.Tensor, recurrent: tf.Tensor, bias: tf.Tensor, extra: tf.Tensor,
             hidden: tf.Tensor, cell_state: tf.Tensor) -> tuple[Any, Callable[..., Any]]:  # fmt: skip
        # An eager gradient tape would try to differentiate the loop itself, and cannot.
        arguments = (input_projection, keep, recurrent, bias, extra, hidden, cell_state)
        hiddens, cell_states, saved, last = forward_loop(*map(tf.stop_gradient, arguments))

        def gradient(d_hiddens: tf.Tensor, d_last: tf.Tensor) -> tuple[tf.Tensor | None, ...]:
            d_z, d_extra, d_hidden, d_cell_state = backward_loop(
                hiddens, cell_states, saved, keep, recurrent, extra, hidden, cell_state, d_hiddens, d_last
            )
            steps, batch_size, columns = d_z.shape
            recurrent_inputs = cell.recurrent_input(hiddens[:-1], cell_states[:-1])
            recurrent_inputs = tf.reshape(recurrent_inputs, ((steps - 1) * batch_size, -1))
            # dR = Σ u_{t-1}ᵀ dz_t. Slices along time need no copy, so the first step is a product of its own.
            d_recurrent = matmul_transpose_a(recurrent_inputs, tf.reshape(d_z[1:], (-1, columns)), precision)
            d_recurrent += matmul_transpose_a(cell.recurrent_input(hidden, cell_state), d_z[0], precision)
            # A sum over rows as a product with ones: XLA and TensorFlow add floats up on one core.
            ones = tf.ones((steps * batch_size, 1))
            d_bias = matmul_transpose_a(ones, tf.reshape(d_z, (-1, columns)), precision)[0]
            return d_z, None, d_recurrent, d_bias, d_extra, d_hidden, d_cell_state

        return (hiddens, last), gradient

    differentiable: Callable[..., tuple[tf.Tensor, tf.Tensor]] = tf.custom_gradient(loop)
    return differentiable


def _forward_loop(cell: Cell, precision: tf.DType, input_projection: tf.Tensor, keep: tf.Tensor, recurrent: tf.Tensor,
                  bias: tf.Tensor, extra: tf.Tensor, hidden: tf.Tensor, cell_state: tf.Tensor
                  ) -> tuple[tf.Tensor, ...]:  # fmt: skip
    """Returns hidden states [T, B, H], cell states [T, B, C·H], what the gradient starts from [T, B, ·], and c_T.

    The gradient starts from the activations if the cell saves them, else from z. The last cell state is returned once
    more because the loop has it anyway: the program is 10 % slower where XLA has to find another place for it.
    """
    steps, batch_size, columns = input_projection.shape
    units = hidden.shape[-1]
    matrix = tf.cast(recurrent, precision)

    def body(t: tf.Tensor, hidden: tf.Tensor, cell_state: tf.Tensor, *arrays: tf.TensorArray) -> tuple[Any, ...]:
        z = input_projection[t] + bias + matmul_in_loop(cell.recurrent_input(hidden, cell_state), matrix)
        output = cell.step(z, hidden, cell_state, extra)
        hidden, cell_state = output.hidden * keep[t], output.cell_state * keep[t]
        rows = hidden, cell_state, output.activations if cell.saves_activations else z
        return t + 1, hidden, cell_state, *(array.write(t, row) for array, row in zip(arrays, rows, strict=True))

    widths = units, cell_state.shape[-1], len(cell.blocks) * units if cell.saves_activations else columns
    arrays = [tf.TensorArray(hidden.dtype, steps, element_shape=(batch_size, width)) for width in widths]
    _, _, last, *arrays = tf.while_loop(
        lambda t, *_: t < steps, body, (0, hidden, cell_state, *arrays), maximum_iterations=steps
    )
    return *(array.stack() for array in arrays), last


def _backward_loop(cell: Cell, precision: tf.DType, hiddens: tf.Tensor, cell_states: tf.Tensor, saved: tf.Tensor,
                   keep: tf.Tensor, recurrent: tf.Tensor, extra: tf.Tensor, first_hidden: tf.Tensor,
                   first_cell_state: tf.Tensor, d_hiddens: tf.Tensor, d_last: tf.Tensor
                   ) -> tuple[tf.Tensor, ...]:  # fmt: skip
    """Returns the gradients of z [T, B, G·H], of the extra weights, and of the first hidden and cell state."""
    steps, batch_size, units = hiddens.shape
    cell_state_width = first_cell_state.shape[-1]
    transposed = tf.cast(tf.transpose(recurrent), precision)
    recurrent_input_width = recurrent.shape[0]

    def body(k: tf.Tensor, d_hidden: tf.Tensor, d_cell_state: tf.Tensor, d_extra: tf.Tensor, d_zs: tf.TensorArray
             ) -> tuple[Any, ...]:  # fmt: skip
        t = steps - 1 - k
        before = tf.maximum(t - 1, 0)
        hidden = tf.where(t > 0, hiddens[before], first_hidden)
        cell_state = tf.where(t > 0, cell_states[before], first_cell_state)
        step = cell.gradient(
            saved[t], hidden, cell_state, cell_states[t], extra,
            (d_hidden + d_hiddens[t]) * keep[t], d_cell_state * keep[t],
        )  # fmt: skip
        d_recurrent_input = matmul_in_loop(step.z, transposed, recurrent.shape[1] // units)
        d_hidden, d_cell_state = step.hidden + d_recurrent_input[:, :units], step.cell_state
        if recurrent_input_width > units:
            # The recurrent input holds the last blocks of the cell state beside the hidden state.
            first = cell_state_width - (recurrent_input_width - units)
            d_cell_state += tf.pad(d_recurrent_input[:, units:], ((0, 0), (first, 0)))
        return k + 1, d_hidden, d_cell_state, d_extra + step.extra, d_zs.write(t, step.z)

    d_zs = tf.TensorArray(hiddens.dtype, steps, element_shape=(batch_size, recurrent.shape[1]))
    start = (0, tf.zeros((batch_size, units), hiddens.dtype), d_last, tf.zeros_like(extra), d_zs)
    _, d_hidden, d_cell_state, d_extra, d_zs = tf.while_loop(
        lambda k, *_: k < steps, body, start, maximum_iterations=steps
    )
    return d_zs.stack(), d_extra, d_hidden, d_cell_state
