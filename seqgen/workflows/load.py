"""From a bundle on disk to a trained model in use: its domain is made again, of the plugin that it names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from seqgen.contract.discovery import load_domain
from seqgen.contract.domain import Vocabulary
from seqgen.errors import BundleError, UsageError
from seqgen.models.bundle import read_bundle
from seqgen.workflows.trained import Trained


class _NamedDomain(BaseModel):
    """What domain.json holds."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str
    api_version: int
    settings: dict[str, Any]
    vocabulary: list[str]
    calibration: dict[str, Any] = {}


def load(path: Path | str, *, bundled_only: bool = False) -> Trained:
    """The model in a run or a bundle, ready to sample. Raises BundleError, UnknownName, PluginError."""
    bundle = read_bundle(Path(path))
    try:
        named = _NamedDomain(**bundle.domain)
        vocabulary = Vocabulary(named.vocabulary)
    except (TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise BundleError(
            f"{bundle.path}/domain.json is damaged ({reason}); take it from where it was trained."
        ) from error
    made = load_domain(named.name, bundled_only=bundled_only)
    try:
        settings = made.Settings.from_mapping(named.settings)
        calibration = made.Calibration.from_mapping(named.calibration, "calibration")
    except UsageError as error:
        raise BundleError(f"{bundle.path} does not fit the plugin {named.name!r} that is installed: {error}") from error
    domain = made(settings, vocabulary)
    domain.calibration = calibration
    return Trained(bundle, domain)
