"""Puts the tests' own folder on sys.path: workers inherit it, and import the domain of letters from it.

XLA's programs are compiled without LLVM's optimisations: most of the suite's time goes into compiling small models that
run for milliseconds. XLA_FLAGS set from outside wins; the benchmarks and `make demo` compile as users do.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")
sys.path.insert(0, str(Path(__file__).parent))
