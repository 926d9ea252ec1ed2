"""Files that seqgen reads back: regular files of a limited size, whose content has the checksum that it says.

A bundle may come from anybody, and a disk may change bits. So a file is read only if it is a regular file (a pipe would
never end), only up to a limit, and its content is validated by a pydantic model. JSON files hold the SHA-256 of their
own content. So each file can be verified alone, also while another process replaces the files beside it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from seqgen.errors import printable

CHECKSUM = "sha256"
MAX_JSON_BYTES = 32 * 2**20
MAX_JSON_VALUES = 2**21
MAX_JSON_CONTAINERS = 2**20
"""Each list and each object takes about 100 bytes of memory, and may take 3 bytes of a file."""
MAX_QUOTED_LENGTH = 60

Record = TypeVar("Record", bound=BaseModel)


class StoredFileError(Exception):
    """A stored file cannot be used. The text is a short phrase, such as "it is not a regular file"."""


class MissingFile(StoredFileError):
    """There is no such file."""


class DamagedFile(StoredFileError):
    """The content of a file is not what was written: its checksum does not match."""

    def __init__(self) -> None:
        super().__init__("its checksum does not match, so its content has changed since it was written")


class FolderInUse(StoredFileError):
    """Another process has locked a folder."""


@contextmanager
def open_stored(path: Path) -> Iterator[BufferedReader]:
    """Opens a regular file to read. Raises MissingFile, and StoredFileError for anything else."""
    try:
        # Opening a pipe waits for a writer, but not with O_NONBLOCK.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise MissingFile("it does not exist") from None
    except OSError as error:
        raise StoredFileError(error.strerror or str(error)) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise StoredFileError("it is not a regular file")
    with os.fdopen(descriptor, "rb") as file:
        try:
            yield file
        except OSError as error:
            raise StoredFileError(error.strerror or str(error)) from error


def read_stored(path: Path, max_bytes: int) -> bytes:
    """Returns the content of a regular file. Raises StoredFileError, also if there are more than `max_bytes`."""
    with open_stored(path) as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise StoredFileError(f"it is larger than {max_bytes} bytes")
    return content


def file_checksum(path: Path) -> str:
    """Returns the SHA-256 of a regular file as hexadecimal digits. Raises StoredFileError."""
    with open_stored(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_json(path: Path) -> Any:
    """Returns the content of a JSON file. Raises StoredFileError, also for NaN and for too many values."""
    content = read_stored(path, MAX_JSON_BYTES)
    if content.count(b",") > MAX_JSON_VALUES or content.count(b"[") + content.count(b"{") > MAX_JSON_CONTAINERS:
        raise StoredFileError("it holds too many values")
    try:
        return json.loads(content.decode("utf-8"), parse_constant=_refuse_constant)
    except RecursionError:
        raise StoredFileError("it is nested too deeply") from None
    except ValueError as error:
        raise StoredFileError(f"it is not JSON: {shorten(str(error))}") from error


def json_checksum(content: Mapping[str, Any]) -> str:
    """Returns the SHA-256 of JSON values as hexadecimal digits. Spaces and the order of keys do not matter."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def with_checksum(content: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a JSON object with its own checksum under `sha256`."""
    return {**content, CHECKSUM: json_checksum(content)}


def without_checksum(content: Any) -> dict[str, Any]:
    """Returns a JSON object without its checksum. Raises DamagedFile if that does not match the rest."""
    if not isinstance(content, dict):
        raise StoredFileError("it is not a JSON object")
    rest = {name: value for name, value in content.items() if name != CHECKSUM}
    if content.get(CHECKSUM) != json_checksum(rest):
        raise DamagedFile
    return rest


def validated(kind: type[Record], content: Any) -> Record:
    """Returns the pydantic model of some JSON values. Raises StoredFileError with the first fault."""
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, fault["loc"])) or "it"
        raise StoredFileError(f"{shorten(place)}: {shorten(fault['msg'])}") from error


def shorten(text: str, length: int = MAX_QUOTED_LENGTH) -> str:
    """Returns foreign text for a message: on one line, without control characters, and at most `length` characters."""
    return printable(text) if len(text) <= length else printable(text[: length - 1]) + "…"


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Locks a folder until the block ends. Raises FolderInUse if another process has locked it, and OSError.

    The lock ends with the process, also if it is killed.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FolderInUse(f"{folder} is in use by another process") from error
        yield
    finally:
        os.close(descriptor)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")
