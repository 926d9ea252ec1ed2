"""seqgen live: a phrase becomes the prompt, the answer is sent to the port, and what is missing is one sentence."""

from __future__ import annotations

import re
import shutil
import sys
from types import SimpleNamespace

import fake_midi
import mido
import pytest
from click.testing import CliRunner
from mido.ports import EchoPort
from seqgen_midi.display import live_command
from seqgen_midi.display.live_command import live
from seqgen_midi.io import phrases

import seqgen
from seqgen import OutputError, UsageError

REAL_CLOCK = phrases.Clock


class LoopBack(EchoPort):
    """A port of mido whose input is what was sent to it. Keeps the messages."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[mido.Message] = []

    def _send(self, message: mido.Message) -> None:
        self.messages.append(message)
        super()._send(message)


class Parrot:
    """A model whose answer is the phrase."""

    def __init__(self) -> None:
        self.calls: list[dict] = []

    def sample(self, count, *, prompt, **options):
        self.calls.append({**options, "notes": [one.note for one in mido.MidiFile(prompt) if one.type == "note_on"]})
        return [SimpleNamespace(prompt=prompt)]

    def write_item(self, sample, path):
        path.mkdir()
        return [shutil.copy(sample.prompt, path / "answer.mid")]


@pytest.fixture
def parrot(monkeypatch):
    model = Parrot()
    monkeypatch.setenv("MIDO_BACKEND", "fake_midi")
    monkeypatch.setattr(seqgen, "load", lambda path: model, raising=False)
    monkeypatch.setattr(phrases, "Clock", lambda: phrases_clock)
    return model


phrases_clock = SimpleNamespace(now=fake_midi.CLOCK.now, sleep=fake_midi.CLOCK.sleep)


def run(*arguments):
    return CliRunner().invoke(live, [str(one) for one in arguments], catch_exceptions=False)


def test_each_phrase_is_answered_and_the_latency_is_printed(parrot):
    fake_midi.play([(1.0, 0.5, 60), (1.5, 0.5, 64), (9.0, 0.5, 67)])
    result = run("model", "--phrases", 2, "--silence", 2, "--set", "bars=4")
    assert result.output.splitlines()[1:] == [
        "phrase 1: 2 notes, answered after 2.00 s (0.00 s to draw the answer)",
        "phrase 2: 1 notes, answered after 2.00 s (0.00 s to draw the answer)",
    ]
    assert [call["notes"] for call in parrot.calls] == [[60, 64], [67]]
    assert parrot.calls[0]["constraints"] == {"bars": "4"}
    assert not parrot.calls[0]["with_prompt"]
    assert parrot.calls[0]["seed"] != parrot.calls[1]["seed"]
    assert [message.note for _, message in fake_midi.SENT if message.type == "note_on"] == [60, 64, 67]


def test_a_phrase_on_loop_back_ports_is_answered_soon_after_its_silence(parrot, monkeypatch):
    source, target = LoopBack(), LoopBack()
    monkeypatch.setattr(live_command, "open_ports", lambda: (source, target))
    monkeypatch.setattr(phrases, "Clock", REAL_CLOCK)
    for kind in ("note_on", "note_off"):
        source.send(mido.Message(kind, note=60))
    line = run("model", "--phrases", 1, "--silence", 0.2).output.splitlines()[-1]
    heard, drawn = map(
        float, re.fullmatch(r"phrase 1: 1 notes, answered after (.+) s \((.+) s to draw .*\)", line).groups()
    )
    assert 0.2 <= heard < 5
    assert 0 <= drawn < heard
    assert [(one.type, one.note) for one in target.messages] == [("note_on", 60), ("note_off", 60)]


def test_given_notes_are_played_together_with_what_is_drawn_around_them(parrot):
    fake_midi.play([(0.0, 0.5, 72)])
    run("model", "--phrases", 1, "--set", "harmonise=S")
    assert parrot.calls[0]["with_prompt"]


def test_what_is_missing_is_one_sentence(parrot, monkeypatch):
    with pytest.raises(UsageError, match="key=value"):
        run("model", "--set", "bars")
    monkeypatch.setenv("MIDO_BACKEND", "no_such_backend")
    with pytest.raises(UsageError, match="the extra 'live'"):
        run("model")

    def refuse(*arguments, **options):
        raise OSError("no sequencer")

    monkeypatch.setenv("MIDO_BACKEND", "fake_midi")
    monkeypatch.setattr(sys.modules["fake_midi"], "Input", refuse)
    with pytest.raises(OutputError, match="no sequencer"):
        run("model")
