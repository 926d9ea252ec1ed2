"""How much of a prompt is kept, and what cannot be asked of it."""

from __future__ import annotations

import numpy as np
import pytest
from grids import Grid
from helpers import prompt_for, random_score
from seqgen_midi.domain import MidiDomain
from seqgen_midi.music.piece import Piece

from seqgen import UsageError


def test_so_many_bars_of_a_prompt_are_kept(domain: MidiDomain, chorale: Piece, domains: dict[str, MidiDomain]) -> None:
    assert len(prompt_for(domain, chorale, prompt_bars=1, bars=3).ids) == 3 + 4 * (4 + 16)
    for name in ("melody", "drums", "score"):
        other = domains[name]
        ids = other.grammar(other.Constraints(bars=5)).walk(np.random.default_rng(1), 20_000)
        prompt = prompt_for(other, other.decode(ids), prompt_bars=2, bars=4)
        lines = [place for place, token in enumerate(ids) if other.vocabulary[int(token)].startswith("bar")]
        assert prompt.ids.tolist() == ids[: lines[2]].tolist()


def test_so_many_seconds_of_a_performance_are_kept(domains: dict[str, MidiDomain]) -> None:
    domain = domains["performance"]
    notes = (
        "shift:30 pitch:60 velocity:82 duration:90",
        "shift:100 pitch:64 velocity:82 duration:100 duration:70",
        "shift:71 pitch:67 velocity:82 duration:5",
    )
    document = [domain.vocabulary.ids[name] for name in ("<bos>", *" ".join(notes).split(), "<eos>")]
    piece = domain.decode(np.array(document))
    for seconds, tokens in ((1.3, 5), (1.31, 10), (2.01, 10), (2.02, 14), (60, 14)):
        assert prompt_for(domain, piece, prompt_seconds=seconds).ids.tolist() == document[:tokens]
    with pytest.raises(UsageError, match=r"first note begins after 0\.3 seconds"):
        prompt_for(domain, piece, prompt_seconds=0.2)


@pytest.mark.parametrize(
    ("name", "values", "sentence"),
    [
        ("chorale", {"fill": "2-9"}, "The prompt has bars 1 to 2, and fill=2-9"),
        ("chorale", {"fill": "1", "bars": 4}, "keeps the prompt's bars; leave out bars"),
        ("chorale", {"fill": "1", "harmonise": "S"}, "ask for one of them"),
        ("chorale", {"fill": "1", "key": "Gbmaj"}, "The prompt's soprano sings pitch 72 in bar 0"),
        ("chorale", {"harmonise": "S", "density": "4-8"}, "leave out density"),
        ("score", {"accompany": "tuba"}, "Nobody in the prompt is tuba; it has "),
        ("score", {"accompany": "melody", "fill": "1"}, "ask for one of them"),
        ("score", {"fill": "1", "seconds": 9}, "leave out seconds"),
        ("score", {"accompany": "melody", "tempo": "120"}, "leave out tempo"),
        ("melody", {"fill": "7-8"}, "The prompt has bars 1 to 3"),
    ],
)
def test_what_a_prompt_cannot_be_asked_is_refused(
    name: str, values: dict, sentence: str, domain: MidiDomain, chorale: Piece, domains: dict[str, MidiDomain]
) -> None:
    asked = domain if name == "chorale" else domains[name]
    constraints = asked.Constraints(bars=3) if name == "melody" else None
    item = (
        chorale if name == "chorale" else random_score(asked, 8) if name == "score"
        else asked.decode(asked.grammar(constraints).walk(np.random.default_rng(0), 20_000))
    )  # fmt: skip
    with pytest.raises(UsageError, match=sentence):
        prompt_for(asked, item, **values)


def test_a_prompt_that_has_no_tokens_says_so(domain: MidiDomain, chorale: Piece) -> None:
    high = Grid("4/4", 0, ((100, 67, 60, 48), *Grid.of(chorale).grid)).piece()
    with pytest.raises(UsageError, match="The prompt cannot be continued: a voice leaves its range"):
        domain.prompting.prompt(high)


def test_a_voice_that_is_given_must_sing(domain: MidiDomain, chorale: Piece) -> None:
    outer = chorale.select(np.isin(chorale.track, [0, 3]))
    with pytest.raises(UsageError, match="A voice that is given is silent in the prompt"):
        prompt_for(domain, outer, harmonise="A")
    assert len(prompt_for(domain, outer, harmonise="SB").ids) == 4
