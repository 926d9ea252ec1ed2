"""Settings of the plugin's tests. This file puts its own folder on sys.path, where the tests find `some_pairs`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

# XLA compiles without LLVM's optimisations, because the models of the tests run for milliseconds.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_cpu_parallel_codegen_split_count=1")
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def domain() -> Any:
    """Returns a domain that has learned its tokens from a few pairs."""
    from some_pairs import learned

    return learned()
