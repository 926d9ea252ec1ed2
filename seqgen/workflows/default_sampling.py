"""The sampling options that a domain recommends."""

from __future__ import annotations

import dataclasses
from typing import Any

from seqgen.contract.capabilities import Defaults
from seqgen.contract.domain import Domain
from seqgen.engine.decoding.sampling_options import SamplingOptions
from seqgen.errors import InvalidValue, PluginError


def sampling_options(domain: Domain[Any], **chosen: Any) -> SamplingOptions:
    """Returns the options that the domain recommends, with those that are `chosen` in their place.

    Raises InvalidValue for a chosen value, and PluginError for wrong recommendations.
    """
    recommended: dict[str, Any] = dict((domain.defaults or Defaults()).sampling())
    try:
        default = SamplingOptions(**recommended)
    except (InvalidValue, TypeError) as error:
        raise PluginError(
            f"The default sampling of the domain {domain.name!r} is wrong: {error} The plugin must change it."
        ) from error
    return dataclasses.replace(default, **chosen)
