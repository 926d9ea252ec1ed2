"""The table of contents that a corpus already has."""

from __future__ import annotations

from seqgen.corpus.building.duplicates import DuplicateIndex


def test_the_first_document_wins_and_a_copy_names_it(tmp_path):
    duplicates = DuplicateIndex(tmp_path / "duplicates.sqlite")
    assert duplicates.find_or_add(b"content", b"key", "a.txt") is None
    exact, near = duplicates.find_or_add(b"content", b"key", "b.txt"), duplicates.find_or_add(b"other", b"key", "c.txt")
    assert (exact.source, exact.is_exact) == ("a.txt", True)
    assert (near.source, near.is_exact) == ("a.txt", False)
    assert duplicates.find_or_add(b"other", b"another key", "d.txt") is None, "a copy is not remembered"
    assert duplicates.find_or_add(b"key", b"content", "e.txt") is None, (
        "contents and keys are not compared with each other"
    )
    duplicates.close()
    assert not (tmp_path / "duplicates.sqlite").exists()


def test_a_table_that_was_left_behind_is_begun_again(tmp_path):
    first = DuplicateIndex(tmp_path / "duplicates.sqlite")
    first.find_or_add(b"content", b"key", "a.txt")
    second = DuplicateIndex(tmp_path / "duplicates.sqlite")
    assert second.find_or_add(b"content", b"key", "b.txt") is None
    second.close()
