"""What seqgen brings through its own hooks."""

from __future__ import annotations

from pathlib import Path

from seqgen.workflows import bundled_plugin

ROOT = Path(__file__).parents[2]


def test_recipes_are_beside_the_package_in_a_checkout_and_inside_it_when_it_is_installed(tmp_path, monkeypatch):
    (folder,) = bundled_plugin.seqgen_recipes()
    assert folder == ROOT / "corpora"
    assert (folder / "bach-chorales.toml").is_file()
    monkeypatch.setattr(bundled_plugin, "PACKAGE", tmp_path / "seqgen")
    (tmp_path / "seqgen" / "corpora").mkdir(parents=True)
    assert bundled_plugin.seqgen_recipes() == [tmp_path / "seqgen" / "corpora"]
