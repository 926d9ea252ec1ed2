"""From gradients to weights: clipping, accumulation, averages; run operation by operation, without a compiler."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from engine import toys
from engine.twin_workers import TwinWorkers
from seqgen.engine.model import Model
from seqgen.engine.settings import ModelSettings, TrainingSettings
from seqgen.engine.training.trainer import Trainer, clip_gradients
from seqgen.errors import TrainingError
from seqgen.grammar import BOS, unconstrained

SMALL = ModelSettings(hidden_size=8, num_layers=1)


pytestmark = pytest.mark.usefixtures("without_compiler")


def trainer(batch_size=2, bptt_length=4, **settings):
    wanted = {
        "warmup_steps": 0,
        "dropout": 0.0,
        "learning_rate": 0.01,
        "learning_rate_schedule": "constant",
        **settings,
    }
    model = Model.new(SMALL, unconstrained(toys.VOCABULARY), 0)
    return Trainer(model, TrainingSettings(batch_size=batch_size, bptt_length=bptt_length, **wanted))


def segment(seed, steps=4, streams=2, first=BOS):
    """Every stream begins with `first`; BOS begins a document, so that the memory before does not matter."""
    ids = np.random.default_rng(seed).integers(2, toys.VOCABULARY, (steps + 1, streams)).astype(np.int32)
    ids[0] = first
    return SimpleNamespace(
        inputs=ids[:-1], targets=ids[1:], weights=np.ones((steps, streams), np.float32), states=np.zeros_like(ids[1:])
    )


def reaching_the_optimizer(one, monkeypatch):
    """The gradients of each update from now on, as the optimizer gets them."""
    seen, apply = [], one.optimizer.apply_gradients

    def watched(pairs):
        pairs = list(pairs)
        seen.append([np.asarray(gradient) for gradient, _ in pairs])
        apply(pairs)

    monkeypatch.setattr(one.optimizer, "apply_gradients", watched)
    return seen


def test_clipping_is_by_value_first_and_then_by_norm():
    gradients = [tf.constant([[3.0, -0.5]]), tf.constant([-4.0])]
    by_value = clip_gradients(gradients, TrainingSettings(gradient_clip_value=1.0, gradient_clip_norm=100))
    assert [one.numpy().tolist() for one in by_value] == [[[1, -0.5]], [-1]]
    both = np.concatenate(
        [one.numpy().ravel() for one in clip_gradients(gradients, TrainingSettings(gradient_clip_value=1.0))]
    )
    np.testing.assert_allclose(both, np.array([1, -0.5, -1]) / 1.5, rtol=1e-6)
    unclipped = clip_gradients(gradients, TrainingSettings(gradient_clip_norm=100))
    np.testing.assert_array_equal(unclipped[0], gradients[0])


def test_no_number_above_clip_value_and_no_gradient_above_clip_norm_reaches_the_optimizer(monkeypatch):
    largest, norms = [], []
    for settings in (
        {"gradient_clip_norm": 100},
        {"gradient_clip_norm": 100, "gradient_clip_value": 1e-3},
        {"gradient_clip_norm": 0.05},
    ):
        one = trainer(**settings)
        seen = reaching_the_optimizer(one, monkeypatch)
        one.step(segment(0), 0.0)
        numbers = np.concatenate([gradient.ravel() for gradient in seen[0]])
        largest.append(np.abs(numbers).max())
        norms.append(np.linalg.norm(numbers))
    assert largest[0] > 0.05
    assert largest[1] == pytest.approx(1e-3)
    assert norms[0] > 0.1
    assert norms[2] == pytest.approx(0.05, rel=1e-4)


def test_gradients_of_several_steps_make_one_update_with_their_mean():
    parts = [segment(seed) for seed in range(3)]
    joined = SimpleNamespace(
        **{name: np.concatenate([vars(part)[name] for part in parts], 1) for name in vars(parts[0])}
    )
    small, large = trainer(gradient_accumulation_steps=3), trainer(batch_size=6)
    before = small.model.numpy_weights()
    for _ in range(2):
        large.step(joined, 0.0)
        for number, part in enumerate(parts):
            small.step(part, 0.0)
            if number < 2 and small.step_number < 3:
                for name, value in small.model.numpy_weights().items():
                    np.testing.assert_array_equal(value, before[name])
    for name, value in large.model.numpy_weights().items():
        # Adam divides by the gradient's own size: where that is nothing but rounding, so is the direction.
        np.testing.assert_allclose(small.model.numpy_weights()[name], value, atol=2e-5, err_msg=name)
    assert int(small.optimizer.iterations) == 2
    assert np.abs(small.model.numpy_weights()["embedding"] - before["embedding"]).max() > 0.01


def test_gradients_are_accumulated_unclipped(monkeypatch):
    one = trainer(gradient_accumulation_steps=2, gradient_clip_norm=0.01)
    got, separate = reaching_the_optimizer(one, monkeypatch), []
    for seed in (0, 1):
        one.step(segment(seed), 0.0)
        fresh = trainer(gradient_clip_norm=100)
        seen = reaching_the_optimizer(fresh, monkeypatch)
        fresh.step(segment(seed), 0.0)
        separate.append(seen[0])
    mean = [(a + b) / 2 for a, b in zip(*separate, strict=True)]
    norm = np.sqrt(sum((part**2).sum() for part in mean))
    for made, expected in zip(got[0], mean, strict=True):
        np.testing.assert_allclose(made, expected * 0.01 / norm, atol=1e-7)


def test_the_average_is_that_of_its_formula_and_training_goes_on_with_the_raw_weights():
    averaged, raw = trainer(ema_decay=0.25), trainer()
    expected = {name: value.astype(np.float64) for name, value in averaged.model.numpy_weights().items()}
    for step in range(5):
        for one in (averaged, raw):
            one.step(segment(step), 0.0)
        decay = min(0.25, (2 + step) / (11 + step))
        for name, value in averaged.model.numpy_weights().items():
            expected[name] = decay * expected[name] + (1 - decay) * value
    for name, value in averaged.evaluated_model.numpy_weights().items():
        np.testing.assert_allclose(value, expected[name], atol=1e-6)
        np.testing.assert_array_equal(averaged.model.numpy_weights()[name], raw.model.numpy_weights()[name])
    assert (
        np.abs(averaged.evaluated_model.numpy_weights()["embedding"] - raw.model.numpy_weights()["embedding"]).max()
        > 1e-3
    )
    assert raw.evaluated_model is raw.model


def test_penalties_and_weight_drop_change_what_is_learned_but_not_what_is_reported():
    plain = trainer()
    loss = float(plain.step(segment(0), 0.0))
    for settings in ({"activation_regularization": 100.0}, {"temporal_activation_regularization": 100.0}):
        penalised = trainer(**settings)
        assert float(penalised.step(segment(0), 0.0)) == loss
        assert (
            np.abs(penalised.model.numpy_weights()["embedding"] - plain.model.numpy_weights()["embedding"]).max() > 1e-3
        )
    assert float(trainer(weight_drop=0.5).step(segment(0), 0.0)) != loss


def test_a_shorter_segment_moves_the_weights_less_far_where_lengths_are_drawn():
    for vary, share in ((True, 0.75), (False, 1.0)):
        one = trainer(bptt_length=8, random_bptt_length=vary)
        one.step(segment(0, steps=6), 0.0)
        assert float(one.optimizer.learning_rate) == pytest.approx(0.01 * share)


def test_a_gradient_that_is_not_finite_is_told_as_a_loss_that_is_not(monkeypatch):
    one = trainer()
    gradients = [tf.fill(weight.shape, np.inf) for weight in one.model.weights.values()]
    monkeypatch.setattr(one, "_gradients", lambda *_: (tf.constant(1.0), gradients, one.memory))
    assert not np.isfinite(float(one.step(segment(0), 0.0)))


def weights_after(steps=6, **settings):
    one = trainer(**settings)
    for step in range(steps):
        one.step(segment(step), 0.0)
    return one.model.numpy_weights()


@pytest.mark.parametrize(
    "changed", [{"dropout": 0.5}, {"weight_decay": 0.9}, {"gradient_clip_norm": 0.01}, {"learning_rate": 0.1}], ids=str
)
def test_every_setting_of_training_acts(changed):
    plain, other = weights_after(), weights_after(**changed)
    assert np.abs(plain["recurrence_0/input_weights"] - other["recurrence_0/input_weights"]).max() > 1e-5


def test_the_first_step_is_that_of_adamw_with_a_clipped_gradient():
    """Adam's first step is lr · sign(g) whatever clipping does, plus decoupled decay of matrices alone."""
    before = trainer().model.numpy_weights()
    after = weights_after(steps=1, learning_rate=1e-3, weight_decay=0.5)
    decayed = before["recurrence_0/input_weights"] * (1 - 1e-3 * 0.5)
    moved = np.abs(after["recurrence_0/input_weights"] - decayed)
    assert np.median(moved) == pytest.approx(1e-3, rel=0.02)
    moved_bias = np.abs(after["recurrence_0/bias"] - before["recurrence_0/bias"])
    assert np.median(moved_bias) == pytest.approx(1e-3, rel=0.02)


