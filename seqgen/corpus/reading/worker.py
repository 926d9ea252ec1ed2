"""The process in which files from outside are read: `python -P -m seqgen.corpus.reading.worker`.

It may die, hang or be taken over by a hostile file; the other end (workers.py) expects that. It gets the domain first
and answers whether it could be made, then gets one path at a time and answers with a reading, in one part or several.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.contract.capabilities import Deduplication, Inference, Learning, Prediction
from seqgen.contract.documents import Record, Remark
from seqgen.contract.domain import Domain
from seqgen.contract.fingerprint import SIZE, fingerprint
from seqgen.contract.vocabulary import Vocabulary
from seqgen.corpus.reading.channel import Encoded, Observation, Reading, pack
from seqgen.corpus.reading.child import Parent, limit_memory
from seqgen.errors import UnusableFile
from seqgen.grammar import BOS, Grammar

GRACE_SECONDS = 10
MAX_METADATA_BYTES = 2**16
"""Of one document, as JSON."""
PART_BYTES = 2**24
"""How much of a file that is read in pieces is held before it is sent,"""
PARTS_IN_TIME = 10
"""and for which part of the time that it has."""


def main() -> None:
    parent = Parent()
    try:
        job = json.loads(parent.receive())
        limit_memory(job["memory_bytes"])
        try:
            domain, answer = _domain(job), b""
            grammar = domain.checked_grammar()
        except Exception as error:
            answer = f"{type(error).__name__}: {error}".encode()
        parent.send(answer)
        while not answer:
            path = parent.receive()
            for reading in _watched(_parts(domain, grammar, Path(os.fsdecode(path)), job), int(job["seconds"])):
                parent.send(pack(reading))
    except (EOFError, BrokenPipeError):
        pass  # the other end is done


def _domain(job: dict[str, Any]) -> Domain[Any]:
    made: Any = reduce(getattr, job["qualname"].split("."), importlib.import_module(job["module"]))
    vocabulary = None if job["vocabulary"] is None else Vocabulary(job["vocabulary"])
    domain: Domain[Any] = made(made.Settings(**job["settings"]), vocabulary, job["state"])
    return domain


def _watched(parts: Iterator[Reading], seconds: int) -> Iterator[Reading]:
    """The same parts. Should the other end be killed while one hangs, nobody else would end this process."""
    signal.alarm(seconds + GRACE_SECONDS)
    for part in parts:
        yield part
        signal.alarm(seconds + GRACE_SECONDS)
    signal.alarm(0)


class _Part:
    """What has been read of a file since the last part was sent."""

    def __init__(self) -> None:
        self.begun = time.monotonic()
        self.documents: list[Encoded] = []
        self.observations: list[Observation] = []
        self.dropped: Counter[str] = Counter()
        self.remarks: Counter[str] = Counter()
        self.bytes = 0

    def add(self, domain: Domain[Any], grammar: Grammar, item: Any, learning: bool) -> None:
        """Takes in an item or a remark; a fault of this item alone is counted."""
        if isinstance(item, Remark):
            (self.dropped if item.dropped else self.remarks)[item.text] += 1
            return
        try:
            record = item if isinstance(item, Record) else Record(item)
            if learning:
                value = (domain.learning or Learning()).observe(record.item)
                self.bytes += len(json.dumps(value))
                self.observations.append(Observation(*fingerprints(domain, record), value))
            else:
                self.documents.append(encoded(domain, grammar, record))
                self.bytes += 8 * len(self.documents[-1].ids)
        except UnusableFile as error:
            self.dropped[error.reason] += 1
        except MemoryError:
            raise
        except Exception as error:
            self.dropped[_bug(error)] += 1

    def reading(self, *, more: bool) -> Reading:
        return Reading(self.documents, self.observations, dict(self.dropped), dict(self.remarks), more=more)


def _parts(domain: Domain[Any], grammar: Grammar, path: Path, job: dict[str, Any]) -> Iterator[Reading]:
    """What a file gives, the last part with more=False; never raises but for what ends the process."""
    part, empty = _Part(), True
    in_parts = domain.reading is not None and domain.reading.in_parts(path)
    try:
        if not in_parts and path.stat().st_size > job["file_bytes"]:
            yield Reading(reason=f"larger than {job['file_bytes'] / 2**20:g} MiB")
            return
        if job["task"] == "inspect":
            finding = domain.require(Inference).inspect(path)
            yield Reading(observations=[Observation(bytes(SIZE), bytes(SIZE), finding)])
            return
        for item in _items(domain, path, job["task"]):
            part.add(domain, grammar, item, job["task"] == "learn")
            late = time.monotonic() - part.begun > job["seconds"] / PARTS_IN_TIME
            if in_parts and (part.bytes >= PART_BYTES or late):
                yield part.reading(more=True)
                part, empty = _Part(), False
    except UnusableFile as error:
        yield Reading(reason=error.reason, detail=error.detail)
    except MemoryError:
        part = _Part()
        yield Reading(reason=f"needed more than {job['memory_bytes'] / 2**30:g} GiB of memory")
    except OSError as error:
        yield Reading(reason=f"cannot be opened: {error.strerror}")
    except Exception as error:
        yield Reading(reason=_bug(error))
    else:
        last = part.reading(more=False)
        nothing = empty and not (last.documents or last.observations or last.dropped)
        yield Reading(reason="holds nothing") if nothing else last


def _items(domain: Domain[Any], path: Path, task: str) -> Iterator[Any]:
    """The items of a file, read for training, as a prompt, or as what answers are wanted for."""
    if task == "prompt":
        return domain.prompting.read(path)
    if task == "predict" and domain.prediction is not None and domain.prediction.offers("read"):
        return domain.require(Prediction).read(path)
    return domain.read(path)


def fingerprints(domain: Domain[Any], record: Record[Any]) -> tuple[bytes, bytes]:
    """The fingerprints of the deduplication key and of the group, which is the key if there is no group."""
    deduplication = domain.deduplication or Deduplication()
    key, group = fingerprint(deduplication.key(record.item)), deduplication.group(record)
    return key, key if group is None else fingerprint(group)


def encoded(domain: Domain[Any], grammar: Grammar, record: Record[Any]) -> Encoded:
    """The document of a record, checked. Raises UnusableFile, or anything else for a plugin's bug."""
    example = domain.encode(record.item)
    ids, weights = np.asarray(example.ids), np.asarray(example.weights)
    if ids.dtype.kind not in "iu" or ids.ndim != 1 or ids.shape != weights.shape:
        raise ValueError("ids and weights are not two rows of the same length")
    if len(ids) < 2 or ids[0] != BOS or weights[0] != 0:
        raise ValueError("a document begins with BOS of weight 0 and something after it")
    if ids.min() < 0 or ids.max() >= len(domain.vocabulary) or not np.isfinite(weights).all():
        raise ValueError("an id or a weight is out of range")
    grammar.unroll(ids)
    if len(json.dumps(record.metadata)) > MAX_METADATA_BYTES:
        raise UnusableFile(f"metadata of more than {MAX_METADATA_BYTES // 2**10} KiB")
    return Encoded(*fingerprints(domain, record), ids.astype(np.int32), weights.astype(np.float32), record.metadata)


def _bug(error: Exception) -> str:
    return f"plugin error: {type(error).__name__}"


if __name__ == "__main__":
    main()
