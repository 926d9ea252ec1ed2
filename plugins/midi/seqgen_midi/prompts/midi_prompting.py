"""The prompting capability of the domain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from seqgen import Domain, Options, Prompt, Prompting, Record, Remark
from seqgen_midi.constraints.grammar import narrow, seconds_as_bars
from seqgen_midi.constraints.request import Request
from seqgen_midi.encodings.base import Encoding
from seqgen_midi.encodings.reading import read_pieces
from seqgen_midi.music.piece import Piece
from seqgen_midi.prompts.completion import Completion
from seqgen_midi.prompts.key_resolution import in_one_key
from seqgen_midi.prompts.metadata import metadata_of
from seqgen_midi.prompts.preparation import prompt_of
from seqgen_midi.settings import MidiSettings


class MidiPrompting(Prompting[Piece]):
    """Pieces that are continued, filled in, varied, harmonised or accompanied."""

    def __init__(self, domain: Domain[Piece], encoding: Encoding, settings: MidiSettings) -> None:
        super().__init__(domain)
        self._encoding = encoding
        self._settings = settings

    def prompt(self, item: Piece | None = None, constraints: Options | None = None) -> Prompt:
        request = Request.of(constraints)
        relations = self._encoding.relations(
            has_parallels=request.parallels is not False, has_crossings=request.crossings is not False
        )
        if item is not None:
            prompt = prompt_of(self._encoding, item, constraints, self._settings.tempo)
            return replace(prompt, relations=relations, next_tokens=self._next_tokens(request))
        request.check_needs_no_prompt()
        complete = Completion(self._encoding, request, self._settings.tempo)
        start = super().prompt(None, constraints)
        start = replace(start, complete=complete, relations=relations, next_tokens=self._next_tokens(request))
        request = seconds_as_bars(request, self._encoding, self._settings.tempo)
        may_have_pickup = request.bars is None
        return in_one_key(
            start, self._encoding, request,
            lambda asked, key: narrow(self._encoding, asked, final_key=key, may_have_pickup=may_have_pickup),
        )  # fmt: skip

    def _next_tokens(self, request: Request) -> Callable[[np.ndarray], np.ndarray] | None:
        """Returns what keeps the number of notes in each second, in an encoding without bars."""
        density = request.density_span
        if density is None or self._encoding.has_bars:
            return None
        return partial(self._encoding.density_mask, density=density)

    def read(self, path: Path) -> Iterator[Record[Piece] | Remark]:
        """Yields the pieces of a prompt file. A chorale may be one melody, for which the other voices are found."""
        results = read_pieces(
            path,
            self._encoding,
            is_prompt=True,
            one_beat_meter=self._settings.one_beat_meter,
            expand_repeats=self._settings.expand_repeats,
        )
        for result in results:
            yield Record(result, metadata_of(result)) if isinstance(result, Piece) else result

    def without_prompt(self, ids: np.ndarray, prompt_length: int) -> np.ndarray:
        return self._encoding.without_prompt(ids, prompt_length)
