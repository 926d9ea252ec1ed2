"""Labels change positions and are auxiliary targets during training."""

from __future__ import annotations

import numpy as np
import pytest
from labelled_texts import ITEM, learned
from seqgen_sentiment.domain import SentimentDomain
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
        last = whole.unroll(ids)[-3]
        assert (whole.allowed[targets.states] == whole.allowed[last]).all()
        assert (whole.state_class[targets.states] == whole.state_class[last]).all()
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


def labelled_chorales() -> SentimentDomain:
    settings = SentimentDomain.Settings.from_mapping({"base": "midi", "target_replication_probability": 0.5})
    learned_labels = SentimentDomain(settings).learn([[label, None] for label in ("calm", "wild") * 6])
    return SentimentDomain(settings, learned_labels.vocabulary, learned_labels.state)


def content_and_labelled(domain: SentimentDomain, seed: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """Returns the ids of a random piece, and those of the same piece with its label at the end and at the beginning."""
    item = domain.base.decode(domain.base.grammar().walk(np.random.default_rng(seed), 200))
    last = domain.encode(LabelledItem(item, "wild")).ids
    first = last.copy()
    first[[1, -2]] = first[[-2, 1]]
    return domain.base.encode(item).ids, [last, first]


def test_the_registers_of_the_base_are_carried_by_labelled_content():
    domain = labelled_chorales()
    registers, base_registers = domain.checked_registers(), domain.base.checked_registers()
    whole, base = domain.checked_grammar(), domain.base.grammar()
    content, labelled = content_and_labelled(domain, seed=0)
    expected = base_registers.unroll(content, base.state_class[base.unroll(content)])
    for ids in labelled:
        found = registers.unroll(ids, whole.state_class[whole.unroll(ids)])
        assert found[2 : 1 + len(content) - 1].tolist() == expected[1:-1].tolist()
        assert not found[:2].any()
        assert found[-3:].tolist() == [found[-4].tolist()] * 3, "<end>, a label and EOS change nothing"
    assert expected[-2].any()
    outside = np.setdiff1d(np.arange(len(domain.vocabulary)), np.arange(len(domain.base.vocabulary)))
    assert not registers.slots[outside].any()


def test_the_conditions_of_the_base_are_carried_by_labelled_content():
    domain = labelled_chorales()
    conditions, base_conditions = domain.checked_conditions(), domain.base.checked_conditions()
    whole, base = domain.checked_grammar(), domain.base.grammar()
    content, labelled = content_and_labelled(domain, seed=2)
    expected = base_conditions.steps(content, base.state_class[base.unroll(content)])
    assert expected[-2] > 4
    for ids in labelled:
        found = conditions.steps(ids, whole.state_class[whole.unroll(ids)])
        assert found.tolist() == [0, *expected[:-1].tolist(), *[expected[-2]] * 3]
        shown = [
            training.shown_conditions(one, np.random.default_rng(4), {})
            for training, one in ((domain.training, ids), (domain.base.training, content))
        ]
        assert np.array_equal(*shown)
        assert conditions.accepts(shown[0])


def test_a_label_within_the_content_leaves_the_registers_right():
    domain = labelled_chorales()
    whole, base = domain.checked_grammar(), domain.base.grammar()
    item = domain.base.decode(base.walk(np.random.default_rng(1), 200))
    ids = domain.encode(LabelledItem(item, "calm")).ids
    targets = domain.training.auxiliary_targets(ids, np.random.default_rng(0))
    states = whole.unroll(ids)
    told = states.copy()
    told[targets.positions] = targets.states
    assert len(targets.positions) > 10
    assert (whole.state_class[told] == whole.state_class[states]).all()
    assert len(np.unique(whole.state_class[targets.states])) > 1
    assert whole.allowed[targets.states][:, domain.layout.label_ids].all()


def test_a_base_without_registers_and_conditions_gives_none():
    for method in ("registers", "conditions"):
        assert getattr(learned().training, method)() is None
        assert not learned().training.offers(method)
