"""The table of contents that a corpus already has."""

from __future__ import annotations

from seqgen.corpus.building.duplicates import Copies


def test_the_first_document_wins_and_a_copy_names_it(tmp_path):
    copies = Copies(tmp_path / "copies.sqlite")
    assert copies.first(b"content", b"key", "a.txt") is None
    exact, near = copies.first(b"content", b"key", "b.txt"), copies.first(b"other", b"key", "c.txt")
    assert (exact.source, exact.exact) == ("a.txt", True)
    assert (near.source, near.exact) == ("a.txt", False)
    assert copies.first(b"other", b"another key", "d.txt") is None, "a copy is not remembered"
    assert copies.first(b"key", b"content", "e.txt") is None, "contents and keys are not compared with each other"
    copies.close()
    assert not (tmp_path / "copies.sqlite").exists()


def test_a_table_that_was_left_behind_is_begun_again(tmp_path):
    first = Copies(tmp_path / "copies.sqlite")
    first.first(b"content", b"key", "a.txt")
    second = Copies(tmp_path / "copies.sqlite")
    assert second.first(b"content", b"key", "b.txt") is None
    second.close()
