"""Windows: their scale, their blocks of time, and what comes back from metadata."""

from __future__ import annotations

import numpy as np
from seqgen_forecast.calendars import DAY
from seqgen_forecast.window import Window, last_window, training_windows, window_of
from some_series import DAILY, daily_wave, series


def test_a_window_is_scaled_by_its_history_alone():
    window = window_of(series([1, 3, 1, 3, 100]), 0, 5, 4, 1)
    assert window.scaled.tolist() == [-1, 1, -1, 1, 98]


def test_a_constant_series_is_scaled_by_one():
    window = window_of(series([7, 7, 7, 7, 8]), 0, 5, 4, 1)
    assert window.scaled.tolist() == [0, 0, 0, 0, 1]


def test_no_value_is_in_windows_of_two_blocks():
    values = np.arange(1000)
    blocks: dict[float, set[int]] = {}
    for window, block in training_windows(series(values, step=DAY), DAILY):
        assert len(window.values) == 28
        for value in window.values:
            blocks.setdefault(value, set()).add(block)
    assert all(len(numbers) == 1 for numbers in blocks.values())
    assert len(set.union(*blocks.values())) > 3


def test_a_short_series_gives_one_window_and_a_shorter_one_none():
    [(window, _)] = training_windows(series(np.arange(20), step=DAY), DAILY)
    assert (len(window.values), window.history) == (20, 13)
    assert list(training_windows(series(np.arange(7), step=DAY), DAILY)) == []


def test_the_last_window_has_the_phase_of_its_own_start():
    window = last_window(series(np.arange(30), start="2024-01-01", step=DAY), DAILY)
    assert (window.history, window.values[0], window.phase) == (21, 9, 2)
    assert window.start == "2024-01-10 00:00:00"


def test_metadata_bring_untouched_values_back():
    window = window_of(series([1.25, np.nan, 1e6]), 0, 3, 2, 1)
    again = Window(np.zeros(3), 0, 2).with_metadata(window.metadata())
    np.testing.assert_array_equal(again.values, window.values)
    assert (again.name, again.start, again.scale) == (window.name, window.start, window.scale)


def test_times_go_on_into_the_forecast():
    window = Window(daily_wave(2), 0, 2, start="2024-02-28 23:00:00", step=3600, quantiles={"0.5": np.zeros(1)})
    assert window.times == ["2024-02-28 23:00:00", "2024-02-29 00:00:00", "2024-02-29 01:00:00"]
    assert Window(daily_wave(2), 0, 2).times == ["0", "1"]
