"""Checkpoints: everything that training needs to go on, in one file that is written whole or not at all.

A checkpoint is a safetensors file whose metadata holds the step and the record of the training loop as JSON. The newest
two are kept: if the newest one cannot be read, the one before it is used. The last one that the loop calls good is kept
too, in case training goes wrong after it.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from seqgen.atomic import atomic_write

NUM_KEPT = 2


class Checkpoint(NamedTuple):
    """The content of a checkpoint: arrays by name, and the record of the loop (JSON values), with at least `step`."""

    tensors: dict[str, np.ndarray]
    record: dict[str, Any]


def save_checkpoint(
    folder: Path, tensors: dict[str, np.ndarray], record: dict[str, Any], good_steps: Collection[int | None] = ()
) -> Path:
    """Writes `step-N.safetensors` in `folder`, and removes all checkpoints but the newest two and those of good steps.

    Raises OutputError.
    """
    path = checkpoint_path(folder, record["step"])
    content = save(tensors, metadata={"record": json.dumps(record)})
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)
    kept = {checkpoint_path(folder, step) for step in good_steps if step is not None}
    for old in sorted(folder.glob("step-*.safetensors"))[:-NUM_KEPT]:
        if old not in kept:
            old.unlink(missing_ok=True)
    return path


def checkpoint_path(folder: Path, step: int) -> Path:
    """Returns the path of the checkpoint of a step."""
    return folder / f"step-{step:010}.safetensors"


def newest_checkpoint(folder: Path) -> Checkpoint | None:
    """Returns the newest checkpoint in `folder` that can be read, or None."""
    for path in sorted(folder.glob("step-*.safetensors"), reverse=True):
        if checkpoint := read_checkpoint(path):
            return checkpoint
    return None


def read_checkpoint(path: Path) -> Checkpoint | None:
    """Returns the checkpoint in a file, or None if the file is missing or damaged."""
    try:
        with safe_open(str(path), framework="numpy") as file:
            record = json.loads(file.metadata()["record"])
            return Checkpoint({name: file.get_tensor(name) for name in file.keys()}, record)  # noqa: SIM118
    except (SafetensorError, OSError, KeyError, TypeError, ValueError):
        return None
