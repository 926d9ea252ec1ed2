"""The models that the studio offers: those in the folder that it was given, and those that come with seqgen."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqgen.contract.capabilities import Display
from seqgen.contract.domain import Domain
from seqgen.contract.plugin_identity import cause
from seqgen.errors import BundleError, UnknownName, UsageError
from seqgen.models.bundle import CONFIG_FILE, SETTINGS_FILE, model_folder, pretrained_names, read_bundle

if TYPE_CHECKING:
    from seqgen.workflows.trained_model import TrainedModel

MAX_MODELS = 200
MAX_LOADED = 2
"""How many models are kept in memory."""


@dataclass(frozen=True)
class ModelPlace:
    """A model that the studio offers.

    key:  what requests call it; made by the server
    name: what people call it
    path: its run or its bundle
    """

    key: str
    name: str
    path: Path

    @property
    def is_run(self) -> bool:
        """Whether it is a run, whose training can be followed."""
        return (self.path / SETTINGS_FILE).is_file()


def find_models(folder: Path | None) -> list[ModelPlace]:
    """Returns the models in a folder, which may be one itself, and those that come with seqgen, the given ones first.

    Raises BundleError if there is none in the folder.
    """
    found: list[tuple[str, Path]] = []
    if folder is not None:
        folder = model_folder(folder)
        candidates = [folder, *(sorted(folder.iterdir())[:MAX_MODELS] if folder.is_dir() else [])]
        found = [(os.fsdecode(os.fsencode(path.name)), path) for path in candidates if _is_model(path)]
        if folder in [path for _, path in found]:
            found = [(name, path) for name, path in found if path == folder]
        if not found:
            read_bundle(folder)  # says what is wrong with it
            raise BundleError(f"{folder} holds no trained model; give the folder that 'seqgen train' made.")
    known = {path.resolve() for _, path in found}
    own = [(name, model_folder(name)) for name in pretrained_names()]
    found += [(name, path) for name, path in own if path.resolve() not in known]
    return [ModelPlace(str(number), name, path) for number, (name, path) in enumerate(found)]


def _is_model(path: Path) -> bool:
    has_bundle = any((path / part / CONFIG_FILE).is_file() for part in ("", "bundle"))
    return has_bundle or (path / SETTINGS_FILE).is_file()


class ModelShelf:
    """Loads models when they are needed. Only the worker loads; any thread may ask what is known of a model."""

    def __init__(self, places: Sequence[ModelPlace]) -> None:
        self.places = {place.key: place for place in places}
        self._domains: dict[str, Domain[Any]] = {}
        self._loaded: dict[str, tuple[float, TrainedModel]] = {}
        self.ready: set[str] = set()
        """The keys of the models that are loaded and compiled, so that they draw at once."""

    def place(self, key: str) -> ModelPlace:
        """Returns the place of a model. Raises UnknownName."""
        if key not in self.places:
            raise UnknownName("model", key, self.places)
        return self.places[key]

    def domain(self, key: str) -> Domain[Any]:
        """Returns the domain of a model, which needs no TensorFlow. Raises BundleError, PluginError."""
        if key not in self._domains:
            bundle = read_bundle(self.place(key).path)
            self._domains[key] = bundle.domain.make_domain(f"{bundle.path} was trained", BundleError)
        return self._domains[key]

    def load(self, key: str) -> TrainedModel:
        """Returns a model. One that was trained on since it was loaded is loaded again. Raises BundleError."""
        from seqgen.workflows.load import load

        place = self.place(key)
        written = _time_of(place.path)
        if key not in self._loaded or self._loaded[key][0] != written:
            self._loaded.pop(key, None)
            while len(self._loaded) >= MAX_LOADED:
                oldest = next(iter(self._loaded))
                del self._loaded[oldest]
                self.ready.discard(oldest)
            self._loaded[key] = written, load(place.path)
            self._domains[key] = self._loaded[key][1].domain
        return self._loaded[key][1]

    def describe(self, key: str) -> dict[str, Any]:
        """Returns what a page needs to know of a model as JSON values: its domain, its constraints, what it can do."""
        place = self.place(key)
        about: dict[str, Any] = {"key": key, "name": place.name, "is_run": place.is_run, "error": ""}
        try:
            domain = self.domain(key)
        except (BundleError, UsageError) as error:
            return {**about, "error": str(error)}
        except Exception as error:
            return {**about, "error": f"The plugin of this model fails with {cause(error)}."}
        display = domain.display or Display()
        return {
            **about,
            "domain": domain.name,
            "unit": domain.unit,
            "is_ready": key in self.ready,
            "is_music": display.offers("piano_roll"),
            "streams_text": domain.prompting.offers("stream_text"),
            "reads_text": domain.prompting.offers("from_text"),
            "needs_prompt": domain.prompting.needs_prompt,
            "constraints": domain.Constraints.model_json_schema(),
            "recommended": dict(domain.defaults.constraints({})) if domain.defaults else {},
            "reads": list(domain.reads),
            "downloads": downloads(domain),
        }


def downloads(domain: Domain[Any]) -> list[str]:
    """Returns the endings of the files that a take can become. "" is the domain's own file."""
    return ["", *(domain.display.renderings if domain.display else ())]


def _time_of(path: Path) -> float:
    """Returns when the weights of a model were written."""
    for part in ("bundle", ""):
        file = path / part / CONFIG_FILE
        if file.is_file():
            return file.stat().st_mtime
    return 0.0
