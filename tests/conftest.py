"""Puts the tests' own folder on sys.path: workers inherit it, and import the domain of letters from it.

XLA's programs are compiled without LLVM's optimisations: most of the suite's time goes into compiling small models that
run for milliseconds. XLA_FLAGS set from outside wins; the benchmarks and `make demo` compile as users do.

The user's cache is not touched, and what it holds changes nothing. (Matplotlib's list of fonts takes long to make.)
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    users = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    os.environ.setdefault("MPLCONFIGDIR", str(users / "matplotlib"))
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
