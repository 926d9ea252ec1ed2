"""A few sentence pairs, and a domain that has learned its tokens from them."""

from __future__ import annotations

from typing import Any

from seqgen_translation.domain import TranslationDomain

PAIRS = [
    ("ein hund läuft", "a dog runs"),
    ("zwei hunde laufen im park", "two dogs run in the park"),
    ("eine frau liest ein buch", "a woman reads a book"),
    ("der mann fährt rad", "the man rides a bicycle"),
]


def learned(**settings: Any) -> TranslationDomain:
    """Returns a domain that has learned its tokens from PAIRS."""
    domain = TranslationDomain(TranslationDomain.Settings(vocabulary_size=300, **settings))
    found = domain.learn([[f" {source}", f" {target}"] for source, target in PAIRS])
    return TranslationDomain(domain.settings, found.vocabulary, found.state)
