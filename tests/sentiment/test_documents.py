"""Content and label as one document: both directions, over any base, and what can be asked of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from labelled_texts import learned, rows, table
from seqgen_sentiment.domain import SentimentDomain
from seqgen_sentiment.labelled_item import LabelledItem

from seqgen import BOS, EOS, CorpusError, InvalidValue, Record, UnknownName, load_domain
from seqgen.contract.testing import check_domain
from seqgen.models.run_settings import typed

ITEM = LabelledItem("the film is good", "pos")


@pytest.mark.parametrize("unit", ["word", "byte"])
def test_laws_over_text(tmp_path, unit):
    (tmp_path / "some.tsv").write_text(table(8))
    folder = tmp_path / "pos"
    folder.mkdir()
    (folder / "one.txt").write_text("the film is good\nsome dog is great\n")
    check_domain(
        learned(**{"base.tokenizer": unit}), [tmp_path / "some.tsv", folder / "one.txt"], exact=False, walks=30
    )


def test_laws_over_music(tmp_path):
    midi = load_domain("midi")()
    rng, folder = np.random.default_rng(0), tmp_path / "music"
    grammar = midi.grammar(midi.Constraints(bars=1, time_signature="4/4"))
    for number in range(2):
        midi.write(midi.decode(grammar.walk(rng)), folder / f"piece{number}")
    (tmp_path / "labels.csv").write_text("file,mood\nmusic/piece0.mid,calm\nmusic/piece1.mid,wild\n")
    settings = SentimentDomain.Settings.from_mapping({"base": "midi", "label_column": "mood"})
    unlearned = SentimentDomain(settings)
    read = [found.item for found in unlearned.read(tmp_path / "labels.csv") if isinstance(found, Record)]
    assert [item.label for item in read] == ["calm", "wild"]
    observations = json.loads(json.dumps([unlearned.learning.observe(item) for item in read]))
    domain = SentimentDomain(settings, unlearned.learn(observations).vocabulary)
    check_domain(domain, [tmp_path / "labels.csv"], exact=False, walks=3)
    asked = domain.prompting.prompt(None, domain.Constraints(label="calm", bars=1, key="Gmaj"))
    assert domain.decode(asked.grammar.walk(rng)).label == "calm"
    assert (domain.unit, domain.display.renderings) == (midi.unit, midi.display.renderings)


def test_a_document_is_learned_in_both_directions():
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


def test_a_label_that_comes_last_is_asked_for_within_the_content_as_well():
    domain, rng = learned(target_replication_probability=0.25, label_weight=8), np.random.default_rng(0)
    ids = domain.encode(ITEM).ids
    drawn = [domain.training.auxiliary_targets(ids, rng) for _ in range(4000)]
    asked = [targets for targets in drawn if targets]
    places = np.concatenate([targets.positions for targets in asked])
    # After each of the four words, which are 2 … 5, a quarter of the times.
    np.testing.assert_allclose(np.bincount(places) / 4000, [0, 0, *[0.25] * 4], atol=0.03)
    # "Linear gain": what is asked after word k of n counts k / n of what is asked at the end of the content.
    weights = dict(zip(places, np.concatenate([targets.weights for targets in asked]), strict=True))
    assert [weights[place] / weights[5] for place in (2, 3, 4)] == pytest.approx([1 / 4, 2 / 4, 3 / 4])
    assert sum(targets.weights.sum() for targets in asked) / 4000 == pytest.approx(8, rel=0.05)
    whole = domain.grammar()
    for targets in asked[:5]:
        assert {domain.vocabulary[number] for number in targets.targets} == {"label:pos"}
        assert targets.state == whole.unroll(ids)[-3]
    first = next(other for other in (domain.training.augment(ids, rng) for _ in range(50)) if other[1] != ids[1])
    for other in (first, domain.encode(LabelledItem(ITEM.content)).ids):
        assert all(domain.training.auxiliary_targets(other, rng) is None for _ in range(20))
    assert all(
        learned(target_replication_probability=0).training.auxiliary_targets(ids, rng) is None for _ in range(20)
    )


def test_a_document_has_exactly_one_label_or_none():
    domain = learned()
    good, none, end = (domain.vocabulary.ids[name] for name in ("label:pos", "<unlabelled>", "<end>"))
    content = domain.encode(ITEM).ids[2:6].tolist()
    legal = {(good, none), (none, good), (none, none)}
    for first in (good, none, end):
        for last in (good, none, end):
            ids = np.array([BOS, first, *content, end, last, EOS])
            assert domain.grammar().accepts(ids) == ((first, last) in legal)
    assert not domain.grammar().accepts(np.array([BOS, none, *content, EOS]))
    unlabelled = domain.encode(LabelledItem(ITEM.content))
    assert unlabelled.weights.tolist() == [0, 0, 1, 1, 1, 1, 1, 0, 0]
    assert domain.decode(unlabelled.ids) == LabelledItem(ITEM.content)


def test_a_prompt_holds_the_label_the_beginning_and_the_bases_own_constraints():
    domain = learned()
    asked = domain.Constraints.from_mapping({"label": "neg", "pattern": "the .{10,20}"}, "constraint")
    prompt = domain.prompting.prompt(None, asked)
    rng = np.random.default_rng(1)
    for _ in range(20):
        made = domain.decode(prompt.grammar.walk(rng))
        assert made.label == "neg"
        assert re.fullmatch("the .{10,20}", made.content)
    begun = domain.prompting.prompt(domain.prompting.from_text("the film"), domain.Constraints(label="pos"))
    names = [[domain.vocabulary[number] for number in ids] for ids in (begun.ids, begun.unconditional)]
    assert names == [["<bos>", "label:pos", "the", " film"], ["<bos>", "<unlabelled>", "the", " film"]]
    free = domain.prompting.prompt()
    assert free.ids.tolist() == [BOS, domain.vocabulary.ids["<unlabelled>"]]
    assert free.unconditional is None
    assert all(domain.decode(free.grammar.walk(rng)).label for _ in range(20))
    with pytest.raises(UnknownName, match=r"no label 'great'; .*neg, pos"):
        domain.prompting.prompt(None, domain.Constraints(label="great"))


def test_a_model_is_told_the_classes_of_the_base_and_the_label_that_stands_first():
    domain = learned(**{"base.tokenizer": "byte"})
    whole, own = domain.grammar(), domain.base.grammar()
    assert whole.class_count == own.class_count * (1 + len(domain.layout.labels))
    content = domain.base.encode("naïve").ids
    alone = own.state_class[own.unroll(content)][1:-1]
    for number, label in enumerate([None, *domain.layout.labels]):
        asked = domain.prompting.prompt(None, domain.Constraints(label=label))
        for grammar in (whole, asked.grammar):
            seen = grammar.state_class[grammar.unroll(np.concatenate([asked.ids, content[1:-1]]))]
            assert (seen[2:] == alone + number * own.class_count).all()
    assert domain.vocabulary.names[: len(domain.base.vocabulary)] == domain.base.vocabulary.names


def test_settings_of_the_base_are_checked_typed_and_kept():
    settings = SentimentDomain.Settings.from_mapping({"base.tokenizer": "bpe", "base.vocabulary_size": "300"})
    kept = settings.model_dump(mode="json")
    assert (kept["base.tokenizer"], kept["base.vocabulary_size"], kept["base.document"]) == ("bpe", 300, "line")
    asked = {"base.tokenizer": "bpe", "base.vocabulary_size": "300", "hidden_size": "32"}
    assert typed(asked, SentimentDomain.Settings) == (
        {"base.tokenizer": "bpe", "base.vocabulary_size": 300},
        {"hidden_size": 32},
    )
    with pytest.raises(UnknownName, match="did you mean 'tokenizer'"):
        SentimentDomain.Settings.from_mapping({"base.tokeniser": "bpe"})
    with pytest.raises(InvalidValue, match="'tokenizer' cannot be 'letter'"):
        SentimentDomain.Settings.from_mapping({"base.tokenizer": "letter"})
    with pytest.raises(UnknownName, match="no domain 'txt'"):
        SentimentDomain.Settings.from_mapping({"base": "txt"})
    with pytest.raises(InvalidValue, match="cannot be its own base"):
        SentimentDomain.Settings.from_mapping({"base": "sentiment"})
    with pytest.raises(UnknownName, match="no setting 'tokenizer'"):
        SentimentDomain.Settings.from_mapping({"tokenizer": "bpe"})


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([None] * 4, "Nothing has a label; name the column"),
        (["same"] * 4, "Every document of the training split has the label 'same'; name"),
        ([str(number) for number in range(20)], "There are 20 labels for 20 training documents; name"),
    ],
)
def test_labels_that_cannot_be_learned_are_one_sentence(labels, said):
    with pytest.raises(CorpusError, match=said):
        SentimentDomain().learn([[label, text] for label, (text, _) in zip(labels, rows(len(labels)), strict=True)])


def test_two_hundred_uneven_labels_can_be_learned():
    labels = [f"l{number}" for number in range(200)] + ["l0"] * 300
    evidence = [[label, text] for label, (text, _) in zip(labels, rows(500), strict=True)]
    domain = SentimentDomain(None, SentimentDomain().learn(evidence).vocabulary)
    assert sorted(domain.layout.labels) == sorted(set(labels))
    assert domain.decode(domain.encode(LabelledItem("the film", "l123")).ids) == LabelledItem("the film", "l123")


def test_words_are_counted_of_texts_alone():
    unsure = SimpleNamespace(log_probabilities=lambda prefixes, tokens: np.zeros((len(prefixes), len(tokens))))
    texts = [Record(LabelledItem(text, label)) for text, label in rows(40)]
    of_texts = learned().prediction.calibrate(texts, texts, unsure)
    assert of_texts.naive_bayes_share > 0.5
    settings = SentimentDomain.Settings.from_mapping({"base": "midi", "base.encoding": "melody"})
    domain = SentimentDomain(settings, SentimentDomain(settings).learn([[label, None] for label in "abab"]).vocabulary)
    random, grammar = np.random.default_rng(0), domain.base.grammar(domain.base.Constraints(bars=1))
    tunes = [Record(LabelledItem(domain.base.decode(grammar.walk(random)), label)) for label in "abab"]
    prediction = domain.prediction
    assert prediction.calibrate(tunes, tunes, unsure) == prediction.Calibration()


def test_how_long_labelled_music_is_can_be_asked_for():
    settings = SentimentDomain.Settings.from_mapping({"base": "midi", "base.encoding": "performance"})
    domain = SentimentDomain(settings, SentimentDomain(settings).learn([[label, None] for label in "abab"]).vocabulary)
    start = domain.prompting.prompt(None, domain.Constraints(label="a", seconds=3))
    for seed in range(5):
        found = domain.decode(start.grammar.walk(np.random.default_rng(seed), 20_000, start.ids))
        assert found.label == "a"
        assert 2 <= found.content.seconds(found.content.start).max() < 3


def test_what_is_written_can_be_read_again(tmp_path):
    domain = learned()
    (path,) = domain.write(ITEM, tmp_path / "sample-1")
    assert path.relative_to(tmp_path) == Path("pos/sample-1.txt")
    assert list(domain.read(path)) == [ITEM]
    (path,) = domain.write(LabelledItem("the film", "../\0x"), tmp_path / "sample-2")
    assert path.parent.parent == tmp_path


def test_content_alone_tells_copies_whatever_the_label():
    domain = learned()
    one, other = (domain.deduplication.key(LabelledItem(ITEM.content, label)) for label in ("pos", None))
    assert one == other != domain.deduplication.key(LabelledItem("another film", "pos"))


def test_passages_are_those_of_the_content():
    domain = learned()
    ids = domain.encode(ITEM).ids
    own = (ids > 1) & (ids < domain.layout.unlabelled)
    symbols = domain.metrics.copy_symbols(ids)
    assert (symbols[~own] < 0).all()
    assert (symbols[own] >= 0).all()


def test_a_document_without_its_prompt_keeps_its_label():
    domain = learned()
    prompt = domain.prompting.prompt(domain.prompting.from_text("the film"), domain.Constraints(label="pos"))
    ids = prompt.grammar.walk(np.random.default_rng(3))
    whole = np.concatenate([prompt.ids, domain.encode(LabelledItem(" is good", None)).ids[2:]])
    whole[-2] = domain.layout.unlabelled
    for document in (ids, whole, whole[:-3]):
        rest = domain.decode(domain.prompting.without_prompt(document, len(prompt.ids)))
        assert rest.label == "pos"
    assert domain.decode(domain.prompting.without_prompt(whole, len(prompt.ids))).content == " is good"


def test_the_encoding_of_music_is_guessed_from_the_files_that_a_table_names(tmp_path):
    melody = load_domain("midi")(load_domain("midi").Settings(encoding="melody"))
    for number in range(2):
        made = melody.decode(melody.grammar().walk(np.random.default_rng(number), 200))
        melody.write(made, tmp_path / f"tune{number}")
    (tmp_path / "labels.csv").write_text("file,mood\ntune0.mid,calm\ntune1.mid,wild\n")
    domain = SentimentDomain(SentimentDomain.Settings.from_mapping({"base": "midi", "label_column": "mood"}))
    assert domain.inference.is_needed()
    settled = domain.inference.infer([domain.inference.inspect(tmp_path / "labels.csv")])
    assert settled.model_dump(mode="json")["base.encoding"] == "melody"
    assert not SentimentDomain(settled).inference.is_needed()
