"""Recurrent cells: the equations of one time step, and their gradients.

To add a cell, add a module to this package that calls `register_cell`: all modules here are imported with the package.
"""

from __future__ import annotations

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
