"""The recurrence over time: one loop that does only what depends on the step before.

For any cell (cell.py), with u_t what the cell recalls of step t (its hidden state, for most):

    z_t = x_t W + u_{t-1} R + b         [B, G·H]
    h_t, c_t = step(z_t, h_{t-1}, c_{t-1})

`x W` needs no earlier step: it is one matrix product over all T·B rows, made before the loop. So are, after the
backward loop, the gradients of W, R, b and x. Inside the loops there is one product a step, `u R` or `dz Rᵀ`. The loops
are compiled by XLA; the large products are not, because TensorFlow's own are faster.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import tensorflow as tf

from seqgen.engine.cells.base import Cell, Step, Weights
from seqgen.engine.compiling import compiled
from seqgen.engine.layers.products import times_in_loop, transposed_times


def one_step(
    cell: Cell, x: tf.Tensor, weights: Weights, reset: tf.Tensor, hidden: tf.Tensor, carried: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """One layer, one step: x [B, D], reset bool[B]; hidden [B, H] and carried [B, C·H] of the step before, and after.

    Sampling goes step by step and learns nothing, so it needs no loop; and all that is added up goes into one product,
    because XLA runs a sum of two products of single rows on one core.
    """
    rows = tf.concat([weights.input, weights.recurrent, tf.convert_to_tensor(weights.bias)[None]], 0)
    ones = tf.ones((x.shape[0], 1), x.dtype)
    z = tf.matmul(tf.concat([x, cell.recalled(hidden, carried), ones], -1), rows)
    made, keep = cell.step(z, hidden, carried, weights.own), _keep(reset, x.dtype)
    return made.hidden * keep, made.carried * keep


def recurrence(
    cell: Cell,
    from_input: tf.Tensor,
    weights: Weights,
    resets: tf.Tensor,
    hidden: tf.Tensor,
    carried: tf.Tensor,
    precision: tf.DType = tf.float32,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Runs one layer over a segment.

    from_input [T, B, G·H] is x W; resets bool[T, B], true where a document begins: there the states become exactly 0;
    hidden [B, H] and carried [B, C·H] come from the segment before; precision is that of the products with R and of the
    one for its gradient.
    Gives all hidden states [T, B, H] and what is carried on after the last step [B, C·H]. Gradients stop at the
    segment's beginning (truncated back-propagation through time, Williams & Peng 1990).
    """
    keep = _keep(resets, hidden.dtype)
    return _through_time(cell, precision)(from_input, keep, *weights[1:], hidden, carried)


def every_step(
    cell: Cell, from_input: tf.Tensor, weights: Weights, resets: tf.Tensor, hidden: tf.Tensor, carried: tf.Tensor
) -> Step:
    """What `recurrence` computes on its way over a segment, and gives away only the last of: all steps, [T, B, ·].

    Where a document begins, states are 0 whatever the activations were. Nothing is differentiated.
    """
    keep = _keep(resets, hidden.dtype)
    hiddens, carrieds, kept, _ = _forward(cell, tf.float32, from_input, keep, *weights[1:], hidden, carried)
    if cell.keeps_activations:
        return Step(hiddens, carrieds, kept)
    # With the states known, no step waits for another: all are made at once, as if they were one batch.
    before = tf.concat([hidden[None], hiddens[:-1]], 0), tf.concat([carried[None], carrieds[:-1]], 0)
    z, hidden, carried = (tf.reshape(rows, (-1, rows.shape[-1])) for rows in (kept, *before))
    made = cell.step(z, hidden, carried, weights.own)
    return Step(hiddens, carrieds, tf.reshape(made.activations, (*hiddens.shape[:2], -1)))


