"""What a file holds that came in several parts: kept on disk, so that memory does not grow with the file."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Generic, TypeVar

from seqgen.corpus.reading.channel import Reading, message, receive, unpack
from seqgen.errors import OutputError

Kind = TypeVar("Kind")
LARGEST_PART = 2**32


class Spooled:
    """The parts of one file in an unnamed file in `folder`, which is gone when nobody holds them any more."""

    def __init__(self, folder: Path | None, vocabulary_size: int) -> None:
        self.parts = 0
        self._folder = folder
        self._vocabulary_size = vocabulary_size
        self._file: IO[bytes] | None = None
        self._documents = self._observations = 0
        self._dropped: Counter[str] = Counter()
        self._remarks: Counter[str] = Counter()
        self._last = Reading()

    def add(self, part: Reading, body: bytes) -> None:
        """Keeps a part, and the message body that it came in. Raises OutputError when the disk refuses."""
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 (lives as long as the parts)
            self._file.write(message(body))
        except OSError as error:
            raise OutputError(
                f"A large file cannot be kept in {self._folder or tempfile.gettempdir()} while it is read "
                f"({error.strerror}); free some space there."
            ) from error
        self.parts += 1
        self._documents += len(part.documents)
        self._observations += len(part.observations)
        self._dropped += Counter(part.dropped)
        self._remarks += Counter(part.remarks)
        self._last = Reading(reason=part.reason, detail=part.detail)

    def reading(self) -> Reading:
        """All parts as one reading; nothing of a file that turned out to be unusable."""
        if self._last.reason is not None:
            return self._last
        return Reading(
            _Kept(self, self._documents, lambda part: part.documents),
            _Kept(self, self._observations, lambda part: part.observations),
            dict(self._dropped),
            dict(self._remarks),
        )

    def readings(self) -> Iterator[Reading]:
        """Each part again, read from disk."""
        assert self._file is not None
        self._file.seek(0)
        for _ in range(self.parts):
            yield unpack(receive(self._file.read, LARGEST_PART), self._vocabulary_size)


class _Kept(Generic[Kind]):
    """The documents, or the observations, of all parts."""

    def __init__(self, spooled: Spooled, count: int, of: Callable[[Reading], Iterable[Kind]]) -> None:
        self._spooled = spooled
        self._count = count
        self._of = of

    def __iter__(self) -> Iterator[Kind]:
        for part in self._spooled.readings():
            yield from self._of(part)

    def __len__(self) -> int:
        return self._count
