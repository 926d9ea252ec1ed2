"""Seasons of a regular time grid, and the phase of a time stamp within them."""

from __future__ import annotations

import calendar
from datetime import datetime, timedelta

HOUR, DAY, WEEK = 3600, 86400, 604800
MONTH_DAYS, QUARTER_DAYS, YEAR_DAYS = (28, 31), (89, 92), (360, 366)
"""The fewest and the most days between two time stamps of monthly, quarterly and yearly series."""
MIN_STEP = 300
"""Seconds. Finer series have too many steps a day for a season."""


def season_of(step: float) -> int:
    """Returns how many steps of `step` seconds make a season: a day, a week or a year; 1 if there is none."""
    if has_week(step):
        return round(DAY / step)
    if step == DAY:
        return 7
    if step == WEEK:
        return 52
    return {1: 12, 3: 4}.get(months_of(step), 1)


def months_of(step: float) -> int:
    """Returns how many months a step is: 1, 3 or 12, or 0 if it is a fixed number of seconds."""
    for months, (fewest, most) in ((1, MONTH_DAYS), (3, QUARTER_DAYS), (12, YEAR_DAYS)):
        if fewest <= step / DAY <= most:
            return months
    return 0


def has_week(step: float) -> bool:
    """Whether days of the week are a second season, because a season is a day."""
    return MIN_STEP <= step < DAY and DAY % step == 0


def phase_of(start: datetime, step: float) -> int:
    """Returns the phase of a time stamp: its step within the week, or else within the season."""
    if has_week(step):
        midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
        return int((start - midnight).total_seconds() // step) + season_of(step) * start.weekday()
    if step == DAY:
        return start.weekday()
    if step == WEEK:
        return min((start.timetuple().tm_yday - 1) // 7, 51)
    return {1: start.month - 1, 3: (start.month - 1) // 3}.get(months_of(step), 0)


def advance(start: datetime, step: float, steps: int) -> datetime:
    """Returns the time stamp so many steps later. Months, quarters and years have their true lengths."""
    months = months_of(step)
    if not months:
        return start + timedelta(seconds=step * steps)
    years, month = divmod(start.month - 1 + months * steps, 12)
    year = start.year + years
    return start.replace(year=year, month=month + 1, day=min(start.day, calendar.monthrange(year, month + 1)[1]))