def _keep(resets: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    """What states are multiplied with: 0 where a document begins, [..., 1]."""
    return (1 - tf.cast(resets, dtype))[..., None]


@functools.cache
def _through_time(cell: Cell, precision: tf.DType) -> Callable[..., tuple[tf.Tensor, tf.Tensor]]:
    """The loop over time of a cell on from_input [T, B, G·H] and keep [T, B, 1], and its gradient written out."""
    forward = compiled(functools.partial(_forward, cell, precision))
    backward = compiled(functools.partial(_backward, cell, precision))

    @tf.custom_gradient
    def through_time(from_input: tf.Tensor, keep: tf.Tensor, recurrent: tf.Tensor, bias: tf.Tensor, own: tf.Tensor,
                     hidden: tf.Tensor, carried: tf.Tensor) -> tuple:  # fmt: skip
        # Nobody else differentiates the loop: an eager tape would, and cannot.
        given = (tf.stop_gradient(part) for part in (from_input, keep, recurrent, bias, own, hidden, carried))
        hiddens, carrieds, kept, last = forward(*given)

        def gradient(d_hiddens: tf.Tensor, d_last: tf.Tensor) -> tuple[tf.Tensor | None, ...]:
            d_z, d_own, d_hidden, d_carried = backward(
                hiddens, carrieds, kept, keep, recurrent, own, hidden, carried, d_hiddens, d_last
            )
            steps, batch, columns = d_z.shape
            recalled = tf.reshape(cell.recalled(hiddens[:-1], carrieds[:-1]), ((steps - 1) * batch, -1))
            # d_R = Σ u_{t-1}ᵀ dz_t: slices along time are no copies, so the first step goes by itself.
            d_recurrent = transposed_times(recalled, tf.reshape(d_z[1:], (-1, columns)), precision)
            d_recurrent += transposed_times(cell.recalled(hidden, carried), d_z[0], precision)
            # A sum over rows as a product with ones: XLA and TensorFlow add floats up on one core.
            d_bias = transposed_times(tf.ones((steps * batch, 1)), tf.reshape(d_z, (-1, columns)), precision)[0]
            return d_z, None, d_recurrent, d_bias, d_own, d_hidden, d_carried

        return (hiddens, last), gradient

    return through_time


def _forward(cell: Cell, precision: tf.DType, from_input: tf.Tensor, keep: tf.Tensor, recurrent: tf.Tensor,
             bias: tf.Tensor, own: tf.Tensor, hidden: tf.Tensor, carried: tf.Tensor
             ) -> tuple[tf.Tensor, ...]:  # fmt: skip
    """Of all steps: hidden states [T, B, H], what is carried on [T, B, C·H], what the gradient starts from [T, B, ·].

    That is the activations for a cell that keeps them, z for others. What is carried on at the end is given once more:
    the loop gives it anyhow, and the program is 10 % slower where XLA has to find another place for it.
    """
    steps, batch, columns = from_input.shape
    units = hidden.shape[-1]
    kept = len(cell.blocks) * units if cell.keeps_activations else columns
    factor = tf.cast(recurrent, precision)

    def body(t: tf.Tensor, hidden: tf.Tensor, carried: tf.Tensor, *arrays: tf.TensorArray) -> tuple:
        z = from_input[t] + bias + times_in_loop(cell.recalled(hidden, carried), factor)
        made = cell.step(z, hidden, carried, own)
        hidden, carried = made.hidden * keep[t], made.carried * keep[t]
        rows = hidden, carried, made.activations if cell.keeps_activations else z
        return t + 1, hidden, carried, *(array.write(t, row) for array, row in zip(arrays, rows, strict=True))

    widths = units, carried.shape[-1], kept
    arrays = [tf.TensorArray(hidden.dtype, steps, element_shape=(batch, width)) for width in widths]
    _, _, last, *arrays = tf.while_loop(
        lambda t, *_: t < steps, body, (0, hidden, carried, *arrays), maximum_iterations=steps
    )
    return *(array.stack() for array in arrays), last


def _backward(cell: Cell, precision: tf.DType, hiddens: tf.Tensor, carrieds: tf.Tensor, kept: tf.Tensor,
              keep: tf.Tensor, recurrent: tf.Tensor, own: tf.Tensor, first_hidden: tf.Tensor, first_carried: tf.Tensor,
              d_hiddens: tf.Tensor, d_last: tf.Tensor) -> tuple[tf.Tensor, ...]:  # fmt: skip
    """The gradients of z [T, B, G·H], of the cell's own weights, and of the first hidden and carried states."""
    steps, batch, units = hiddens.shape
    carried_width = first_carried.shape[-1]
    transposed = tf.cast(tf.transpose(recurrent), precision)
    recalled_width = recurrent.shape[0]

    def body(k: tf.Tensor, d_hidden: tf.Tensor, d_carried: tf.Tensor, d_own: tf.Tensor, d_zs: tf.TensorArray) -> tuple:
        t = steps - 1 - k
        before = tf.maximum(t - 1, 0)
        hidden = tf.where(t > 0, hiddens[before], first_hidden)
        carried = tf.where(t > 0, carrieds[before], first_carried)
        step = cell.gradient(
            kept[t], hidden, carried, carrieds[t], own,
            (d_hidden + d_hiddens[t]) * keep[t], d_carried * keep[t],
        )  # fmt: skip
        d_recalled = times_in_loop(step.z, transposed, recurrent.shape[1] // units)
        d_hidden, d_carried = step.hidden + d_recalled[:, :units], step.carried
        if recalled_width > units:
            # What else is recalled are the last blocks of what is carried.
            d_carried += tf.pad(d_recalled[:, units:], ((0, 0), (carried_width - recalled_width + units, 0)))
        return k + 1, d_hidden, d_carried, d_own + step.own, d_zs.write(t, step.z)

    d_zs = tf.TensorArray(hiddens.dtype, steps, element_shape=(batch, recurrent.shape[1]))
    start = (0, tf.zeros((batch, units), hiddens.dtype), d_last, tf.zeros_like(own), d_zs)
    _, d_hidden, d_carried, d_own, d_zs = tf.while_loop(lambda k, *_: k < steps, body, start, maximum_iterations=steps)
    return d_zs.stack(), d_own, d_hidden, d_carried
