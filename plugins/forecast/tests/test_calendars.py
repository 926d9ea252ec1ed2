"""Seasons, phases and steps of time."""

from __future__ import annotations

from datetime import datetime

import pytest
from seqgen_forecast.calendars import DAY, HOUR, WEEK, advance, has_week, phase_of, season_of


@pytest.mark.parametrize(
    ("step", "season", "week"),
    [
        (HOUR, 24, True), (900, 96, True), (DAY, 7, False), (WEEK, 52, False), (30 * DAY, 12, False),
        (31 * DAY, 12, False), (91 * DAY, 4, False), (365 * DAY, 1, False), (7 * HOUR, 1, False), (1, 1, False),
    ],
)  # fmt: skip
def test_the_season_follows_from_the_step(step, season, week):
    assert season_of(step) == season
    assert has_week(step) == week


def test_phases_begin_on_monday_at_midnight_and_in_january():
    assert phase_of(datetime.fromisoformat("2024-01-01 00:00"), HOUR) == 0  # a Monday
    assert phase_of(datetime.fromisoformat("2024-01-02 05:00"), HOUR) == 29
    assert phase_of(datetime.fromisoformat("2024-01-07"), DAY) == 6
    assert phase_of(datetime.fromisoformat("2024-03-31"), 31 * DAY) == 2
    assert phase_of(datetime.fromisoformat("2024-10-01"), 91 * DAY) == 3


def test_months_have_their_true_lengths():
    assert advance(datetime.fromisoformat("2024-01-31"), 31 * DAY, 1) == datetime.fromisoformat("2024-02-29")
    assert advance(datetime.fromisoformat("2024-01-01"), 91 * DAY, 2) == datetime.fromisoformat("2024-07-01")
    assert advance(datetime.fromisoformat("2024-01-01"), 365 * DAY, 3) == datetime.fromisoformat("2027-01-01")
    assert advance(datetime.fromisoformat("2024-01-01 23:00"), HOUR, 2) == datetime.fromisoformat("2024-01-02 01:00")
