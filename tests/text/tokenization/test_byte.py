"""Every byte is a token."""

from __future__ import annotations

from texts import learned


def test_the_vocabulary_is_fixed():
    domain = learned("byte")
    assert len(domain.vocabulary) == 258
    assert (domain.encode("aß").ids[1:-1] - 2).tolist() == [*"aß".encode()]
