"""Checkpoints: everything that training needs to go on, in one file that is written whole or not at all.

A checkpoint is a file of arrays with a checksum. Its metadata hold the step and the record of the training loop as
JSON. The newest two are kept: if the newest one cannot be read, the one before it is used, with a warning. The last one
that the loop calls good is kept too, in case training goes wrong after it.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from seqgen.errors import SeqgenWarning, TrainingError
from seqgen.files import atomic_write
from seqgen.files.stored_files import StoredFileError, validated
from seqgen.files.tensor_file import read_tensors, tensor_file_content

NUM_KEPT = 2
PATTERN = "step-*.safetensors"


class LoopRecord(BaseModel):
    """Where the training loop stands.

    step:      the number of steps that were made
    good_step: the step of the checkpoint to roll back to
    budget:    the steps and the seconds of the budget
    seconds:   how long the run has trained
    workers:   the number of workers that trained
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    step: int = Field(ge=0)
    rollbacks: int = Field(default=0, ge=0)
    good_step: int | None = None
    budget: tuple[int | None, float | None] = Field(default=(None, None), strict=False)
    evaluations_done: int = Field(default=0, ge=0)
    best_nats: float | None = None
    last_nats: float | None = None
    evaluations_without_improvement: int = Field(default=0, ge=0)
    stop_reason: str | None = None
    loss_sum: float = 0.0
    loss_steps: int = Field(default=0, ge=0)
    seconds: float = Field(default=0.0, ge=0)
    workers: int = Field(default=1, ge=1)


class Checkpoint(NamedTuple):
    """The content of a checkpoint: arrays by name, and the record of the loop."""

    tensors: dict[str, np.ndarray]
    record: LoopRecord


def save_checkpoint(
    folder: Path, tensors: dict[str, np.ndarray], record: LoopRecord, good_steps: Collection[int | None] = ()
) -> Path:
    """Writes `step-N.safetensors` in `folder`, and removes all checkpoints but the newest two and those of good steps.

    Raises OutputError.
    """
    path = checkpoint_path(folder, record.step)
    content = tensor_file_content(tensors, {"record": json.dumps(record.model_dump())})
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)
    kept = {checkpoint_path(folder, step) for step in good_steps if step is not None}
    for old in sorted(folder.glob(PATTERN))[:-NUM_KEPT]:
        if old not in kept:
            old.unlink(missing_ok=True)
    return path


def checkpoint_path(folder: Path, step: int) -> Path:
    """Returns the path of the checkpoint of a step."""
    return folder / f"step-{step:010}.safetensors"


def newest_checkpoint(folder: Path) -> Checkpoint | None:
    """Returns the newest checkpoint in `folder` that can be read, or None if there is no checkpoint.

    Warns of each newer one that cannot be read. Raises TrainingError if there are checkpoints and none can be read.
    """
    faults = []
    for path in sorted(folder.glob(PATTERN), reverse=True):
        try:
            checkpoint = read_checkpoint(path)
        except StoredFileError as error:
            faults.append(f"{path} cannot be used ({error})")
            continue
        for fault in faults:
            warnings.warn(f"{fault}; training goes on from step {checkpoint.record.step}.", SeqgenWarning, stacklevel=2)
        return checkpoint
    if faults:
        raise TrainingError(
            f"{faults[0]}, and no other checkpoint can be read; the bundle of the run is kept as it is: restore the "
            "checkpoints from a copy, or train in another folder, with --from to begin with these weights."
        )
    return None


def read_checkpoint(path: Path) -> Checkpoint:
    """Returns the checkpoint in a file. Raises StoredFileError if it is missing, damaged or incomplete."""
    tensors, metadata = read_tensors(path)
    try:
        record = json.loads(metadata.get("record", ""))
    except (ValueError, RecursionError) as error:
        raise StoredFileError("it holds no record of the training") from error
    return Checkpoint(tensors, validated(LoopRecord, record))
