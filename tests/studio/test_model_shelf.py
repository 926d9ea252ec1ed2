"""The models that are offered."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from seqgen import BundleError, UnknownName
from seqgen.models.bundle import pretrained_names
from seqgen.studio.model_shelf import ModelShelf, find_models


def test_a_run_a_folder_of_runs_and_the_box(run):
    for folder in (run, run.parent):
        places = find_models(folder)
        assert [place.name for place in places] == [run.name, *pretrained_names()]
        assert [place.key for place in places] == [str(number) for number in range(len(places))]
        assert places[0].is_run
        assert not places[-1].is_run
    assert [place.name for place in find_models(None)] == pretrained_names()


def test_a_folder_without_a_model_is_named(tmp_path):
    with pytest.raises(BundleError, match="no trained model"):
        find_models(tmp_path)
    with pytest.raises(BundleError, match="no trained model"):
        find_models(tmp_path / "nothing")


def test_a_model_is_known_by_its_key_alone(run):
    shelf = ModelShelf(find_models(run))
    with pytest.raises(UnknownName):
        shelf.place("../../etc")
    with pytest.raises(UnknownName):
        shelf.load(str(run))


def test_a_model_is_described_without_tensorflow():
    program = (
        "import json, sys; from seqgen.studio.app import make_app; from seqgen.studio.model_shelf import *;"
        "value = ModelShelf(find_models(None)).describe('0');"
        "print(json.dumps([value, 'tensorflow' in sys.modules]))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    described, is_loaded = json.loads(result.stdout)
    assert not is_loaded
    assert described["is_music"]
    assert not described["is_ready"]
    assert "bars" in described["constraints"]["properties"]
    assert described["downloads"][0] == ""
    assert {"wav", "musicxml", "abc"} <= set(described["downloads"])


def test_a_damaged_model_says_so_and_the_others_are_offered(run, tmp_path):
    bundle = tmp_path / "bad"
    bundle.mkdir()
    (bundle / "config.json").write_text("{}")
    shelf = ModelShelf(find_models(tmp_path))
    assert "bad" in shelf.describe("0")["error"]
    assert shelf.describe("1")["error"] == ""


def test_a_model_that_was_trained_on_is_loaded_again(run, monkeypatch):
    loaded = []

    class Model:
        domain = None

    monkeypatch.setattr("seqgen.workflows.load.load", lambda path: loaded.append(path) or Model())
    shelf = ModelShelf(find_models(run))
    shelf.load("0")
    shelf.load("0")
    monkeypatch.setattr("seqgen.studio.model_shelf._time_of", lambda path: -1.0)
    shelf.load("0")
    assert loaded == [run, run]
