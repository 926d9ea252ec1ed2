"""Documents as the page sees them."""

from __future__ import annotations

import numpy as np
import pytest
from complete_domain import Complete
from letters import Letters

from seqgen.studio.documents import by_note, changed_notes, document_json, likely_tokens, nats_of, token_texts
from seqgen.studio.takes import Take

IDS = np.array([0, 2, 3, 1], np.int32)


def test_only_notes_that_changed_are_sent():
    before, after = [[0, 1], [1, 1]], [[0, 1], [1, 2], [2, 1]]
    assert changed_notes(before, after) == {"first": 1, "notes": [[1, 2], [2, 1]]}
    assert changed_notes(after, after) == {"first": 3, "notes": []}
    assert changed_notes(after, after[:1]) == {"first": 1, "notes": []}


def test_a_document_is_notes_or_texts():
    take = Take(1, "Take 1", "0", "complete", "drawn", ids=IDS, item="ab")
    assert document_json(Complete(), take)["roll"]["title"] == "ab"
    assert document_json(Letters(), Take(1, "", "0", "", "", ids=np.zeros(0, np.int32))) == {}


def test_each_token_has_the_text_that_it_adds():
    assert token_texts(Complete(), IDS) == [".", "a", "b", "^"]
    domain = Letters()
    assert token_texts(domain, IDS) == [domain.vocabulary[id] for id in IDS]


def test_a_character_of_several_tokens_belongs_to_its_last_token():
    from seqgen_text.domain import TextDomain

    domain = TextDomain(TextDomain.Settings(tokenizer="byte"), None)
    ids = domain.encode("aé").ids
    assert token_texts(domain, ids)[1:4] == ["a", "", "é"]


def test_probabilities_come_with_the_likeliest_others():
    probabilities = np.array([[0, 0, 0.75, 0.25], [0, 0.5, 0.25, 0.25], [0, 0.5, 0.5, 0]], np.float32)
    rows = likely_tokens(Complete(), IDS, probabilities)
    assert rows[0] == {}
    assert rows[2]["probability"] == 0.25
    assert [one["text"] for one in rows[1]["likeliest"][:2]] == ["a", "b"]
    assert nats_of(IDS, probabilities) == pytest.approx([0, -np.log(0.75), -np.log(0.25), -np.log(0.5)])


def test_a_note_costs_what_its_tokens_cost():
    assert by_note(np.array([9.0, 1, 2, 3]), np.array([-1, 0, 0, 1]), 3) == [3, 3, 0]
