"""The pieces of score files, kept in the user's cache, because music21 reads some three scores or ten tunes a second.

An entry holds, as JSON, the pieces of a file and the reasons why there are none. Its name is a hash of the file's
content and ending, of the variant of reading, of music21's version, and of this plugin's own source, so that no change
can bring back an old entry. An entry that cannot be read is made anew, and one that cannot be written is done without.
When the folder grows large, the least recently used entries are removed.
"""

from __future__ import annotations

import gzip
import hashlib
import itertools
import json
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from seqgen import OutputError, atomic_write, cache_folder
from seqgen_midi.io.midi_reader import check_size
from seqgen_midi.music.keys import parse_key
from seqgen_midi.music.piece import Piece, Track

MAX_BYTES = 200_000_000
"""The size of all entries together. A chorale takes one thousand bytes, a movement of a symphony a hundred thousand."""
WRITES_BETWEEN_CLEANUPS = 200
"""How many entries a process writes before it looks again at the size of the folder."""

_writes = itertools.count()


def cached_results(path: Path, variant: str, read: Callable[[Path], Iterator[Piece | str]]) -> Iterator[Piece | str]:
    """Yields the pieces of a score file, and reasons why there are none, as `read` yields them.

    They come from the cache where possible.

    Raises UnusableFile for a file that is empty or too large, and what `read` raises.
    """
    check_size(path)
    try:
        folder = cache_folder() / "scores"
    except OutputError:
        yield from read(path)
        return
    entry = folder / f"{_entry_name(path, variant)}.json.gz"
    known = _load(entry)
    if known is not None:
        yield from known
        return
    packed: list[Any] = []
    for result in read(path):
        packed.append(result if isinstance(result, str) else pack(result))
        yield result
    with suppress(OutputError, OSError):
        with atomic_write(entry) as temporary:
            temporary.write_bytes(gzip.compress(json.dumps({"results": packed}).encode(), mtime=0))
        if next(_writes) % WRITES_BETWEEN_CLEANUPS == 0:
            _remove_least_recently_used(folder)


def _entry_name(path: Path, variant: str) -> str:
    parts = (_source_version(), variant.encode(), path.suffix.lower().encode(), path.read_bytes())
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


@cache
def _source_version() -> bytes:
    """Returns the version of music21 and the source of this plugin, whose files are small."""
    source = sorted(Path(__file__).parent.parent.rglob("*.py"))
    return b"".join([version("music21").encode(), *(path.read_bytes() for path in source)])


def _load(entry: Path) -> list[Piece | str] | None:
    """Returns the results of an entry; None where it is missing or damaged."""
    try:
        with gzip.open(entry) as file:
            packed = json.loads(file.read(MAX_BYTES))["results"]
        results = [result if isinstance(result, str) else unpack(result) for result in packed]
    except Exception:  # a damaged entry can raise anything
        return None
    with suppress(OSError):
        os.utime(entry)
    return results


def _remove_least_recently_used(folder: Path) -> None:
    """Removes the least recently used entries until the others fit in MAX_BYTES."""
    remaining, entries = MAX_BYTES, []
    for path in folder.glob("*.json.gz"):
        with suppress(FileNotFoundError):  # another process removes entries too
            entries.append((path.stat(), path))
    for status, path in sorted(entries, key=lambda entry: -entry[0].st_mtime_ns):
        remaining -= status.st_size
        if remaining < 0:
            path.unlink(missing_ok=True)


def pack(piece: Piece) -> dict[str, Any]:
    """Returns a piece as a JSON value."""
    maps = {name: getattr(piece, name).tolist() for name in ("tempos", "meters", "chords", "pedals")}
    tracks = [(track.program, track.is_drums, track.name, track.part) for track in piece.tracks]
    notes = [column.tolist() for column in piece.notes]
    key = piece.key.name if piece.key else None
    values = {"resolution": piece.resolution, "tracks": tracks, "notes": notes, "key": key}
    return {**values, "omitted": dict(piece.omitted), **maps}


def unpack(values: dict[str, Any]) -> Piece:
    """Returns the piece of a JSON value."""
    key = values["key"]
    arrays = {name: value for name, value in values.items() if name != "key"}
    piece = Piece.of(**{**arrays, "tracks": [Track(*track) for track in values["tracks"]]})
    return replace(piece, key=parse_key(key) if key else None)
