"""A new piece is in one key and ends on its tonic: the key is that of the prompt, or drawn for each sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from seqgen import Grammar, ImpossibleConstraints, Prompt
from seqgen.contract.documents import PromptChoice
from seqgen_midi.constraints.request import Request
from seqgen_midi.encodings.base import Encoding
from seqgen_midi.music.keys import Key

CONDITION_GUIDANCE = 2.0
"""How strongly samples are guided towards their key and end (bench/NOTES.md)."""


def in_one_key(
    prompt: Prompt, encoding: Encoding, request: Request, narrow_to: Callable[[Request, Key], Grammar]
) -> Prompt:
    """Returns the prompt, whose documents know their key and their end, and are guided towards them.

    narrow_to: returns the grammar of a request whose documents end on the tonic of a key. Where there are none, any end
               will do.

    Where no number of bars is requested, the encoding chooses one. Otherwise a piece that misses its end goes on.
    """
    if encoding.conditions is None:
        return prompt

    def in_key(key: Key) -> Prompt:
        bars = request.bars or encoding.default_bars(prompt.ids, key)
        try:
            grammar = narrow_to(replace(request, bars=bars), key)
        except ImpossibleConstraints:
            grammar = prompt.grammar
        return replace(start, grammar=grammar, conditions=encoding.prompt_conditions(prompt.ids, bars, key))

    known = encoding.prompt_conditions(prompt.ids, request.bars, request.parsed_key)
    start = replace(prompt, conditions=known, unconditional=prompt.ids, guidance=CONDITION_GUIDANCE)
    choice = PromptChoice(lambda rng: request.parsed_key or encoding.draw_key(prompt.ids, rng), in_key)
    return replace(start, choice=choice)
