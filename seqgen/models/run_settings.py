"""What a run was asked to be: settings.json in its folder, checked when it is written and again when it is read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from seqgen.atomic import write_text
from seqgen.contract.options import Options
from seqgen.engine.settings import SIZES, ModelSettings, TrainingSettings
from seqgen.engine.training.progress import TrainingBudget
from seqgen.errors import CorpusError, InvalidValue, PluginError, TrainingError, UnknownName, UsageError
from seqgen.models import bundle

DEFAULT_MINUTES = 10.0
NAME = "settings.json"


class RunSettings(BaseModel):
    """Everything that a run depends on but the corpus itself."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    size: str
    model: ModelSettings
    training: TrainingSettings
    steps: int | None = Field(default=None, ge=1)
    seconds: float | None = Field(default=None, gt=0)
    corpus: str
    """The corpus' folder; relative to the run where it lies inside, so that a run can be moved."""
    start: str | None = None
    """The bundle that the run began with; needed until the run's first checkpoint is there."""

    @property
    def budget(self) -> TrainingBudget:
        return TrainingBudget(self.steps, self.seconds)

    def write(self, run: Path) -> None:
        write_text(run / NAME, self.model_dump_json(indent=1))

    @classmethod
    def read(cls, run: Path) -> RunSettings:
        """Raises CorpusError where there is no run, TrainingError where its settings are damaged."""
        try:
            return cls.model_validate_json((run / NAME).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise CorpusError(f"{run} is no run; give the folder that 'seqgen train' made.") from None
        except (OSError, ValueError) as error:
            first = str(error).splitlines()[0]
            raise TrainingError(f"{run / NAME} is damaged ({first}); train in another folder.") from error

    def check_same(self, run: Path, asked: Mapping[str, Any], size: str | None, domain: Mapping[str, Any]) -> None:
        """Raises UsageError when a run that has begun is asked to be another; `domain` are its domain's settings."""
        begun = {**domain, **self.model.model_dump(), **self.training.model_dump(), "size": self.size}
        wanted = {**asked, **({"size": size} if size else {})}
        for key, value in wanted.items():
            if key not in begun:
                raise UnknownName("setting", key, begun)
            if value != begun[key]:
                raise UsageError(
                    f"{run} began with {key}={begun[key]}, not {value}; train in another folder to change it."
                )

    def check_start(self, run: Path, start: Path | str | None) -> None:
        """Raises UsageError when a run that has begun is asked to have begun with another trained model."""
        if start is not None and where(start) != self.start:
            raise UsageError(f"{run} did not begin with {start}; leave out --from, or train in another folder.")


def where(start: Path | str | None) -> str | None:
    """A trained model's folder, however the call wrote it."""
    return None if start is None else str(bundle.folder(start).resolve())


def budget(minutes: float | None, steps: int | None) -> dict[str, Any]:
    """How long to train, as RunSettings has it; raises UsageError when it is said twice, InvalidValue."""
    if minutes is not None and steps is not None:
        raise UsageError("How long to train is said twice; give --minutes or --steps, not both.")
    if steps is not None:
        if steps < 1:
            raise InvalidValue(f"steps cannot be {steps}; it must be at least 1.")
        return {"steps": steps, "seconds": None}
    minutes = DEFAULT_MINUTES if minutes is None else minutes
    if not 0 < minutes < math.inf:
        raise InvalidValue(f"minutes cannot be {minutes}; it must be above 0.")
    return {"steps": None, "seconds": 60 * minutes}


def typed(settings: Mapping[str, Any], domain: type[Options]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Settings given by name, each as the type it has: those of the domain, and those of model and training.

    Raises UnknownName, InvalidValue, and PluginError for a domain whose setting is called as one of the engine's.
    """
    engine = {**ModelSettings.model_fields, **TrainingSettings.model_fields}
    for key in domain.model_fields:
        if key in engine:
            raise PluginError(f"The plugin's setting {key!r} is called as one of the engine's; rename it there.")
    for key in settings:
        if key not in engine and not domain.has_option(key):
            raise UnknownName("setting", key, {*engine, *domain.model_fields})
    own = {key: value for key, value in settings.items() if domain.has_option(key)}
    checked = domain.from_mapping(own).model_dump(mode="json", include=set(own))
    rest: dict[str, Any] = {}
    for kind in (ModelSettings, TrainingSettings):
        mine = {key: value for key, value in settings.items() if key in kind.model_fields}
        rest |= _checked(kind, mine).model_dump(include=set(mine))
    return checked, rest


def new_run(settings: Mapping[str, Any], size: str | None, model: ModelSettings | None = None) -> dict[str, Any]:
    """Size, model and training of a new run from typed engine settings; raises UnknownName for a size.

    With `model`, the settings of a trained one, it is that, and its size stands in its widths alone.
    """
    size = size or ("small" if model is None else "that of the model it began with")
    if model is None and size not in SIZES:
        raise UnknownName("size", size, SIZES)
    shape = SIZES[size] if model is None else model.model_dump()
    parts: dict[str, Any] = {"size": size}
    for name, kind, given in (("model", ModelSettings, shape), ("training", TrainingSettings, {})):
        mine = {key: value for key, value in settings.items() if key in kind.model_fields}
        parts[name] = kind(**{**given, **mine})
    return parts


def _checked(kind: type[BaseModel], values: Mapping[str, Any]) -> BaseModel:
    try:
        return kind(**values)
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidValue(f"{first['loc'][0]} cannot be {first['input']!r}: {first['msg']}.") from error
