"""The conformance kit: the laws of a domain, for the tests of plugin authors.

    def test_laws():
        seqgen.contract.testing.check_domain(MyDomain(), files=[Path("some.file")])

Every broken law is an AssertionError that says what the contract asks for, why, and what was found. Of the documents,
bytes and texts that break one, it shows the smallest.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.contract.domain import Domain
from seqgen.contract.oracle import Oracle
from seqgen.contract.testing.capabilities import CHECKS, Case, check_answers
from seqgen.contract.testing.constraints import check_constraints
from seqgen.contract.testing.core import (
    check_hostile_files,
    check_items,
    check_settings,
    check_vocabulary,
    check_walks,
    check_write,
    records_of,
)
from seqgen.errors import UsageError


def check_domain(
    domain: Domain[Any],
    files: Iterable[Path] = (),
    *,
    walks: int = 100,
    seed: int = 0,
    exact: bool = True,
    constraints: Iterable[Mapping[str, Any]] = (),
    oracle: Oracle | None = None,
) -> None:
    """Checks the core and every capability that the domain offers, on `files` and on random documents of its grammar.

    walks: how many random documents are tried
    exact: whether a random document must have the same ids after decoding and encoding. This is false for a domain in
           which several sequences of ids stand for one item.
    constraints: examples of constraints, such as {"opening": "e4"}. Numbers, flags and choices are tried without them.
    oracle: of a model that was trained on the domain, which is asked for predictions too. The fixture
            `train_tiny_model` makes one: `trained = train_tiny_model(MyDomain, files)`, and then
            `check_domain(trained.domain, files, oracle=trained.oracle)`.

    Raises AssertionError. Needs hypothesis, which `pip install 'seqgen-framework[kit]'` installs.
    """
    for _, check in laws(domain, files, walks=walks, seed=seed, exact=exact, constraints=constraints):
        check()
    if oracle is not None and domain.prediction is not None:
        check_predictions(domain, files, oracle)


def check_predictions(domain: Domain[Any], files: Iterable[Path], oracle: Oracle) -> None:
    """Checks the answers that a trained model of the domain gives about the items of files. Raises AssertionError."""
    check_answers(domain, [record for path in files for record in records_of(domain, Path(path))], oracle)


def laws(
    domain: Domain[Any],
    files: Iterable[Path],
    *,
    walks: int,
    seed: int,
    exact: bool,
    constraints: Iterable[Mapping[str, Any]],
) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yields the name of each check and a function that runs it. The arguments are those of `check_domain`.

    Each check is run before the next one is asked for. Raises UsageError if hypothesis is not installed.
    """
    try:
        from seqgen.contract.testing.properties import check_documents, check_hostile_bytes, check_texts
    except ImportError as error:
        raise UsageError("The checks need hypothesis; install it: pip install 'seqgen-framework[kit]'.") from error
    rng = np.random.default_rng(seed)
    paths = [Path(path) for path in files]
    grammar = domain.grammar()
    yield "vocabulary", partial(check_vocabulary, domain, grammar)
    yield "settings", partial(check_settings, domain)
    records = [record for path in paths for record in records_of(domain, path)]
    yield "items of the files", partial(check_items, domain, grammar, records)
    yield "short documents", partial(check_documents, domain, grammar, walks, exact)
    yield "long documents", partial(check_walks, domain, grammar, walks, rng, exact)
    yield "constraints", partial(check_constraints, domain, constraints, rng)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield "hostile files", partial(check_hostile_files, domain, paths, folder, rng)
        yield "hostile bytes", partial(check_hostile_bytes, domain, folder, walks)
        yield "hostile texts", partial(check_texts, domain, walks)
        for record in records[:1]:
            yield "written files", partial(check_write, domain, record.item, folder / "written")
        for attribute, check in CHECKS.items():
            if getattr(domain, attribute) is not None:
                yield attribute, partial(check, Case(domain, paths, records, folder, rng))
