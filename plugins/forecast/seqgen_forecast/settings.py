"""The settings and the constraints of the domain `forecast`."""

from __future__ import annotations

from pydantic import Field

from seqgen import Options


class ForecastSettings(Options):
    """What can be set when a model is trained."""

    horizon: int = Field(24, ge=1, le=1024, description="how many steps are forecast")
    season: int | None = Field(
        None, ge=1, le=2016, description="steps in a season, such as 24 for hours of the day; inferred if unset"
    )
    week: bool | None = Field(None, description="whether days of the week are a second season; inferred if unset")
    context: int | None = Field(
        None, ge=2, le=8192, description="steps that are read before a forecast; seven seasons if unset"
    )
    stride: int | None = Field(
        None, ge=1, le=8192, description="steps from one training window to the next; the horizon if unset"
    )
    time_column: str | None = Field(None, description="the column of the time stamps; the first that has some if unset")
    series_column: str | None = Field(
        None, description="the column of the series' names in a long table; unset, each column is a series"
    )
    value_column: str | None = Field(None, description="the column of the values; every column of numbers if unset")
    covariates: str = Field(
        "", description="columns of what is known ahead of the values, such as temperature,holiday; separated by commas"
    )
    calendar: bool = Field(False, description="whether the model is told the month and the day of the month")

    @property
    def covariate_columns(self) -> list[str]:
        """Returns the names of the columns of covariates."""
        return [name.strip() for name in self.covariates.split(",") if name.strip()]

    @property
    def seasons(self) -> int:
        """Returns the steps in a season, 1 as long as they are not known."""
        return self.season or 1

    @property
    def phases(self) -> int:
        """Returns how many phases a step can have: those of the week if there is a second season."""
        return self.seasons * (7 if self.week else 1)

    @property
    def history(self) -> int:
        """Returns how many steps are read before a forecast."""
        return self.context or max(7 * self.seasons, 2 * self.horizon)


class ForecastConstraints(Options):
    """What can be asked of a sample."""

    steps: int | None = Field(None, ge=1, le=8192, description="how many steps are drawn; the horizon by default")
