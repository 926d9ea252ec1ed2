"""What may be known ahead of a melody: its key, its end, its chord symbols and its notes, bar by bar.

The condition steps are the start (0) and the bars (1 … n). So nothing but a bar line moves on, and what is known does
not depend on the time signatures. The channels are

    0           the key: 1 + its place in KEYS
    1           how many bars are left, the current one included
    2 … 13      the root of the chord symbol that holds at each eighth of the bar
    14 … 25     its quality
    26 … 37     the pitch class that sounds at each eighth of the bar

In training, each document shows a random part of what is true of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from seqgen.grammar import Conditions
from seqgen.grammar.conditions import UNKNOWN
from seqgen_midi.encodings.tokens import Role, TokenTable
from seqgen_midi.music.chords import CHORD_NAMES, QUALITIES, ROOTS
from seqgen_midi.music.keys import FIFTHS_ABOVE_MAJOR, SCALES, Key, estimate_key, key_of_ending
from seqgen_midi.music.meters import begins_with_pickup

EIGHTHS = 12
"""The eighths of a bar that are shown; those after them are not."""
KEY, END, FIRST_ROOT = range(3)
FIRST_QUALITY, FIRST_PITCH_CLASS = FIRST_ROOT + EIGHTHS, FIRST_ROOT + 2 * EIGHTHS
"""The channels; those of the eighths are these three and the ones after each."""
KEYS = tuple(Key(sharps + FIFTHS_ABOVE_MAJOR[mode], mode) for mode in SCALES for sharps in range(-5, 7))
"""All modes with at most five flats or six sharps."""
NO_CHORD, SILENCE = len(CHORD_NAMES), 12
"""The chord of an eighth before the first symbol, and the pitch class of one without a note."""
MAX_BARS_LEFT = 64
MAX_BARS_WITHOUT_END = 200
"""For so many bars the key is told of a melody whose end is not known."""
KEY_SHOWN, END_SHOWN = 0.7, 0.6
"""How often training shows the key and the end."""
CONTENT_SHOWN = {"nothing": 0.25, "chords": 0.25, "notes": 0.3, "around": 0.2}
"""How often training shows no bar, all chord symbols, all notes, or both around a span of bars."""
DRAWN_MODES = {"maj": 0.7, "min": 0.15, "dor": 0.1, "mix": 0.05}
"""How often a new melody is in each mode."""
DRAWN_SIGNATURES = range(-1, 4)
"""The sharps of the keys that new melodies are in: keys that fiddles and whistles play."""
DRAWN_BARS = (16, 16, 16, 32, 16)
"""The bars of new melodies after the pickup: two or four parts of eight bars."""
PART_BARS = 8
MIN_CONTINUATION = 4
"""Bars that a prompt is continued for, or more, where no number of bars is asked for."""
MIN_NOTES_FOR_KEY = 8
"""The key of fewer notes is not estimated."""
FINAL_WEIGHT, FIRST_WEIGHT = 3, 1
"""How many more chord symbols the last one and the first one count as, where the tonic is found."""


@dataclass(frozen=True)
class BarContent:
    """What stands in each bar at each eighth, UNKNOWN − 1 where it is not known.

    chords:        int[bars, EIGHTHS], the index of the chord symbol that holds, or NO_CHORD
    pitch_classes: int[bars, EIGHTHS], the pitch class that sounds, or SILENCE
    """

    chords: np.ndarray
    pitch_classes: np.ndarray

    def __len__(self) -> int:
        return len(self.chords)


class MelodyConditions:
    """The conditions of the documents of a token table with `chord_interval` steps in an eighth."""

    def __init__(self, table: TokenTable, chord_interval: int, class_count: int) -> None:
        self._table = table
        self._interval = chord_interval
        self._class_count = class_count

    @cached_property
    def channels(self) -> Conditions:
        """The channels, and which tokens move on. They are the same under all constraints."""
        eighths = ([2 + len(ROOTS)] * EIGHTHS, [2 + len(QUALITIES)] * EIGHTHS, [2 + SILENCE] * EIGHTHS)
        sizes = (1 + len(KEYS), 1 + MAX_BARS_LEFT, *eighths[0], *eighths[1], *eighths[2])
        advances = np.tile([False, True], (self._class_count, 1))
        return Conditions(self._table.of_role(Role.BAR).astype(np.int32), advances, sizes)

    def shown(self, ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Returns a random part of what is true of a document, perhaps nothing: int32[C, J]. A pure function."""
        content = self.content(ids)
        key = self.key(ids) if rng.random() < KEY_SHOWN else None
        has_end = rng.random() < END_SHOWN
        part = rng.choice(list(CONTENT_SHOWN), p=list(CONTENT_SHOWN.values()))
        bars = len(content)
        has_chords, has_notes = np.full(bars, part in ("chords", "around")), np.full(bars, part in ("notes", "around"))
        if part == "around" and bars:
            length = int(rng.integers(1, max(2, bars // 2)))
            first = int(rng.integers(0, max(1, bars - length + 1)))
            has_chords[first : first + length] = has_notes[first : first + length] = False
        return self.values(bars, key, has_end=has_end, content=content, has_chords=has_chords, has_notes=has_notes)

    def values(
        self,
        bars: int,
        key: Key | None = None,
        *,
        has_end: bool = False,
        content: BarContent | None = None,
        has_chords: np.ndarray | None = None,
        has_notes: np.ndarray | None = None,
    ) -> np.ndarray:
        """Returns the conditions of so many bars: int32[bars + 1, J].

        key:                   the key, or None if it is not known
        has_end:               whether the number of bars is known
        content:               what stands in the bars, or None if nothing is known
        has_chords, has_notes: bool[bars], the bars whose chord symbols and notes are shown; by default all
        """
        values = np.zeros((bars + 1, FIRST_PITCH_CLASS + EIGHTHS), np.int32)
        if key is not None:
            values[1:, KEY] = 1 + _place(key)
        if has_end:
            values[1:, END] = np.minimum(np.arange(bars, 0, -1), MAX_BARS_LEFT)
        if content is not None:
            chords = content.chords if has_chords is None else np.where(has_chords[:, None], content.chords, -1)
            notes = content.pitch_classes
            notes = notes if has_notes is None else np.where(has_notes[:, None], notes, -1)
            # No chord has the root and the quality after the last ones.
            root = np.where(chords == NO_CHORD, len(ROOTS), chords // len(QUALITIES))
            quality = np.where(chords == NO_CHORD, len(QUALITIES), chords % len(QUALITIES))
            values[1:, FIRST_ROOT:FIRST_QUALITY] = np.where(chords >= 0, 1 + root, UNKNOWN)
            values[1:, FIRST_QUALITY:FIRST_PITCH_CLASS] = np.where(chords >= 0, 1 + quality, UNKNOWN)
            values[1:, FIRST_PITCH_CLASS:] = np.where(notes >= 0, 1 + notes, UNKNOWN)
        return values

    def content(self, template: np.ndarray) -> BarContent:
        """Returns what stands in the bars of a template int[n]: a document, or one with negative entries for steps.

        What is negative is not known, and neither is what a `hold` after it holds on.
        """
        table = self._table
        known = np.maximum(template, 0)
        is_bar = table.of_role(Role.BAR)[known]
        is_step = table.of_role(Role.NOTE, Role.MODIFIER, Role.REST)[known] | (template < 0)
        bar = np.cumsum(is_bar) - 1
        step = np.cumsum(is_step) - 1
        place = step - np.append(step[is_bar], 0)[bar] - 1
        eighth = place // self._interval
        at = np.flatnonzero(is_step & (bar >= 0) & (place % self._interval == 0) & (eighth < EIGHTHS))
        chord = table.last_position(known, "chord")[at]
        chords = np.where(chord >= 0, table.value[known[chord]], NO_CHORD)
        pitch = np.where(table.of_kind("pitch")[known], table.value[known] % 12, SILENCE)
        begins = (is_step & ~table.of_kind("hold")[known]) | (template < 0)
        began = np.maximum.accumulate(np.where(begins, np.arange(len(template)), 0))[at]
        sounding = np.where(template[began] < 0, -1, pitch[began])
        content = BarContent(*(np.full((int(is_bar.sum()), EIGHTHS), -1) for _ in range(2)))
        content.chords[bar[at], eighth[at]] = chords
        content.pitch_classes[bar[at], eighth[at]] = sounding
        return content

    def key(self, ids: np.ndarray) -> Key:
        """Returns the key of a document.

        With chord symbols, the tonic is the root of most of them, and the mode has the most of the notes. The first
        symbol and the last one count more. Without chord symbols, the key follows from how long each pitch class
        sounds, and from the last note.
        """
        table = self._table
        chords = table.value[ids[table.of_kind("chord")[ids]]]
        began = np.maximum(table.last_position(ids, "pitch"), 0)
        sounds = (table.of_kind("pitch", "hold")[ids]) & table.of_kind("pitch")[ids[began]]
        pitch_classes = table.value[ids[began[sounds]]] % 12
        weights = np.bincount(pitch_classes, minlength=12).astype(float)
        if not len(chords):
            return estimate_key(weights, int(pitch_classes[-1]) if len(pitch_classes) else None)
        if not len(pitch_classes):
            weights = np.bincount([tone for chord in chords.tolist() for tone in _tones(chord)], minlength=12) + 0.0
        counts = np.bincount(chords, minlength=len(CHORD_NAMES)).astype(float)
        counts[chords[-1]] += FINAL_WEIGHT
        counts[chords[0]] += FIRST_WEIGHT
        tonic = int(counts.reshape(len(ROOTS), -1).sum(axis=1).argmax())
        quality = list(QUALITIES.values())[int(counts.reshape(len(ROOTS), -1)[tonic].argmax())]
        key = key_of_ending(weights, tonic, 3 if 3 in quality else 4)
        minor_sixth, sixth, seventh, leading_note = weights[(tonic + np.array([8, 9, 10, 11])) % 12]
        # Minor has the notes of dorian, too, but as steps to the leading note.
        is_dorian = key.mode == "min" and sixth > minor_sixth and seventh >= leading_note
        return Key(key.fifths, "dor") if is_dorian else key

    def has_key(self, ids: np.ndarray) -> bool:
        """Whether so much of a document is known that its key can be estimated."""
        table = self._table
        return bool(table.of_kind("pitch")[ids].sum() >= MIN_NOTES_FOR_KEY or table.of_kind("chord")[ids].any())


def _tones(chord: int) -> list[int]:
    """Returns the pitch classes of a chord symbol."""
    root, quality = divmod(chord, len(QUALITIES))
    return [(root + step) % 12 for step in list(QUALITIES.values())[quality]]


def draw_key(rng: np.random.Generator) -> Key:
    """Returns a random key that tunes are often in."""
    mode = str(rng.choice(list(DRAWN_MODES), p=list(DRAWN_MODES.values())))
    return Key(int(rng.choice(DRAWN_SIGNATURES)) + FIFTHS_ABOVE_MAJOR[mode], mode)


def default_bars(quarters: np.ndarray, key: Key) -> int:
    """Returns how many bars a melody has where none are asked for.

    quarters: float[bars], the lengths of the bars that are given

    A melody that has begun goes on to the end of a part. The length of a new one goes with the key, so that there are
    only as many automata as keys.
    """
    begun = len(quarters)
    if not begun:
        return DRAWN_BARS[_place(key) % len(DRAWN_BARS)]
    has_pickup = begins_with_pickup(quarters)
    parts = -(-(begun - has_pickup + MIN_CONTINUATION) // PART_BARS)
    return has_pickup + PART_BARS * parts


def _place(key: Key) -> int:
    return next(place for place, one in enumerate(KEYS) if (one.tonic, one.mode) == (key.tonic, key.mode))
