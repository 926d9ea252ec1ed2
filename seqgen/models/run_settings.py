"""The settings of a run: settings.json in its folder. They are checked when they are written and when they are read."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from seqgen.contract.domain import Domain
from seqgen.contract.options import Options
from seqgen.engine.settings import SIZES, ModelSettings, TrainingSettings
from seqgen.engine.training.progress import TrainingBudget
from seqgen.errors import CorpusError, InvalidValue, PluginError, TrainingError, UnknownName, UsageError
from seqgen.files import write_text
from seqgen.files.stored_files import MissingFile, StoredFileError, read_json, shorten, validated
from seqgen.models.bundle import SETTINGS_FILE, model_folder

DEFAULT_MINUTES = 10.0
DEFAULT_SIZE = "small"
ENGINE_SETTINGS: dict[str, type[BaseModel]] = {"model": ModelSettings, "training": TrainingSettings}
"""The settings of the engine, by the prefix that names them in `--set model.dropout=0.1`."""


class RunSettings(BaseModel):
    """Everything that a run depends on, except the corpus itself.

    size:      the name of the model's size
    steps:     how many steps to train, or None if `seconds` limits the run
    seconds:   how long to train, or None if `steps` limits the run
    corpus:    the folder of the corpus; relative to the run if it is inside, so that a run can be moved
    corpus_checksum: the SHA-256 of its manifest
    sources, valid, test: the files, folders or the recipe that the call which began the run named
    init_from: the trained model whose weights the run began with; not needed after the first checkpoint
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    size: str
    model: ModelSettings
    training: TrainingSettings
    steps: int | None = Field(default=None, ge=1)
    seconds: float | None = Field(default=None, gt=0)
    corpus: str
    corpus_checksum: str
    sources: list[str]
    valid: list[str]
    test: list[str]
    init_from: str | None = None

    @property
    def budget(self) -> TrainingBudget:
        return TrainingBudget(self.steps, self.seconds)

    def write(self, run: Path) -> None:
        """Writes the settings to a run's folder. Raises OutputError."""
        # A path can contain bytes that are not UTF-8, which pydantic's own JSON does not write.
        write_text(run / SETTINGS_FILE, json.dumps(self.model_dump(), indent=1))

    @classmethod
    def read(cls, run: Path) -> RunSettings:
        """Reads the settings of a run. Raises CorpusError if there is no run, TrainingError if they are damaged."""
        try:
            return validated(cls, read_json(run / SETTINGS_FILE))
        except MissingFile:
            raise CorpusError(f"{run} is no run; give the folder that 'seqgen train' made.") from None
        except StoredFileError as error:
            raise TrainingError(f"{run / SETTINGS_FILE} is damaged ({error}); train in another folder.") from error

    def check_unchanged(
        self, run: Path, requested: Mapping[str, Any], size: str | None, domain_settings: Mapping[str, Any]
    ) -> None:
        """Raises UsageError if a call that resumes the run requests other settings or another size.

        A setting that the domain and the engine both have is that of the domain.
        """
        current = {**self.model.model_dump(), **self.training.model_dump(), "size": self.size, **domain_settings}
        for key, value in {**requested, **({"size": size} if size else {})}.items():
            if key not in current:
                raise UnknownName("setting", key, current)
            if value != current[key]:
                raise UsageError(
                    f"{run} began with {key}={current[key]}, not {value}; train in another folder to change it."
                )

    def check_sources(
        self, run: Path, sources: Sequence[Path | str], valid: Sequence[Path | str], test: Sequence[Path | str]
    ) -> None:
        """Raises UsageError if a call that resumes the run names other sources. It may name none."""
        for option, named, current in (
            ("sources", sources, self.sources),
            ("--valid", valid, self.valid),
            ("--test", test, self.test),
        ):
            if named and named_sources(named) != current:
                began = ", ".join(map(shorten, current[:3])) + (" …" if len(current) > 3 else "") or "none"
                raise UsageError(
                    f"{run} began with other {option} ({began}); leave them out to go on, or train in another folder."
                )

    def check_init_from(self, run: Path, init_from: Path | str | None) -> None:
        """Raises UsageError if a call that resumes the run names another model to start from."""
        if init_from is not None and resolve_model(init_from) != self.init_from:
            raise UsageError(f"{run} did not begin with {init_from}; leave out --from, or train in another folder.")


