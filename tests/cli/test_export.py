"""seqgen export: the files that it names, and its refusals."""

from __future__ import annotations

import json
from pathlib import Path


def test_export_names_its_files(run_cli, run, loaded, tmp_path):
    code, out, _ = run_cli("export", run, "--to", "onnx", "-o", tmp_path, "--set", "bars=2", "--json")
    files = [Path(name) for name in json.loads(out)["files"]]
    assert code == 0
    assert {file.name for file in files} == {"step.onnx", "tables.npz", "export.json"}
    assert all(file.parent == tmp_path and file.is_file() for file in files)
    assert json.loads((tmp_path / "export.json").read_text())["constraints"] == {"bars": "2"}


def test_an_unknown_format_is_one_sentence(check_refusal):
    check_refusal(["export", "{run}", "--to", "onxx", "-o", "{out}"], 2, "did you mean 'onnx'?")
