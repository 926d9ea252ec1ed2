"""An exported model: its files alone are enough to draw valid documents."""

from __future__ import annotations

import json

import numpy as np
import pytest
from engine.exporting.onnx_runtime import onnx_run

from seqgen import UnknownName, UsageError


def test_documents_that_are_drawn_from_the_files_are_valid(trained, tmp_path):
    constraints = {"bars": 2, "time_signature": "4/4"}
    files = trained.export(tmp_path, "onnx", constraints=constraints)
    assert {file.name for file in files} == {"step.onnx", "tables.npz", "export.json"}
    about, tables = json.loads((tmp_path / "export.json").read_text()), np.load(tmp_path / "tables.npz")
    ids = draw(about, tables, onnx_run(tmp_path / "step.onnx"), np.random.default_rng(0))
    domain = trained.domain
    assert domain.grammar(domain.Constraints(**constraints)).accepts(ids)
    assert about["vocabulary"][int(ids[1])] == "meter:4/4"
    assert about["sampling"]["min_p"] == 0.05


def draw(about, tables, step, rng) -> np.ndarray:
    """Returns a document that is drawn from the files of an export, without relations and conditions."""
    inputs = {name: np.zeros(one["shape"], one["type"]) for name, one in about["functions"]["step"]["inputs"].items()}
    ids, state = tables["prompt"].tolist(), about["grammar"]["start_state"]
    tables = dict(tables)
    while ids[-1] != about["eos"]:
        inputs |= {"token": np.array(ids[-1:], np.int32), "state_class": tables["state_class"][[state]]}
        outputs = step(inputs)
        inputs |= {name.removeprefix("new_"): value for name, value in outputs.items() if name.startswith("new_")}
        scores = np.where(tables["allowed"][state], outputs["logits"][0], -np.inf)
        ids.append(int(np.argmax(scores + rng.gumbel(size=len(scores)))))
        state = int(tables["next_state"][state, ids[-1]])
    return np.array(ids, np.int32)


def test_a_prompt_is_in_the_tables(trained, pieces, tmp_path):
    trained.export(tmp_path, "tflite", prompt=pieces / "piece-00.mid")
    prompt = np.load(tmp_path / "tables.npz")["prompt"]
    (score,) = trained.score(pieces / "piece-00.mid")
    np.testing.assert_array_equal(prompt, score.ids[:-1])
    assert (tmp_path / "model.tflite").stat().st_size > 1000


def test_a_saved_model_is_written_over_an_older_one(trained, tmp_path):
    for _ in range(2):
        files = trained.export(tmp_path, "savedmodel")
        assert tmp_path / "saved_model" / "saved_model.pb" in files
        assert all(file.is_file() for file in files)


def test_what_no_format_can_carry_is_refused(trained, pieces, tmp_path):
    with pytest.raises(UnknownName, match="onnx"):
        trained.export(tmp_path / "out", "onxx")
    with pytest.raises(UsageError, match="An exported model only continues a prompt"):
        trained.export(tmp_path / "out", "onnx", prompt=pieces / "piece-00.mid", constraints={"fill": "2-3"})
    assert not (tmp_path / "out").exists()
