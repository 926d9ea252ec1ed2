"""The forecast plugin: time series become tokens, and sampled futures become quantiles."""

from __future__ import annotations

import pluggy

from seqgen_forecast.domain import ForecastDomain

hook = pluggy.HookimplMarker("seqgen")


@hook
def seqgen_domain() -> type[ForecastDomain]:
    """Returns the domain `forecast`."""
    return ForecastDomain
