"""The messages between the process that builds a corpus and the workers that read its files.

A message is a length (8 bytes, big-endian) and that many bytes. A worker answers for a file with one message, or with
several if its domain reads files in parts. An answer is a JSON header and the raw numbers of some documents. Nothing in
it can run code, even if a hostile file has taken over the worker.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import numpy as np

from seqgen.contract.fingerprint import SIZE
from seqgen.errors import PluginFailure, printable

LENGTH = struct.Struct(">Q")
MAX_TEXT_LENGTH = 200
MAX_SENTENCE_LENGTH, MAX_TRACEBACK_LENGTH = 2000, 20_000
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class EncodedDocument:
    """One document.

    key:      the fingerprint of its deduplication key
    group:    the fingerprint of its group, which documents of one source share; its key if it has no group
    ids:      int32[n]
    weights:  float32[n]
    metadata: JSON values by name that are stored beside it
    part_lengths: if the document was cut inside, how many of `ids` each part has; every part begins with BOS
    """

    key: bytes
    group: bytes
    ids: np.ndarray
    weights: np.ndarray
    metadata: Mapping[str, Any]
    part_lengths: tuple[int, ...] = ()


@dataclass(frozen=True)
class Observation:
    """What `Domain.learn` gets of one document: a JSON value, with the fingerprints of key and group."""

    key: bytes
    group: bytes
    value: Any


@dataclass(frozen=True)
class Failure:
    """What went wrong in the plugin while a file was read.

    sentence:  the message for the user
    traceback: of the error in the worker process
    """

    sentence: str
    traceback: str

    def error(self, summary: str) -> PluginFailure:
        """Returns the error. The traceback of the worker is its note."""
        error = PluginFailure(self.sentence, summary)
        error.add_note(self.traceback)
        return error


class SizedIterable(Protocol[T_co]):
    """Values in memory or on disk that can be counted and iterated over."""

    def __iter__(self) -> Iterator[T_co]: ...

    def __len__(self) -> int: ...


@dataclass(frozen=True)
class FileContent:
    """What was read of one file, or of one part of it.

    documents:    in the order of the file
    observations: one for each document, if the file was read to learn from it; then there are no documents
    dropped:      how many items were left out, by reason
    remarks:      how often each remark about the file was made
    reason:       why the whole file was left out, or None
    detail:       what is true of this file alone, beside the reason
    more:         whether another part of the same file follows
    failures:     the first failure of the plugin for each reason in `dropped`, or for `reason`
    """

    documents: SizedIterable[EncodedDocument] = field(default_factory=list)
    observations: SizedIterable[Observation] = field(default_factory=list)
    dropped: dict[str, int] = field(default_factory=dict)
    remarks: dict[str, int] = field(default_factory=dict)
    reason: str | None = None
    detail: str = ""
    more: bool = False
    failures: dict[str, Failure] = field(default_factory=dict)

    @property
    def explanation(self) -> str:
        """Why the file gave no document, in words."""
        if self.reason is None:
            return ", ".join(self.dropped) or "it is empty"
        return f"{self.reason} ({self.detail})" if self.detail else self.reason


def to_message(body: bytes) -> bytes:
    """Returns a body with its length before it."""
    return LENGTH.pack(len(body)) + body


def read_message(read: Callable[[int], bytes], max_bytes: int) -> bytes:
    """Returns the body of the next message. `read(count)` returns up to `count` bytes.

    Raises EOFError if the other end is gone, and ValueError if the body is larger than `max_bytes`.
    """
    (size,) = LENGTH.unpack(_read_exactly(read, LENGTH.size))
    if size > max_bytes:
        raise ValueError(f"a message of {size} bytes")
    return bytes(_read_exactly(read, size))


def write_message(write: Callable[[memoryview], int | None], body: bytes) -> None:
    """Writes a message. `write(data)` returns how many bytes it has taken."""
    rest = memoryview(to_message(body))
    while rest:
        rest = rest[write(rest) :]


def _read_exactly(read: Callable[[int], bytes], size: int) -> bytearray:
    body = bytearray()
    while len(body) < size:
        part = read(min(size - len(body), 2**20))
        if not part:
            raise EOFError
        body += part
    return body


def serialize(content: FileContent) -> bytes:
    """Returns the content of a file as the body of an answer."""
    documents, observations = list(content.documents), list(content.observations)
    prints = [part for document in documents for part in (document.key, document.group)]
    prints += [part for one in observations for part in (one.key, one.group)]
    header = {
        "reason": content.reason,
        "detail": content.detail,
        "dropped": content.dropped,
        "remarks": content.remarks,
        "more": content.more,
        "fingerprints": b"".join(prints).hex(),
        "lengths": [len(document.ids) for document in documents],
        "metadata": [dict(document.metadata) for document in documents],
        "part_lengths": [document.part_lengths for document in documents],
        "observations": [one.value for one in observations],
        "failures": {reason: [one.sentence, one.traceback] for reason, one in content.failures.items()},
    }
    numbers = [document.ids.astype("<i4").tobytes() for document in documents]
    numbers += [document.weights.astype("<f4").tobytes() for document in documents]
    return b"".join([to_message(json.dumps(header).encode()), *numbers])


def deserialize(body: bytes, vocabulary_size: int) -> FileContent:
    """Returns the content of a file from the body of an answer. Raises ValueError if `serialize` cannot have made it.

    All ids are tokens and all weights are finite. The worker has compared the documents with the grammar.
    """
    (size,) = LENGTH.unpack(body[: LENGTH.size].rjust(LENGTH.size, b"\xff"))
    start = LENGTH.size + size
    if start > len(body):
        raise ValueError("the header is cut short")
    header = json.loads(body[LENGTH.size : start])
    lengths, fingerprints = _check_header(header)
    total = sum(lengths)
    if len(body) - start != 8 * total:
        raise ValueError("the numbers are cut short")
    ids = np.frombuffer(body, "<i4", total, start)
    weights = np.frombuffer(body, "<f4", total, start + 4 * total)
    if total and (int(ids.min()) < 0 or int(ids.max()) >= vocabulary_size or not np.isfinite(weights).all()):
        raise ValueError("a number is out of range")
    documents, first = [], 0
    described = zip(fingerprints, lengths, header["metadata"], header["part_lengths"], strict=False)
    for (key, group), length, metadata, parts in described:
        span = slice(first, first + length)
        documents.append(EncodedDocument(key, group, ids[span], weights[span], metadata, tuple(parts)))
        first += length
    values = zip(fingerprints[len(lengths) :], header["observations"], strict=True)
    return FileContent(
        documents,
        [Observation(key, group, value) for (key, group), value in values],
        {short_text(reason): count for reason, count in header["dropped"].items()},
        {short_text(remark): count for remark, count in header["remarks"].items()},
        None if header["reason"] is None else short_text(header["reason"]),
        short_text(header["detail"]),
        header["more"],
        {
            short_text(reason): Failure(
                printable(sentence[:MAX_SENTENCE_LENGTH]),
                printable_lines(traceback[-MAX_TRACEBACK_LENGTH:]),
            )
            for reason, (sentence, traceback) in header["failures"].items()
        },
    )


def short_text(text: str) -> str:
    """Returns a text from outside that is safe for a terminal and for a file in UTF-8, cut to MAX_TEXT_LENGTH."""
    return printable(text[:MAX_TEXT_LENGTH])


def printable_lines(text: str) -> str:
    """Returns a text of several lines from outside that is safe for a terminal."""
    return "\n".join(map(printable, text.splitlines()))


HEADER_TYPES = {
    "reason": str | None, "detail": str, "dropped": dict, "remarks": dict, "more": bool,
    "fingerprints": str, "lengths": list, "metadata": list, "part_lengths": list, "observations": list,
    "failures": dict,
}  # fmt: skip


def _check_header(header: Any) -> tuple[list[int], list[tuple[bytes, bytes]]]:
    """Returns the length of each document, and the fingerprints of key and group of each document or observation."""
    if not isinstance(header, dict) or set(header) != set(HEADER_TYPES):
        raise ValueError("the header has other fields")
    if not all(isinstance(header[name], kind) for name, kind in HEADER_TYPES.items()):
        raise ValueError("the header has other types")
    counts = [*header["dropped"].values(), *header["remarks"].values()]
    if not all(isinstance(count, int) and count > 0 for count in counts):
        raise ValueError("a count is no number")
    if not all(map(_is_failure, header["failures"].values())):
        raise ValueError("a failure is no pair of texts")
    lengths = header["lengths"]
    if not all(isinstance(length, int) and length > 0 for length in lengths):
        raise ValueError("a length is no number")
    metadata = header["metadata"]
    if len(metadata) != len(lengths) or not all(isinstance(values, dict) for values in metadata):
        raise ValueError("the metadata are not one object a document")
    if len(header["part_lengths"]) != len(lengths) or not all(map(_fits, header["part_lengths"], lengths)):
        raise ValueError("the parts of a document do not fit its length")
    prints = bytes.fromhex(header["fingerprints"])
    if len(prints) != 2 * SIZE * (len(lengths) + len(header["observations"])):
        raise ValueError("there are not two fingerprints a document")
    parts = [prints[first : first + SIZE] for first in range(0, len(prints), SIZE)]
    return lengths, list(zip(parts[::2], parts[1::2], strict=True))


def _is_failure(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(text, str) for text in value)


def _fits(parts: Any, length: int) -> bool:
    """Whether these are the lengths of parts of a document of this length. A document that is not cut has no parts."""
    if not isinstance(parts, list) or not all(isinstance(part, int) and part > 0 for part in parts):
        return False
    return not parts or sum(parts) == length
