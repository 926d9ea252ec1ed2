"""Cells register themselves; a cell from outside passes the checks of all cells and can be trained and sampled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from pydantic import ValidationError

from engine import reference, toys
from engine.cells.checks import CHECKS
from seqgen.engine import cells
from seqgen.engine.cells.base import Cell, StepOutput
from seqgen.engine.cells.registry import cell_names, find_cell, register_cell
from seqgen.engine.decoding.sampling import Sampler
from seqgen.engine.segment import DocumentSegment
from seqgen.engine.settings import ModelSettings, TrainingSettings
from seqgen.engine.training.trainer import Trainer
from seqgen.errors import UnknownName
from seqgen.grammar import BOS


class OneGate(Cell):
    """A GRU with an update gate alone.

    u   = sigmoid(z_u)
    h_t = (1 - u) * h_{t-1} + u * tanh(z_g)
    """

    blocks = ("update_gate", "candidate")

    def step(self, z: tf.Tensor, hidden: tf.Tensor, cell_state: tf.Tensor, extra: tf.Tensor) -> StepOutput:
        update_gate, candidate = tf.split(z, 2, -1)
        update_gate, candidate = tf.sigmoid(update_gate), tf.tanh(candidate)
        hidden = (1 - update_gate) * hidden + update_gate * candidate
        return StepOutput(hidden, cell_state, tf.concat([update_gate, candidate], -1))


register_cell("one_gate", OneGate())


def one_gate_step(x, h, c, weights):
    z = x @ weights["input_weights"] + h @ weights["recurrent_weights"] + weights["bias"]
    z_u, z_g = np.split(z, 2, -1)
    u = reference.sigmoid(z_u)
    return (1 - u) * h + u * np.tanh(z_g), c


@pytest.mark.parametrize("check", CHECKS)
def test_a_cell_from_outside_passes_the_checks_of_all_cells(check):
    check("one_gate", one_gate_step)


def test_a_cell_from_outside_is_trained_and_sampled():
    model = toys.model(cell="one_gate", num_layers=1, attention_window=0, feed_forward_size=0)
    trainer = Trainer(model, TrainingSettings(batch_size=2, bptt_length=8))
    ids = np.resize(toys.documents(1, seed=1)[0], (9, 2)).astype(np.int32)
    segment = DocumentSegment(ids[:-1], ids[1:], np.ones((8, 2), np.float32), np.zeros((8, 2), np.int32))
    before = model.numpy_weights()["recurrence_0/recurrent_weights"]
    trainer.step(segment, 0.0)
    assert not np.array_equal(model.numpy_weights()["recurrence_0/recurrent_weights"], before)
    (sample,) = Sampler(model).sample(np.array([BOS], np.int32), model.grammar, count=1, max_new_tokens=500, seed=0)
    assert model.grammar.accepts(sample)


def test_every_module_of_the_package_is_found_and_has_its_test():
    modules = {path.stem for path in Path(cells.__path__[0]).glob("*.py")} - {"__init__", "base", "registry"}
    assert {type(find_cell(name)).__module__.rpartition(".")[2] for name in cell_names()} >= modules
    assert {path.stem.removeprefix("test_") for path in Path(__file__).parent.glob("test_*.py")} >= modules


def test_a_cell_is_found_by_its_name_alone():
    assert ModelSettings(cell="one_gate").cell == "one_gate"
    with pytest.raises(UnknownName, match="did you mean 'lstm'"):
        find_cell("lstmm")
    with pytest.raises(ValidationError, match=r"the cells are lstm, coupled, .*one_gate"):
        ModelSettings(cell="lstmm")
    with pytest.raises(ValueError, match="already is a cell 'gru'"):
        register_cell("gru", OneGate())
