"""Settings that were left open are inferred from a sample of the files, once."""

from __future__ import annotations

import complete_domain
import pytest
from complete_domain import Complete

from seqgen.corpus.building import settings_inference
from seqgen.corpus.building.build import build

pytestmark = pytest.mark.usefixtures("one_reader")


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    for number in range(6):
        (folder / f"{number}.ab").write_text("ab " * (number + 1) + "ba " * number)
    return folder


def test_open_settings_follow_from_the_files_and_are_reported(folder, tmp_path):
    corpus = build(Complete(), [folder], tmp_path / "corpus")
    assert corpus.settings == {"case": "0.ab"}
    assert "case=0.ab, guessed from 6 of the files" in corpus.remarks


def test_settings_that_are_given_are_kept_and_no_file_is_inspected(folder, tmp_path, monkeypatch):
    def inspect(self, path):
        raise AssertionError("not needed")

    monkeypatch.setattr(complete_domain.CompleteInference, "infer", inspect)
    corpus = build(Complete(Complete.Settings(case="lower")), [folder], tmp_path / "corpus")
    assert corpus.settings == {"case": "lower"}
    assert not any("guessed" in remark for remark in corpus.remarks)


def test_only_a_sample_of_many_files_is_inspected(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(settings_inference, "MAX_INSPECTED_FILES", 2)
    corpus = build(Complete(), [folder], tmp_path / "corpus")
    assert "case=0.ab, guessed from 2 of the files" in corpus.remarks
