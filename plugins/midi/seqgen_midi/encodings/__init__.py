"""The encodings. Each file of this package that registers an encoding is found; others register theirs on import."""

from __future__ import annotations

import importlib
import pkgutil

from seqgen_midi.encodings.registry import ENCODINGS, register

__all__ = ["ENCODINGS", "register"]

for _module in pkgutil.iter_modules(__path__, f"{__name__}."):
    importlib.import_module(_module.name)
