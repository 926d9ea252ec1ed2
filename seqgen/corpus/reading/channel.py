"""What the process that builds a corpus and the workers that read its files say to each other.

A message is a length (8 bytes, big-endian) and that many bytes. A worker answers for a file with one message or, where
its domain reads in pieces, with several: each is a JSON header and the raw numbers of some documents. Nothing in it can
run code, whatever a hostile file has done to the worker.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import numpy as np

from seqgen.contract.fingerprint import SIZE

LENGTH = struct.Struct(">Q")
MOST_LETTERS = 200
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Encoded:
    """One document: the fingerprint of its item, ids int32[n] and weights float32[n]."""

    fingerprint: bytes
    ids: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True)
class Evidence:
    """What `learn` sees of one document: the fingerprint of its item, and a JSON value."""

    fingerprint: bytes
    value: Any


class Several(Protocol[T_co]):
    """Things that can be counted and gone through, in memory or on disk."""

    def __iter__(self) -> Iterator[T_co]: ...

    def __len__(self) -> int: ...


@dataclass(frozen=True)
class Reading:
    """What one file gave, or one part of it.

    documents: in the order of the file
    evidence:  of each document, where the file was read to learn from, and then there are no documents
    dropped:   how many items were left out, by reason
    remarks:   what else is to be said of it, and how often
    reason:    why the whole file was left out, or None
    detail:    what is true of this file alone beside that reason, or ""
    more:      whether another part of the same file follows
    """

    documents: Several[Encoded] = field(default_factory=list)
    evidence: Several[Evidence] = field(default_factory=list)
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
    documents, evidence = list(reading.documents), list(reading.evidence)
    prints = [document.fingerprint for document in documents] + [one.fingerprint for one in evidence]
    header = {
        "reason": reading.reason,
        "detail": reading.detail,
        "dropped": reading.dropped,
        "remarks": reading.remarks,
        "more": reading.more,
        "fingerprints": b"".join(prints).hex(),
        "lengths": [len(document.ids) for document in documents],
        "evidence": [one.value for one in evidence],
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
    for print_, length in zip(fingerprints, lengths, strict=False):
        documents.append(Encoded(print_, ids[first : first + length], weights[first : first + length]))
        first += length
    values = zip(fingerprints[len(lengths) :], header["evidence"], strict=True)
    return Reading(
        documents,
        [Evidence(print_, value) for print_, value in values],
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
    "fingerprints": str, "lengths": list, "evidence": list,
}  # fmt: skip


def _checked(header: Any) -> tuple[list[int], list[bytes]]:
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
    prints = bytes.fromhex(header["fingerprints"])
    count = len(lengths) + len(header["evidence"])
    if len(prints) != SIZE * count:
        raise ValueError("there is not one fingerprint a document")
    return lengths, [prints[SIZE * number : SIZE * (number + 1)] for number in range(count)]
