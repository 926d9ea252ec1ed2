"""The recurrent cells by name. Each cell registers itself when its module is imported."""

from __future__ import annotations

from seqgen.engine.cells.base import Cell
from seqgen.errors import UnknownName

_CELLS: dict[str, Cell] = {}


def register_cell(name: str, cell: Cell) -> None:
    """Makes a cell known by a name, which the setting `cell` then accepts. Raises ValueError if the name is taken."""
    if name in _CELLS:
        raise ValueError(f"there already is a cell {name!r}")
    _CELLS[name] = cell


def cell_names() -> tuple[str, ...]:
    """Returns the names of all registered cells, the LSTM first, then in alphabetical order."""
    return tuple(sorted(_CELLS, key=lambda name: (name != "lstm", name)))


def find_cell(name: str) -> Cell:
    """Returns the cell of a name. Raises UnknownName."""
    if name not in _CELLS:
        raise UnknownName("cell", name, cell_names())
    return _CELLS[name]