def test_memory_is_carried_from_segment_to_segment():
    """With the memory thrown away after a segment, the loss differs: truncated, but not forgotten."""
    carried, forgetful = trainer(), trainer()
    assert float(carried.step(segment(0), 0.0)) == float(forgetful.step(segment(0), 0.0))
    forgetful.memory = forgetful.model.initial_memory(2)
    assert float(carried.step(segment(1, first=3), 0.0)) != float(forgetful.step(segment(1, first=3), 0.0))


def test_what_was_saved_is_restored_and_another_model_is_refused():
    one, other = (
        trainer(ema_decay=0.5, gradient_accumulation_steps=2),
        trainer(ema_decay=0.5, gradient_accumulation_steps=2),
    )
    for step in range(3):
        one.step(segment(step), 0.0)
    other.restore(one.tensors(), one.step_number)
    assert float(one.step(segment(3, first=4), 0.0)) == float(other.step(segment(3, first=4), 0.0))
    for name, value in one.tensors().items():
        np.testing.assert_array_equal(other.tensors()[name], value, err_msg=name)
    with pytest.raises(TrainingError, match="other settings"):
        trainer(batch_size=3).restore(one.tensors(), 3)


def test_rolling_back_restores_weights_and_halves_the_rate_and_begins_the_streams_anew():
    one = trainer(gradient_accumulation_steps=2)
    good = one.tensors()
    for step in range(3):
        one.step(segment(step), 0.0)
    one.roll_back(good)
    for name, value in one.model.numpy_weights().items():
        np.testing.assert_array_equal(value, good[f"weights/{name}"])
    assert one.step_number == 3
    assert one.learning_rate(0.5) == 0.01 / 2
    assert not any(np.asarray(part).any() for part in (one.memory.hidden, one.memory.cell_state))
    assert not any(value.any() for name, value in one.tensors().items() if name.startswith("mean_gradient"))


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_targets_without_weight_are_left_out_and_change_nothing(share, monkeypatch):
    one, other = trainer(batch_size=8, bptt_length=16), trainer(batch_size=8, bptt_length=16)
    monkeypatch.setattr(other, "_num_targets", lambda segment: None)
    part = segment(3, steps=16, streams=8)
    part.weights = (np.random.default_rng(1).random((16, 8)) < share).astype(np.float32)
    worked_out = one._num_targets(part)
    assert worked_out is None if share == 1 else worked_out < 16 * 8
    losses = [float(each.step(part, 0.0)) for each in (one, other)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    for name, weight in one.model.weights.items():
        np.testing.assert_allclose(weight, other.model.weights[name], atol=1e-5, err_msg=name)


@pytest.mark.parametrize("average_every", [0, 3])
def test_workers_that_read_the_same_train_as_one_does(average_every):
    """Whether they sum gradients or average weights."""
    settings = {"activation_regularization": 1.0, "ema_decay": 0.9, "average_every": average_every}
    alone = trainer(**settings)
    twin = Trainer(Model.new(SMALL, unconstrained(toys.VOCABULARY), 0),
                   alone.settings.model_copy(update={"batch_size": 4}), TwinWorkers())  # fmt: skip
    assert (len(twin.streams), twin.has_local_updates) == (2, average_every > 0)
    for seed in range(3):
        losses = [float(one.step(segment(seed), 0.0)) for one in (alone, twin)]
        assert losses[0] == pytest.approx(losses[1], abs=1e-5)
    if average_every:
        twin.average_weights()
    for name, value in alone.evaluated_model.numpy_weights().items():
        np.testing.assert_allclose(twin.evaluated_model.numpy_weights()[name], value, atol=1e-5, err_msg=name)
