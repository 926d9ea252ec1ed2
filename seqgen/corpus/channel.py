"""What the process that builds a corpus and the workers that read its files say to each other.

A message is a length (8 bytes, big-endian) and that many bytes. A worker's answer is a JSON header and the raw numbers
of all documents: nothing in it can run code, whatever a hostile file has done to the worker.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from seqgen.corpus.fingerprint import SIZE

LENGTH = struct.Struct(">Q")
MOST_LETTERS = 200


@dataclass(frozen=True)
class Encoded:
    """One document: the fingerprint of its item, ids int32[n] and weights float32[n]."""

    fingerprint: bytes
    ids: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True)
class Reading:
    """What one file gave.

    documents: in the order of the file
    dropped:   how many items were left out, by reason
    reason:    why the whole file was left out, or None
    """

    documents: list[Encoded] = field(default_factory=list)
    dropped: dict[str, int] = field(default_factory=dict)
    reason: str | None = None


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
    documents = reading.documents
    header = {
        "reason": reading.reason,
        "dropped": reading.dropped,
        "fingerprints": "".join(document.fingerprint.hex() for document in documents),
        "lengths": [len(document.ids) for document in documents],
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
    for print_, length in zip(fingerprints, lengths, strict=True):
        documents.append(Encoded(print_, ids[first : first + length], weights[first : first + length]))
        first += length
    dropped = {_printable(reason): count for reason, count in header["dropped"].items()}
    return Reading(documents, dropped, None if header["reason"] is None else _printable(header["reason"]))


def _printable(reason: str) -> str:
    """A reason may hold text from a hostile file: no control characters, and not too much of it."""
    return "".join(letter if letter.isprintable() else "?" for letter in reason[:MOST_LETTERS])


def _checked(header: Any) -> tuple[list[int], list[bytes]]:
    if not isinstance(header, dict) or set(header) != {"reason", "dropped", "fingerprints", "lengths"}:
        raise ValueError("the header has other fields")
    reason, dropped, lengths = header["reason"], header["dropped"], header["lengths"]
    if not (reason is None or isinstance(reason, str)) or not isinstance(dropped, dict):
        raise ValueError("the header has other types")
    if not all(isinstance(count, int) and count > 0 for count in dropped.values()):
        raise ValueError("a count is no number")
    if not isinstance(lengths, list) or not all(isinstance(length, int) and length > 0 for length in lengths):
        raise ValueError("a length is no number")
    if not isinstance(header["fingerprints"], str):
        raise ValueError("the fingerprints are no text")
    prints = bytes.fromhex(header["fingerprints"])
    if len(prints) != SIZE * len(lengths):
        raise ValueError("there is not one fingerprint a document")
    return lengths, [prints[SIZE * number : SIZE * (number + 1)] for number in range(len(lengths))]
