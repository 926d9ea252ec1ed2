"""The conformance kit: the laws of a domain, for the tests of plugin authors.

    def test_laws():
        seqgen.contract.testing.check_domain(MyDomain(), files=[Path("some.file")])

Every broken law is an AssertionError that says what the contract asks for, why, and what was found.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.contract.domain import Domain
from seqgen.contract.testing.capabilities import CHECKS, Case
from seqgen.contract.testing.core import (
    check_hostile_files,
    check_item,
    check_settings,
    check_vocabulary,
    check_walks,
    check_write,
    records_of,
)


def check_domain(
    domain: Domain[Any], files: Iterable[Path] = (), *, walks: int = 100, seed: int = 0, exact: bool = True
) -> None:
    """Checks the core and every capability that the domain offers, on `files` and on random documents of its grammar.

    walks: how many random documents are tried
    exact: whether a random document must have the same ids after decoding and encoding. This is false for a domain in
           which several sequences of ids stand for one item.

    Raises AssertionError.
    """
    rng = np.random.default_rng(seed)
    paths = [Path(path) for path in files]
    grammar = domain.grammar()
    check_vocabulary(domain, grammar)
    check_settings(domain)
    records = [record for path in paths for record in records_of(domain, path)]
    for record in records:
        check_item(domain, grammar, record.item)
    check_walks(domain, grammar, walks, rng, exact)
    with tempfile.TemporaryDirectory() as folder:
        check_hostile_files(domain, paths, Path(folder), rng)
        for record in records[:1]:
            check_write(domain, record.item, Path(folder) / "written")
        for attribute, check in CHECKS.items():
            if getattr(domain, attribute) is not None:
                check(Case(domain, paths, records, Path(folder), rng))
