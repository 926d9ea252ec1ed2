"""Labels over a domain of another distribution: `--no-plugins` leaves it out, in worker processes too."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import error_sentence, exit_code
from complete_domain import register
from seqgen_sentiment.domain import SentimentDomain

from seqgen import PluginError, UnknownName
from seqgen.contract.plugins import bundled_plugins_only
from seqgen.corpus.building.build import build


@pytest.fixture
def files(tmp_path, monkeypatch) -> list[Path]:
    register(tmp_path / "installed", monkeypatch)
    for label, end in (("x", "a"), ("y", "b")):
        (tmp_path / label).mkdir()
        (tmp_path / label / "some.ab").write_text("\n".join("ab" * number + end for number in range(20)))
    return [tmp_path / "x", tmp_path / "y"]


def test_no_plugins_reaches_the_base(files, tmp_path, monkeypatch, capsys):
    arguments = ["build", *files, "-o", tmp_path / "corpus", "--domain", "sentiment", "--set", "base=complete"]
    assert exit_code(monkeypatch, "--no-plugins", *arguments) == 2
    assert "There is no domain 'complete'" in error_sentence(capsys.readouterr().err)
    assert exit_code(monkeypatch, *arguments) == 0


def test_no_plugins_reaches_the_base_in_worker_processes(files, tmp_path):
    domain = SentimentDomain(SentimentDomain.Settings.from_mapping({"base": "complete", "base.case": "lower"}))
    with bundled_plugins_only(), pytest.raises(PluginError, match="There is no domain 'complete'"):
        build(domain, files, tmp_path / "without")
    assert build(domain, files, tmp_path / "with").manifest["splits"]["train"]["documents"]


def test_no_plugins_reaches_the_settings_of_the_base(files):
    with bundled_plugins_only(), pytest.raises(UnknownName, match="no domain 'complete'; there is: midi"):
        SentimentDomain.Settings.from_mapping({"base": "complete"})
