"""Automata over tokens accept every way to spell a text."""

from __future__ import annotations

import re

import numpy as np
from seqgen_text.regex import character_automaton
from seqgen_text.token_grammar import token_grammar
from seqgen_text.utf8 import byte_grammar

from seqgen import BOS, EOS

PATTERN = "(aB|é1|1)*"


def test_every_way_to_spell_a_text_is_accepted():
    strings = [bytes([byte]) for byte in range(256)] + [b"aB", b"B1", "é1".encode(), b"\xa9", b"\xa91"]
    grammar = token_grammar(byte_grammar(character_automaton(PATTERN)), strings[:-2] + strings[-1:])

    def spellings(data: bytes):
        if not data:
            yield []
        for number, string in enumerate(strings[:-2] + strings[-1:]):
            if data.startswith(string):
                yield from ([2 + number, *rest] for rest in spellings(data[len(string) :]))

    for text in ("aB", "aBé1", "é1aB1", "1é1", "aé", "aB1B"):
        found = [grammar.accepts(np.array([BOS, *ids, EOS], np.int32)) for ids in spellings(text.encode())]
        assert len(found) >= 1
        assert all(found) == any(found) == bool(re.fullmatch(PATTERN, text))
