"""What was made of score files, kept in the user's cache: music21 reads some three scores or ten tunes a second.

An entry is what a file gave: items, and the reasons why there is none, as JSON. Its name is a hash of the file's
content and ending, of what was made of it, of music21's version, and of this plugin's own source, so that whatever is
changed there, nothing of before is taken. An entry that cannot be read is made anew, one that cannot be written is done
without, and when the folder grows large those go that were used longest ago.
"""

from __future__ import annotations

import gzip
import hashlib
import itertools
import json
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from seqgen import OutputError, atomic_write, cache_folder
from seqgen_midi.io.midi_reading import check_size
from seqgen_midi.music.chorale import Chorale
from seqgen_midi.music.piece import Piece, Track

Item = TypeVar("Item")
MOST_BYTES = 200_000_000
"""Of all entries; a chorale takes one thousand, a movement of a symphony a hundred."""
LOOKED_AFTER = 200
"""How many entries a process writes until it looks again how large the folder is."""


class Kept(NamedTuple, Generic[Item]):
    """A kind of items: its name, and how one becomes a JSON value and comes back."""

    name: str
    pack: Callable[[Item], dict[str, Any]]
    unpack: Callable[[dict[str, Any]], Item]


def remembered(path: Path, kind: Kept[Item], read: Callable[[Path], Iterator[Item | str]]) -> Iterator[Item | str]:
    """What `read` gives of a score file, items and reasons why there is none; not read again where it was before.

    Raises UnusableFile for a file that is empty or too large, and what `read` does.
    """
    check_size(path)
    try:
        folder = cache_folder() / "scores"
    except OutputError:
        yield from read(path)
        return
    entry = folder / f"{_name(path, kind.name)}.json.gz"
    kept = _look_up(entry, kind)
    if kept is not None:
        yield from kept
        return
    found: list[Any] = []
    for result in read(path):
        found.append(result if isinstance(result, str) else kind.pack(result))
        yield result
    with suppress(OutputError, OSError):
        with atomic_write(entry) as temporary:
            temporary.write_bytes(gzip.compress(json.dumps({"results": found}).encode(), mtime=0))
        _bound(folder)


def _name(path: Path, kind: str) -> str:
    parts = (_version(), kind.encode(), path.suffix.lower().encode(), path.read_bytes())
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


@cache
def _version() -> bytes:
    """Of music21 and of this plugin, whose files are small."""
    own = sorted(Path(__file__).parent.parent.rglob("*.py"))
    return b"".join([version("music21").encode(), *(path.read_bytes() for path in own)])


def _look_up(entry: Path, kind: Kept[Item]) -> list[Item | str] | None:
    """What an entry holds; None where it is not there, or damaged."""
    try:
        with gzip.open(entry) as packed:
            results = json.loads(packed.read(MOST_BYTES))["results"]
        kept = [result if isinstance(result, str) else kind.unpack(result) for result in results]
    except Exception:  # whatever a damaged entry makes of these
        return None
    with suppress(OSError):
        os.utime(entry)
    return kept


_writing = itertools.count()


def _bound(folder: Path) -> None:
    """Now and then removes the entries that were used longest ago, until the others are MOST_BYTES."""
    if next(_writing) % LOOKED_AFTER:
        return
    left, entries = MOST_BYTES, []
    for path in folder.glob("*.json.gz"):
        with suppress(FileNotFoundError):  # another process removes entries too
            entries.append((path.stat(), path))
    for status, path in sorted(entries, key=lambda entry: -entry[0].st_mtime_ns):
        left -= status.st_size
        if left < 0:
            path.unlink(missing_ok=True)


def _pack_piece(piece: Piece) -> dict[str, Any]:
    columns = {name: getattr(piece, name).tolist() for name in ("tempos", "meters", "chords")}
    tracks = [(track.program, track.drums, track.name, track.part) for track in piece.tracks]
    notes = [column.tolist() for column in piece.notes]
    return {"resolution": piece.resolution, "tracks": tracks, "notes": notes, **columns}


def _unpack_piece(values: dict[str, Any]) -> Piece:
    return Piece.of(**{**values, "tracks": [Track(*track) for track in values["tracks"]]})


def _pack_chorale(item: Chorale) -> dict[str, Any]:
    return {"meter": item.meter, "pickup": item.pickup, "grid": item.grid}


def _unpack_chorale(values: dict[str, Any]) -> Chorale:
    return Chorale(values["meter"], values["pickup"], tuple((s, a, t, b) for s, a, t, b in values["grid"]))


PIECES = Kept("piece", _pack_piece, _unpack_piece)


def chorales(fewest: int) -> Kept[Chorale]:
    """Chorales of scores with so many parts or more."""
    return Kept(f"chorale of {fewest}", _pack_chorale, _unpack_chorale)
