"""What an encoding is: how one kind of music becomes token ids and comes back.

Each encoding is a file beside this one. It says its tokens and their roles (`table`), which pieces it can hold
(`quantise`), how a piece becomes tokens and comes back (`tokens`, `decode`), and which token may follow which
(`automaton`). All else here follows from the table, and an encoding overrides it where its documents are laid out in
another way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from seqgen import BOS, EOS, Example, Grammar, PromptConditions, Vocabulary
from seqgen.grammar import Budget, Conditions, Registers, Relations
from seqgen_midi.encodings.narrowing import narrow, require_last
from seqgen_midi.encodings.pitch_history import pitch_history
from seqgen_midi.encodings.tokens import Role, TokenTable
from seqgen_midi.music.chords import CHORD_NAMES, QUALITIES
from seqgen_midi.music.keys import Key
from seqgen_midi.music.meters import bar_quarters
from seqgen_midi.music.piece import Piece
from seqgen_midi.music.voices import Voice

MAX_TRANSPOSITION_DOWN, MAX_TRANSPOSITION_UP = 5, 6
"""Semitones. Together they reach all twelve keys."""


@dataclass(frozen=True)
class Bars:
    """The bars of a document. What stands before the first of them belongs to no bar.

    starts:           int[bars]; the position in the document at which each bar begins
    quarters:         float[bars]; the length of each bar
    is_last_complete: whether nothing more fits into the last bar
    """

    starts: np.ndarray
    quarters: np.ndarray
    is_last_complete: bool

    def __len__(self) -> int:
        return len(self.starts)

    def numbers(self, size: int) -> np.ndarray:
        """Returns the index of the bar of each of the first `size` positions: int[size]; −1 before the first bar."""
        return np.searchsorted(self.starts, np.arange(size), side="right") - 1


class Encoding:
    """One way to write music as tokens.

    name:            the name by which it is chosen
    summary:         one line for people who choose
    default_options: the settings that it takes, with their defaults
    default_sampling: the sampling options that are recommended
    default_training: the settings of the model and its training that are recommended
    unit:            what one token is called in reports
    period:          how many tokens back the bigram baseline looks
    renderings:      the kinds of files that a piece can be drawn or written as
    voices:          the voices whose tokens take turns; empty where there are none
    is_grid:         whether a document has one token for each step: a note, a `hold` or a rest
    has_bars:        whether a document is written in bars
    has_sustain:     whether notes sound until the sustain pedal comes up
    table:           the tokens
    chord_interval:  a chord symbol may stand before every so many steps of a bar, in an encoding that has them
    """

    name: ClassVar[str]
    summary: ClassVar[str] = ""
    default_options: ClassVar[Mapping[str, int]] = {}
    default_sampling: ClassVar[Mapping[str, float]] = {}
    default_training: ClassVar[Mapping[str, Any]] = {}
    unit: ClassVar[str] = "token"
    period: ClassVar[int] = 1
    renderings: ClassVar[tuple[str, ...]] = ("png", "wav", "musicxml")
    voices: ClassVar[tuple[Voice, ...]] = ()
    is_grid: ClassVar[bool] = False
    has_bars: ClassVar[bool] = True
    has_sustain: ClassVar[bool] = False
    table: TokenTable
    chord_interval: int = 1

    def __init__(self, **options: int) -> None:
        """`options` are some of the settings that the encoding takes; the others have their defaults."""
        self.options = {**self.default_options, **options}

    @property
    def voice_count(self) -> int:
        """How many voices take turns; 1 without voices."""
        return max(1, len(self.voices))

    @property
    def vocabulary(self) -> Vocabulary:
        return self.table.vocabulary

    def quantise(self, piece: Piece, *, is_prompt: bool = False) -> Piece:
        """Returns the piece as this encoding can hold it: `decode` of its tokens is the same piece, array for array.

        A prompt may lack some of the voices. Raises UnusableFile.
        """
        raise NotImplementedError

    def plays(self, piece: Piece) -> np.ndarray:
        """Returns which notes of a piece as it was read belong to this encoding: bool[n]. By default all."""
        return np.ones(len(piece), bool)

    def tokens(self, piece: Piece) -> np.ndarray:
        """Returns the ids of a quantised piece, without BOS and EOS. Raises UnusableFile. Vectorised."""
        raise NotImplementedError

    def decode(self, ids: np.ndarray) -> Piece:
        """Returns the piece of a document, complete or cut short at any token."""
        raise NotImplementedError

    @property
    def automaton(self) -> Grammar:
        """The grammar of all documents."""
        raise NotImplementedError

    @property
    def registers(self) -> Registers | None:
        """What the pitch of a note is compared with (seqgen.grammar.registers); None: with nothing."""
        return pitch_history(self.table, self.automaton.class_count) if "pitch" in self.table else None

    @property
    def conditions(self) -> Conditions | None:
        """What may be known ahead of a document (seqgen.grammar.conditions); None: nothing."""
        return None

    def shown_conditions(self, ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Returns what training shows of a document: int32[C, J]. Only an encoding with conditions has it."""
        raise NotImplementedError

    def draw_key(self, ids: np.ndarray, rng: np.random.Generator) -> Key:
        """Returns the key in which documents that begin with `ids` go on, or a random one if nothing is heard yet.

        Only an encoding with conditions has it.
        """
        raise NotImplementedError

    def default_bars(self, ids: np.ndarray, key: Key) -> int:
        """Returns how many bars documents in a key have that begin with `ids`, where no number is asked for.

        Only an encoding with conditions has it.
        """
        raise NotImplementedError

    def prompt_conditions(self, ids: np.ndarray, bars: int | None, key: Key | None) -> PromptConditions:
        """Returns what is known ahead of documents that begin with `ids`, by the constraint `bars` and their key.

        Without a key, `draw_key` says it. Only an encoding with conditions has it.
        """
        raise NotImplementedError

    def template_conditions(
        self, template: np.ndarray, key: Key | None, are_chords_free: np.ndarray | None = None
    ) -> PromptConditions | None:
        """Returns what is known ahead of the documents of a template int[n].

        Entries of the template that are drawn are negative. A template begins with BOS and has no EOS. `key` is the
        constraint. In the bars of the positions `are_chords_free` bool[n], chord symbols are drawn, too.
        """
        return None

    def chord_steps(self, bar_steps: int, *, is_pickup: bool) -> tuple[frozenset[int], frozenset[int]]:
        """Returns the steps of a bar before which a chord symbol must stand and may stand, where symbols are drawn.

        Only an encoding with chord symbols has them.
        """
        return frozenset(), frozenset(range(0, bar_steps, self.chord_interval))

    def relations(self, *, has_parallels: bool, has_crossings: bool) -> Relations | None:
        """Returns what keeps voices from parallel fifths and octaves, or from crossing; None if both may be."""
        return None

    def encode(self, piece: Piece) -> Example:
        """Returns the document of a quantised piece. Raises UnusableFile where the piece has none."""
        return Example.document(self.tokens(piece))

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
        """Returns the grammar of documents of `allowed` tokens, with `bars` bars and `density` notes a bar.

        allowed:     bool[voices, V]; one row in an encoding without voices
        density:     the minimum and maximum number of notes that begin in a bar
        keep_meters: otherwise uncommon meters are left out where the grammar would become too large
        key:         the key on whose tonic a piece on a grid ends
        has_ending:  whether a chorale of so many bars, or in a key, ends with a triad
        may_have_pickup: whether a new melody may begin with a pickup, which is none of its bars. None if the bars
                     are those of a prompt or of any document.

        Raises EmptyLanguage where no document is left, and TooManyStates.
        """
        grammar = narrow(self.automaton, self.table, allowed[0], bars, density, keep_meters)
        if key is None or not self.is_grid:
            return grammar
        return require_last(grammar, self.table.of_kind("pitch"), self.tonic_tokens(key))

    def tonic_tokens(self, key: Key) -> np.ndarray:
        """Whether each token is a pitch of the tonic of a key: bool[V]."""
        is_tonic = np.zeros(len(self.vocabulary), bool)
        is_tonic[self.table.ids("pitch")] = self.table.numbers("pitch") % 12 == key.tonic
        return is_tonic

    def density_mask(self, ids: np.ndarray, density: tuple[int, int]) -> np.ndarray:
        """Returns the tokens that may follow `ids`, where `density` is of notes a second: bool[V].

        Only an encoding without bars has it.
        """
        raise NotImplementedError

    def has_density(self, ids: np.ndarray, density: tuple[int, int]) -> bool:
        """Whether the beginning of a document has `density` notes a second. Only an encoding without bars has it."""
        raise NotImplementedError

    def seconds_budget(self, seconds: float) -> Budget:
        """Returns what the tokens of a document of so many seconds cost, in an encoding without bars."""
        raise NotImplementedError

    def bars(self, ids: np.ndarray) -> Bars:
        """Returns the bars of a document int[n]."""
        starts = np.flatnonzero(self.table.of_role(Role.BAR)[ids])
        meters = [self.vocabulary[int(token)].partition(":")[2] for token in ids[starts]]
        return Bars(starts, np.array([bar_quarters(meter) for meter in meters]), self.is_grid)

    def voice_numbers(self, ids: np.ndarray) -> np.ndarray:
        """Returns the number of the voice, in `voices`, that each id of a document belongs to: int[n].

        It is 0 if the encoding has no voices.
        """
        return np.zeros(len(ids), int)

    @property
    def pitch_limits(self) -> np.ndarray:
        """The ids of the lowest and the highest pitch of each voice: int[voices, 2]."""
        return self.table.ids("pitch")[[[0, -1]]]

    def note_numbers(self, ids: np.ndarray) -> np.ndarray:
        """Returns the index of the note in its piece that each id of a document says something of: int[n]; −1 for none.

        Tokens before the token of a note say when it begins and who plays it; tokens after it say how it sounds.
        """
        table = self.table
        is_note = table.of_role(Role.NOTE)[ids]
        following = np.cumsum(is_note)
        notes = np.where(table.of_role(Role.TIME, Role.PLAYER)[ids] & (following < is_note.sum()), following, -1)
        own = np.where(is_note, following - 1, -1)
        steps = np.flatnonzero(table.of_role(Role.NOTE, Role.MODIFIER, Role.REST)[ids])
        is_rest = table.of_role(Role.REST)[ids]
        for voice in range(self.voice_count):
            line = steps[voice :: self.voice_count]
            notes[line] = np.where(is_rest[line], -1, np.maximum.accumulate(own[line]))
        return notes

    def without_prompt(self, ids: np.ndarray, prompt_length: int) -> np.ndarray:
        """Returns what follows the first `prompt_length` ids of a document int32[n], as a document with BOS.

        It begins with the first bar line. The rest of a bar that the prompt began is left out.
        """
        rest = ids[prompt_length:]
        return document_from(rest, self.table.of_role(Role.BAR)[rest])

    def transpose(self, ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Returns the document moved by −5 … +6 semitones, as far as every voice stays within its pitches.

        The intervals that fit are equally likely. Chord symbols move along; drums stay.
        """
        table = self.table
        is_pitch = table.of_kind("pitch")[ids]
        if not is_pitch.any():
            return ids
        lowest, highest = self.pitch_limits[self.voice_numbers(ids)[is_pitch]].T - ids[is_pitch]
        down, up = max(-MAX_TRANSPOSITION_DOWN, lowest.max()), min(MAX_TRANSPOSITION_UP, highest.min())
        interval = int(rng.integers(down, up + 1))
        moved: np.ndarray = ids + is_pitch * interval
        if "chord" in table:
            chord = (table.value[ids] + interval * len(QUALITIES)) % len(CHORD_NAMES) + table.first("chord")
            moved = np.where(table.of_kind("chord")[ids], chord, moved)
        return moved.astype(ids.dtype)

    def copy_symbols(self, ids: np.ndarray) -> np.ndarray:
        """Returns a symbol for each id, int[n], that is the same in a copy of the music in any key.

        −1 marks ids that do not count.

        A pitch becomes the interval from the pitch before. The first pitch of a document has no interval and a symbol
        of its own, so that whole documents are the same in any key. A passage from the middle lacks the note from which
        its first interval starts.
        """
        table = self.table
        varies = table.of_kind(*(name for name, kind in table.kinds.items() if kind.varies))[ids]
        symbols = ids.astype(np.int64)
        is_pitch = table.of_kind("pitch")[ids]
        pitches = symbols[is_pitch]
        intervals = 128 + np.diff(pitches, prepend=pitches[:1])
        intervals[:1] = 0
        symbols[is_pitch] = len(self.vocabulary) + intervals
        return np.where((ids > EOS) & ~varies, symbols, -1)


def document_from(ids: np.ndarray, begins: np.ndarray) -> np.ndarray:
    """Returns a document of int32[n] ids, BOS first, from the first that `begins` bool[n] or is EOS.

    It is empty if there is none.
    """
    first = np.append(np.flatnonzero(begins | (ids == EOS)), len(ids))[0]
    return np.concatenate([[BOS], ids[first:]]).astype(np.int32)
