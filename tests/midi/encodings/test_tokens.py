"""The table of tokens: names, ids, kinds and roles."""

from __future__ import annotations

import numpy as np
from seqgen_midi.encodings.tokens import Kind, Role, TokenTable

TABLE = TokenTable(
    bar=Kind(Role.BAR, ["4/4", "3/4"]),
    rest=Kind(Role.REST),
    pitch=Kind(Role.NOTE, range(60, 63)),
    part=Kind(Role.PLAYER, []),
)


def test_tokens_are_named_after_their_kinds_and_numbered_through() -> None:
    assert list(TABLE.vocabulary)[2:] == ["bar:4/4", "bar:3/4", "rest", "pitch:60", "pitch:61", "pitch:62"]
    assert TABLE.ids("pitch").tolist() == [5, 6, 7]
    assert TABLE.first("rest") == 4
    assert TABLE.kind.tolist() == [-1, -1, 0, 0, 1, 2, 2, 2]
    assert TABLE.value.tolist() == [0, 0, 0, 1, 0, 0, 1, 2]
    assert TABLE.numbers("pitch").tolist() == [60, 61, 62]
    assert "pitch" in TABLE
    assert "drum" not in TABLE


def test_kinds_and_roles_are_sets_of_tokens() -> None:
    assert np.flatnonzero(TABLE.of_kind("rest", "drum", "part")).tolist() == [4]
    assert np.flatnonzero(TABLE.of_role(Role.NOTE, Role.BAR)).tolist() == [2, 3, 5, 6, 7]


def test_the_last_position_of_a_kind_is_the_nearest_before() -> None:
    ids = np.array([0, 4, 2, 5, 6, 3, 7])
    assert TABLE.last_position(ids, "bar").tolist() == [-1, -1, 2, 2, 2, 5, 5]
