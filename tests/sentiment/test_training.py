"""Labels change positions and are auxiliary targets during training."""

from __future__ import annotations

import numpy as np
import pytest
from labelled_texts import ITEM, learned
from seqgen_sentiment.labelled_item import LabelledItem


def test_the_label_comes_last_or_first():
    domain = learned()
    example = domain.encode(ITEM)
    names = [domain.vocabulary[number] for number in example.ids]
    last = ["<bos>", "<unlabelled>", "the", " film", " is", " good", "<end>", "label:pos", "<eos>"]
    assert names == last
    # The label counts as much as all of its content, whose end is learned too; the rest is given.
    assert example.weights.tolist() == [0, 0, 1, 1, 1, 1, 1, 5, 0]
    other = [domain.training.augment(example.ids, np.random.default_rng(seed)) for seed in range(200)]
    first = [*last]
    first[1], first[-2] = first[-2], first[1]
    found = [[domain.vocabulary[number] for number in ids] for ids in other]
    assert all(names in (first, last) for names in found)
    assert 70 < found.count(first) < 130
    assert domain.decode(other[0]) == domain.decode(other[-1]) == ITEM
    rare = learned(label_first_probability=0.1, label_weight=30)
    assert rare.encode(ITEM).weights[-2] == 30
    swapped = sum(
        rare.training.augment(example.ids, np.random.default_rng(seed))[1] != example.ids[1] for seed in range(200)
    )
    assert 5 < swapped < 40


def test_a_last_label_is_a_target_within_the_content():
    domain, rng = learned(target_replication_probability=0.25, label_weight=8), np.random.default_rng(0)
    ids = domain.encode(ITEM).ids
    drawn = [domain.training.auxiliary_targets(ids, rng) for _ in range(4000)]
    found = [targets for targets in drawn if targets]
    positions = np.concatenate([targets.positions for targets in found])
    # After each of the four words, which are 2 … 5, a quarter of the times.
    np.testing.assert_allclose(np.bincount(positions) / 4000, [0, 0, *[0.25] * 4], atol=0.03)
    # Linear gain: the weight after word k of n is k / n of the weight at the end of the content.
    weights = dict(zip(positions, np.concatenate([targets.weights for targets in found]), strict=True))
    assert [weights[position] / weights[5] for position in (2, 3, 4)] == pytest.approx([1 / 4, 2 / 4, 3 / 4])
    assert sum(targets.weights.sum() for targets in found) / 4000 == pytest.approx(8, rel=0.05)
    whole = domain.grammar()
    for targets in found[:5]:
        assert {domain.vocabulary[number] for number in targets.targets} == {"label:pos"}
        assert targets.state == whole.unroll(ids)[-3]
    first = next(other for other in (domain.training.augment(ids, rng) for _ in range(50)) if other[1] != ids[1])
    for other in (first, domain.encode(LabelledItem(ITEM.content)).ids):
        assert all(domain.training.auxiliary_targets(other, rng) is None for _ in range(20))
    assert all(
        learned(target_replication_probability=0).training.auxiliary_targets(ids, rng) is None for _ in range(20)
    )


def test_weights_of_replicated_targets_grow_linearly():
    domain = learned(target_replication_probability=1 - 1e-9, label_weight=10)
    every = domain.training.auxiliary_targets(domain.encode(ITEM).ids, np.random.default_rng(0))
    assert every.positions.tolist() == [2, 3, 4, 5]
    assert every.targets.tolist() == [domain.vocabulary.ids["label:pos"]] * 4
    assert every.weights == pytest.approx([1, 2, 3, 4])


def test_a_span_keeps_its_label_last_and_counts_by_its_weight():
    domain = learned(span_files="*", span_weight=0.25, label_weight=8, target_replication_probability=1 - 1e-9)
    span = LabelledItem(ITEM.content, "pos", is_span=True)
    example, document = domain.encode(span), domain.encode(ITEM)
    assert example.weights.tolist() == (0.25 * document.weights).tolist()
    assert domain.decode(example.ids) == span
    assert domain.decode(document.ids) == ITEM
    rng = np.random.default_rng(0)
    assert all((domain.training.augment(example.ids, rng) == example.ids).all() for _ in range(30))
    of_span, of_document = (domain.training.auxiliary_targets(one.ids, rng) for one in (example, document))
    assert of_span.weights == pytest.approx(0.25 * of_document.weights)
