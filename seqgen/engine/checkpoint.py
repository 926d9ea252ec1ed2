"""Checkpoints: all that training needs to go on, in one file that is whole or not there.

A checkpoint is a safetensors file whose metadata holds the step and the loop's own record as JSON. The newest two are
kept: if the newest one cannot be read, the one before it serves.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from seqgen.atomic import atomic_write

KEPT = 2


class Checkpoint(NamedTuple):
    """What was saved: arrays by name, and the loop's record (JSON values), which has at least `step`."""

    tensors: dict[str, np.ndarray]
    record: dict[str, Any]


def save_checkpoint(folder: Path, tensors: dict[str, np.ndarray], record: dict[str, Any]) -> Path:
    """Writes `step-N.safetensors` in `folder` and removes all but the newest two. Raises OutputError."""
    path = folder / f"step-{record['step']:010}.safetensors"
    content = save(tensors, metadata={"record": json.dumps(record)})
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)
    for old in sorted(folder.glob("step-*.safetensors"))[:-KEPT]:
        old.unlink(missing_ok=True)
    return path


def newest_checkpoint(folder: Path) -> Checkpoint | None:
    """The newest checkpoint in `folder` that can be read whole, or None."""
    for path in sorted(folder.glob("step-*.safetensors"), reverse=True):
        try:
            with safe_open(str(path), framework="numpy") as file:
                record = json.loads(file.metadata()["record"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError, KeyError, TypeError, ValueError):
            continue
        return Checkpoint(tensors, record)
    return None
