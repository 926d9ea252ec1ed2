"""Which constraints there are, and in which encodings."""

from __future__ import annotations

import pytest
from helpers import chorale_constraints
from seqgen_midi.domain import MidiDomain

from seqgen import UnknownName


def test_the_domain_names_every_constraint_and_the_encodings_that_have_it(domains: dict[str, MidiDomain]) -> None:
    described = MidiDomain.Constraints.model_fields
    for name, domain in [("chorale", MidiDomain()), *domains.items()]:
        for field in domain.Constraints.model_fields:
            assert name in described[field].description
        assert set(domain.Constraints.model_fields) <= set(described)
    assert "performance" not in described["bars"].description
    assert described["range"].description.startswith("MIDI pitches by voice: S:60-79,B:40-60 (chorale); lowest")


def test_an_unknown_constraint_suggests_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'bars'"):
        chorale_constraints(bar=4)


def test_unknown_instruments_suggest_the_nearest(domains: dict[str, MidiDomain]) -> None:
    for name, asked, near in (("score", "violine", "violin"), ("drums", "kik", "kick")):
        with pytest.raises(UnknownName, match=f"did you mean '{near}'"):
            domains[name].grammar(domains[name].Constraints(instruments=asked))
