"""Unpacks the files of an archive that are read together, such as a text and its translation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path, PurePath, PurePosixPath

from seqgen.corpus.reading.archives import Member, members

Companions = Callable[[PurePath], tuple[str, ...]]
"""Returns the names of the files beside a file that are read together with it (`seqgen.Reading.companions`)."""


def no_companions(path: PurePath) -> tuple[str, ...]:
    """Returns no companions: by default, every file is read alone."""
    return ()


def unpack_together(
    archive: Path, endings: tuple[str, ...], companions: Companions, folder_of: Callable[[int], Path | None]
) -> Iterator[tuple[Member, tuple[Path, ...]]]:
    """Yields the files of an archive that have one of the `endings` (if empty: all), each with its companions.

    `folder_of(n)` returns the folder for file n and its companions, or None to only name them. A companion may come
    before its file. So a first pass lists the names, and a second one unpacks the whole archive.
    """
    listed = list(members(archive, (), lambda: None))
    names = [member.name for member in listed if member.name]
    matching = [name for name in names if not endings or name.lower().endswith(endings)]
    companions_of = {name: [_sibling(name, other) for other in companions(PurePosixPath(name))] for name in matching}
    all_companions = {other for others in companions_of.values() for other in others}
    files = [name for name in matching if name not in all_companions]
    # A companion of several files is unpacked beside the first of them.
    number_of: dict[str, int] = {}
    for number, name in enumerate(files):
        for part in (name, *companions_of[name]):
            number_of.setdefault(part, number)
    unpacked: dict[str, Member] = {}

    def next_folder() -> Path | None:
        name = names[len(unpacked)] if len(unpacked) < len(names) else ""
        return folder_of(number_of[name]) if name in number_of else None

    for member in members(archive, (), next_folder):
        if member.name:
            unpacked[member.name] = member
    for name in files:
        paths = (unpacked[other].path for other in companions_of[name] if other in unpacked)
        yield unpacked.get(name, Member(name, None, "a damaged archive")), tuple(path for path in paths if path)
    yield from ((member, ()) for member in listed if not member.name)


def _sibling(name: str, other: str) -> str:
    """Returns the name in the archive of the file `other` that is in the same folder as the file `name`."""
    folder = PurePosixPath(name).parent
    return other if str(folder) == "." else f"{folder}/{other}"
