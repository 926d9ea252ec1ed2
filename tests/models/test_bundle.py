"""Bundles on disk: what is written comes back, and whatever is wrong is one sentence."""

from __future__ import annotations

import json

import numpy as np
import pytest
from letters import Letters

from seqgen import BundleError
from seqgen.contract.domain_record import DomainRecord
from seqgen.models.bundle import (
    FORMAT,
    PRETRAINED_FOLDER,
    BundleDomain,
    model_folder,
    pretrained_names,
    read_bundle,
    write_bundle,
)

WEIGHTS = {"matrix": np.arange(6, dtype=np.float32).reshape(2, 3), "bias": np.ones(3, np.float32)}
DOMAIN = DomainRecord.of(Letters())
EXAMPLES = [[0, 0, 0], [0, 2, 1]]
SHAPES = {name: value.shape for name, value in WEIGHTS.items()}


@pytest.fixture
def bundle(tmp_path):
    write_bundle(tmp_path / "run" / "bundle", {"steps": 5}, DOMAIN, EXAMPLES, WEIGHTS, "# A card\n")
    return tmp_path / "run" / "bundle"


def test_it_is_found_by_its_folder_and_by_its_run(bundle):
    for path in (bundle, bundle.parent, str(bundle)):
        found = read_bundle(path)
        assert (found.path, found.domain) == (bundle, BundleDomain(**DOMAIN.model_dump()))
        assert found.config == {"format": FORMAT, "steps": 5}
        assert found.class_examples() == EXAMPLES
    weights = found.weights(SHAPES)
    assert weights.keys() == WEIGHTS.keys()
    for name, value in WEIGHTS.items():
        np.testing.assert_array_equal(weights[name], value)
    assert (bundle / "README.md").read_text() == "# A card\n"


def test_it_is_data_and_no_code(bundle):
    assert {path.suffix for path in bundle.iterdir()} == {".json", ".safetensors", ".md"}


def test_the_calibration_can_be_written_later(bundle):
    read_bundle(bundle).write_calibration({"a": 1})
    assert read_bundle(bundle).domain.calibration == {"a": 1}
    assert read_bundle(bundle).domain.name == "letters"
    assert read_bundle(bundle).config["steps"] == 5


@pytest.mark.parametrize(
    "shapes",
    [
        {"matrix": (2, 3)},
        {**SHAPES, "more": (1,)},
        {**SHAPES, "matrix": (3, 2)},
    ],
    ids=["one too many", "one too few", "another shape"],
)
def test_weights_that_do_not_fit_are_refused(bundle, shapes):
    with pytest.raises(BundleError, match=r"does not fit its config\.json"):
        read_bundle(bundle).weights(shapes)


def test_weights_of_another_type_are_refused(tmp_path):
    write_bundle(tmp_path / "b", {}, DOMAIN, EXAMPLES, {"bias": np.ones(3, np.float64)}, "")
    with pytest.raises(BundleError, match=r"does not fit its config\.json"):
        read_bundle(tmp_path / "b").weights({"bias": (3,)})


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("config.json", "[]", "no JSON object"),
        ("config.json", "{", "cannot be read"),
        ("domain.json", "[" * 100_000, "cannot be read"),
        ("domain.json", "{}", "is damaged"),
        ("config.json", json.dumps({"format": 99}), "of format 99"),
        ("config.json", None, "holds no trained model"),
    ],
)
def test_damaged_descriptions_are_one_sentence(bundle, name, content, sentence):
    (bundle / name).unlink()
    if content is not None:
        (bundle / name).write_text(content)
    with pytest.raises(BundleError, match=sentence) as caught:
        read_bundle(bundle)
    assert str(bundle) in str(caught.value)


@pytest.mark.parametrize("content", [None, b"", b"\xff" * 100])
def test_damaged_weights_are_one_sentence(bundle, content):
    (bundle / "model.safetensors").unlink()
    if content is not None:
        (bundle / "model.safetensors").write_bytes(content)
    with pytest.raises(BundleError, match="missing or damaged"):
        read_bundle(bundle).weights(SHAPES)


def test_a_name_means_a_shipped_model_unless_a_folder_has_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = pretrained_names()[0]
    assert model_folder(name) == PRETRAINED_FOLDER / name
    (tmp_path / name).mkdir()
    assert model_folder(name).resolve() == tmp_path / name
