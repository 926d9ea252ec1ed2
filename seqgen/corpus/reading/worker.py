"""The process that reads files from outside: `python -P -m seqgen.corpus.reading.worker`.

It may die, hang, or be taken over by a hostile file; the other end (workers.py) expects that. It gets the domain first
and answers whether it could be made. Then it gets one path at a time and answers with the content of the file, in one
part or several.
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

from seqgen.contract.capabilities import Deduplication, Inference, Learning, Prediction, Reading
from seqgen.contract.documents import Record, Remark
from seqgen.contract.domain import Domain
from seqgen.contract.fingerprint import SIZE, fingerprint
from seqgen.contract.vocabulary import Vocabulary
from seqgen.corpus.reading.channel import EncodedDocument, FileContent, Observation, serialize
from seqgen.corpus.reading.child import Parent, limit_memory
from seqgen.corpus.reading.cutting import NOTHING_IS_CUT, Cutting
from seqgen.errors import UnusableFile
from seqgen.grammar import BOS, Grammar

GRACE_SECONDS = 10
MAX_METADATA_BYTES = 2**16
"""The limit for one document, as JSON."""
PART_BYTES = 2**24
"""A part of a file is sent when it has this many bytes,"""
MAX_TIME_SHARE = 0.1
"""or when this share of its time limit is over."""


def main() -> None:
    parent = Parent()
    try:
        job = json.loads(parent.receive())
        limit_memory(job["memory_bytes"])
        try:
            domain, fault = _make_domain(job), b""
            grammar = domain.checked_grammar()
        except Exception as error:
            fault = f"{type(error).__name__}: {error}".encode()
        parent.send(fault)
        while not fault:
            path = Path(os.fsdecode(parent.receive()))
            for part in _with_alarm(_read_parts(domain, grammar, path, job), int(job["seconds"])):
                parent.send(serialize(part))
    except (EOFError, BrokenPipeError):
        pass  # The parent is done.


def _make_domain(job: dict[str, Any]) -> Domain[Any]:
    module: Any = importlib.import_module(job["module"])
    kind: type[Domain[Any]] = reduce(getattr, job["qualname"].split("."), module)
    return kind(kind.Settings(**job["settings"]), Vocabulary(job["vocabulary"]), job["state"])


def _with_alarm(parts: Iterator[FileContent], seconds: int) -> Iterator[FileContent]:
    """Yields the same parts. If the parent is killed while a part hangs, the alarm ends this process."""
    signal.alarm(seconds + GRACE_SECONDS)
    for part in parts:
        yield part
        signal.alarm(seconds + GRACE_SECONDS)
    signal.alarm(0)


class _Part:
    """What was read of a file since the last part was sent."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.documents: list[EncodedDocument] = []
        self.observations: list[Observation] = []
        self.dropped: Counter[str] = Counter()
        self.remarks: Counter[str] = Counter()
        self.bytes = 0

    def add(self, domain: Domain[Any], grammar: Grammar, item: Any, learning: bool, cutting: Cutting) -> None:
        """Adds an item or a remark. An error about this item alone is counted."""
        if isinstance(item, Remark):
            (self.dropped if item.dropped else self.remarks)[item.text] += item.count
            return
        try:
            record = item if isinstance(item, Record) else Record(item)
            if learning:
                value = (domain.learning or Learning()).observe(record.item)
                self.bytes += len(json.dumps(value))
                self.observations.append(Observation(*fingerprints(domain, record), value))
            else:
                self.documents.append(encode_record(domain, grammar, record, cutting))
                self.bytes += 8 * len(self.documents[-1].ids)
        except UnusableFile as error:
            self.dropped[error.reason] += 1
        except MemoryError:
            raise
        except Exception as error:
            self.dropped[_plugin_error(error)] += 1

    def content(self, *, more: bool) -> FileContent:
        return FileContent(self.documents, self.observations, dict(self.dropped), dict(self.remarks), more=more)


