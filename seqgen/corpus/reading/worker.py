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
import traceback
from collections import Counter
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.contract.capabilities import Deduplication, Prediction, Reading, SettingsInference, VocabularyLearning
from seqgen.contract.documents import Example, Record, Remark
from seqgen.contract.domain import Domain
from seqgen.contract.fingerprint import SIZE, fingerprint
from seqgen.contract.guarding import failure, guarded_domain, plugin_of
from seqgen.contract.plugin_identity import PluginIdentity
from seqgen.contract.vocabulary import Vocabulary
from seqgen.corpus.reading.channel import EncodedDocument, Failure, FileContent, Observation, serialize
from seqgen.corpus.reading.child import Parent, limit_memory
from seqgen.corpus.reading.cutting import NOTHING_IS_CUT, Cutting
from seqgen.errors import PluginFailure, SeqgenError, UnusableFile
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
            sentence = str(error) if isinstance(error, SeqgenError) else f"{type(error).__name__}: {error}"
            fault = json.dumps([sentence, _traceback(error)]).encode()
        parent.send(fault)
        while not fault:
            path = Path(os.fsdecode(parent.receive()))
            for part in _with_alarm(_read_parts(domain, grammar, path, job), int(job["seconds"])):
                parent.send(serialize(part))
    except (EOFError, BrokenPipeError):
        pass  # The parent is done.


def _make_domain(job: dict[str, Any]) -> Domain[Any]:
    module: Any = importlib.import_module(job["module"])
    kind = guarded_domain(reduce(getattr, job["qualname"].split("."), module), PluginIdentity(*job["plugin"]))
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
        self.failures: dict[str, Failure] = {}
        self.bytes = 0

    def add(self, domain: Domain[Any], grammar: Grammar, item: Any, learning: bool, cutting: Cutting) -> None:
        """Adds an item or a remark. An error about this item alone is counted."""
        if isinstance(item, Remark):
            (self.dropped if item.dropped else self.remarks)[item.text] += item.count
            return
        try:
            record = item if isinstance(item, Record) else Record(item)
            if learning:
                value = (domain.learning or VocabularyLearning()).observe(record.item)
                self.bytes += len(as_json(domain, value, "learning.observe"))
                self.observations.append(Observation(*fingerprints(domain, record), value))
            else:
                self.documents.append(encode_record(domain, grammar, record, cutting))
                self.bytes += 8 * len(self.documents[-1].ids)
        except UnusableFile as error:
            self.dropped[str(error.reason)] += 1
        except MemoryError:
            raise
        except Exception as error:
            caught = plugin_failure(domain, "treats an item wrongly", error)
            self.dropped[caught.summary] += 1
            self.failures.setdefault(caught.summary, Failure(str(caught), _traceback(caught)))

    def content(self, *, more: bool) -> FileContent:
        return FileContent(
            self.documents, self.observations, dict(self.dropped), dict(self.remarks), more=more, failures=self.failures
        )


def _read_parts(domain: Domain[Any], grammar: Grammar, path: Path, job: dict[str, Any]) -> Iterator[FileContent]:
    """Yields the content of a file. The last part has more=False. An error becomes the reason of the last part."""
    part, is_first, cutting = _Part(), True, Cutting.from_json(job["cutting"])
    in_parts = domain.reading is not None and domain.reading.in_parts(path)
    try:
        if not in_parts and path.stat().st_size > job["file_bytes"]:
            yield FileContent(reason=f"larger than {job['file_bytes'] / 2**20:g} MiB")
            return
        if job["task"] == "inspect":
            finding = domain.require(SettingsInference).inspect(path)
            as_json(domain, finding, "inference.inspect")
            yield FileContent(observations=[Observation(bytes(SIZE), bytes(SIZE), finding)])
            return
        for item in _read_items(domain, path, job["task"]):
            part.add(domain, grammar, item, job["task"] == "learn", cutting)
            is_late = time.monotonic() - part.started > job["seconds"] * MAX_TIME_SHARE
            if in_parts and (part.bytes >= PART_BYTES or is_late):
                yield part.content(more=True)
                part, is_first = _Part(), False
    except UnusableFile as error:
        yield FileContent(reason=str(error.reason), detail=str(error.detail))
    except MemoryError:
        part = _Part()
        yield FileContent(reason=f"needed more than {job['memory_bytes'] / 2**30:g} GiB of memory")
    except OSError as error:
        yield FileContent(reason=f"cannot be opened: {error.strerror}")
    except Exception as error:
        caught = plugin_failure(domain, "treats a file wrongly", error)
        failures = {**part.failures, caught.summary: Failure(str(caught), _traceback(caught))}
        yield FileContent(reason=caught.summary, failures=failures)
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
    if len(as_json(domain, dict(record.metadata), "read as metadata")) > MAX_METADATA_BYTES:
        raise UnusableFile(f"metadata of more than {MAX_METADATA_BYTES // 2**10} KiB")
    key, group = fingerprints(domain, record)
    parts = [record.item]
    if key in cutting.keys:
        parts = domain.require(Reading).cut(record.item, cutting.shares)
    examples = [checked_document(domain, grammar, domain.encode(part)) for part in parts]
    ids = np.concatenate([part for part, _ in examples])
    weights = np.concatenate([part for _, part in examples])
    part_lengths = tuple(len(part) for part, _ in examples) if len(examples) > 1 else ()
    return EncodedDocument(key, group, ids, weights, record.metadata, part_lengths)


def checked_document(domain: Domain[Any], grammar: Grammar, example: Example) -> tuple[np.ndarray, np.ndarray]:
    """Returns the ids int32[n] and weights float32[n] of an example.

    Raises PluginFailure if the engine cannot use it.
    """
    ids, weights = np.asarray(example.ids), np.asarray(example.weights)
    try:
        if ids.dtype.kind not in "iu" or ids.ndim != 1 or ids.shape != weights.shape:
            raise ValueError("ids and weights are not two rows of the same length")
        if len(ids) < 2 or ids[0] != BOS or weights[0] != 0:
            raise ValueError("a document begins with BOS of weight 0 and something after it")
        if ids.min() < 0 or ids.max() >= len(domain.vocabulary) or not np.isfinite(weights).all():
            raise ValueError("an id or a weight is out of range")
        grammar.unroll(ids)
    except ValueError as error:
        raise failure(plugin_of(type(domain)), "returns a wrong document from encode", error) from error
    return ids.astype(np.int32), weights.astype(np.float32)


def as_json(domain: Domain[Any], value: Any, method: str) -> str:
    """Returns a value as JSON. Raises PluginFailure if it is none. `method` is what the value comes from."""
    try:
        return json.dumps(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise failure(plugin_of(type(domain)), f"returns a value that is not JSON from {method}", error) from error


def plugin_failure(domain: Domain[Any], fault: str, error: Exception) -> PluginFailure:
    """Returns an error of a plugin as a PluginFailure. `fault` is what the plugin did, if the error does not say it."""
    if isinstance(error, PluginFailure):
        return error
    caught = failure(plugin_of(type(domain)), fault, error)
    caught.__cause__ = error
    return caught


def _traceback(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


if __name__ == "__main__":
    main()
