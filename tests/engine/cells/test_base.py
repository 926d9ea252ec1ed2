"""What a cell has by default: the shapes of its weights, and a gradient by automatic differentiation."""

from __future__ import annotations

import pytest
import tensorflow as tf

from seqgen.engine.cells.base import Cell
from seqgen.engine.cells.registry import cell_names, find_cell


@pytest.mark.parametrize("name", cell_names())
def test_assembled_weights_have_a_column_for_each_block_of_the_pre_activations(name):
    cell, size = find_cell(name), 6
    weights = cell.assemble({part: tf.zeros(shape) for part, shape in cell.weight_shapes(size).items()})
    columns = weights.bias.shape[0]
    assert weights.input.shape == (size, columns)
    assert weights.recurrent.shape[1] == columns
    states = tf.zeros((3, size)), tf.zeros((3, cell.cell_state_blocks * size))
    assert cell.recurrent_input(*states).shape == (3, weights.recurrent.shape[0])
    output = cell.step(tf.zeros((3, columns)), *states, weights.extra)
    assert output.hidden.shape == (3, size)
    assert output.cell_state.shape == states[1].shape
    assert output.activations.shape == (3, len(cell.blocks) * size)


def test_a_cell_must_have_blocks_and_equations():
    with pytest.raises(NotImplementedError):
        Cell().weight_shapes(4)
    with pytest.raises(NotImplementedError):
        Cell().step(*[tf.zeros((1, 1))] * 3, tf.zeros(0))
