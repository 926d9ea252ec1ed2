"""Bundles on disk: what is written comes back, and whatever is wrong is one sentence."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from letters import Letters

from seqgen import BundleError
from seqgen.contract.domain_record import DomainRecord
from seqgen.files.stored_files import with_checksum
from seqgen.models.bundle import (
    FORMAT,
    PRETRAINED_FOLDER,
    BundleDomain,
    model_folder,
    pretrained_names,
    read_bundle,
    write_bundle,
)

DOMAIN = DomainRecord.of(Letters())
WEIGHTS = {
    "embedding": np.arange(3 * (2 + len(DOMAIN.vocabulary)), dtype=np.float32).reshape(-1, 3),
    "bias": np.ones(3, np.float32),
}
CONFIG = {"result": {"step": 5}}
EXAMPLES = [[0, 0, 0], [0, 2, 1]]
SHAPES = {name: value.shape for name, value in WEIGHTS.items()}


@pytest.fixture
def bundle(tmp_path):
    write_bundle(tmp_path / "run" / "bundle", CONFIG, DOMAIN, EXAMPLES, WEIGHTS, "# A card\n")
    return tmp_path / "run" / "bundle"


def test_it_is_found_by_its_folder_and_by_its_run(bundle):
    for path in (bundle, bundle.parent, str(bundle)):
        found = read_bundle(path)
        assert (found.path, found.domain) == (bundle, BundleDomain(**DOMAIN.model_dump()))
        assert found.config == {"format": FORMAT, **CONFIG}
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
    assert read_bundle(bundle).config["result"] == {"step": 5}


@pytest.mark.parametrize(
    "shapes",
    [
        {"embedding": SHAPES["embedding"]},
        {**SHAPES, "more": (1,)},
        {**SHAPES, "embedding": (3, 2)},
    ],
    ids=["one too many", "one too few", "another shape"],
)
def test_weights_that_do_not_fit_are_refused(bundle, shapes):
    with pytest.raises(BundleError, match=r"does not fit its config\.json"):
        read_bundle(bundle).weights(shapes)


def test_weights_of_another_type_are_refused(tmp_path):
    doubles = {name: value.astype(np.float64) for name, value in WEIGHTS.items()}
    write_bundle(tmp_path / "b", {}, DOMAIN, EXAMPLES, doubles, "")
    with pytest.raises(BundleError, match=r"does not fit its config\.json"):
        read_bundle(tmp_path / "b").weights(SHAPES)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("config.json", "[]", "not a JSON object"),
        ("config.json", "{", "not JSON"),
        ("config.json", '{"format": NaN}', "NaN is not a number"),
        ("config.json", json.dumps({"format": FORMAT}), "is damaged"),
        ("config.json", json.dumps(with_checksum({"format": FORMAT, "colour": 1})), "colour: Extra inputs"),
        ("domain.json", "[" * 100_000, "nested too deeply"),
        ("domain.json", "[" + "[]," * 2**20 + "0]", "too many values"),
        ("domain.json", "{}", "is damaged"),
        ("domain.json", json.dumps(with_checksum({})), "Field required"),
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


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(None, "has no model.safetensors"), (b"", "does not begin with"), (b"\xff" * 100, "does not begin with")],
)
def test_damaged_weights_are_one_sentence(bundle, content, sentence):
    (bundle / "model.safetensors").unlink()
    if content is not None:
        (bundle / "model.safetensors").write_bytes(content)
    with pytest.raises(BundleError, match=sentence):
        read_bundle(bundle)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(tmp_path, value):
    weights = {**WEIGHTS, "bias": np.array([1, value, 2], np.float32)}
    write_bundle(tmp_path / "b", CONFIG, DOMAIN, EXAMPLES, weights, "")
    with pytest.raises(BundleError, match="'bias' that are not finite"):
        read_bundle(tmp_path / "b").weights(SHAPES)


@pytest.mark.parametrize("name", ["config.json", "domain.json", "grammar.json", "model.safetensors"])
def test_a_flipped_bit_is_noticed_and_the_advice_fits(bundle, name):
    content = bytearray((bundle / name).read_bytes())
    content[content.index(b"1" if name != "model.safetensors" else b"\x80?")] ^= 4
    (bundle / name).write_bytes(content)

    def read_all():
        found = read_bundle(bundle)
        found.class_examples()
        found.weights(SHAPES)

    with pytest.raises(BundleError, match=r"is damaged .* restore it from a copy, or train again"):
        read_all()


@pytest.mark.parametrize("name", ["config.json", "domain.json", "model.safetensors"])
def test_only_regular_files_are_read(bundle, name):
    (bundle / name).unlink()
    os.mkfifo(bundle / name)
    with pytest.raises(BundleError, match="not a regular file"):
        read_bundle(bundle)
    (bundle / name).unlink()
    (bundle / name).symlink_to("/dev/zero")
    with pytest.raises(BundleError, match="not a regular file"):
        read_bundle(bundle)


def test_weights_that_are_larger_than_any_model_are_refused_before_they_are_read(bundle):
    rows = len(DOMAIN.vocabulary) + 2
    layout = {"dtype": "F32", "shape": [rows, 2**30], "data_offsets": [0, rows * 2**32]}
    header = json.dumps({"embedding": layout}).encode()
    with open(bundle / "model.safetensors", "wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + rows * 2**32)
    with pytest.raises(BundleError, match="more than") as caught:
        read_bundle(bundle)
    assert len(str(caught.value)) < 300 + len(str(bundle))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"vocabulary": ["a" * 5000]}, "at most 4096"),
        ({"vocabulary": [f"{number:04}" * 1000 for number in range(4000)]}, "longer than"),
        ({"vocabulary": [5] * 100_000}, "valid string"),
        ({"plugin": {}}, "distribution and a version"),
    ],
)
def test_domains_that_would_cost_too_much_are_refused(bundle, changes, sentence):
    content = with_checksum({**DOMAIN.model_dump(), **changes})
    (bundle / "domain.json").write_text(json.dumps(content))
    with pytest.raises(BundleError, match=sentence):
        read_bundle(bundle)


def test_a_name_means_a_shipped_model_unless_a_folder_has_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = pretrained_names()[0]
    assert model_folder(name) == PRETRAINED_FOLDER / name
    (tmp_path / name).mkdir()
    assert model_folder(name).resolve() == tmp_path / name
