"""Forecasts are quantiles of sampled futures, in the units of the series."""

from __future__ import annotations

import json

import numpy as np
import pytest
from seqgen_forecast.calendars import DAY
from seqgen_forecast.domain import ForecastDomain
from seqgen_forecast.prediction import NUM_FUTURES, with_quantiles
from seqgen_forecast.tokens import FIRST_BIN, FIRST_PHASE, tokens_of
from seqgen_forecast.window import Window, last_window
from some_series import DAILY, daily_wave, series

from seqgen import BOS, Record

DOMAIN = ForecastDomain(DAILY)


class RepeatingOracle:
    """Answers with the value of a season ago, for every future."""

    def generate_each(self, prompts, count, *, max_new_tokens, seed):
        documents = []
        for prompt in prompts:
            ids = list(prompt.ids)
            for _ in range(max_new_tokens):
                ids.append(ids[-DAILY.season])
            documents.append([np.array(ids)] * count)
        return documents


def record(values: np.ndarray) -> Record[Window]:
    return DOMAIN.record(last_window(series(values, step=DAY), DAILY))


def test_a_forecast_is_in_the_units_of_the_series_with_its_time_stamps():
    weeks = np.tile([1000.0, 2000, 3000, 4000, 5000, 6000, 9000], 4)
    [answer] = DOMAIN.prediction.predict([record(weeks)], RepeatingOracle())
    assert answer.values["series"] == "load"
    assert answer.values["times"][0] == "2024-01-29 00:00:00"
    np.testing.assert_allclose(answer.values["quantiles"]["0.5"], weeks[:7], rtol=0.15)
    assert json.loads(json.dumps(answer.values)) == answer.values
    assert len(answer.text.splitlines()) == 8


def test_a_constant_series_is_forecast_as_constant():
    [answer] = DOMAIN.prediction.predict([record(np.full(30, 7.0))], RepeatingOracle())
    np.testing.assert_allclose(answer.values["quantiles"]["0.5"], 7, atol=0.1)


def test_values_are_spread_over_their_bin():
    window = last_window(series(daily_wave(40), step=DAY), DAILY)
    [futures] = DOMAIN.prediction.futures([window], RepeatingOracle())
    assert futures.shape == (NUM_FUTURES, 7)
    assert np.ptp(futures[:, 0]) == pytest.approx(window.scale / 8, rel=0.1)


def test_a_short_history_is_a_shorter_prompt():
    window = last_window(series([1.0, 2.0, 3.0], step=DAY), DAILY)
    prompt = DOMAIN.prompting.prompt(window)
    assert prompt.ids.tolist() == [BOS, FIRST_PHASE, *tokens_of(window.scaled)]
    document = prompt.grammar.walk(np.random.default_rng(0), 100, prompt.ids)
    assert (document >= FIRST_BIN).sum() - 1 <= 3 + DAILY.horizon


def test_quantiles_rise():
    futures = np.random.default_rng(0).normal(size=(50, 3))
    rows = np.stack(list(with_quantiles(Window(daily_wave(5), 0, 5), futures).quantiles.values()))
    assert (np.diff(rows, axis=0) >= 0).all()
