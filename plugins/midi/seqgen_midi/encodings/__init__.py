"""The encodings. Each file of this package that registers an encoding is found."""

from __future__ import annotations

import importlib
import pkgutil

from seqgen_midi.encodings.registry import ENCODINGS, find_encoding, register

__all__ = ["ENCODINGS", "find_encoding", "register"]

for _module in pkgutil.iter_modules(__path__, f"{__name__}."):
    importlib.import_module(_module.name)
