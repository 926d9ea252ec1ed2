"""The sound of drums is one script, which pages include."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from seqgen_midi.display.web_page import player_script

from seqgen.contract.drum_sound import drum_script
from seqgen.studio.app import page_files

PLAY = """
const calls = [], parameter = { setValueAtTime() {}, exponentialRampToValueAtTime() {} };
const node = (name) => ({ gain: parameter, frequency: parameter, connect: (other) => other, start: (at) => calls.push([name, at]), stop() {} });
const audio = { sampleRate: 8, createGain: () => node("gain"), createOscillator: () => node("wave"), createBiquadFilter: () => node("filter"),
  createBufferSource: () => node("noise"), createBuffer: () => { calls.push(["buffer", 0]); return { getChannelData: () => [0, 0] }; } };
for (const pitch of [36, 38, 42]) drumSound(audio, {}, pitch, pitch, 1);
console.log(JSON.stringify(calls));
"""  # noqa: E501 (JavaScript)


def test_a_bass_drum_is_a_wave_and_the_others_are_noise_that_is_made_once(tmp_path):
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node that could run JavaScript")
    (tmp_path / "program.js").write_text(drum_script() + PLAY, encoding="utf-8")
    printed = subprocess.run([node, tmp_path / "program.js"], capture_output=True, text=True, check=True).stdout
    assert json.loads(printed) == [["wave", 36], ["buffer", 0], ["noise", 38], ["noise", 42]]


def test_the_pages_that_play_include_it():
    assert drum_script() in player_script()
    assert page_files()["/drum_sound.js"][1].decode() == drum_script()
    assert b'<script src="/drum_sound.js"></script>' in page_files()["/"][1]
