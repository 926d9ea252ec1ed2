"""seqgen new-plugin: the files are named, and the plugin can be tried at once."""

from __future__ import annotations

import sys


def test_a_new_plugin_is_tried_by_its_folder(run_cli, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    code, out, _ = run_cli("new-plugin", "gravel", tmp_path / "gravel", "--with", "display,metrics")
    assert code == 0
    package = tmp_path / "gravel" / "seqgen_gravel"
    assert str(package / "display.py") in out
    assert out.splitlines()[-1] == f"Go on with {tmp_path / 'gravel'}/README.md."
    code, out, _ = run_cli("--plugin", package, "domains", "gravel")
    assert code == 0
    assert "svg" in out
    assert run_cli("new-plugin", "gravel", tmp_path / "gravel")[0] == 1
    assert run_cli("new-plugin", "Gravel", tmp_path / "other")[0] == 2
