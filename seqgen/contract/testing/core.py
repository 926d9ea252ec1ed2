"""Checks of the core: the six methods that every domain has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.contract.documents import Record, Remark
from seqgen.contract.domain import Domain
from seqgen.contract.fingerprint import fingerprint
from seqgen.errors import SeqgenError, UnusableFile
from seqgen.grammar import BOS, EOS, Grammar

MAX_WALK_LENGTH = 1000
HOSTILE_SIZES = (0, 1, 100, 10_000)
MAX_SHOWN_BYTES = 40


def check_vocabulary(domain: Domain[Any], grammar: Grammar) -> None:
    """Checks that BOS and EOS are 0 and 1, and the grammar is about the same tokens."""
    names = tuple(domain.vocabulary)
    assert names[:2] == ("<bos>", "<eos>"), f"the vocabulary begins with {names[:2]}, not with BOS and EOS"
    assert len(set(names)) == len(names), "a token stands in the vocabulary twice"
    assert len(names) > 2, "the vocabulary has no tokens of its own"
    assert grammar.vocabulary_size == len(names), (
        f"the grammar has {grammar.vocabulary_size} tokens, the vocabulary {len(names)}"
    )


def check_settings(domain: Domain[Any]) -> None:
    """Settings survive JSON, and the same settings and vocabulary make the same domain."""
    again = type(domain).Settings.model_validate_json(domain.settings.model_dump_json())
    assert again == domain.settings, f"settings change by way of JSON: {domain.settings!r} became {again!r}"
    other = type(domain)(again, domain.vocabulary, domain.state)
    assert other.vocabulary == domain.vocabulary, "the same settings and vocabulary make another vocabulary"


def check_items(domain: Domain[Any], grammar: Grammar, records: Sequence[Record[Any]]) -> None:
    """Checks the item of each record."""
    for record in records:
        check_item(domain, grammar, record.item)


def check_item(domain: Domain[Any], grammar: Grammar, item: Any) -> None:
    """Checks that the document of an item is legal and gives the item back.

    So what is learned is what is written later.
    """
    example = domain.encode(item)
    ids, weights = example.ids, example.weights
    assert ids.dtype == np.int32, f"encode gives ids of {ids.dtype}, not int32, the type of the shards"
    assert weights.dtype == np.float32, f"encode gives weights of {weights.dtype}, not float32, the type of the shards"
    assert ids.shape == weights.shape, f"encode gives {len(ids)} ids and {len(weights)} weights, not one weight an id"
    assert ids[0] == BOS, f"a document begins with id {ids[0]}, not with BOS, from which the model starts"
    assert weights[0] == 0, f"BOS has weight {weights[0]}, not 0: nothing predicts it"
    assert_legal(domain, grammar, ids, "encode")
    again = domain.decode(ids)
    assert fingerprint(again) == fingerprint(item), f"decode(encode(item)) gives another item: {again!r} of {item!r}"


def check_walks(domain: Domain[Any], grammar: Grammar, walks: int, rng: np.random.Generator, exact: bool) -> None:
    """Checks that random documents of the grammar decode, whole or cut short.

    If `exact`, they encode to themselves again.
    """
    for _ in range(walks):
        ids = grammar.walk(rng, MAX_WALK_LENGTH)
        cut = ids[: int(rng.integers(1, len(ids) + 1))]
        for part in (cut, ids):
            check_document(domain, part, exact)


def check_document(domain: Domain[Any], ids: np.ndarray, exact: bool) -> None:
    """Checks that a legal document int32[n] decodes, also if it is cut.

    If `exact`, a whole one encodes to itself again.
    """
    try:
        item = domain.decode(ids)
    except Exception as error:
        raise AssertionError(
            f"decode fails on a legal document, of which a model can sample any: {_named(domain, ids)}: {error!r}"
        ) from error
    if exact and ids[-1] == EOS:
        again = domain.encode(item).ids
        assert np.array_equal(again, ids), (
            f"decoding and encoding turns {_named(domain, ids)} into {_named(domain, again)}; if several documents "
            "stand for one item, give exact=False"
        )


def check_hostile_files(domain: Domain[Any], files: Sequence[Path], folder: Path, rng: np.random.Generator) -> None:
    """Checks that random bytes, empty files and halves of good files give items or UnusableFile."""
    ending = domain.reads[0] if domain.reads else ".bin"
    contents = [rng.bytes(size) for size in HOSTILE_SIZES]
    for path in files:
        content = path.read_bytes()
        contents += [content[: len(content) // 2], content[len(content) // 2 :]]
    for number, content in enumerate(contents):
        check_hostile_file(domain, folder / f"hostile-{number}{ending}", content)


def check_hostile_file(domain: Domain[Any], path: Path, content: bytes) -> None:
    """Checks that a file with any content, which is written to `path`, gives items or UnusableFile with a reason."""
    path.write_bytes(content)
    try:
        for _ in domain.read(path):
            pass
    except UnusableFile as error:
        if not error.reason:
            raise AssertionError("read raises UnusableFile without a reason") from error
    except Exception as error:
        shown = f"{content[:MAX_SHOWN_BYTES]!r}{' …' if len(content) > MAX_SHOWN_BYTES else ''}"
        raise AssertionError(
            f"read raises {error!r} on {len(content)} hostile bytes, not UnusableFile: {shown}"
        ) from error


def check_write(domain: Domain[Any], item: Any, path: Path) -> None:
    """Checks that `write` leaves the files that it names, and nothing where it cannot write."""
    files = domain.write(item, path)
    assert files, "write names no files"
    assert all(file.is_file() for file in files), f"write names files that are not there: {files}"
    left = set(path.parent.iterdir()) - set(files)
    assert not [file for file in left if file.name.startswith(".")], f"write leaves temporary files: {left}"
    obstacle = path.with_name("obstacle")
    obstacle.write_bytes(b"")
    try:
        domain.write(item, obstacle / "below-a-file")
    except SeqgenError:
        pass
    except Exception as error:
        raise AssertionError(f"write raises {error!r} where it cannot write, not OutputError") from error
    else:
        raise AssertionError("write says nothing where it cannot write")
    assert obstacle.read_bytes() == b"", "write destroys a file that was in its way"


def records_of(domain: Domain[Any], path: Path) -> list[Record[Any]]:
    """Returns the records of a file that the domain can read."""
    try:
        items = [item for item in domain.read(path) if not isinstance(item, Remark)]
        records = [item if isinstance(item, Record) else Record(item) for item in items]
    except UnusableFile as error:
        raise AssertionError(f"{path} was given as usable, but: {error.reason}") from error
    assert records, f"{path} gives no items"
    return records


def assert_legal(domain: Domain[Any], grammar: Grammar, ids: np.ndarray, maker: str) -> None:
    """Raises AssertionError for ids int32[n] that the grammar forbids: the engine gives them no probability."""
    assert ids.min() >= 0, f"{maker} gives a negative id"
    assert ids.max() < len(domain.vocabulary), f"{maker} gives an id that no token has"
    try:
        grammar.unroll(ids)
    except ValueError as error:
        raise AssertionError(f"{maker} gives a document that the grammar forbids: {error}") from error


def _named(domain: Domain[Any], ids: np.ndarray) -> str:
    return " ".join(domain.vocabulary[int(number)] for number in ids[:40]) + (" …" if len(ids) > 40 else "")
