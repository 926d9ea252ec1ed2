"""The contract of a domain: its defaults, its options and the conformance kit."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from letters import Letters, Line

from seqgen import EOS, Example, InvalidValue, Questions, UnknownName, UnusableFile, UsageError, Vocabulary
from seqgen.contract.testing import check_domain
from seqgen.corpus.storage.items import Items


@pytest.fixture
def lines(tmp_path):
    path = tmp_path / "some.letters"
    path.write_text("hello\nworld\nabc\n")
    return path


def test_vocabulary_names_every_token():
    vocabulary = Vocabulary(["x", "y"])
    assert list(vocabulary) == ["<bos>", "<eos>", "x", "y"]
    assert vocabulary.ids["y"] == 3
    assert vocabulary == Vocabulary(["x", "y"]) != Vocabulary(["y", "x"])
    with pytest.raises(ValueError, match="twice"):
        Vocabulary(["x", "x"])


def test_example_document_weighs_everything_but_bos():
    example = Example.document([5, 6])
    assert example.ids.tolist() == [0, 5, 6, 1]
    assert example.weights.tolist() == [0, 1, 1, 1]
    assert Example.document([5], ends=False).ids.tolist() == [0, 5]


def test_an_unknown_setting_suggests_the_nearest():
    with pytest.raises(UnknownName, match=r"did you mean 'half'\? there is: half"):
        Letters.Settings.from_mapping({"hafl": True})


def test_a_setting_that_cannot_be_says_why():
    with pytest.raises(InvalidValue, match="'half' cannot be 'perhaps'"):
        Letters.Settings.from_mapping({"half": "perhaps"})


def test_a_prompt_leaves_the_document_open():
    prompt = Letters().prompt(Line("abc"))
    assert prompt.ids.tolist() == [0, 2, 3, 4]
    assert prompt.ids[-1] != EOS
    assert Letters().prompt().ids.tolist() == [0]


class _NoVowels(Letters):
    def grammar(self, constraints=None):
        allowed = super().grammar()
        vowels = [self.vocabulary.ids[letter] for letter in "aeiou"]
        allowed.allowed[:, vowels] = False
        return allowed


def test_a_prompt_that_does_not_fit_is_the_callers_error():
    with pytest.raises(UsageError, match="does not fit"):
        _NoVowels().prompt(Line("abc"))


def test_a_rendering_that_a_domain_does_not_know_is_an_error():
    with pytest.raises(UnknownName, match="'picture'"):
        Letters().render(Line("abc"), "picture", None)


def test_a_domain_that_says_nothing_of_them_takes_no_text_shows_and_draws_nothing_and_measures_nothing(tmp_path):
    with pytest.raises(UnusableFile, match="abc is not a file"):
        Letters().prompt_text("abc")
    with pytest.raises(UsageError, match="'letters' cannot be shown"):
        Letters().live([])
    with pytest.raises(UsageError, match="'letters' cannot be drawn; leave out -o"):
        Letters().render_surprise(np.array([0, 2]), np.zeros(2), tmp_path / "none")
    assert Letters().measures(Line("abc")) == {}


def test_the_letters_keep_the_laws(lines):
    check_domain(Letters(), [lines], walks=20)


class _ForgetsALetter(Letters):
    def decode(self, ids):
        return Line(super().decode(ids).letters[1:])


class _ReadsAnything(Letters):
    def read(self, path):
        yield Line(path.read_text(encoding="ascii").split()[0])


class _AugmentsAway(Letters):
    def augment(self, ids, rng):
        return ids[:-1]


class _AsksTooLate(Letters):
    def questions(self, ids, rng):
        return Questions(np.array([len(ids) - 1]), ids[-1:], np.ones(1, np.float32), 0)


class _LearnsBos(Letters):
    def encode(self, item):
        example = super().encode(item)
        return Example(example.ids, np.ones_like(example.weights))


class _CopiesBos(Letters):
    def passages(self, ids):
        return ids


class _WritesNothing(Letters):
    def write(self, item, path):
        return [path]


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (_ForgetsALetter, "gives another item"),
        (_ReadsAnything, "hostile bytes"),
        (_AugmentsAway, "augment makes"),
        (_AsksTooLate, "asked at places that there are not"),
        (_LearnsBos, "BOS has weight 1"),
        (_CopiesBos, "passages counts BOS"),
        (_WritesNothing, "names files that are not there"),
    ],
)
def test_the_kit_finds_broken_laws(broken, sentence, lines):
    with pytest.raises(AssertionError, match=sentence):
        check_domain(broken(), [lines], walks=5)


def test_an_item_that_cannot_be_decoded_is_not_the_end_of_all_items():
    def decode(ids):
        return ids[2]

    documents = [(np.arange(length), None) for length in (3, 4, 2, 5)]
    items = Items(SimpleNamespace(decode=decode), documents)
    assert [items[0], len(items[1:]), items[::3][1]] == [2, 3, 2]
    with pytest.raises(IndexError):
        list(items)
