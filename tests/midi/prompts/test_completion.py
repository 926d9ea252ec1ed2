"""What is written has the tempo of the prompt, or the one that is asked for, exactly."""

from __future__ import annotations

from pathlib import Path

import mido
import numpy as np
import pytest
from helpers import midi_file, prompt_item, write_midi
from seqgen_midi.domain import MidiDomain

from seqgen import InvalidValue


def drawn(domain: MidiDomain, path: Path | None, with_prompt: bool = True, **values: object) -> mido.MidiFile:
    """The file of a piece that is drawn by chance."""
    piece = prompt_item(domain, path) if path else None
    prompt = domain.prompting.prompt(piece, domain.Constraints.from_mapping(values, kind="constraint"))
    ids = prompt.grammar.walk(np.random.default_rng(1), 20_000, prompt.ids)
    kept = ids if with_prompt else domain.prompting.without_prompt(ids, len(prompt.ids))
    folder = path.parent if path else values.pop("folder")
    (file,) = domain.write(prompt.item(domain.decode(kept), with_prompt), Path(str(folder)) / "drawn")
    return mido.MidiFile(file)


def tempos(file: mido.MidiFile) -> list[float]:
    return [mido.tempo2bpm(one.tempo) for track in file.tracks for one in track if one.type == "set_tempo"]


def tune_at(path: Path, tempo: float, channel: int) -> Path:
    notes = [(240 * at, 240 * at + 200, 38 + at % 5) for at in range(32)]
    return write_midi(path, notes, channel=channel, tempo=mido.bpm2tempo(tempo))


@pytest.mark.parametrize("with_prompt", [True, False])
@pytest.mark.parametrize("tempo", [93, 118, 130, 141.7])
@pytest.mark.parametrize("name", ["drums", "melody", "score"])
def test_a_continued_piece_has_the_tempo_of_its_prompt(
    name: str, tempo: float, with_prompt: bool, domains: dict[str, MidiDomain], tmp_path: Path
) -> None:
    path = tune_at(tmp_path / "tune.mid", tempo, 9 if name == "drums" else 0)
    file = drawn(domains[name], path, with_prompt, bars=7)
    assert tempos(file) == [pytest.approx(tempo, rel=0.005)]


def test_a_prompt_without_a_tempo_is_at_120(domains: dict[str, MidiDomain], tmp_path: Path) -> None:
    path = midi_file(tmp_path / "tune.mid", [[(240 * at, 240 * at + 200, 60) for at in range(32)]])
    assert tempos(drawn(domains["melody"], path)) == [120]


def test_changes_of_tempo_in_the_prompt_are_kept(domains: dict[str, MidiDomain], tmp_path: Path) -> None:
    path = tune_at(tmp_path / "tune.mid", 101, 0)
    file = mido.MidiFile(path)
    file.tracks[0].append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(107), time=3 * 1920))
    file.save(path)
    for name in ("melody", "score"):
        kept = tempos(drawn(domains[name], path, bars=6))[:2]
        assert kept == [pytest.approx(101, rel=0.005), pytest.approx(107, rel=0.005)]


@pytest.mark.parametrize("name", ["drums", "melody", "score", "performance", "chorale"])
@pytest.mark.parametrize("tempo", [65, 130, 200])
def test_any_tempo_can_be_asked_for(
    name: str, tempo: int, domains: dict[str, MidiDomain], domain: MidiDomain, tmp_path: Path
) -> None:
    chosen = domain if name == "chorale" else domains[name]
    values = {"seconds": 4} if name == "performance" else {"bars": 2}
    prompt = chosen.prompting.prompt(None, chosen.Constraints.from_mapping({**values, "tempo": str(tempo)}))
    ids = prompt.grammar.walk(np.random.default_rng(1), 20_000)
    plain, piece = chosen.decode(ids), prompt.item(chosen.decode(ids))
    (file,) = chosen.write(piece, tmp_path / "drawn")
    assert tempos(mido.MidiFile(file)) == [pytest.approx(tempo, rel=0.005)]
    if name == "performance":
        assert piece.seconds(piece.start) == pytest.approx(plain.seconds(plain.start), abs=1e-6)


@pytest.mark.parametrize("tempo", ["10", "400-500"])
def test_a_tempo_that_there_is_not_names_those_there_are(tempo: str, domains: dict[str, MidiDomain]) -> None:
    for domain in domains.values():
        with pytest.raises(InvalidValue, match="20 to 304"):
            domain.Constraints.from_mapping({"tempo": tempo}, kind="constraint")


def test_seconds_are_counted_at_the_tempo_asked_for(domains: dict[str, MidiDomain]) -> None:
    domain = domains["melody"]
    prompt = domain.prompting.prompt(None, domain.Constraints(seconds=16, tempo="150"))
    ids = prompt.grammar.walk(np.random.default_rng(1), 20_000)
    assert len(domain.encoding.bars(ids)) == 10


@pytest.mark.parametrize("key", ["D", "Eb", "F#m", "A", "Cm"])
def test_the_key_that_a_prompt_declares_is_kept(key: str, domains: dict[str, MidiDomain], tmp_path: Path) -> None:
    path = tune_at(tmp_path / "tune.mid", 100, 0)
    file = mido.MidiFile(path)
    file.tracks[0].append(mido.MetaMessage("key_signature", key=key))
    file.save(path)
    for name in ("melody", "score", "performance"):
        made = drawn(domains[name], path)
        assert [one.key for track in made.tracks for one in track if one.type == "key_signature"] == [key]


@pytest.mark.parametrize(
    ("key", "signature"), [("Emin", "Em"), ("Ddor", "C"), ("Gmix", "C"), ("Ephr", "C"), ("Edor", "D"), ("Abmaj", "Ab")]
)
def test_the_file_says_the_key_that_was_asked_for(
    key: str, signature: str, domains: dict[str, MidiDomain], tmp_path: Path
) -> None:
    domain = domains["melody"]
    prompt = domain.prompting.prompt(None, domain.Constraints(bars=4, key=key, range="55-80", time_signature="4/4"))
    piece = prompt.item(domain.decode(prompt.grammar.walk(np.random.default_rng(3), 20_000)))
    (file,) = domain.write(piece, tmp_path / "drawn")
    keys = [one.key for track in mido.MidiFile(file).tracks for one in track if one.type == "key_signature"]
    assert keys == [signature]
    for rendering in ("abc", "musicxml"):
        again = prompt_item(domain, domain.display.render(piece, rendering, tmp_path / "drawn"))
        assert again.key is not None
        assert again.key.name == key


def test_a_chorale_declares_the_key_that_it_ends_in(domain: MidiDomain) -> None:
    prompt = domain.prompting.prompt(None, domain.Constraints(bars=2, time_signature="3/4"))
    for seed in range(5):
        piece = prompt.item(domain.decode(prompt.grammar.walk(np.random.default_rng(seed), 20_000)))
        assert piece.key is not None
        final = piece.pitch[piece.track == 3][-1]
        assert piece.key.tonic == int(final) % 12
