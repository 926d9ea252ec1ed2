"""A file that keeps what was read of some files of a corpus, so that they can be read apart from the rest.

    header    JSON: the values of PartHeader
    for each source file:
      identity  JSON: name, stamp, split, sha256
      content   one message, or several if the file is large (channel.py)
    end       JSON: the SHA-256 of all bytes before it

Each of these is a message, and nothing in it can run code. The file only grows. If the process is killed, the same call
continues after the last source file that is complete.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, Literal

from pydantic import BaseModel, ConfigDict

from seqgen.contract.domain_record import DomainRecord
from seqgen.corpus.reading.channel import FileContent, deserialize, read_message, serialize, to_message
from seqgen.corpus.reading.read_file import ReadFile
from seqgen.corpus.reading.spool import MAX_PART_BYTES, SpooledContent
from seqgen.corpus.storage.split import SplitFractions
from seqgen.errors import CorpusError, OutputError
from seqgen.files import flush
from seqgen.files.stored_files import StoredFileError, open_stored, validated

MAX_HEADER_BYTES = 2**28
BYTES_PER_MESSAGE = 2**24
"""A message about a large file has about this many bytes."""


class PartHeader(BaseModel):
    """What a part is, and the corpus that it belongs to.

    task:       "learn" or "encode"
    domain:     with inferred settings; for "encode" also with what it learned
    remarks:    about what was inferred
    cutting:    which documents are cut inside, as JSON values
    fractions:  the share of each split
    named:      the splits that only get the files that the user named for them
    recipe:     the recipe, as JSON values, if the sources are one
    sources:    the sources as the user named them
    file_count: the number of files of the corpus
    first, end: this part has the files number first, first + 1, … end - 1
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    format: Literal[1] = 1
    task: Literal["learn", "encode"]
    domain: DomainRecord
    remarks: list[str]
    cutting: dict[str, Any]
    fractions: SplitFractions
    named: list[str]
    recipe: dict[str, Any] | None
    sources: list[str]
    file_count: int
    first: int
    end: int

    def of_corpus(self) -> dict[str, Any]:
        """Returns what all parts of one corpus have in common, whatever their task, as JSON values."""
        own = {"task", "first", "end", "cutting"}
        return self.model_dump(mode="json", exclude={**dict.fromkeys(own, True), "domain": {"vocabulary", "state"}})


def write_part(path: Path, header: PartHeader, read: Callable[[int], Iterable[ReadFile]]) -> None:
    """Writes a part, or continues it.

    read: returns the files of the part after so many of them

    Raises OutputError if the disk refuses.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "a+b") as file:
            count, is_complete = _resume(file, header)
            if is_complete:
                return
            if not file.tell():
                file.write(_json_message(header.model_dump(mode="json")))
            for one in read(count):
                file.writelines(_messages(one))
                file.flush()
            file.write(_json_message({"sha256": _checksum(file, file.tell())}))
        flush(path)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror or error}; the same call continues it."
        ) from error


class PartFile:
    """A part that can be read. `header` says what it holds."""

    def __init__(self, path: Path) -> None:
        """Raises CorpusError if the file is missing or is no part of a corpus."""
        self.path = path
        try:
            with open_stored(path) as file:
                self.header = validated(PartHeader, json.loads(read_message(file.read, MAX_HEADER_BYTES)))
                self._start = file.tell()
        except (StoredFileError, ValueError, EOFError) as error:
            reason = str(error) or "it is cut short"
            raise CorpusError(f"{path} is no part of a corpus ({reason}); build the part again.") from error

    def files(self, skip: int, folder: Path) -> Iterator[ReadFile]:
        """Yields the files of the part, without the content of the first `skip` ones.

        folder: for the documents of large files

        Raises CorpusError if the part is damaged, or if the process that wrote it has not finished.
        """
        vocabulary_size = 2 + len(self.header.domain.vocabulary)
        count = self.header.end - self.header.first
        try:
            with open_stored(self.path) as file:
                file.seek(self._start)
                for number in range(count):
                    identity = json.loads(read_message(file.read, MAX_HEADER_BYTES))
                    content = _read_content(file, vocabulary_size, folder if number >= skip else None)
                    yield ReadFile(**identity, content=content)
                size = file.tell()
                checksum = json.loads(read_message(file.read, MAX_HEADER_BYTES))["sha256"]
                if checksum != _checksum(file, size):
                    raise ValueError("its content has changed since it was written")
        except EOFError as error:
            raise CorpusError(f"{self.path} is not complete; repeat the 'seqgen build' that writes it.") from error
        except (StoredFileError, ValueError, TypeError, KeyError) as error:
            raise CorpusError(f"{self.path} is damaged ({error}); remove it and build the part again.") from error


def _read_content(file: IO[bytes], vocabulary_size: int, folder: Path | None) -> FileContent:
    """Returns the content of the next source file. Without a folder it is passed over."""
    spooled = SpooledContent(folder, vocabulary_size)
    while True:
        body = read_message(file.read, MAX_PART_BYTES)
        part = deserialize(body, vocabulary_size)
        if folder is None:
            if not part.more:
                return FileContent()
            continue
        if not (part.more or spooled.part_count):
            return part
        spooled.add(part, body)
        if not part.more:
            return spooled.content()


def _messages(file: ReadFile) -> Iterator[bytes]:
    """Yields the messages of one source file."""
    yield _json_message({"name": file.name, "stamp": file.stamp, "split": file.split, "sha256": file.sha256})
    chunk: list[Any] = []
    size = 0
    for document in file.content.documents:
        chunk.append(document)
        size += document.ids.nbytes + document.weights.nbytes
        if size >= BYTES_PER_MESSAGE:
            yield to_message(serialize(FileContent(chunk, more=True)))
            chunk, size = [], 0
    last = replace(file.content, documents=chunk, observations=[])
    if len(file.content.observations):
        chunk = []
        for observation in file.content.observations:
            chunk.append(observation)
            size += len(json.dumps(observation.value))
            if size >= BYTES_PER_MESSAGE:
                yield to_message(serialize(FileContent([], chunk, more=True)))
                chunk, size = [], 0
        last = replace(last, observations=chunk)
    yield to_message(serialize(last))


def _resume(file: IO[bytes], header: PartHeader) -> tuple[int, bool]:
    """Returns how many source files a part has, and whether it is complete. Removes what follows the last of them."""
    count = end = 0
    file.seek(0)
    try:
        if json.loads(read_message(file.read, MAX_HEADER_BYTES)) == header.model_dump(mode="json"):
            end = file.tell()
            while "name" in json.loads(read_message(file.read, MAX_HEADER_BYTES)):
                _read_content(file, 2 + len(header.domain.vocabulary), None)
                count, end = count + 1, file.tell()
            return count, True
    except (EOFError, ValueError):
        pass  # The process was killed while it wrote, or the part is that of another call.
    file.truncate(end)
    file.seek(end)
    return count, False


def _checksum(file: IO[bytes], size: int) -> str:
    """Returns the SHA-256 of the first bytes of a file, in hexadecimal."""
    file.seek(0)
    digest = hashlib.sha256()
    while size:
        digest.update(block := file.read(min(size, 2**20)))
        if not block:
            raise EOFError
        size -= len(block)
    return digest.hexdigest()


def _json_message(content: Any) -> bytes:
    return to_message(json.dumps(content).encode())
