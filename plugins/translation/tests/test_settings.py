"""Settings make the tokenizer that both sides share."""

from __future__ import annotations

import pytest
from seqgen_translation.settings import TranslationSettings

from seqgen import InvalidValue


def test_the_tokenizer_is_the_domain_text_with_bpe():
    tokenizer = TranslationSettings(vocabulary_size=777).make_tokenizer()
    assert (tokenizer.name, tokenizer.settings.tokenizer, tokenizer.settings.vocabulary_size) == ("text", "bpe", 777)


@pytest.mark.parametrize(
    "wrong", [{"source_weight": 2}, {"source_language": ""}, {"num_beams": 0}, {"encoding": "martian"}]
)
def test_wrong_values_are_refused(wrong):
    with pytest.raises(InvalidValue):
        TranslationSettings.from_mapping(wrong)
