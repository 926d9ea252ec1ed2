"""Units that follow something with a name."""

from __future__ import annotations

import numpy as np
from engine import toys

from seqgen.engine.scoring.introspection import Activations
from seqgen.workflows.inside import find_named_units, shortest_ends, token_features


def activations_of(states: np.ndarray) -> Activations:
    return Activations({}, states, states, states, None)


def test_the_unit_that_follows_a_feature_is_found_with_its_sign():
    random = np.random.default_rng(0)
    states = random.normal(size=(200, 2, 5))
    depth, voice = np.cumsum(random.integers(-1, 2, 200)), np.arange(200) % 4 == 0
    states[:, 1, 3] -= 2 * depth
    states[:, 0, 2] += 5 * voice
    features = {"depth": depth, "voice": voice, "constant": np.ones(200), "rare": np.arange(200) == 7}
    found = find_named_units(activations_of(states), {name: values * 1.0 for name, values in features.items()})
    best = {one.feature: (one.layer, one.unit) for one in reversed(found)}
    assert best == {"depth": (1, 3), "voice": (0, 2)}
    assert [abs(one.correlation) for one in found] == sorted((abs(one.correlation) for one in found), reverse=True)
    (depth_unit,) = (one for one in found if (one.layer, one.unit) == (1, 3) and one.feature == "depth")
    assert depth_unit.correlation < -0.9
    assert len(find_named_units(activations_of(states), {"depth": depth * 1.0}, count=2)) == 2


def test_the_shortest_end_is_that_of_all_documents():
    for grammar in (toys.forked(), toys.turns(), toys.shifting(), toys.forced_end()):
        distance = shortest_ends(grammar)
        for state in range(grammar.state_count):
            following = [
                1 if token == 1 else 1 + distance[grammar.next_state[state, token]]
                for token in np.flatnonzero(grammar.allowed[state])
            ]
            assert distance[state] == min(following)


def test_a_piece_has_features_of_its_domain_and_of_its_grammar(trained, pieces):
    (score,) = trained.score(pieces / "piece-00.mid")
    features = token_features(trained, score.ids)
    assert all(values.shape == score.ids.shape for values in features.values())
    assert {"position in the bar", "alto", "tokens to the end, at least"} <= set(features)
    assert features["tokens to the end, at least"][-2] == 1
    found = find_named_units(trained.activations(score.ids), features)
    assert len(found) == 20
    assert all(0 <= one.unit < 64 and one.layer == 0 for one in found)
