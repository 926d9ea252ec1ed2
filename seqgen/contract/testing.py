"""The laws of a domain, for the tests of plugin authors:

    def test_laws(tmp_path):
        seqgen.contract.testing.check_domain(MyDomain(), files=[...])

Every broken law is an AssertionError that says which one, and on what.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.contract.domain import Domain, Remark
from seqgen.contract.fingerprint import fingerprint
from seqgen.errors import SeqgenError, UnusableFile
from seqgen.grammar import BOS, EOS, Grammar

LONGEST_WALK = 1000
HOSTILE_SIZES = (0, 1, 100, 10_000)


def check_domain(
    domain: Domain, files: Iterable[Path] = (), *, walks: int = 100, seed: int = 0, exact: bool = True
) -> None:
    """Checks that a domain keeps its promises on `files` that it can read and on random documents of its grammar.

    `exact` also asks that a random document, decoded and encoded, gives the same ids: not so where several sequences of
    ids stand for one item. Raises AssertionError.
    """
    rng = np.random.default_rng(seed)
    paths = [Path(path) for path in files]
    grammar = domain.grammar()
    check_vocabulary(domain, grammar)
    check_settings(domain)
    items = [item for path in paths for item in _items(domain, path)]
    for item in items:
        check_item(domain, grammar, item, rng)
    check_walks(domain, grammar, walks, rng, exact)
    with tempfile.TemporaryDirectory() as folder:
        check_hostile_files(domain, paths, Path(folder), rng)
        for number, item in enumerate(items[:1]):
            check_write(domain, item, Path(folder) / f"made-{number}")


def check_vocabulary(domain: Domain, grammar: Grammar) -> None:
    """BOS and EOS are 0 and 1, and the grammar is about the same tokens."""
    names = tuple(domain.vocabulary)
    assert names[:2] == ("<bos>", "<eos>"), f"the vocabulary begins with {names[:2]}, not with BOS and EOS"
    assert len(set(names)) == len(names), "a token stands in the vocabulary twice"
    assert len(names) > 2, "the vocabulary has no tokens of its own"
    assert grammar.vocabulary_size == len(names), (
        f"the grammar has {grammar.vocabulary_size} tokens, the vocabulary {len(names)}"
    )


def check_settings(domain: Domain) -> None:
    """Settings survive JSON, and the same settings and vocabulary make the same domain."""
    again = type(domain).Settings.model_validate_json(domain.settings.model_dump_json())
    assert again == domain.settings, f"settings change by way of JSON: {domain.settings!r} became {again!r}"
    other = type(domain)(again, domain.vocabulary)
    assert other.vocabulary == domain.vocabulary, "the same settings and vocabulary make another vocabulary"


def check_item(domain: Domain, grammar: Grammar, item: Any, rng: np.random.Generator) -> None:
    """An item's document is legal, gives the item back, stays legal when augmented, and its questions have answers."""
    example = domain.encode(item)
    ids, weights = example.ids, example.weights
    assert ids.dtype == np.int32, f"encode gives ids of {ids.dtype}, not int32"
    assert weights.dtype == np.float32, f"encode gives weights of {weights.dtype}, not float32"
    assert ids.shape == weights.shape, f"encode gives {len(ids)} ids and {len(weights)} weights"
    assert ids[0] == BOS, f"a document begins with id {ids[0]}, not with BOS"
    assert weights[0] == 0, f"BOS has weight {weights[0]}, not 0"
    _assert_legal(domain, grammar, ids, "encode")
    again = domain.decode(ids)
    assert fingerprint(again) == fingerprint(item), f"decode(encode(item)) gives another item: {again!r} of {item!r}"
    symbols = domain.passages(ids)
    assert symbols.shape == ids.shape, f"passages gives {len(symbols)} symbols of {len(ids)} ids"
    assert symbols[0] < 0, "passages counts BOS, with which every document begins"
    likeness, once_more = fingerprint(domain.likeness(item)), fingerprint(domain.likeness(again))
    assert likeness == once_more, f"decode(encode(item)) is not alike: {again!r} of {item!r}"
    seed = int(rng.integers(2**31))
    before = ids.copy()
    once, twice = (domain.augment(ids, np.random.default_rng(seed)) for _ in range(2))
    assert np.array_equal(ids, before), "augment changes the ids that it is given"
    assert np.array_equal(once, twice), "augment is not a pure function of ids and rng"
    assert once.shape == ids.shape, f"augment makes {len(once)} ids of {len(ids)}"
    _assert_legal(domain, grammar, once, "augment")
    check_questions(domain, grammar, once, seed)


