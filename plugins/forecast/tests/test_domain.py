"""The domain keeps the laws of the contract, and a model learns a daily wave."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from seqgen_forecast.domain import ForecastDomain, continued
from seqgen_forecast.settings import ForecastConstraints
from seqgen_forecast.tokens import value_tokens
from seqgen_forecast.window import Window, last_window
from some_series import HOURLY, daily_wave, hourly_table, series, written

import seqgen
from seqgen import Record, Remark
from seqgen.contract.testing import check_domain

DOMAIN = ForecastDomain(HOURLY)


def test_laws(tmp_path):
    check_domain(DOMAIN, files=[written(hourly_table(24 * 12), tmp_path / "a.csv")])


def test_a_series_that_is_too_short_is_counted(tmp_path):
    remarks = list(DOMAIN.read(written(hourly_table(20), tmp_path / "a.csv")))
    assert remarks == [Remark("a series that is no longer than the horizon", dropped=True)] * 2


def test_missing_values_and_the_phase_are_given():
    values = daily_wave(30)
    values[3] = np.nan
    window = last_window(series(values), HOURLY)
    weights = DOMAIN.encode(window).weights
    assert np.flatnonzero(weights == 0).tolist() == [0, 1, 5, 32]


def test_windows_of_one_stretch_of_time_stay_together(tmp_path):
    records = list(DOMAIN.read(written(hourly_table(24 * 12), tmp_path / "a.csv")))
    assert {DOMAIN.deduplication.group(record) for record in records} == {0}


@pytest.mark.parametrize("steps", [1, 5])
def test_so_many_steps_as_asked_for_are_drawn(steps):
    window = last_window(series(daily_wave(40)), HOURLY)
    prompt = DOMAIN.prompting.prompt(window, ForecastConstraints(steps=steps))
    drawn = prompt.grammar.walk(np.random.default_rng(0), 1000, prompt.ids)
    assert value_tokens(168)[drawn].sum() == 40 + steps


def test_a_continuation_has_the_units_and_the_times_of_its_prompt():
    prompt = last_window(series([10.0, 30.0, 10.0, 30.0]), HOURLY)
    drawn = Window(np.array([-1, 1, -1, 1, 0.0]), prompt.phase, 4)
    whole = continued(prompt, drawn, with_prompt=True)
    assert whole.values.tolist() == [10, 30, 10, 30, 20]
    rest = continued(prompt, Window(np.array([0.0]), 4, 0), with_prompt=False)
    assert (rest.values.tolist(), rest.start) == ([20], "2024-01-01 04:00:00")


def test_a_history_is_needed_and_is_the_given_part_of_a_window():
    assert DOMAIN.prompting.needs_prompt
    window = Window(np.array([1.0, 2, 3]), 0, 2, "load", "2024-01-01 00:00:00", 3600)
    given = DOMAIN.prompting.given_part(Record(Window(np.zeros(3), 0, 0), window.metadata()))
    assert (given.values.tolist(), given.name) == ([1, 2], "load")


def test_a_csv_has_the_history_and_the_quantiles(tmp_path):
    window = Window(np.array([1, np.nan]), 0, 2, start="2024-01-01", step=3600, quantiles={"0.5": np.array([3.5])})
    [path] = DOMAIN.write(window, tmp_path / "a")
    assert list(csv.reader(path.open())) == [
        ["time", "value", "0.5"], ["2024-01-01 00:00:00", "1", ""], ["2024-01-01 01:00:00", "", ""],
        ["2024-01-01 02:00:00", "", "3.5"],
    ]  # fmt: skip


def test_a_model_learns_a_daily_wave(tmp_path):
    source = written(hourly_table(24 * 150), tmp_path / "a.csv")
    trained = seqgen.train(
        [source],
        tmp_path / "run",
        domain="forecast",
        steps=150,
        size="tiny",
        settings={"learning_rate": 0.01, "batch_size": 8},
    )
    [answer, _] = trained.predict(source)
    truth = daily_wave(24 * 151, noise=0)[-24:]
    error = np.abs(np.array(answer.values["quantiles"]["0.5"]) - truth).mean()
    assert error < 0.25 * np.abs(truth - truth.mean()).mean()
