"""The contract of a domain: its defaults and its options."""

from __future__ import annotations

import numpy as np
import pytest
from letters import Letters, Line

from seqgen import EOS, Example, InvalidValue, UnknownName, UnusableFile, UsageError, Vocabulary


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
