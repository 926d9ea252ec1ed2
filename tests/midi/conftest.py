"""What the tests of the midi domain share: the domain, a small chorale made by hand, and bands made by chance."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
from seqgen_midi.domain import MidiDomain
from seqgen_midi.music.piece import Piece

from seqgen import Record

sys.path.insert(0, str(Path(__file__).parent))
from grids import HOLD, Grid

ENCODINGS = ("melody", "drums", "score", "performance")


@pytest.fixture(scope="session")
def domain() -> MidiDomain:
    return MidiDomain()


def cadence() -> Grid:
    """Quarters of C major, two bars after a pickup; the alto sings eighths, the tenor holds a note."""
    chords = [(72, 67, 64, 48), (71, 67, 62, 55), (72, 69, 60, 53), (74, 67, 59, 43)]
    columns: list[tuple[int, int, int, int]] = []
    for number in range(9):
        soprano, alto, tenor, bass = chords[number % 4]
        columns.append((soprano, alto, tenor, bass))
        columns.append((HOLD, HOLD, HOLD, HOLD))
        columns.append((HOLD, alto - 2, HOLD, HOLD))
        columns.append((HOLD, HOLD, HOLD, HOLD))
    # The last two quarters are one chord, and the tenor's first note is held into the second quarter.
    columns[-4] = (HOLD, HOLD, HOLD, HOLD)
    columns[4] = (71, 67, HOLD, 55)
    return Grid("4/4", 4, tuple(columns))


@pytest.fixture(scope="session")
def chorale() -> Piece:
    return cadence().piece()


@pytest.fixture(scope="session")
def domains() -> dict[str, MidiDomain]:
    """One domain for each encoding of pieces, as it comes."""
    return {name: MidiDomain(MidiDomain.Settings(encoding=name)) for name in ENCODINGS}


def records(items: list[Piece]) -> list[Record[Piece]]:
    """Pieces as the contract hands them to metrics."""
    return [Record(item) for item in items]


@dataclass(frozen=True)
class Band:
    """A MIDI file made by chance, and what stands in it.

    notes: (start, end, pitch, velocity, (program, is drum, track number)); tempos: (tick, microseconds a quarter).
    """

    path: Path
    resolution: int
    notes: list[Any]
    tempos: list[tuple[int, int]]


PLAYERS = (("The Melody", 73, False), ("", 0, False), ("", 0, False), ("Bass", 33, False), ("", 0, True))


def make_band(path: Path, seed: int) -> Band:
    """Five tracks of wild rhythms under changes of tempo and meter; no key is struck while it is down."""
    rng = np.random.default_rng(seed)
    resolution = int(rng.choice([96, 100, 480, 1024]))
    file = mido.MidiFile(ticks_per_beat=resolution)
    conductor, now = mido.MidiTrack(), 0
    tempos = [(tick * resolution // 3, int(rng.integers(250_000, 1_500_000))) for tick in (0, 7, 20, 50)]
    meters = [(0, 1, 4), (1, 3, 4), (13, 12, 16), (20, 6, 8), (31, 4, 4)]
    changes = [(tick, mido.MetaMessage("set_tempo", tempo=tempo)) for tick, tempo in tempos]
    changes += [
        (at * resolution, mido.MetaMessage("time_signature", numerator=n, denominator=d)) for at, n, d in meters
    ]
    for tick, message in sorted(changes, key=lambda change: change[0]):
        conductor.append(message.copy(time=tick - now))
        now = tick
    file.tracks.append(conductor)
    notes = []
    for number, (name, program, drums) in enumerate(PLAYERS):
        mine, free = [], dict.fromkeys(range(128), 0)
        tick = int(rng.integers(0, 2 * resolution))
        for _ in range(40):
            length = int(rng.choice([1, resolution // 7, resolution // 2, resolution, 3 * resolution, 11 * resolution]))
            pitch = int(rng.integers(0, 128) if drums else rng.integers(40, 90))
            if tick >= free[pitch]:
                mine.append((tick, tick + length, pitch, int(rng.integers(1, 128)), (program, drums, number)))
                free[pitch] = tick + length
            # The melody's notes begin a step of its grid apart at least; those of others may begin together.
            tick += int(rng.integers(0 if number else resolution // 2, 2 * resolution))
        events = [(start, 1, pitch, velocity) for start, _, pitch, velocity, _ in mine]
        events += [(end, 0, pitch, 0) for _, end, pitch, _, _ in mine]
        channel = 9 if drums else number
        track, now = mido.MidiTrack(), 0
        if name:
            track.append(mido.MetaMessage("track_name", name=name))
        track.append(mido.Message("program_change", program=program, channel=channel))
        for tick, _, pitch, velocity in sorted(events):
            track.append(mido.Message("note_on", note=pitch, velocity=velocity, channel=channel, time=tick - now))
            now = tick
        file.tracks.append(track)
        notes += mine
    file.save(path)
    return Band(path, resolution, notes, tempos)


@pytest.fixture(scope="session")
def bands(tmp_path_factory: pytest.TempPathFactory) -> list[Band]:
    folder = tmp_path_factory.mktemp("bands")
    return [make_band(folder / f"band-{seed}.mid", seed) for seed in range(12)]


@pytest.fixture(scope="session")
def walks(domain: MidiDomain) -> list[np.ndarray]:
    rng = np.random.default_rng(11)
    grammar = domain.grammar()
    return [grammar.walk(rng) for _ in range(1000)]
