"""The fan chart."""

from __future__ import annotations

import numpy as np
from seqgen_forecast.display import ForecastDisplay, chart
from seqgen_forecast.prediction import with_quantiles
from seqgen_forecast.window import Window
from some_series import daily_wave

WINDOW = Window(daily_wave(48), 0, 48, name="load in $", start="2024-01-01", step=3600)
FORECAST = with_quantiles(WINDOW, daily_wave(24) + np.random.default_rng(0).normal(size=(100, 24)))


def test_the_chart_has_the_history_the_median_and_four_bands():
    axes = chart(FORECAST).axes[0]
    assert [line.get_label() for line in axes.lines] == ["history", "median"]
    assert axes.lines[1].get_xdata().tolist() == list(range(48, 72))
    assert len(axes.collections) == 4


def test_a_sample_shows_what_was_drawn(tmp_path):
    axes = chart(Window(daily_wave(30), 0, 24)).axes[0]
    assert [line.get_label() for line in axes.lines] == ["history", "drawn"]
    assert ForecastDisplay().render(FORECAST, "png", tmp_path / "a").read_bytes().startswith(b"\x89PNG")
