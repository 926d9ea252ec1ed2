"""What the process that builds a corpus and the workers that read its files say to each other.

A message is a length (8 bytes, big-endian) and that many bytes. A worker answers for a file with one message or, where
its domain reads in pieces, with several: each is a JSON header and the raw numbers of some documents. Nothing in it can
run code, whatever a hostile file has done to the worker.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import numpy as np

from seqgen.contract.fingerprint import SIZE

LENGTH = struct.Struct(">Q")
MOST_LETTERS = 200
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Encoded:
    """One document.

    key:      the fingerprint of its deduplication key
    group:    the fingerprint of what it shares with the documents of one source; its key if it has no group
    ids:      int32[n]
    weights:  float32[n]
    metadata: JSON values by name that are stored beside it
    """

    key: bytes
    group: bytes
    ids: np.ndarray
    weights: np.ndarray
    metadata: Mapping[str, Any]


@dataclass(frozen=True)
class Observation:
    """What `Domain.learn` is given of one document: a JSON value, with the fingerprints of key and group."""

    key: bytes
    group: bytes
    value: Any


class Several(Protocol[T_co]):
    """Things that can be counted and gone through, in memory or on disk."""

    def __iter__(self) -> Iterator[T_co]: ...

    def __len__(self) -> int: ...


@dataclass(frozen=True)
class Reading:
    """What one file gave, or one part of it.

    documents:    in the order of the file
    observations: one a document if the file was read to learn from it; then there are no documents
    dropped:      how many items were left out, by reason
    remarks:      what else a user should know about the file, and how often
    reason:       why the whole file was left out, or None
    detail:       what is true of this file alone, beside the reason
    more:         whether another part of the same file follows
    """

    documents: Several[Encoded] = field(default_factory=list)
    observations: Several[Observation] = field(default_factory=list)
    dropped: dict[str, int] = field(default_factory=dict)
    remarks: dict[str, int] = field(default_factory=dict)
    reason: str | None = None
    detail: str = ""
    more: bool = False

    @property
    def why_not(self) -> str:
        """Why it gave nothing, in words."""
        if self.reason is None:
            return ", ".join(self.dropped) or "it is empty"
        return f"{self.reason} ({self.detail})" if self.detail else self.reason


def message(body: bytes) -> bytes:
    """A body with its length before it."""
    return LENGTH.pack(len(body)) + body


def receive(read: Callable[[int], bytes], most: int) -> bytes:
    """The next message's body, from `read(count)`, which gives up to `count` bytes.

    Raises EOFError when the other end is gone, ValueError when the message is larger than `most` bytes.
    """
    (size,) = LENGTH.unpack(_exactly(read, LENGTH.size))
    if size > most:
        raise ValueError(f"a message of {size} bytes")
    return bytes(_exactly(read, size))


def _exactly(read: Callable[[int], bytes], size: int) -> bytearray:
    body = bytearray()
    while len(body) < size:
        part = read(min(size - len(body), 2**20))
        if not part:
            raise EOFError
        body += part
    return body


def pack(reading: Reading) -> bytes:
    """A reading as bytes."""
    documents, observations = list(reading.documents), list(reading.observations)
    prints = [part for document in documents for part in (document.key, document.group)]
    prints += [part for one in observations for part in (one.key, one.group)]
    header = {
        "reason": reading.reason,
        "detail": reading.detail,
        "dropped": reading.dropped,
        "remarks": reading.remarks,
        "more": reading.more,
        "fingerprints": b"".join(prints).hex(),
        "lengths": [len(document.ids) for document in documents],
        "metadata": [dict(document.metadata) for document in documents],
        "observations": [one.value for one in observations],
    }
    numbers = [document.ids.astype("<i4").tobytes() for document in documents]
    numbers += [document.weights.astype("<f4").tobytes() for document in documents]
    return b"".join([message(json.dumps(header).encode()), *numbers])


def unpack(body: bytes, vocabulary_size: int) -> Reading:
    """The reading in a worker's answer; raises ValueError when it is not what `pack` makes.

    Ids are checked to be tokens, weights to be numbers; the grammar is the worker's to check.
    """
    (size,) = LENGTH.unpack(body[: LENGTH.size].rjust(LENGTH.size, b"\xff"))
    start = LENGTH.size + size
    if start > len(body):
        raise ValueError("the header is cut short")
    header = json.loads(body[LENGTH.size : start])
    lengths, fingerprints = _checked(header)
    total = sum(lengths)
    if len(body) - start != 8 * total:
        raise ValueError("the numbers are cut short")
    ids = np.frombuffer(body, "<i4", total, start)
    weights = np.frombuffer(body, "<f4", total, start + 4 * total)
    if total and (int(ids.min()) < 0 or int(ids.max()) >= vocabulary_size or not np.isfinite(weights).all()):
        raise ValueError("a number is out of range")
    documents, first = [], 0
    for (key, group), length, metadata in zip(fingerprints, lengths, header["metadata"], strict=False):
        place = slice(first, first + length)
        documents.append(Encoded(key, group, ids[place], weights[place], metadata))
        first += length
    values = zip(fingerprints[len(lengths) :], header["observations"], strict=True)
    return Reading(
        documents,
        [Observation(key, group, value) for (key, group), value in values],
        {printable(reason): count for reason, count in header["dropped"].items()},
        {printable(remark): count for remark, count in header["remarks"].items()},
        None if header["reason"] is None else printable(header["reason"]),
        printable(header["detail"]),
        header["more"],
    )


def printable(text: str, most: int | None = MOST_LETTERS) -> str:
    """Text from outside without what would upset a terminal or a file in UTF-8, and not too much of it."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:most])


TYPES = {
    "reason": str | None, "detail": str, "dropped": dict, "remarks": dict, "more": bool,
    "fingerprints": str, "lengths": list, "metadata": list, "observations": list,
}  # fmt: skip


def _checked(header: Any) -> tuple[list[int], list[tuple[bytes, bytes]]]:
    """The lengths of the documents, and the fingerprints of key and group of each document or observation."""
    if not isinstance(header, dict) or set(header) != set(TYPES):
        raise ValueError("the header has other fields")
    if not all(isinstance(header[name], kind) for name, kind in TYPES.items()):
        raise ValueError("the header has other types")
    counts = [*header["dropped"].values(), *header["remarks"].values()]
    if not all(isinstance(count, int) and count > 0 for count in counts):
        raise ValueError("a count is no number")
    lengths = header["lengths"]
    if not all(isinstance(length, int) and length > 0 for length in lengths):
        raise ValueError("a length is no number")
    metadata = header["metadata"]
    if len(metadata) != len(lengths) or not all(isinstance(values, dict) for values in metadata):
        raise ValueError("the metadata are not one object a document")
    prints = bytes.fromhex(header["fingerprints"])
    if len(prints) != 2 * SIZE * (len(lengths) + len(header["observations"])):
        raise ValueError("there are not two fingerprints a document")
    parts = [prints[first : first + SIZE] for first in range(0, len(prints), SIZE)]
    return lengths, list(zip(parts[::2], parts[1::2], strict=True))
