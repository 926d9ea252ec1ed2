"""Settings of the test session, and a small model of music that several folders of tests share.

This file puts its own folder on sys.path. Workers inherit the path and import the domain of letters from it.

XLA compiles without LLVM's optimisations, with its older emitters of fused loops, and each program as one LLVM module.
Most of the suite's time goes into compiling small models that run for milliseconds, and this takes less than half of
the time. XLA_FLAGS from outside wins. The benchmarks and `make demo` compile as users do.
"""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import seqgen
from seqgen.contract import plugins

XLA_FLAGS = ("backend_optimization_level=0", "cpu_use_fusion_emitters=false", "cpu_parallel_codegen_split_count=1")
os.environ.setdefault("XLA_FLAGS", " ".join(f"--xla_{flag}" for flag in XLA_FLAGS))
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keeps the tests and the user's cache apart. Matplotlib's list of fonts stays, because it takes long to make."""
    users = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    os.environ.setdefault("MPLCONFIGDIR", str(users / "matplotlib"))
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def pieces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a folder of 12 small pieces of music and one file that is no music."""
    folder, domain = tmp_path_factory.mktemp("pieces"), seqgen.load_domain("midi")()
    grammar = domain.grammar(domain.Constraints(bars=4, time_signature="4/4"))
    for number in range(12):
        domain.write(domain.decode(grammar.walk(np.random.default_rng(number))), folder / f"piece-{number:02}")
    (folder / "photo.mid").write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(500))
    return folder


@pytest.fixture(scope="session")
def run(pieces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the folder of a model that was trained for some steps."""
    folder = tmp_path_factory.mktemp("runs") / "one"
    # A model without coordinates and conditions is compiled in less time.
    engine = {"batch_size": 4, "bptt_length": 32, "num_evaluations": 2, "coordinates": False, "condition_size": 0}
    seqgen.train([pieces], folder, domain="midi", size="tiny", steps=12, settings=engine)
    return folder


@pytest.fixture(scope="session")
def trained(run: Path) -> Any:
    """Returns one loaded model for many tests, so that everything is compiled once."""
    return seqgen.load(run)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Returns a function that installs a distribution with one plugin, and returns the folder that holds it.

    The body is the source of the plugin's module. What is reported in a test does not count as reported in the next.
    """

    def install_one(name: str, body: str, *, group: str = "seqgen", distribution: str | None = None) -> Path:
        distribution = distribution or f"seqgen-{name}"
        module = distribution.replace("-", "_") + "_fake"
        folder = tmp_path / module
        information = folder / f"{module}-2.5.dist-info"
        information.mkdir(parents=True)
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 2.5\n")
        (information / "entry_points.txt").write_text(f"[{group}]\n{name} = {module}\n")
        (folder / f"{module}.py").write_text(textwrap.dedent(body))
        monkeypatch.syspath_prepend(folder)
        return folder

    before = set(sys.modules)
    plugins._reported.clear()
    yield install_one
    for module in set(sys.modules) - before:
        del sys.modules[module]
