"""The settings of the base are checked, typed and stored with those of labels."""

from __future__ import annotations

import pytest
from seqgen_sentiment.domain import SentimentDomain

from seqgen import InvalidValue, UnknownName
from seqgen.models.run_settings import parse_settings


def test_settings_of_the_base_are_checked_typed_and_stored():
    settings = SentimentDomain.Settings.from_mapping({"base.tokenizer": "bpe", "base.vocabulary_size": "300"})
    kept = settings.model_dump(mode="json")
    assert (kept["base.tokenizer"], kept["base.vocabulary_size"], kept["base.document"]) == ("bpe", 300, "line")
    asked = {"base.tokenizer": "bpe", "base.vocabulary_size": "300", "hidden_size": "32"}
    assert parse_settings(asked, SentimentDomain.Settings) == (
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
