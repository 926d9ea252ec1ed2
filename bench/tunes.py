"""Are tunes with chord symbols what a folk musician expects? Samples beside the tunes of the corpus.

    python bench/tunes.py [MODEL] [--samples 100] [--temperature 1] [--min-p 0] [--card README.md]

MODEL is a bundle or a run of the domain `midi` in the encoding `melody` that was trained on irish-tunes; by default the
one that comes with seqgen. Each figure is a share, of samples and of the corpus:

    key_agrees        the tunes whose notes are in the key of their chord symbols (tonic and major or minor third)
    chord_tones       of the notes that begin on a beat, those that are in the chord that holds
    tonic_last        the tunes whose last note is the tonic
    strong_last       the tunes whose last note begins at the first beat of the last bar, or in its middle
    cadences          the tunes whose last two chords are a dominant (V, V7, v or VII) and the tonic
    parts_of_eight    the tunes with 8, 16, 24 … full bars
    pickup_completed  of the tunes with a pickup, those whose last bar lacks as much as the pickup has

`over_chords` is `chord_tones` of tunes that are drawn over the chord symbols of held-out tunes. `found_chords` is how
often the chord that is found for a held-out tune has the root of the one that was inferred. `--card` appends the
figures to a model card.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from common import finish
from seqgen_midi.encodings.melody_conditions import MelodyConditions
from seqgen_midi.music.chord_inference import is_on_beat
from seqgen_midi.music.chords import QUALITIES
from seqgen_midi.music.keys import SCALES, Key
from seqgen_midi.music.meters import bar_lines, has_pickup
from seqgen_midi.music.piece import Piece

import seqgen
from seqgen.corpus.storage.store import Corpus
from seqgen.workflows.file_records import PromptItem

RECIPE = "irish-tunes"
DOMINANTS = {7: ("", "7", "m"), 10: ("",)}
"""The qualities of the chords that lead to the tonic, by the semitones of their roots above it."""
LEAD_SHEETS = 4
"""How many held-out tunes are drawn over, and harmonised: each takes seconds."""


def is_chord_tone(piece: Piece) -> np.ndarray:
    """Returns which notes on beats, after the first chord symbol, are in the chord that holds: bool[k]."""
    lines = np.array(bar_lines(piece))
    place = piece.start - lines[np.searchsorted(lines, piece.start, side="right") - 1]
    chord = np.searchsorted(piece.chords[:, 0], piece.start, side="right") - 1
    at = np.flatnonzero(is_on_beat(piece, place) & (chord >= 0))
    steps = list(QUALITIES.values())
    return np.array([
        (int(piece.pitch[note]) - int(root)) % 12 in steps[int(quality)]
        for note, (_, root, quality) in zip(at, piece.chords[chord[at]], strict=True)
    ], bool)  # fmt: skip


def figures(pieces: list[Piece], keys: list[Key]) -> dict[str, float]:
    """Returns the shares of the module's text."""
    rows: dict[str, list[float]] = {}
    for piece, key in zip(pieces, keys, strict=True):
        lines, notes = bar_lines(piece), piece.estimated_key()
        pickup = lines[1] - lines[0] if has_pickup(lines) else 0
        bars = len(lines) - 1 - bool(pickup)
        last = int(piece.start[-1]) - lines[-2]
        bar = lines[-1] - lines[-2]
        names = list(QUALITIES)
        degrees = [((int(root) - key.tonic) % 12, names[int(quality)]) for _, root, quality in piece.chords]
        changes = [one for place, one in enumerate(degrees) if place == 0 or one != degrees[place - 1]][-2:]
        found: dict[str, float] = {
            "key_agrees": notes.tonic == key.tonic and (4 in SCALES[notes.mode]) == (4 in SCALES[key.mode]),
            "chord_tones": float(is_chord_tone(piece).mean()),
            "tonic_last": int(piece.pitch[-1]) % 12 == key.tonic,
            "strong_last": last == 0 or 2 * last == bar,
            "cadences": len(changes) == 2 and changes[1][0] == 0 and changes[0][1] in DOMINANTS.get(changes[0][0], ()),
            "parts_of_eight": bars % 8 == 0,
        }
        if pickup:
            found["pickup_completed"] = lines[-1] - piece.end == pickup
        for name, value in found.items():
            rows.setdefault(name, []).append(float(value))
    return {name: round(float(np.nanmean(values)), 3) for name, values in rows.items()}


