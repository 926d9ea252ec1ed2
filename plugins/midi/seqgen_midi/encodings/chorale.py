"""Four voices on a grid of 16ths: `meter:4/4 pickup:4 pitch:72 pitch:67 hold rest …`.

After the header come the columns of the grid, four tokens each, the soprano's first: `pitch:60` where a note begins,
`hold` while it sounds, `rest` where the voice is silent. Bars have no tokens; they follow from meter and pickup.
"""

from __future__ import annotations

from contextlib import suppress
from math import gcd
from types import MappingProxyType

import numpy as np

from seqgen import EOS, EmptyLanguage, Example, Grammar, PromptConditions, UnusableFile
from seqgen.grammar import Conditions, Registers, Relations
from seqgen_midi.encodings.base import Bars, Encoding
from seqgen_midi.encodings.chorale_conditions import (
    HEADER,
    MAX_COLUMNS_WITHOUT_END,
    MIN_COLUMNS_FOR_KEY,
    bar_columns_of,
    chorale_conditions,
    columns_in,
    columns_of,
    condition_values,
    default_bars,
    draw_key,
    estimate_key_of,
    shown_conditions,
)
from seqgen_midi.encodings.chorale_ending import ALL_TRIADS
from seqgen_midi.encodings.chorale_grammar import (
    ALL_PITCHES,
    BAR_COLUMNS,
    FIRST_PICKUP,
    FIRST_PITCH,
    HOLD,
    LOWEST,
    METERS,
    REST,
    TABLE,
    chorale_grammar,
    full_grammar,
    meters_that_fit,
)
from seqgen_midi.encodings.chorale_registers import chorale_registers
from seqgen_midi.encodings.chorale_relations import chorale_relations
from seqgen_midi.encodings.narrowing import require_last
from seqgen_midi.encodings.registry import register
from seqgen_midi.music.keys import Key
from seqgen_midi.music.meters import equal_meter, parse_meter
from seqgen_midi.music.piece import Piece, Track, sort_notes
from seqgen_midi.music.velocities import DEFAULT_VELOCITY
from seqgen_midi.music.voices import CHOIR_PROGRAM, VOICES

RESOLUTION = 4
"""Columns in a quarter."""
MAX_COLUMNS = 8192
"""512 bars of 4/4. A longer piece is no chorale."""
MAX_OFFSET = 0.25
"""How far from its column a note may begin, in columns. A triplet or a 32nd is farther off."""
TRACKS = tuple(Track(CHOIR_PROGRAM, name=voice.name) for voice in VOICES)
RANGES = np.array([(voice.lowest, voice.highest) for voice in VOICES])


