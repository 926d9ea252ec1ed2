"""What the tests of the domain `text` share: a domain with each tokenizer."""

from __future__ import annotations

import pytest
from seqgen_text.domain import TextDomain
from texts import TOKENIZERS, learned


@pytest.fixture(scope="session")
def domains() -> dict[str, TextDomain]:
    return {unit: learned(unit) for unit in TOKENIZERS}
