"""Infers the season from the step of the series, unless it was set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seqgen import SettingsInference, UnusableFile
from seqgen_forecast.calendars import has_week, season_of
from seqgen_forecast.series import Series, read_series
from seqgen_forecast.settings import ForecastSettings
from seqgen_forecast.window import Window


class SeasonInference(SettingsInference[Window]):
    """The commonest step of the files decides: hours have a day and a week, months have a year."""

    def __init__(self, settings: ForecastSettings) -> None:
        self.settings = settings

    def is_needed(self) -> bool:
        return self.settings.season is None

    def inspect(self, path: Path) -> Any:
        for part in read_series(path, self.settings):
            if isinstance(part, Series):
                return part.step
        raise UnusableFile("no series")

    def infer(self, findings: Sequence[Any]) -> ForecastSettings:
        step = Counter(findings).most_common(1)[0][0]
        week = has_week(step) if self.settings.week is None else self.settings.week
        return self.settings.model_copy(update={"season": season_of(step), "week": week})
