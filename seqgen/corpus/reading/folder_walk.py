"""Lists the files of a folder and its subfolders in a fixed order.

Hidden files are left out. A link is followed if it stays in the folder that the user named. A folder is entered once,
even if a link leads back to it. A link that leads out is named with that reason, because its author need not be the one
who trains: a link in a downloaded data set could add private files to a model.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from seqgen.corpus.reading.archives import is_archive
from seqgen.corpus.reading.companions import Companions
from seqgen.errors import CorpusError

LINK_OUT = "a link out of its folder, which is not followed"
PATH_TOO_LONG = "a path that is too long for this system"


def has_ending(name: str, endings: tuple[str, ...]) -> bool:
    """Whether a file with this name has one of the endings. If there are none, every file has."""
    return not endings or name.lower().endswith(endings)


class FolderWalk:
    """An iterable of the files below `root`, each with the reason why it cannot be read, or None.

    What has a reason may be a folder. Raises CorpusError if a folder cannot be read.
    """

    def __init__(
        self, root: Path, endings: tuple[str, ...], companions: Companions, visited: set[tuple[int, int]]
    ) -> None:
        """`visited` has the device and inode of all folders that were entered. It grows."""
        self._root = root
        self._real_root = os.path.realpath(root)
        self._endings = endings
        self._companions = companions
        self._visited = visited
        self._max_path_bytes = os.pathconf(root, "PC_PATH_MAX")

    def __iter__(self) -> Iterator[tuple[Path, str | None]]:
        # A stack of its own, because folders may be nested more deeply than Python can recurse.
        stack = [self._entries(self._root)]
        while stack:
            entry = next(stack[-1], None)
            if entry is None:
                stack.pop()
            elif entry.is_folder:
                stack.append(self._entries(entry.path))
            else:
                yield entry.path, entry.reason

    def _entries(self, folder: Path) -> Iterator[_Entry]:
        """Yields what is taken of a folder; nothing if it was entered before."""
        try:
            status = folder.stat()
            names = sorted(os.listdir(folder))
        except OSError as error:
            raise CorpusError(
                f"The folder {folder} cannot be read ({error.strerror}); check its permissions."
            ) from error
        if (status.st_dev, status.st_ino) in self._visited:
            return
        self._visited.add((status.st_dev, status.st_ino))
        companions_of = {name: self._companions(folder / name) for name in names if has_ending(name, self._endings)}
        all_companions = {other for others in companions_of.values() for other in others}
        for name in names:
            path = folder / name
            is_taken = has_ending(name, self._endings) or is_archive(name)
            if name.startswith(".") or name in all_companions:
                continue
            if len(os.fsencode(path)) >= self._max_path_bytes:
                yield _Entry(path, reason=PATH_TOO_LONG)
            elif self._leads_out(path) and (is_taken or path.is_dir()):
                yield _Entry(path, reason=LINK_OUT)
            elif path.is_dir():
                yield _Entry(path, is_folder=True)
            elif is_taken and path.is_file():
                together = (folder / other for other in companions_of.get(name, ()))
                yield _Entry(path, reason=LINK_OUT if any(map(self._leads_out, together)) else None)

    def _leads_out(self, path: Path) -> bool:
        """Whether a path whose folder is inside is a link to something that is not below the root."""
        if not path.is_symlink():
            return False
        target = os.path.realpath(path)
        return os.path.commonpath([self._real_root, target]) != self._real_root


class _Entry(NamedTuple):
    path: Path
    is_folder: bool = False
    reason: str | None = None
