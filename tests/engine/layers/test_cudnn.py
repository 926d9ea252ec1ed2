"""The LSTM by cuDNN: what it is given, beside cuDNN's documentation; and, where there is a GPU, cuDNN itself."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from engine import toys
from seqgen.engine.cells.registry import cell_names, find_cell
from seqgen.engine.compiling import compiled
from seqgen.engine.devices import has_cudnn
from seqgen.engine.layers import cudnn
from seqgen.engine.layers.recurrence import recurrence
from seqgen.engine.settings import TrainingSettings
from seqgen.engine.training.trainer import Trainer

T, B, H = 7, 3, 5


@pytest.fixture
def gpu(monkeypatch):
    """As if there were one."""
    monkeypatch.setattr(cudnn, "has_cudnn", lambda: True)


def documented(*, input, input_h, input_c, params, sequence_lengths, rnn_mode, is_training, time_major):
    """What cuDNN's documentation says of cudnnRNNForward() with CUDNN_LSTM.

    cudnnGetRNNWeightParams() numbers the matrices, and so the biases: 0 to 3 are for what comes in, input gate, forget
    gate, new memory and output gate, 4 to 7 the same for the recurrence. A matrix has a row for each unit.
    """
    assert (rnn_mode, is_training, time_major) == ("lstm", True, True)
    assert sequence_lengths.numpy().tolist() == [len(input)] * input.shape[1]
    units, width = input_h.shape[-1], input.shape[-1]
    parts = tf.split(params, [units * width] * 4 + [units * units] * 4 + [units] * 8)
    matrices = [tf.reshape(part, (units, -1)) for part in parts[:8]]
    biases, h, c, outputs = parts[8:], input_h[0], input_c[0], []
    for x in input:
        i, f, g, o = (
            tf.linalg.matvec(matrices[k], x) + tf.linalg.matvec(matrices[k + 4], h) + biases[k] + biases[k + 4]
            for k in range(4)
        )
        c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
        h = tf.sigmoid(o) * tf.tanh(c)
        outputs.append(h)
    return tf.stack(outputs), h[None], c[None], None, None


def both_ways():
    """Outputs and gradients of the loop and of `cudnn_lstm`, with documents that begin in the middle."""
    random, cell = np.random.default_rng(0), find_cell("lstm")
    shapes = {**cell.weight_shapes(H), "x": (T, B, H), "h": (B, H), "c": (B, H)}
    given = {name: tf.Variable(random.normal(0, 0.7, shape), dtype=tf.float32) for name, shape in shapes.items()}
    resets = np.zeros((T, B), bool)
    resets[[0, 2, 4, T - 1], [1, 0, 1, 2]] = True
    wanted = random.normal(size=(T, B, H)).astype(np.float32)
    results = []
    for by_cudnn in (False, True):
        with tf.GradientTape() as tape:
            weights, states = cell.assemble(given), (given["h"], given["c"])
            if by_cudnn:
                hiddens, last = cudnn.cudnn_lstm(given["x"], weights, resets, *states)
            else:
                hiddens, last = recurrence(cell, tf.matmul(given["x"], weights.input), weights, resets, *states)
            loss = tf.reduce_sum(hiddens * wanted) + tf.reduce_sum(last**2)
        gradients = tape.gradient(loss, given)
        results.append({"hidden states": hiddens, "cell state": last, **gradients})
        assert not hiddens.numpy()[resets].any()
        assert not last.numpy()[resets[-1]].any()
    return results


def test_what_cudnn_is_given_makes_it_the_loop(monkeypatch):
    monkeypatch.setattr(tf.raw_ops, "CudnnRNNV3", documented)
    loop, made = both_ways()
    for name, value in loop.items():
        np.testing.assert_allclose(made[name], value, atol=1e-5, err_msg=name)


@pytest.mark.skipif(not has_cudnn(), reason="there is no GPU here: cuDNN itself has not been run")
def test_cudnn_equals_the_loop():
    exact = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    loop, made = both_ways()
    tf.config.experimental.enable_tensor_float_32_execution(exact)
    for name, value in loop.items():
        np.testing.assert_allclose(made[name], value, atol=1e-4, err_msg=name)


def test_cudnn_is_for_the_lstm_in_float32_outside_of_xla(gpu):
    assert [name for name in cell_names() if cudnn.can_use_cudnn(find_cell(name), tf.float32)] == ["lstm"]
    assert not cudnn.can_use_cudnn(find_cell("lstm"), tf.bfloat16)
    inside = []
    compiled(lambda: inside.append(cudnn.can_use_cudnn(find_cell("lstm"), tf.float32)))()
    assert inside == [False]


@pytest.mark.parametrize(("devices", "built", "there"), [([], True, False), ([1], False, False), ([1], True, True)])
def test_cudnn_is_there_with_a_gpu_and_a_build_for_it(monkeypatch, devices, built, there):
    monkeypatch.setattr(tf.config, "get_visible_devices", lambda kind: devices)
    monkeypatch.setattr(tf.sysconfig, "get_build_info", lambda: {"is_cuda_build": built})
    assert has_cudnn() == there


def test_a_training_step_calls_cudnn_forwards_and_backwards_once_a_layer(gpu):
    trainer = Trainer(toys.model(), TrainingSettings(batch_size=2, bptt_length=8))
    steps = tf.TensorSpec((8, 2), tf.int32)
    step = trainer._step.get_concrete_function(
        steps, steps, tf.TensorSpec((8, 2)), steps, trainer.memory, tf.TensorSpec((), tf.int32), True, None, None
    )
    kinds = [operation.type for operation in step.graph.get_operations()]
    layers = trainer.model.settings.num_layers
    assert (kinds.count("CudnnRNNV3"), kinds.count("CudnnRNNBackpropV3")) == (layers, layers)
