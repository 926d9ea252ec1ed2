"""Settings: their bounds, their sizes, and what is said of a wrong one."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from seqgen.engine.settings import SIZES, ModelSettings, TrainingSettings


@pytest.mark.parametrize("size", SIZES)
def test_a_size_sets_what_it_names(size):
    settings = ModelSettings(**SIZES[size])
    assert {name: getattr(settings, name) for name in SIZES[size]} == SIZES[size]


def test_the_sizes_grow():
    sizes = [shape["hidden_size"] * shape["num_layers"] for shape in SIZES.values()]
    assert list(SIZES) == ["tiny", "small", "medium", "large"]
    assert sizes == sorted(sizes)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (ModelSettings, {"hidden_size": 7}),
        (ModelSettings, {"cell": "lstm9"}),
        (ModelSettings, {"forget_bias": float("nan")}),
        (ModelSettings, {"width": 64}),
        (TrainingSettings, {"dropout": 1}),
        (TrainingSettings, {"batch_size": 0}),
        (TrainingSettings, {"learning_rate_schedule": "sine"}),
        (TrainingSettings, {"ema_decay": 1.0}),
    ],
    ids=str,
)
def test_what_cannot_be_set_is_refused(kind, wrong):
    with pytest.raises(ValidationError):
        kind(**wrong)


def test_every_setting_is_described():
    for kind in (ModelSettings, TrainingSettings):
        assert all(field.description for field in kind.model_fields.values())
