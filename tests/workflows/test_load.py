"""From a bundle on disk to a trained model: what fits together, and what is said about what does not."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

import seqgen
from seqgen.files.stored_files import with_checksum, without_checksum
from seqgen.models.bundle import model_folder

CHESS = {"distribution": "seqgen-chess", "version": "1.2"}


@pytest.fixture
def bundle(tmp_path):
    """A copy of the model that comes with seqgen, to be changed."""
    return shutil.copytree(model_folder("bach-chorales"), tmp_path / "bundle")


def change(path, **values):
    content = without_checksum(json.loads(path.read_text()))
    path.write_text(json.dumps(with_checksum({**content, **values})))


def test_a_missing_plugin_is_named_with_its_distribution(bundle):
    change(bundle / "domain.json", name="chess", plugin=CHESS)
    with pytest.raises(seqgen.PluginError, match=r"'chess' comes with seqgen-chess 1\.2, which is not installed"):
        seqgen.load(bundle)


def test_another_version_of_the_interface_names_the_plugin(bundle):
    change(bundle / "domain.json", interface_version=1, plugin=CHESS)
    with pytest.raises(seqgen.BundleError, match=r"seqgen-chess 1\.2, which is written for version 1 .* is version 2"):
        seqgen.load(bundle)


def test_settings_that_do_not_fit_name_both_versions(bundle):
    change(bundle / "domain.json", settings={"colour": "blue"}, plugin=CHESS)
    with pytest.raises(seqgen.BundleError, match=r"trained with seqgen-chess 1\.2 and does not fit seqgen-framework"):
        seqgen.load(bundle)


def test_state_classes_of_another_meaning_are_refused(bundle):
    examples = json.loads((bundle / "grammar.json").read_text())["class_examples"]
    examples[5][2] += 1
    change(bundle / "grammar.json", class_examples=examples)
    with pytest.raises(seqgen.BundleError, match="another grammar of the domain 'midi', that of seqgen-framework"):
        seqgen.load(bundle)


@pytest.mark.parametrize("content", ["{}", "[1, 2]", "[[0, 0", "[[0, 0, 0, 0]]"])
def test_damaged_examples_are_one_sentence(bundle, content):
    (bundle / "grammar.json").write_text(content)
    with pytest.raises(seqgen.BundleError):
        seqgen.load(bundle)


@pytest.mark.parametrize("examples", [{}, [1, 2], [[0, 0, 0, 0]], [[0, 0, "a"]], [[7, 0, 0]]])
def test_examples_of_another_form_are_refused(bundle, examples):
    change(bundle / "grammar.json", class_examples=examples)
    with pytest.raises(seqgen.BundleError):
        seqgen.load(bundle)


def test_a_grammar_with_more_states_keeps_a_model_of_use(bundle, monkeypatch):
    trained = seqgen.load(bundle)
    domain = type(trained.domain)
    plain = domain.grammar

    def with_one_more_state(self, constraints=None):
        grammar = plain(self, constraints)
        tables = (np.pad(table, ((0, 1), (0, 0)), "edge") for table in (grammar.allowed, grammar.next_state))
        return seqgen.Grammar(*tables, grammar.start, np.pad(grammar.state_class, (0, 1), "edge"))

    monkeypatch.setattr(domain, "grammar", with_one_more_state)
    (sample,) = seqgen.load(bundle).sample(1, constraints={"bars": 1}, seed=2, max_new_tokens=200)
    assert sample.ids.tolist() == trained.sample(1, constraints={"bars": 1}, seed=2, max_new_tokens=200)[0].ids.tolist()