def lead_sheets(trained: Any, held_out: list[Piece], seed: int) -> dict[str, float]:
    """Returns how tunes fit given chord symbols, and chord symbols given tunes."""
    tones: list[float] = []
    hits: list[bool] = []
    for piece in held_out[:LEAD_SHEETS]:
        bare = replace(piece.select(np.zeros(len(piece), bool)), key=None)
        (tune,) = trained.sample(1, prompt=PromptItem(bare), seed=seed)
        tones.append(float(is_chord_tone(tune.item).mean()))
        (found,) = trained.sample(1, prompt=PromptItem(piece), constraints={"harmonise": True}, seed=seed)
        roots = [
            dict(zip(one.chords[:, 0].tolist(), one.chords[:, 1].tolist(), strict=True)) for one in (piece, found.item)
        ]
        hits += [root == roots[1].get(tick) for tick, root in roots[0].items()]
    return {"over_chords": round(float(np.mean(tones)), 3), "found_chords": round(float(np.mean(hits)), 3)}


def judge(model: str, corpus: Corpus, samples: int, seed: int, chosen: dict[str, float]) -> dict[str, Any]:
    trained = seqgen.load(model)
    domain: Any = trained.domain
    known = MelodyConditions(domain.encoding.table, domain.encoding.chord_interval, domain.grammar().class_count)
    documents = {
        split: [corpus.documents(split)[number][0] for number in range(len(corpus.documents(split)))]
        for split in ("train", "valid")
    }
    options = trained.sampling_options(**chosen)
    made = trained.sample(samples, seed=seed, options=options)
    sides = {"samples": [sample.ids for sample in made], "corpus": documents["train"] + documents["valid"]}
    result: dict[str, Any] = {}
    for name, side in sides.items():
        result[name] = figures([domain.decode(ids) for ids in side], [known.key(ids) for ids in side])
    tokens = sum(len(ids) - 1 for ids in documents["valid"])
    is_note = domain.encoding.table.of_kind("pitch")
    notes = sum(int(is_note[ids].sum()) for ids in documents["valid"])
    nats = trained.bundle.config["result"]["held_out_nats"]
    result |= lead_sheets(trained, [domain.decode(ids) for ids in documents["valid"]], seed)
    result |= {"held_out_nats": nats, "nats_a_note": nats * tokens / notes, "samples_drawn": samples}
    return {**result, "temperature": options.temperature, "min_p": options.min_p}


def card_lines(found: dict[str, Any]) -> str:
    """Returns the figures as a section of a model card."""
    rows = [f"| {name} | {found['samples'][name]:.2f} | {value:.2f} |" for name, value in found["corpus"].items()]
    return "\n".join([
        "", "## Figures", "", f"{found['nats_a_note']:.3f} nats a note on the validation split. Of "
        f"{found['samples_drawn']} samples, beside the corpus (bench/tunes.py says what each share means):", "",
        "| share | samples | corpus |", "|---|---|---|", *rows, "",
    ])  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default=RECIPE)
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--temperature", type=float)
    parser.add_argument("--min-p", type=float)
    parser.add_argument("--corpus", type=Path, help="a corpus that was built from irish-tunes; by default it is built")
    parser.add_argument("--card", type=Path)
    arguments = parser.parse_args()
    asked = {"temperature": arguments.temperature, "min_p": arguments.min_p}
    chosen = {name: value for name, value in asked.items() if value is not None}
    with tempfile.TemporaryDirectory() as folder:
        corpus = Corpus.open(arguments.corpus) if arguments.corpus else seqgen.build([RECIPE], Path(folder) / "corpus")
        found = judge(arguments.model, corpus, arguments.samples, arguments.seed, chosen)
    if arguments.card:
        arguments.card.write_text(arguments.card.read_text(encoding="utf-8") + card_lines(found), encoding="utf-8")
    finish(found)


if __name__ == "__main__":
    main()
