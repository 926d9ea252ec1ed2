"""From a bundle on disk to a trained model in use: its domain is made again, of the plugin that it names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from seqgen.contract.capabilities import Prediction
from seqgen.contract.core import INTERFACE_VERSION
from seqgen.contract.discovery import installed_plugin, load_domain
from seqgen.contract.renderers import with_renderers
from seqgen.contract.vocabulary import Vocabulary
from seqgen.errors import BundleError, UsageError
from seqgen.models.bundle import read_bundle
from seqgen.workflows.trained import Trained


class _NamedDomain(BaseModel):
    """What domain.json holds."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str
    interface_version: int
    plugin: dict[str, str] | None
    settings: dict[str, Any]
    vocabulary: list[str]
    state: dict[str, Any]
    calibration: dict[str, Any] = {}

    @property
    def source(self) -> str:
        """The distribution and version that the model was trained with."""
        return f"{self.plugin['distribution']} {self.plugin['version']}" if self.plugin else f"a plugin {self.name!r}"


def load(path: Path | str) -> Trained:
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
    if named.interface_version != INTERFACE_VERSION:
        raise BundleError(
            f"{bundle.path} was trained with {named.source}, which is written for version {named.interface_version} of "
            f"the plugin interface, this is version {INTERFACE_VERSION}; train again, or use the seqgen that made it."
        )
    made = load_domain(named.name, named.plugin)
    try:
        domain = with_renderers(made(made.Settings.from_mapping(named.settings), vocabulary, named.state))
        if named.calibration:
            prediction = domain.require(Prediction)
            prediction.calibration = prediction.Calibration.from_mapping(named.calibration, "calibration")
    except UsageError as error:
        installed = installed_plugin(named.name) or {"distribution": "no distribution", "version": ""}
        raise BundleError(
            f"{bundle.path} was trained with {named.source} and does not fit {installed['distribution']} "
            f"{installed['version']}, which is installed: {error}"
        ) from error
    return Trained(bundle, domain)
