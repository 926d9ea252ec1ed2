"""What goes on inside a model, as small maps."""

from __future__ import annotations

import pytest
from studio.conftest import SHORT

from seqgen import UnknownName
from seqgen.studio.inside import MAX_DISTANCE, MAX_UNITS, inside, inside_map
from seqgen.studio.takes import Take


@pytest.fixture
def take(trained) -> Take:
    (sample,) = trained.sample(1, constraints=SHORT, seed=3)
    return Take(1, "Take 1", "0", "one", "drawn", ids=sample.ids, item=sample.item)


def test_every_map_that_is_named_can_be_had(trained, take):
    found = inside(trained, take)
    assert found["tokens"][0] == "<bos>"
    assert len(found["tokens"]) == len(take.ids)
    assert len(found["gradient_norms"]) <= MAX_DISTANCE + 1
    assert {"forget_gate", "cell states", "hidden states"} <= set(found["maps"])
    for name in found["maps"]:
        one = inside_map(trained, take, name, found["layers"] + 7)
        assert len(one["rows"]) == len(one["values"]) <= max(MAX_UNITS, MAX_DISTANCE)
        assert {len(row) for row in one["values"]} == {len(take.ids)}
    assert found["units"]
    assert all(-1 <= one["correlation"] <= 1 for one in found["units"])
    with pytest.raises(UnknownName):
        inside_map(trained, take, "../x", 0)


def test_a_part_begins_where_it_is_asked_to(trained, take):
    assert len(inside_map(trained, take, "hidden states", 0, 5)["values"][0]) == len(take.ids) - 5
