"""Access to music21, which is imported when it is first needed. It is only partly typed, so its objects are Any."""

from __future__ import annotations

from typing import Any

Score = Any
"""A `music21.stream.Score`."""
Part = Any
"""A `music21.stream.Part`."""
Element = Any
"""A `music21.base.Music21Object`, such as a note, a chord or a rest."""


def music21() -> Any:
    """The library."""
    import music21

    return music21