def named_sources(sources: Sequence[Path | str]) -> list[str]:
    """Returns absolute paths of files and folders. A name without a file, such as that of a recipe, stays as it is."""
    return [str(Path(source).resolve()) if Path(source).exists() else str(source) for source in sources]


def resolve_model(path: Path | str | None) -> str | None:
    """Returns the absolute path of a trained model, which the user may have named."""
    return None if path is None else str(model_folder(path).resolve())


def budget_settings(minutes: float | None, steps: int | None) -> dict[str, Any]:
    """Returns `steps` and `seconds` for RunSettings. Raises UsageError if both are given, and InvalidValue."""
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


def parse_settings(settings: Mapping[str, Any], domain: type[Options]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns checked and typed settings: those of the domain, and those of model and training.

    A setting that a domain and the engine both have is that of the domain. The prefixes `domain.`, `model.` and
    `training.` say which one is meant. Raises UnknownName and InvalidValue.
    """
    of_domain: dict[str, Any] = {}
    of_engine: dict[str, dict[str, Any]] = {prefix: {} for prefix in ENGINE_SETTINGS}
    for key, value in settings.items():
        prefix, dot, name = key.partition(".")
        has_prefix = bool(dot) and prefix in ("domain", *ENGINE_SETTINGS)
        name = name if has_prefix else key
        kinds = [prefix] if has_prefix else ["domain", *ENGINE_SETTINGS]
        if "domain" in kinds and domain.has_option(name):
            of_domain[name] = value
            continue
        owner = next((kind for kind in kinds if kind != "domain" and name in ENGINE_SETTINGS[kind].model_fields), None)
        if owner is None:
            names = {
                "domain": domain.model_fields,
                **{one: ENGINE_SETTINGS[one].model_fields for one in ENGINE_SETTINGS},
            }
            raise UnknownName("setting", name, {known for kind in kinds for known in names[kind]})
        of_engine[owner][name] = value
    parsed = domain.from_mapping(of_domain).model_dump(mode="json", include=set(of_domain))
    parsed_engine: dict[str, Any] = {}
    for prefix, part in of_engine.items():
        parsed_engine |= _parse(ENGINE_SETTINGS[prefix], part).model_dump(include=set(part))
    return parsed, parsed_engine


def new_run_settings(
    settings: Mapping[str, Any],
    size: str | None,
    pretrained: ModelSettings | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Returns `size`, `model` and `training` for RunSettings. Raises UnknownName if there is no such size.

    settings:   parsed settings of model and training
    defaults:   the same, as the domain recommends them; the size, if one is named, and `settings` change them
    pretrained: the settings of the trained model that the run starts from; the new model has the same
    """
    if size is not None and size not in SIZES and pretrained is None:
        raise UnknownName("size", size, SIZES)
    of_size = SIZES[size] if size else {}
    merged = {**SIZES[DEFAULT_SIZE], **(defaults or {}), **of_size, **settings}
    if pretrained is not None:
        size, merged = size or "that of the model it began with", {**merged, **pretrained.model_dump(), **settings}
    model, training = (
        {key: value for key, value in merged.items() if key in kind.model_fields}
        for kind in (ModelSettings, TrainingSettings)
    )
    return {"size": size or DEFAULT_SIZE, "model": ModelSettings(**model), "training": TrainingSettings(**training)}


def default_settings(domain: Domain[Any]) -> dict[str, Any]:
    """Returns the settings of model and training that a domain recommends. Raises PluginError for wrong ones."""
    recommended = domain.defaults.settings() if domain.defaults else {}
    try:
        return parse_settings(recommended, Options)[1]
    except (UnknownName, InvalidValue) as error:
        raise PluginError(
            f"The default settings of the domain {domain.name!r} are wrong: {error} The plugin must change them."
        ) from error


def _parse(kind: type[BaseModel], values: Mapping[str, Any]) -> BaseModel:
    try:
        return kind(**values)
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidValue(f"{first['loc'][0]} cannot be {first['input']!r}: {first['msg']}.") from error
