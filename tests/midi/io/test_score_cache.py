"""Scores are read through music21 once: what it gave is kept, and never in place of anything else."""

from __future__ import annotations

import gzip
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import only_piece
from seqgen_midi.domain import MidiDomain
from seqgen_midi.io import score_cache, score_reader
from seqgen_midi.music.piece import Piece

from seqgen import OutputError, Record, Remark, UnusableFile, cache_folder
from seqgen.contract.fingerprint import fingerprint

BOOK = """X:1
M:3/4
L:1/8
K:G
D2|"G"G2 B2 d2|"D7"c4 A2|"G"G6|]

X:2
M:4/4
L:1/8
K:C
z8|]
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where entries are kept."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "seqgen" / "scores"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    (tmp_path / "book.abc").write_text(BOOK)
    return tmp_path / "book.abc"


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Of which tunes and files music21 was asked."""
    asked: list[Any] = []
    for name in ("parse_tune", "parse_file"):
        function = getattr(score_reader, name)
        monkeypatch.setattr(score_reader, name, lambda what, function=function: [asked.append(what), function(what)][1])
    return asked


def read(domain: MidiDomain, path: Path) -> list[Any]:
    """What a file gives: remarks, and the ids of items."""
    return [item if isinstance(item, Remark) else domain.encode(item).ids.tolist() for item in domain.read(path)]


def test_a_second_reading_asks_music21_nothing_whatever_the_settings(
    cache: Path, book: Path, parsed: list[Any], domains: dict[str, MidiDomain]
) -> None:
    finer = MidiDomain(MidiDomain.Settings(encoding="melody", resolution=12))
    first = [read(domain, book) for domain in (domains["melody"], finer, domains["score"])]
    assert len(parsed) == 2
    assert first[0][1] == Remark("empty", dropped=True)
    for entry in cache.iterdir():
        entry.unlink()
    assert [read(domain, book) for domain in (domains["score"], finer, domains["melody"])] == first[::-1]
    assert len(parsed) == 4


def test_a_chorale_comes_back_as_it_was_as_a_prompt_too(
    cache: Path, chorale: Piece, domain: MidiDomain, tmp_path: Path, parsed: list[Any]
) -> None:
    path = domain.display.render(chorale, "musicxml", tmp_path / "made")
    for read_again in (domain.read, domain.read, domain.prompting.read):
        (result,) = read_again(path)
        item = result.item if isinstance(result, Record) else result
        assert fingerprint(replace(item, tempos=chorale.tempos, key=chorale.key)) == fingerprint(chorale)
    assert item.tempos.tolist() == [[0, 60_000_000 // domain.settings.tempo]]
    assert len(parsed) == 1


def test_why_a_score_cannot_be_used_is_kept_too(cache: Path, book: Path, parsed: list[Any], domain: MidiDomain) -> None:
    for _ in range(2):
        with pytest.raises(UnusableFile, match="not in four voices"):
            list(domain.read(book))
    assert len(parsed) == 2


DAMAGES = {
    "nothing": b"",
    "a_header_alone": b"\x1f\x8b",
    "unfinished_json": gzip.compress(b"[{"),
    "another_shape": gzip.compress(b'[{"tracks": 1}]'),
    "cut_short": None,
}


# Named, because gzip writes the second of the day into its bytes: as names of tests they would differ between workers.
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_entry_is_made_anew(
    cache: Path, book: Path, parsed: list[Any], domains: dict[str, MidiDomain], damage: bytes | None
) -> None:
    first = read(domains["melody"], book)
    (entry,) = cache.iterdir()
    content = entry.read_bytes()
    entry.write_bytes(content[:-9] if damage is None else damage)
    assert read(domains["melody"], book) == first
    assert entry.read_bytes() == content
    assert len(parsed) == 4


def test_another_content_or_plugin_is_another_entry(
    cache: Path, book: Path, domains: dict[str, MidiDomain], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = read(domains["melody"], book)
    book.write_text(BOOK.replace("G6", "B6"))
    assert read(domains["melody"], book) != first
    monkeypatch.setattr(score_cache, "_source_version", lambda: b"another")
    read(domains["melody"], book)
    assert len(list(cache.iterdir())) == 3


def test_a_cache_that_cannot_be_written_is_done_without(
    book: Path, domains: dict[str, MidiDomain], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(book))
    assert len(read(domains["melody"], book)) == 2


def test_a_user_without_a_home_has_no_cache_and_reads_scores(
    book: Path, domains: dict[str, MidiDomain], monkeypatch: pytest.MonkeyPatch
) -> None:
    def homeless(path: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "expanduser", homeless)
    assert len(read(domains["melody"], book)) == 2
    with pytest.raises(OutputError, match="name a folder in XDG_CACHE_HOME"):
        cache_folder()


def test_what_was_used_longest_ago_goes_first(
    cache: Path, book: Path, domains: dict[str, MidiDomain], monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = []
    for number, note in enumerate("ABc"):
        book.write_text(BOOK.replace("G6", f"{note}6"))
        read(domains["melody"], book)
        (entry,) = set(cache.iterdir()) - set(entries)
        entries.append(entry)
        os.utime(entry, (1000 + number, 1000 + number))
    book.write_text(BOOK.replace("G6", "A6"))
    read(domains["melody"], book)
    monkeypatch.setattr(score_cache, "WRITES_BETWEEN_CLEANUPS", 1)
    monkeypatch.setattr(score_cache, "MAX_BYTES", int(2.5 * entries[0].stat().st_size))
    book.write_text(BOOK.replace("G6", "d6"))
    read(domains["melody"], book)
    assert entries[0].exists()
    assert not entries[1].exists()
    assert len(list(cache.iterdir())) == 2


def test_a_piece_that_was_kept_has_the_same_arrays(domains: dict[str, MidiDomain], bands: list[Any]) -> None:
    piece = only_piece(domains["score"], bands[0].path)
    piece = replace(piece, pedals=np.array([[0, 1, 2]], np.int32), omitted={"grace notes": 3})
    back = score_cache.unpack(score_cache.pack(piece))
    assert (back.resolution, back.tracks, back.omitted) == (piece.resolution, piece.tracks, piece.omitted)
    for name in ("notes", "tempos", "meters", "chords", "pedals"):
        for mine, theirs in zip(getattr(back, name), getattr(piece, name), strict=True):
            assert np.array_equal(mine, theirs)
