"""What comes with seqgen through its own hooks."""

from __future__ import annotations

from pathlib import Path

import pluggy

PACKAGE = Path(__file__).parents[1]
hookimpl = pluggy.HookimplMarker("seqgen")


@hookimpl
def seqgen_recipes() -> list[Path]:
    """Returns the folder `corpora`: inside the package if it is installed, beside it in a checkout."""
    inside = PACKAGE / "corpora"
    return [inside if inside.is_dir() else PACKAGE.parent / "corpora"]
