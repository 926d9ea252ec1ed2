"""Makes a prompt of a piece and constraints: which notes and bars are given, and what is drawn around them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from seqgen import BOS, Options, Prompt, UnusableFile, UsageError
from seqgen_midi.constraints.request import Request
from seqgen_midi.constraints.values import parse_voices
from seqgen_midi.encodings.base import Encoding
from seqgen_midi.music.instruments import instrument_name, parse_instruments
from seqgen_midi.music.melodies import melody_track
from seqgen_midi.music.meters import bar_lines
from seqgen_midi.music.piece import MICROSECONDS_PER_MINUTE, Piece
from seqgen_midi.prompts.accompaniment import accompany
from seqgen_midi.prompts.completion import Completion
from seqgen_midi.prompts.continuation import continue_piece
from seqgen_midi.prompts.infilling import harmonise, infill, play_over_chords

MELODY = "melody"
END = 2**31 - 1
"""The tick before which all of a piece is given."""


def prompt_of(encoding: Encoding, piece: Piece, constraints: Options | None, default_tempo: int) -> Prompt:
    """Returns the prompt of a quantised piece. Raises UsageError and ImpossibleConstraints.

    `default_tempo`, in quarters a minute, is the tempo of an encoding without tempos.
    """
    request = Request.of(constraints)
    if request.accompany is not None:
        piece = notes_of_players(piece, request.accompany)
    if request.prompt_seconds is not None:
        piece = notes_begun_within(piece, request.prompt_seconds)
    if encoding.voices:
        piece = sung_voices(piece, encoding, request)
    try:
        ids = np.concatenate([[BOS], encoding.tokens(piece)]).astype(np.int32)
    except UnusableFile as error:
        raise UsageError(f"The prompt cannot be continued: {error.reason}; choose another one.") from error
    bars = encoding.bars(ids).starts if encoding.has_bars else np.zeros(0, int)
    if request.prompt_bars is not None and request.prompt_bars < len(bars):
        ids = ids[: bars[request.prompt_bars]]
    is_lead_sheet = not len(piece) and len(piece.chords) > 0
    is_within = bool(is_lead_sheet or request.empties_bars or request.harmonise or request.accompany is not None)
    default_tempo = request.tempo_near(last_tempo(piece, default_tempo))
    complete = Completion(encoding, request, default_tempo, piece, END if is_within else end_of(encoding, ids))
    if is_lead_sheet:
        return replace(play_over_chords(encoding, ids, request, piece.key), complete=complete)
    return replace(_prompt_of_ids(encoding, ids, request, default_tempo), complete=complete)


def _prompt_of_ids(encoding: Encoding, ids: np.ndarray, request: Request, default_tempo: int) -> Prompt:
    if request.empties_bars:
        return infill(encoding, ids, request)
    if request.harmonise:
        return harmonise(encoding, ids, request)
    if request.accompany is not None:
        return accompany(encoding, ids, request)
    return continue_piece(encoding, ids, request, default_tempo)


def last_tempo(piece: Piece, default_tempo: int) -> int:
    """Returns the tempo at the end of a piece in quarters a minute; `default_tempo` where the piece has none."""
    return round(MICROSECONDS_PER_MINUTE / int(piece.tempos[-1, 1])) if len(piece.tempos) else default_tempo


def end_of(encoding: Encoding, ids: np.ndarray) -> int:
    """Returns the tick at which the last bar of a document without its end is over; 0 in an encoding without bars."""
    return bar_lines(encoding.decode(ids))[-1] if encoding.has_bars else 0


def notes_begun_within(piece: Piece, seconds: float) -> Piece:
    """Returns the notes that begin in the first seconds. Raises UsageError where none does."""
    begun = piece.seconds(piece.start) < seconds
    if not begun.any():
        first = float(piece.seconds(piece.start[:1])[0])
        raise UsageError(f"The prompt's first note begins after {first:g} seconds; keep more than that of it.")
    return piece.select(begun)


def notes_of_players(piece: Piece, players: str) -> Piece:
    """Returns the notes of some tracks: of instruments by name, of the drums, or of the melody.

    Raises UsageError where the piece has none of them, and UnknownName.
    """
    if players.strip().lower() == MELODY:
        chosen = [] if piece.is_drum.all() else [melody_track(piece)]
    else:
        programs, has_drums = parse_instruments(players)
        chosen = [
            number
            for number, track in enumerate(piece.tracks)
            if (has_drums if track.is_drums else track.program in programs)
        ]
    is_chosen = np.isin(piece.track, chosen)
    if not is_chosen.any():
        names = sorted({instrument_name(track) for track in piece.tracks})
        raise UsageError(f"Nobody in the prompt is {players}; it has {', '.join(names)}.")
    return piece.select(is_chosen)


def sung_voices(piece: Piece, encoding: Encoding, request: Request) -> Piece:
    """Returns the piece with its notes in the voices that they are to be sung in.

    Where voices are given to be harmonised and the piece has as many, it sings these, in their order. Raises UsageError
    where a voice is missing.
    """
    sung = np.unique(piece.track)
    if isinstance(request.harmonise, str):
        voices = parse_voices(request.harmonise, encoding.voices)
        if len(sung) == len(voices):
            return replace(piece, track=np.array(voices, np.int32)[np.searchsorted(sung, piece.track)])
        if not np.isin(voices, sung).all():
            raise UsageError("A voice that is given is silent in the prompt; name the voices that it has.")
        return piece
    silent = [voice.name.lower() for number, voice in enumerate(encoding.voices) if number not in sung]
    if 0 < len(silent) < len(encoding.voices):
        raise UsageError(
            f"The prompt has no {' and no '.join(silent)}; have them found (harmonise=S where the soprano is given), "
            f"or give a prompt in all {len(encoding.voices)} voices."
        )
    return piece
