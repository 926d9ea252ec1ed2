"""The domain as the plugin registers it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import seqgen_midi
from seqgen_midi.domain import MidiDomain

from seqgen import BundleError, Vocabulary


def test_the_hook_gives_the_domain() -> None:
    assert seqgen_midi.seqgen_domain() is MidiDomain


def test_importing_the_plugin_loads_no_music_library() -> None:
    code = "import sys, seqgen_midi.domain; print([m for m in sys.modules if m in sys.argv[1:]])"
    heavy = ["music21", "pretty_midi", "symusic", "matplotlib", "scipy", "tensorflow"]
    loaded = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "[]"


def test_another_vocabulary_is_refused() -> None:
    with pytest.raises(BundleError, match="version"):
        MidiDomain(vocabulary=Vocabulary(["pitch:60"]))


def test_a_vocabulary_of_another_encoding_is_refused(domains: dict[str, MidiDomain]) -> None:
    with pytest.raises(BundleError, match="drums"):
        MidiDomain(domains["drums"].settings, domains["melody"].vocabulary)


def test_books_of_tunes_are_read_in_parts(domain: MidiDomain) -> None:
    assert domain.reading is not None
    assert domain.reading.in_parts(Path("book.abc"))
    assert not domain.reading.in_parts(Path("piece.mid"))