def check_questions(domain: Domain, grammar: Grammar, ids: np.ndarray, seed: int) -> None:
    """What is asked about a document is asked within it, and the grammar allows the answers."""
    once, twice = (domain.questions(ids, np.random.default_rng(seed)) for _ in range(2))
    if once is None or twice is None:
        assert once is twice, "questions is not a pure function of ids and rng"
        return
    for name in ("places", "answers", "weights"):
        one, other = getattr(once, name), getattr(twice, name)
        assert np.array_equal(one, other), "questions is not a pure function of ids and rng"
        assert one.shape == once.places.shape, f"questions gives {len(once.places)} places and {len(one)} {name}"
    assert ((once.places >= 0) & (once.places < len(ids) - 1)).all(), "questions are asked at places that there are not"
    assert 0 <= once.state < grammar.state_count, (
        f"questions are asked in state {once.state}, which the grammar has not"
    )
    assert grammar.allowed[once.state, once.answers].all(), "questions have an answer that the grammar forbids there"


def check_walks(domain: Domain, grammar: Grammar, walks: int, rng: np.random.Generator, exact: bool) -> None:
    """Random documents of the grammar decode, whole or cut short, and encode to themselves again (if `exact`)."""
    for _ in range(walks):
        ids = grammar.walk(rng, LONGEST_WALK)
        cut = ids[: int(rng.integers(1, len(ids) + 1))]
        for part in (cut, ids):
            try:
                item = domain.decode(part)
            except Exception as error:
                raise AssertionError(f"decode fails on a legal document: {_named(domain, part)}: {error!r}") from error
        if exact and ids[-1] == EOS:
            again = domain.encode(item).ids
            assert np.array_equal(again, ids), (
                f"decoding and encoding turns {_named(domain, ids)} into {_named(domain, again)}"
            )


def check_hostile_files(domain: Domain, files: Sequence[Path], folder: Path, rng: np.random.Generator) -> None:
    """Random bytes, nothing at all and halves of good files give items or UnusableFile, and never anything else."""
    ending = domain.reads[0] if domain.reads else ".bin"
    contents = [rng.bytes(size) for size in HOSTILE_SIZES]
    for path in files:
        content = path.read_bytes()
        contents += [content[: len(content) // 2], content[len(content) // 2 :]]
    for number, content in enumerate(contents):
        path = folder / f"hostile-{number}{ending}"
        path.write_bytes(content)
        try:
            for _ in domain.read(path):
                pass
        except UnusableFile as error:
            if not error.reason:
                raise AssertionError("read raises UnusableFile without a reason") from error
        except Exception as error:
            raise AssertionError(f"read raises {error!r} on {len(content)} hostile bytes, not UnusableFile") from error


def check_write(domain: Domain, item: Any, path: Path) -> None:
    """write leaves the files that it names, and nothing where it cannot write."""
    made = domain.write(item, path)
    assert made, "write names no files"
    assert all(file.is_file() for file in made), f"write names files that are not there: {made}"
    left = set(path.parent.iterdir()) - set(made)
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


def _items(domain: Domain, path: Path) -> list[Any]:
    try:
        items = [item for item in domain.read(path) if not isinstance(item, Remark)]
    except UnusableFile as error:
        raise AssertionError(f"{path} was given as usable, but: {error.reason}") from error
    assert items, f"{path} gives no items"
    return items


def _assert_legal(domain: Domain, grammar: Grammar, ids: np.ndarray, maker: str) -> None:
    assert ids.min() >= 0, f"{maker} gives a negative id"
    assert ids.max() < len(domain.vocabulary), f"{maker} gives an id that no token has"
    try:
        grammar.unroll(ids)
    except ValueError as error:
        raise AssertionError(f"{maker} gives a document that the grammar forbids: {error}") from error


def _named(domain: Domain, ids: np.ndarray) -> str:
    return " ".join(domain.vocabulary[int(number)] for number in ids[:40]) + (" …" if len(ids) > 40 else "")
