"""Settings of text have choices and bounds."""

from __future__ import annotations

import pytest
from seqgen_text.settings import TextSettings

from seqgen import InvalidValue


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"tokenizer": "letter"}, "'tokenizer' cannot be 'letter'"),
        ({"document": "field"}, "'document' cannot be 'field'"),
        ({"normalisation": "NFX"}, "'normalisation' cannot be 'NFX'"),
        ({"max_document_length": 99}, "'max_document_length' cannot be 99"),
        ({"vocabulary_size": 70_000}, "'vocabulary_size' cannot be 70000"),
    ],
)
def test_an_invalid_setting_is_one_sentence(values, sentence):
    with pytest.raises(InvalidValue, match=sentence):
        TextSettings.from_mapping(values)
