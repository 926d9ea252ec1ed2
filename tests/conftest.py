"""Puts the tests' own folder on sys.path: workers inherit it, and import the domain of letters from it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
