"""Keeps the content of a large file on disk, so that memory does not grow with the file."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Generic, TypeVar

from seqgen.corpus.reading.channel import Failure, FileContent, deserialize, read_message, to_message
from seqgen.errors import OutputError

T = TypeVar("T")
MAX_PART_BYTES = 2**32


class SpooledContent:
    """The parts of one file, in an unnamed file in `folder` that disappears with this object.

    part_count: how many parts were added
    """

    def __init__(self, folder: Path | None, vocabulary_size: int) -> None:
        """The system's temporary folder is used if `folder` is None."""
        self.part_count = 0
        self._folder = folder
        self._vocabulary_size = vocabulary_size
        self._file: IO[bytes] | None = None
        self._document_count = self._observation_count = 0
        self._dropped: Counter[str] = Counter()
        self._remarks: Counter[str] = Counter()
        self._failures: dict[str, Failure] = {}
        self._last = FileContent()

    def add(self, part: FileContent, body: bytes) -> None:
        """Keeps a part, and the message body that it came in. Raises OutputError if the disk is full."""
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 (lives as long as the parts)
            self._file.write(to_message(body))
        except OSError as error:
            raise OutputError(
                f"A large file cannot be kept in {self._folder or tempfile.gettempdir()} while it is read "
                f"({error.strerror}); free some space there."
            ) from error
        self.part_count += 1
        self._document_count += len(part.documents)
        self._observation_count += len(part.observations)
        self._dropped += Counter(part.dropped)
        self._remarks += Counter(part.remarks)
        self._failures = {**part.failures, **self._failures}
        self._last = FileContent(reason=part.reason, detail=part.detail, failures=self._failures)

    def content(self) -> FileContent:
        """Returns all parts as one. It has no documents if the last part says that the file is unusable."""
        if self._last.reason is not None:
            return self._last
        return FileContent(
            _Joined(self, self._document_count, lambda part: part.documents),
            _Joined(self, self._observation_count, lambda part: part.observations),
            dict(self._dropped),
            dict(self._remarks),
            failures=self._failures,
        )

    def parts(self) -> Iterator[FileContent]:
        """Yields each part, read from disk."""
        assert self._file is not None
        self._file.seek(0)
        for _ in range(self.part_count):
            yield deserialize(read_message(self._file.read, MAX_PART_BYTES), self._vocabulary_size)


class _Joined(Generic[T]):
    """The documents, or the observations, of all parts."""

    def __init__(self, spooled: SpooledContent, count: int, select: Callable[[FileContent], Iterable[T]]) -> None:
        self._spooled = spooled
        self._count = count
        self._select = select

    def __iter__(self) -> Iterator[T]:
        for part in self._spooled.parts():
            yield from self._select(part)

    def __len__(self) -> int:
        return self._count
