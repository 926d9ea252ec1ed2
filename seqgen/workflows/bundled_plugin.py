"""What comes with seqgen through its own hooks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pluggy

from seqgen.contract.hooks import SamplingFilter, TrainCallback

PACKAGE = Path(__file__).parents[1]
hookimpl = pluggy.HookimplMarker("seqgen")


@hookimpl
def seqgen_recipes() -> list[Path]:
    """Returns the folder `corpora`: inside the package if it is installed, beside it in a checkout."""
    inside = PACKAGE / "corpora"
    return [inside if inside.is_dir() else PACKAGE.parent / "corpora"]


@hookimpl
def seqgen_train_callbacks(run: Path, step: int, settings: Mapping[str, Any]) -> list[TrainCallback]:
    """Returns the log of the run, and early stopping."""
    from seqgen.engine.training.callback import EarlyStopping
    from seqgen.engine.training.run_log import RunLog

    return [RunLog(run, after_step=step), EarlyStopping(settings["early_stopping_patience"])]


@hookimpl
def seqgen_filters() -> list[SamplingFilter]:
    """Returns locally typical sampling."""
    from seqgen.engine.decoding.typical_sampling import keep_typical

    return [SamplingFilter("typical", keep_typical, minimum=0, maximum=1)]
