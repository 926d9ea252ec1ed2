"""For tests of the page: models that know what they draw, so that nothing is compiled."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from seqgen_midi.domain import MidiDomain
from seqgen_midi.music.piece import Piece, Track
from seqgen_text.domain import TextDomain

from seqgen import EOS, Prompt, SamplingOptions
from seqgen.contract.domain import Domain
from seqgen.engine.decoding.interruption import raise_if_stopped
from seqgen.studio.session import WARM_UP_TOKENS

CHUNK = 32
TEXT = "of all the words that I know, <b>this</b> one is new."


class DrawnModel:
    """What the studio needs of a `TrainedModel`. It draws the same document again and again.

    pace: unset, the drawing stands still after a part
    """

    def __init__(self, domain: Domain[Any], item: Any, path: Path) -> None:
        self.domain = domain
        self.bundle = SimpleNamespace(path=path)
        self.model = SimpleNamespace(grammar=domain.checked_grammar(), registers=None)
        self.ids = domain.encode(item).ids
        self.start = domain.checked_prompt()
        self.pace = threading.Event()
        self.pace.set()

    @classmethod
    def of_music(cls, domain: Domain[Any], path: Path) -> DrawnModel:
        return cls(domain, four_bars(), path)

    @classmethod
    def of_band(cls, path: Path) -> DrawnModel:
        """Returns a model of the encoding `score`, for any instruments."""
        return cls(MidiDomain(MidiDomain.Settings.from_mapping({"encoding": "score"})), violin_and_cello(), path)

    @classmethod
    def of_text(cls, path: Path) -> DrawnModel:
        return cls(TextDomain(TextDomain.Settings(tokenizer="byte")), TEXT, path)

    def prepare(self, constraints: Any = None, prompt: Any = None) -> Prompt:
        parsed = self.domain.Constraints.from_mapping(constraints or {}, "constraint")
        start = self.start if prompt is None else self.domain.checked_prompt(prompt.item, parsed)
        return Prompt(start.ids, start.grammar, start.given)

    def sampling_options(self, **chosen: Any) -> SamplingOptions:
        return SamplingOptions(**chosen)

    def stream_ids(
        self, number: int = 0, *, prompt: Prompt | None = None, max_new_tokens: int, **_: Any
    ) -> Iterator[np.ndarray]:
        first = (prompt or self.prepare()).ids
        yield first
        drawn = self.ids[1:] if len(first) == 1 else self._ending(first)
        for place in range(0, len(drawn), CHUNK):
            while place >= 2 * CHUNK and max_new_tokens > WARM_UP_TOKENS and not self.pace.wait(0.01):
                raise_if_stopped()
            raise_if_stopped()
            yield drawn[place : place + CHUNK]

    def sample(self, count: int, *, prompt: Prompt, **_: Any) -> list[Any]:
        return [SimpleNamespace(ids=self.ids, item=self.domain.decode(self.ids))] * count

    def probabilities(self, ids: np.ndarray) -> np.ndarray:
        size = self.model.grammar.vocabulary_size
        return np.random.default_rng(0).dirichlet(np.full(size, 0.1), len(ids)).astype(np.float32)

    def activations(self, ids: np.ndarray) -> Any:
        values = np.sin(np.arange(len(ids))[:, None, None] * np.linspace(0.01, 1, 12)).astype(np.float32)
        return SimpleNamespace(
            gates={"forget_gate": abs(values)}, candidate=values, cell_states=values, hidden_states=values,
            attention=abs(values[:, :1]), tokens=tuple(self.domain.vocabulary[id] for id in ids),
        )  # fmt: skip

    def gradient_norms(self, ids: np.ndarray, *, max_distance: int) -> np.ndarray:
        return np.exp(-np.arange(min(max_distance, len(ids)) + 1.0))[:, None]

    def _ending(self, first: np.ndarray) -> np.ndarray:
        """Returns what ends a document that begins with int32[n]: for a text some words, for music nothing new."""
        is_text = isinstance(self.domain, TextDomain)
        return self.ids[1:] if is_text else np.array([EOS], np.int32)


def violin_and_cello() -> Piece:
    """Returns a piece of two instruments in 4/4: four bars of a scale in quarters over a bass in whole notes."""
    notes = [(12 * beat, 12, 72 + (0, 2, 4, 5)[beat % 4], 80, 0) for beat in range(16)]
    notes += [(48 * bar, 48, 48 + (0, 5, 7, 0)[bar], 80, 1) for bar in range(4)]
    tracks = [Track(40, name="Violin"), Track(42, name="Cello")]
    return Piece.of(12, tracks, list(np.array(sorted(notes)).T), meters=[(0, 4, 4)])


def four_bars() -> Piece:
    """Returns a piece of four voices in 4/4: the chords of I, IV, V and I, in quarters."""
    chords = [(72, 67, 64, 48), (72, 69, 65, 53), (71, 67, 62, 43), (72, 67, 64, 48)]
    notes = [
        (4 * (4 * bar + beat), 4, pitch, 80, voice)
        for bar, chord in enumerate(chords)
        for beat in range(4)
        for voice, pitch in enumerate(chord)
    ]
    tracks = [Track(name=name) for name in ("Soprano", "Alto", "Tenor", "Bass")]
    return Piece.of(4, tracks, list(np.array(sorted(notes)).T), meters=[(0, 4, 4)])
