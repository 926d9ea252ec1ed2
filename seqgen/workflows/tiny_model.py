"""Trains a tiny model in a few seconds, to try a domain with: for tests of plugins and for `seqgen check-plugin`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seqgen.workflows.train import train
from seqgen.workflows.trained_model import TrainedModel

STEPS = 30
SETTINGS = {"batch_size": 4, "bptt_length": 32, "num_evaluations": 1}


def tiny_model(name: str, files: Sequence[Path], run: Path, settings: Mapping[str, Any] | None = None) -> TrainedModel:
    """Returns a tiny model of the domain `name`, trained for some steps on files. The run is a new folder.

    Raises what `seqgen.train` raises.
    """
    chosen = {**SETTINGS, **(settings or {})}
    return train(list(files), run, domain=name, size="tiny", steps=STEPS, settings=chosen)