@register
class Chorale(Encoding):
    """Pieces in four voices, each of them one note at a time."""

    name = "chorale"
    summary = "four voices on a grid of 16ths"
    default_sampling = MappingProxyType({"min_p": 0.05})
    """Chosen on validation data: bench/NOTES.md."""
    default_training = MappingProxyType({"num_layers": 1, "dropout": 0.35, "coordinates": True, "condition_size": 64})
    """Those of the model in the box: with so little music, a second layer learns it by heart."""
    unit = "note"
    period = len(VOICES)
    renderings = ("png", "wav", "musicxml", "abc")
    voices = VOICES
    is_grid = True
    table = TABLE

    def quantise(self, piece: Piece, *, is_prompt: bool = False) -> Piece:
        """Starts and ends at the nearest 16th, and the tracks as soprano, alto, tenor and bass in their order.

        A short first bar with a time signature of its own is a pickup, as notation programs write it. Raises
        UnusableFile.
        """
        if piece.is_drum.any():
            raise UnusableFile("with drums")
        meter, pickup = meter_and_pickup(piece)
        if not (1 if is_prompt else len(VOICES)) <= len(piece.tracks) <= len(VOICES):
            raise UnusableFile("not in four voices")
        end = piece.start.astype(np.int64) + piece.duration
        if not len(piece):
            raise UnusableFile("empty")
        if end.max() * RESOLUTION > MAX_COLUMNS * piece.resolution:
            raise UnusableFile(f"longer than {MAX_COLUMNS} 16ths")
        start = piece.start * (RESOLUTION / piece.resolution)
        first, last = np.rint(start).astype(int), np.rint(end * (RESOLUTION / piece.resolution)).astype(int)
        if (np.abs(start - first) >= MAX_OFFSET).any() or (last <= first).any():
            raise UnusableFile("rhythms finer than a 16th")
        order = np.lexsort((first, piece.track))
        follows = np.diff(piece.track[order]) == 0
        if (follows & (first[order][1:] < last[order][:-1])).any():
            raise UnusableFile("two notes at once in a voice")
        return _piece(meter, pickup, first, last - first, piece.pitch, piece.track)

    def tokens(self, piece: Piece) -> np.ndarray:
        """Raises UnusableFile where a voice leaves its range."""
        meter, pickup = meter_and_pickup(piece)
        lowest, highest = RANGES[piece.track].T
        if ((piece.pitch < lowest) | (piece.pitch > highest)).any():
            raise UnusableFile("a voice leaves its range")
        shape = (piece.end + 1, len(VOICES))
        begun, ended = (
            np.bincount(column * len(VOICES) + piece.track, minlength=shape[0] * shape[1]).reshape(shape)
            for column in (piece.start, piece.start + piece.duration)
        )
        columns = np.where(np.cumsum(begun - ended, axis=0) > 0, HOLD, REST)
        columns[piece.start, piece.track] = FIRST_PITCH + piece.pitch - LOWEST
        header = [TABLE.first("meter") + METERS.index(meter), FIRST_PICKUP + pickup]
        return np.concatenate([header, columns[:-1].ravel()])

    @property
    def registers(self) -> Registers:
        """What each voice sings now and sang one column before, and how long it has held its note."""
        return chorale_registers()

    def relations(self, *, has_parallels: bool, has_crossings: bool) -> Relations | None:
        return chorale_relations(has_parallels, has_crossings)

    @property
    def conditions(self) -> Conditions:
        """The key, the end, and the notes of some voices."""
        return chorale_conditions()

    def shown_conditions(self, ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return shown_conditions(ids, rng)

    def draw_key(self, ids: np.ndarray, rng: np.random.Generator) -> Key:
        begun = columns_of(ids)
        return estimate_key_of(begun) if len(begun) else draw_key(rng)

    def default_bars(self, ids: np.ndarray, key: Key) -> int:
        if len(ids) < HEADER:
            return default_bars(0, BAR_COLUMNS[METERS[0]], key)
        return default_bars(len(self.bars(ids)), bar_columns_of(ids), key)

    def prompt_conditions(self, ids: np.ndarray, bars: int | None, key: Key | None) -> PromptConditions:
        """Without a number of bars, the end is not known."""

        def draw(first_ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
            known = key or self.draw_key(ids, rng)
            if bars is None:
                return condition_values(MAX_COLUMNS_WITHOUT_END, known)
            return condition_values(columns_in(first_ids, bars), known, has_end=True)

        return PromptConditions(HEADER, draw)

    def template_conditions(
        self, template: np.ndarray, key: Key | None, are_chords_free: np.ndarray | None = None
    ) -> PromptConditions:
        """Returns what is given: its notes, its key, which is estimated from them, and the end."""
        columns = template[HEADER:].reshape(-1, len(VOICES))
        if key is None and (columns >= REST).any(axis=1).sum() >= MIN_COLUMNS_FOR_KEY:
            key = estimate_key_of(columns)
        values = condition_values(len(columns), key, has_end=True, tokens=columns)
        return PromptConditions(HEADER, lambda ids, rng: values)

    def encode(self, piece: Piece) -> Example:
        meter, pickup = meter_and_pickup(piece)
        example = Example.document(self.tokens(piece))
        if piece.end < pickup + BAR_COLUMNS[meter]:
            raise UnusableFile("shorter than a bar")
        return example

    def decode(self, ids: np.ndarray) -> Piece:
        """Returns an incomplete last column is left out. A document that ends within its header is an empty piece."""
        content = ids[1:-1] if len(ids) > 1 and ids[-1] == EOS else ids[1:]
        meter = METERS[int(TABLE.value[content[0]])] if len(content) > 0 else METERS[0]
        pickup = int(TABLE.value[content[1]]) if len(content) > 1 else 0
        columns = content[2:]
        columns = columns[: len(columns) // len(VOICES) * len(VOICES)].reshape(-1, len(VOICES)).T
        # Voice after voice on one line: a note lasts until something else than `hold` follows, or its voice ends.
        line = np.pad(columns, ((0, 0), (0, 1)), constant_values=REST).ravel()
        changes = np.append(np.flatnonzero(line != HOLD), line.size)
        first, length = changes[:-1], np.diff(changes)
        is_note = line[first] >= FIRST_PITCH
        voice, column = np.divmod(first[is_note], columns.shape[1] + 1)
        pitch = line[first[is_note]] - FIRST_PITCH + LOWEST
        return _piece(meter, pickup, column, length[is_note], pitch, voice)

    @property
    def automaton(self) -> Grammar:
        return full_grammar()

    def narrow(
        self,
        allowed: np.ndarray,
        bars: int | None = None,
        density: tuple[int, int] | None = None,
        *,
        keep_meters: bool = False,
        key: Key | None = None,
        has_ending: bool = True,
        may_have_pickup: bool | None = None,
    ) -> Grammar:
        """`bars` counts the full bars after the pickup; where any pickup is allowed, there is none then.

        A pickup and a bar that is cut short have no minimum of notes. A chorale of so many bars ends with a triad, and
        one in a key, of any length, with the triad on its tonic: see `chorale_ending`. Where it cannot, one in a key
        ends with the tonic in the bass.
        """
        meters: list[str] = [METERS[number] for number in np.flatnonzero(allowed[0, TABLE.ids("meter")])]
        pickups = np.flatnonzero(allowed[0, TABLE.ids("pickup")])
        if not keep_meters and not (bars is None and density is None):
            meters = meters_that_fit(meters, bars, density)
        is_any_pickup = len(pickups) == len(TABLE.ids("pickup"))
        if is_any_pickup and bars is not None:
            pickups, is_any_pickup = pickups[:1], False
        pitches = ALL_PITCHES.copy()
        pitches[:, LOWEST : LOWEST + len(TABLE.ids("pitch"))] &= allowed[:, TABLE.ids("pitch")]
        used_pickups = None if is_any_pickup else pickups.tolist()
        if has_ending and (key is not None or bars is not None):
            triads = ALL_TRIADS if key is None else key.final_triads
            # Where the voices have no such triad, or too few notes are asked for, any end will do.
            with suppress(EmptyLanguage):
                return chorale_grammar(meters, pitches, bars, used_pickups, density, triads)
        grammar = chorale_grammar(meters, pitches, bars, used_pickups, density)
        if key is None:
            return grammar
        # A state class holds the voice whose turn it is.
        is_bass = grammar.state_class % len(VOICES) == len(VOICES) - 1
        return require_last(grammar, is_bass[:, None] & TABLE.of_kind("pitch"), self.tonic_tokens(key))

    def bars(self, ids: np.ndarray) -> Bars:
        """Returns the full bars after the pickup; the last one may be cut short."""
        length = BAR_COLUMNS[METERS[int(TABLE.value[ids[1]])]]
        pickup, columns = int(TABLE.value[ids[2]]), -(-(len(ids) - HEADER) // len(VOICES))
        starts = np.arange(pickup, columns, length)
        is_last_complete = (columns - pickup) % length == 0
        return Bars(HEADER + len(VOICES) * starts, np.full(len(starts), length / RESOLUTION), is_last_complete)

    def voice_numbers(self, ids: np.ndarray) -> np.ndarray:
        return (np.arange(len(ids)) - HEADER) % len(VOICES)

    @property
    def pitch_limits(self) -> np.ndarray:
        return FIRST_PITCH + RANGES - LOWEST

    def without_prompt(self, ids: np.ndarray, prompt_length: int) -> np.ndarray:
        """Returns the columns after the prompt; a note that sounds across its end begins there anew."""
        columns = -(-max(prompt_length - HEADER, 0) // len(VOICES))
        begin = HEADER + columns * len(VOICES)
        rest = ids[begin:].copy()
        for voice in range(min(len(VOICES), len(rest))):
            before = ids[HEADER + voice : begin : len(VOICES)]
            if rest[voice] == HOLD:
                rest[voice] = before[before >= FIRST_PITCH][-1]
        bar = BAR_COLUMNS[METERS[int(TABLE.value[ids[1]])]]
        pickup = FIRST_PICKUP + (int(TABLE.value[ids[2]]) - columns) % bar
        return np.concatenate([ids[:2], [pickup], rest]).astype(np.int32)


def meter_and_pickup(piece: Piece) -> tuple[str, int]:
    """Returns the time signature of a piece and the 16ths of its pickup.

    Raises UnusableFile where it has no single meter.
    """
    changes = [
        (tick, equal_meter(numerator, denominator, METERS) or f"{numerator}/{denominator}")
        for tick, numerator, denominator in piece.meters.tolist()
    ]
    distinct = [row for number, row in enumerate(changes) if number == 0 or row[1] != changes[number - 1][1]]
    start, meter = distinct[-1] if distinct else (0, METERS[0])
    if meter not in METERS:
        raise UnusableFile("a meter other than " + ", ".join(METERS))
    pickup, remainder = divmod(start * RESOLUTION, piece.resolution)
    if len(distinct) > 1 + (start > 0) or remainder or pickup >= BAR_COLUMNS[meter]:
        raise UnusableFile("the meter changes")
    bar_ticks = BAR_COLUMNS[meter] * piece.resolution // RESOLUTION
    if any((tick - start) % bar_ticks for tick, name in changes if tick > start):
        raise UnusableFile("bars of different lengths")
    return meter, pickup


def _piece(
    meter: str, pickup: int, start: np.ndarray, length: np.ndarray, pitch: np.ndarray, voice: np.ndarray
) -> Piece:
    """Returns the piece of notes in columns.

    A pickup has a time signature of its own length, followed by the real one.
    """
    meters = [(pickup, *parse_meter(meter))]
    if pickup:
        divisor = gcd(pickup, RESOLUTION)
        meters.insert(0, (0, pickup // divisor, 4 * RESOLUTION // divisor))
    notes = sort_notes(start, length, pitch, np.full(len(start), DEFAULT_VELOCITY), voice)
    return Piece.of(RESOLUTION, TRACKS, notes, meters=meters)