def _read_parts(domain: Domain[Any], grammar: Grammar, path: Path, job: dict[str, Any]) -> Iterator[FileContent]:
    """Yields the content of a file. The last part has more=False. An error becomes the reason of the last part."""
    part, is_first, cutting = _Part(), True, Cutting.from_json(job["cutting"])
    in_parts = domain.reading is not None and domain.reading.in_parts(path)
    try:
        if not in_parts and path.stat().st_size > job["file_bytes"]:
            yield FileContent(reason=f"larger than {job['file_bytes'] / 2**20:g} MiB")
            return
        if job["task"] == "inspect":
            finding = domain.require(Inference).inspect(path)
            yield FileContent(observations=[Observation(bytes(SIZE), bytes(SIZE), finding)])
            return
        for item in _read_items(domain, path, job["task"]):
            part.add(domain, grammar, item, job["task"] == "learn", cutting)
            is_late = time.monotonic() - part.started > job["seconds"] * MAX_TIME_SHARE
            if in_parts and (part.bytes >= PART_BYTES or is_late):
                yield part.content(more=True)
                part, is_first = _Part(), False
    except UnusableFile as error:
        yield FileContent(reason=error.reason, detail=error.detail)
    except MemoryError:
        part = _Part()
        yield FileContent(reason=f"needed more than {job['memory_bytes'] / 2**30:g} GiB of memory")
    except OSError as error:
        yield FileContent(reason=f"cannot be opened: {error.strerror}")
    except Exception as error:
        yield FileContent(reason=_plugin_error(error))
    else:
        is_empty = is_first and not (part.documents or part.observations or part.dropped)
        yield FileContent(reason="holds nothing") if is_empty else part.content(more=False)


def _read_items(domain: Domain[Any], path: Path, task: str) -> Iterator[Any]:
    """Reads a file for training, as a prompt, or for answers."""
    if task == "prompt":
        return domain.prompting.read(path)
    if task == "predict" and domain.prediction is not None and domain.prediction.offers("read"):
        return domain.require(Prediction).read(path)
    return domain.read(path)


def fingerprints(domain: Domain[Any], record: Record[Any]) -> tuple[bytes, bytes]:
    """Returns the fingerprints of the deduplication key and of the group, which is the key if there is no group."""
    deduplication = domain.deduplication or Deduplication()
    key, group = fingerprint(deduplication.key(record.item)), deduplication.group(record)
    return key, key if group is None else fingerprint(group)


def encode_record(
    domain: Domain[Any], grammar: Grammar, record: Record[Any], cutting: Cutting = NOTHING_IS_CUT
) -> EncodedDocument:
    """Returns the checked document of a record, cut inside if `cutting` says so.

    Raises UnusableFile, or another error for a bug of the plugin.
    """
    if len(json.dumps(dict(record.metadata))) > MAX_METADATA_BYTES:
        raise UnusableFile(f"metadata of more than {MAX_METADATA_BYTES // 2**10} KiB")
    key, group = fingerprints(domain, record)
    parts = [record.item]
    if key in cutting.keys:
        parts = domain.require(Reading).cut(record.item, cutting.shares)
    examples = [_encode_item(domain, grammar, part) for part in parts]
    ids = np.concatenate([part for part, _ in examples])
    weights = np.concatenate([part for _, part in examples])
    part_lengths = tuple(len(part) for part, _ in examples) if len(examples) > 1 else ()
    return EncodedDocument(key, group, ids, weights, record.metadata, part_lengths)


def _encode_item(domain: Domain[Any], grammar: Grammar, item: Any) -> tuple[np.ndarray, np.ndarray]:
    """Returns the checked ids int32[n] and weights float32[n] of an item."""
    example = domain.encode(item)
    ids, weights = np.asarray(example.ids), np.asarray(example.weights)
    if ids.dtype.kind not in "iu" or ids.ndim != 1 or ids.shape != weights.shape:
        raise ValueError("ids and weights are not two rows of the same length")
    if len(ids) < 2 or ids[0] != BOS or weights[0] != 0:
        raise ValueError("a document begins with BOS of weight 0 and something after it")
    if ids.min() < 0 or ids.max() >= len(domain.vocabulary) or not np.isfinite(weights).all():
        raise ValueError("an id or a weight is out of range")
    grammar.unroll(ids)
    return ids.astype(np.int32), weights.astype(np.float32)


def _plugin_error(error: Exception) -> str:
    return f"plugin error: {type(error).__name__}"


if __name__ == "__main__":
    main()
