"""Seasons of a regular time grid, and the phase of a time stamp within them."""

from __future__ import annotations

import pandas as pd

HOUR, DAY, WEEK = 3600, 86400, 604800
MONTH_DAYS, QUARTER_DAYS, YEAR_DAYS = (28, 31), (89, 92), (360, 366)
"""The fewest and the most days between two time stamps of monthly, quarterly and yearly series."""
MIN_STEP = 300
"""Seconds. Finer series have too many steps a day for a season."""


def season_of(step: float) -> int:
    """Returns how many steps of `step` seconds make a season: a day, a week or a year; 1 if there is none."""
    days = step / DAY
    if MIN_STEP <= step < DAY and DAY % step == 0:
        return round(DAY / step)
    if step == DAY:
        return 7
    if step == WEEK:
        return 52
    if MONTH_DAYS[0] <= days <= MONTH_DAYS[1]:
        return 12
    if QUARTER_DAYS[0] <= days <= QUARTER_DAYS[1]:
        return 4
    return 1


def has_week(step: float) -> bool:
    """Whether days of the week are a second season, because a season is a day."""
    return MIN_STEP <= step < DAY and DAY % step == 0


def phase_of(start: pd.Timestamp, step: float) -> int:
    """Returns the phase of a time stamp: its step within the week, or else within the season."""
    if has_week(step):
        step_of_day = int((start - start.normalize()).total_seconds() // step)
        return step_of_day + season_of(step) * int(start.dayofweek)
    if step == DAY:
        return int(start.dayofweek)
    if step == WEEK:
        return min((int(start.dayofyear) - 1) // 7, 51)
    return {12: int(start.month) - 1, 4: int(start.quarter) - 1}.get(season_of(step), 0)


def advance(start: pd.Timestamp, step: float, steps: int) -> pd.Timestamp:
    """Returns the time stamp so many steps later. Months and quarters have their true lengths."""
    season = season_of(step)
    if season in (12, 4):
        return start + pd.DateOffset(months=steps * (12 // season))
    if YEAR_DAYS[0] <= step / DAY <= YEAR_DAYS[1]:
        return start + pd.DateOffset(years=steps)
    return start + pd.Timedelta(seconds=step * steps)
