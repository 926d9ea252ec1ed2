"""Files that are read together, such as a text and its translation: how an archive of them is unpacked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path, PurePath, PurePosixPath

from seqgen.corpus.reading.archives import Member, members

Companions = Callable[[PurePath], tuple[str, ...]]
"""Returns the names of the files beside a file that are read together with it (`seqgen.Reading.companions`)."""


def no_companions(path: PurePath) -> tuple[str, ...]:
    """The default: every file is read alone."""
    return ()


def unpack_together(
    archive: Path, endings: tuple[str, ...], companions: Companions, target: Callable[[int], Path | None]
) -> Iterator[tuple[Member, tuple[Path, ...]]]:
    """Yields the files of an archive that have one of the `endings` (none: all), each with its companions beside it.

    `target(n)` is the folder for file n and its companions, or None if they shall only be named. A companion may stand
    before its file, so the names are read in a first pass, and the archive is unpacked as a whole in a second one.
    """
    every = list(members(archive, (), lambda: None))
    faults = [member for member in every if not member.name]
    names = [member.name for member in every if member.name]
    matching = [name for name in names if not endings or name.lower().endswith(endings)]
    beside = {name: [_sibling(name, other) for other in companions(PurePosixPath(name))] for name in matching}
    read_with_others = {other for others in beside.values() for other in others}
    files = [name for name in matching if name not in read_with_others]
    # A file that is a companion of several is put beside the first.
    number_of: dict[str, int] = {}
    for number, name in enumerate(files):
        for part in (name, *beside[name]):
            number_of.setdefault(part, number)
    unpacked: dict[str, Member] = {}

    def next_target() -> Path | None:
        name = names[len(unpacked)] if len(unpacked) < len(names) else ""
        return target(number_of[name]) if name in number_of else None

    for member in members(archive, (), next_target):
        if member.name:
            unpacked[member.name] = member
    for name in files:
        found = (unpacked[other].path for other in beside[name] if other in unpacked)
        yield unpacked.get(name, Member(name, None, "a damaged archive")), tuple(path for path in found if path)
    yield from ((fault, ()) for fault in faults)


def _sibling(name: str, other: str) -> str:
    """The name in the archive of the file `other` that stands beside the file `name`."""
    folder = PurePosixPath(name).parent
    return other if str(folder) == "." else f"{folder}/{other}"
