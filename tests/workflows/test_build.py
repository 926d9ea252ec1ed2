"""The use case `build`: which files, which domain, which recipe."""

from __future__ import annotations

import complete_domain
import pytest

import seqgen
from seqgen import UnknownName, UsageError
from seqgen.workflows.build import resolve_sources


@pytest.fixture
def files(tmp_path, monkeypatch):
    complete_domain.register(tmp_path / "site", monkeypatch)
    folder = tmp_path / "files"
    folder.mkdir()
    for number in range(4):
        (folder / f"{number}.ab").write_text("ab " * (number + 1) + "aab")
    return folder


def test_a_folder_becomes_a_corpus_with_the_settings_that_are_given(files, tmp_path):
    seen = []
    corpus = seqgen.build(
        [files], tmp_path / "corpus", domain="complete", settings={"case": "lower"},
        progress=lambda done, total, unit: seen.append((done, total)),
    )  # fmt: skip
    assert (corpus.domain, corpus.settings["case"]) == ("complete", "lower")
    assert seen[-1] == (4, 4)


def test_files_may_be_named_for_a_split(files, tmp_path):
    (tmp_path / "held.ab").write_text("bbbb abbb")
    corpus = seqgen.build(
        [files], tmp_path / "corpus", domain="complete", settings={"case": "lower"}, valid=[tmp_path / "held.ab"]
    )
    documents = corpus.documents("valid")
    assert {len(documents[number][0]) for number in range(len(documents))} == {6}


def test_sources_that_cannot_be_are_refused(files):
    with pytest.raises(UsageError, match="nothing to learn from"):
        resolve_sources([], None)
    with pytest.raises(UnknownName, match="did you mean 'bach-chorales'"):
        resolve_sources(["bach-choral"], None)
    with pytest.raises(UsageError, match="is of the domain 'midi', not 'text'"):
        resolve_sources(["bach-chorales"], "text")
    with pytest.raises(UsageError, match="Say --domain"):
        resolve_sources([files], None)
    assert resolve_sources([files], "complete") == ("complete", None)
    assert resolve_sources(["bach-chorales"], None)[0] == "midi"
