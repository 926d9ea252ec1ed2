"""Loads a trained model: the bundle on disk, and its domain, made by the plugin that the bundle names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from seqgen.contract.capabilities import Prediction
from seqgen.contract.renderers import with_renderers
from seqgen.errors import BundleError, UsageError
from seqgen.models.bundle import read_bundle

if TYPE_CHECKING:
    from seqgen.engine.decoding.decoder import Precision
    from seqgen.workflows.trained_model import TrainedModel


def load(path: Path | str, precision: Precision = "float32") -> TrainedModel:
    """Returns the model in a run or a bundle, or the model of this name that comes with seqgen.

    precision: of the recurrent layers while sequences are drawn or searched. In "bfloat16", their weights are rounded
               to 8 bits of mantissa, which is faster for many sequences on a processor with instructions for it.
               Prompts are read in float32, documents are scored in it, and so are fewer than four sequences drawn.

    Raises BundleError if the bundle is missing or damaged or does not fit the plugin, PluginError if the plugin is
    missing or broken, and UnknownName if no plugin has the name of the domain.
    """
    bundle = read_bundle(Path(path))
    origin = f"{bundle.path} was trained"
    bundle.domain.check_interface(origin, "train again, or use the seqgen that made it", BundleError)
    domain = with_renderers(bundle.domain.make_domain(origin, BundleError))
    if bundle.domain.calibration:
        try:
            prediction = domain.require(Prediction)
            prediction.calibration = prediction.Calibration.from_mapping(bundle.domain.calibration, "calibration")
        except UsageError as error:
            raise BundleError(bundle.domain.describe_misfit(origin, error)) from error
    # TensorFlow takes seconds to import. Faults of the files are found before.
    from seqgen.workflows.trained_model import TrainedModel

    return TrainedModel(bundle, domain, precision)
