"""An encoding from outside: one file that registers it, and it has all that the others have."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import Band
from seqgen_midi.domain import MidiDomain
from seqgen_midi.encodings import ENCODINGS, register

from seqgen import PluginError, UnknownName, UsageError
from seqgen.contract.testing import check_domain
from seqgen.corpus.building.build import build

SOURCE = Path(__file__).parent / "tiny.py"


def install(folder: Path, module: str = "tiny") -> None:
    """Lays out a distribution in a folder: its modules, and an entry point that names the encoding `tiny`."""
    metadata = folder / "tiny-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[seqgen_midi.encodings]\ntiny = {module}\n")
    shutil.copy(SOURCE, folder / "tiny.py")


@pytest.fixture
def domain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MidiDomain]:
    (tmp_path / "site").mkdir()
    install(tmp_path / "site")
    monkeypatch.syspath_prepend(tmp_path / "site")
    yield MidiDomain(MidiDomain.Settings.from_mapping({"encoding": "tiny"}))
    del ENCODINGS["tiny"], sys.modules["tiny"]


def test_the_encoding_is_short_and_passes_the_conformance_kit(domain: MidiDomain, bands: list[Band]) -> None:
    assert len(SOURCE.read_text().splitlines()) < 80
    check_domain(domain, [band.path for band in bands[:2]], walks=20)


def test_worker_processes_read_files_in_it(domain: MidiDomain, bands: list[Band], tmp_path: Path) -> None:
    corpus = build(domain, [band.path for band in bands[:3]], tmp_path / "corpus")
    assert corpus.settings["encoding"] == "tiny"
    assert corpus.dropped == {}


def test_it_takes_a_number_of_bars_a_key_and_a_range(domain: MidiDomain) -> None:
    asked = domain.Constraints.from_mapping({"bars": "3", "key": "Gmaj", "range": "60-72"}, "constraint")
    for seed in range(5):
        ids = domain.grammar(asked).walk(np.random.default_rng(seed))
        assert [domain.vocabulary[int(token)] for token in ids].count("bar:4/4") == 3
        assert set(domain.decode(ids).pitch.tolist()) <= {60, 62, 64, 66, 67, 69, 71, 72}
    assert "tempo" in domain.Constraints.model_fields
    assert "velocity" not in domain.Constraints.model_fields


def test_it_continues_a_prompt_and_fills_its_bars(domain: MidiDomain) -> None:
    ids = domain.grammar(domain.Constraints(bars=4)).walk(np.random.default_rng(0))
    piece = domain.decode(ids)
    prompt = domain.prompting.prompt(piece, domain.Constraints(prompt_bars=2, bars=6))
    whole = prompt.grammar.walk(np.random.default_rng(1), prompt=prompt.ids)
    assert whole[:11].tolist() == ids[:11].tolist()
    assert [domain.vocabulary[int(token)] for token in whole].count("bar:4/4") == 6
    filled = domain.prompting.prompt(piece, domain.Constraints(fill="2"))
    assert filled.ids.tolist() == ids[:7].tolist()
    assert filled.given is not None
    assert filled.given.tolist() == [-1] * 4 + ids[11:].tolist()
    with pytest.raises(UsageError, match="The prompt has 4 bars and bars=4 was asked for"):
        domain.prompting.prompt(piece, domain.Constraints(bars=4))


def test_it_is_transposed_and_recognised_in_another_key(domain: MidiDomain) -> None:
    ids = domain.grammar(domain.Constraints(bars=4, range="50-70")).walk(np.random.default_rng(0))
    moved = [domain.training.augment(ids, np.random.default_rng(seed)) for seed in range(20)]
    assert len({tuple(ids.tolist()) for ids in moved}) > 5
    symbols = domain.metrics.copy_symbols(ids)
    assert all(np.array_equal(domain.metrics.copy_symbols(other), symbols) for other in moved)


def test_a_name_is_registered_once_and_an_unknown_one_suggests_the_nearest(domain: MidiDomain) -> None:
    tiny = ENCODINGS["tiny"]
    assert register(tiny) is tiny
    with pytest.raises(ValueError, match="an encoding 'melody' already"):
        register(type("Other", (tiny,), {"name": "melody"}))
    with pytest.raises(UnknownName, match=r"There is no encoding 'melodie'; did you mean 'melody'\? .* tiny"):
        MidiDomain.Settings.from_mapping({"encoding": "melodie"})


def test_an_encoding_that_cannot_be_loaded_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, module="no_such_module")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(
        PluginError, match="The encoding 'tiny' of no_such_module cannot be loaded: ModuleNotFoundError"
    ):
        MidiDomain.Settings.from_mapping({"encoding": "tiny"})
    assert "tiny" not in ENCODINGS
