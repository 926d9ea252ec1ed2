"""seqgen render: files of music become pictures, sound, scores and MIDI."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from seqgen_midi.display.render_command import render
from seqgen_midi.domain import MidiDomain
from seqgen_midi.music.piece import Piece

from seqgen import UsageError

BOOK = "X:1\nT:One\nM:4/4\nL:1/4\nK:C\nCDEF|GABc|]\n\nX:2\nT:Two\nM:4/4\nL:1/4\nK:G\nGABc|dBGG|]\n"
RENDERINGS = ["mid", "png", "wav", "musicxml", "abc", "svg"]


def run(files: Sequence[Path], out: Path) -> Result:
    return CliRunner().invoke(render, [*map(str, files), "-o", str(out)], catch_exceptions=False)


def test_each_piece_is_written_in_the_encoding_that_fits(domain: MidiDomain, chorale: Piece, tmp_path: Path) -> None:
    (song,) = domain.write(chorale, tmp_path / "song")
    (tmp_path / "book.abc").write_text(BOOK)
    out = tmp_path / "out"
    result = run([song, tmp_path / "book.abc"], out)
    assert result.exit_code == 0
    names = [f"{name}.{rendering}" for name in ("song", "book", "book-1") for rendering in RENDERINGS]
    assert result.stdout.splitlines() == [str(out / name) for name in names]
    assert sorted(path.name for path in out.iterdir()) == sorted(names)


def test_a_file_that_cannot_be_used_is_named_and_the_others_are_written(
    domain: MidiDomain, chorale: Piece, tmp_path: Path
) -> None:
    (tmp_path / "photo.mid").write_bytes(b"\xff\xd8\xff\xe0")
    (song,) = domain.write(chorale, tmp_path / "song")
    result = run([tmp_path / "photo.mid", song], tmp_path / "out")
    assert result.exit_code == 1
    assert f"{tmp_path / 'photo.mid'} cannot be used: " in result.stderr
    assert (tmp_path / "out" / "song.png").is_file()


def test_a_tune_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "book.abc").write_text(BOOK + "\nX:3\nT:Nothing\nM:4/4\nL:1/4\nK:C\n|]\n")
    result = run([tmp_path / "book.abc"], tmp_path / "out")
    assert result.exit_code == 0
    assert result.stderr.startswith(f"{tmp_path / 'book.abc'}: ")
    assert len(list((tmp_path / "out").glob("*.svg"))) == 2


def test_no_file_is_written_over_another(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "song.abc").write_text(BOOK)
    with pytest.raises(UsageError, match="2 of the files are called 'song'; render them into different folders"):
        run([tmp_path / "a" / "song.abc", tmp_path / "b" / "song.abc"], tmp_path / "out")
    with pytest.raises(UsageError, match="contains one of the files; choose another folder"):
        run([tmp_path / "a" / "song.abc"], tmp_path / "a")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "b", "song.abc", "song.abc"]
