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
    """Returns the library."""
    import music21

    setattr(music21.environment.Environment, "warn", _say_nothing)  # noqa: B010 (mypy knows it as a method)
    return music21


def _say_nothing(*_: Any, **__: Any) -> None:
    """music21 prints its warnings on the terminal, where nobody can act on them."""
