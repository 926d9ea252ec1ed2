"""Reads series with time stamps from CSV and Parquet files, and puts each on a regular grid of time.

pandas is imported inside the functions, because every command imports the plugin and only reading needs pandas.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seqgen import Remark, UnusableFile
from seqgen_forecast.calendars import DAY
from seqgen_forecast.settings import ForecastSettings

if TYPE_CHECKING:
    import pandas as pd

MAX_STEPS = 10_000_000
"""The longest grid of time that one series may span."""
MIN_REGULAR_SHARE = 0.5
"""The share of the distances between time stamps that must be the commonest one."""
CALENDAR_STEP = 27 * DAY
"""Steps of this many seconds or more are months, quarters or years, which differ in length."""


@dataclass(frozen=True, eq=False)
class Series:
    """One series on a regular grid: its name, its first time stamp, the step in seconds, and float64[n] values.

    A value that is missing in the file is NaN. The covariates are float64[n] each, on the same grid.
    """

    name: str
    start: datetime
    step: float
    values: np.ndarray
    covariates: tuple[np.ndarray, ...] = ()


def read_series(path: Path, settings: ForecastSettings) -> Iterator[Series | Remark]:
    """Yields every series of a file, and remarks about what was repaired. Raises UnusableFile."""
    table = read_table(path)
    time_column = settings.time_column or guess_time_column(table)
    if time_column not in table:
        raise UnusableFile(f"no column {time_column!r}; the columns are {', '.join(map(str, table.columns))}")
    times = parse_times(table[time_column])
    unreadable = int(times.isna().sum())
    if unreadable == len(table):
        raise UnusableFile(f"the column {time_column!r} has no time stamps")
    if unreadable:
        yield Remark("a row without a time stamp that can be read", dropped=True, count=unreadable)
    found = False
    for name, columns in columns_of(table.drop(columns=time_column), settings):
        column_times = times.loc[columns.index]
        usable = column_times.notna()
        for part in regular(name, column_times[usable], columns[usable]):
            found |= isinstance(part, Series)
            yield part
    if not found:
        raise UnusableFile("no column of numbers on a regular grid of time")


def read_table(path: Path) -> pd.DataFrame:
    """Returns the table of a file. Raises UnusableFile."""
    import pandas as pd
    import pyarrow.parquet as pq

    try:
        if path.suffix.lower() == ".parquet":
            return pq.read_table(path).to_pandas().reset_index().drop(columns="index", errors="ignore")
        return pd.read_csv(path, sep=None, engine="python", encoding="utf-8-sig")
    except Exception as error:  # pandas and its engines raise many types for damaged files
        raise UnusableFile(f"not a table that can be read ({type(error).__name__})") from error


def guess_time_column(table: pd.DataFrame) -> str:
    """Returns the first column that holds time stamps. Raises UnusableFile if none does."""
    import pandas as pd

    for name in table.columns:
        column = table[name]
        if pd.api.types.is_datetime64_any_dtype(column):
            return str(name)
        is_text = not pd.api.types.is_numeric_dtype(column)
        if is_text and parse_times(column.head(20)).notna().any():
            return str(name)
    raise UnusableFile("no column with time stamps; name it with time_column")


def parse_times(column: pd.Series) -> pd.Series:
    """Returns time stamps without a time zone; those with an offset become UTC. NaT where one cannot be read."""
    import pandas as pd

    # UTC has no daylight-saving time, so an hour that a clock repeats is two hours there.
    return pd.to_datetime(column, errors="coerce", utc=True, format="mixed").dt.tz_localize(None)


def columns_of(table: pd.DataFrame, settings: ForecastSettings) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yields each series of a wide table, or of a long one with a column of names: its name, its values and covariates.

    The first column of numbers has the values. Raises UnusableFile for a column that is named and is not there.
    """
    import pandas as pd

    covariates = settings.covariate_columns
    for column in (settings.series_column, settings.value_column, *covariates):
        if column is not None and column not in table:
            raise UnusableFile(f"no column {column!r}; the columns are {', '.join(map(str, table.columns))}")
    others = [name for name in table.columns if name not in (settings.series_column, *covariates)]
    names = [settings.value_column] if settings.value_column else others
    numbers = table[[*names, *covariates]].apply(pd.to_numeric, errors="coerce").astype(float)
    numbers = numbers.where(np.isfinite(numbers))
    for column in names:
        columns = numbers[[column, *covariates]]
        if settings.series_column is None:
            parts = [(str(column), columns)]
        else:
            groups = columns.groupby(table[settings.series_column], sort=False)
            parts = [(str(name) if len(names) == 1 else f"{name} {column}", rows) for name, rows in groups]
        yield from ((name, rows) for name, rows in parts if rows[column].notna().any())


def regular(name: str, times: pd.Series, columns: pd.DataFrame) -> Iterator[Series | Remark]:
    """Yields a series on the grid of its commonest step, or a remark with the reason why it has none."""
    order = np.argsort(times.to_numpy(), kind="stable")
    stamps, numbers = times.to_numpy()[order], columns.to_numpy()[order]
    is_last = np.append(stamps[1:] != stamps[:-1], True)
    if (repeated := int((~is_last).sum())) > 0:
        yield Remark("a time stamp that occurs twice in a series; its last value is used", count=repeated)
    stamps, numbers = stamps[is_last], numbers[is_last]
    if len(stamps) < 2:
        yield Remark("a series with fewer than two time stamps", dropped=True)
        return
    seconds = np.diff(stamps) / np.timedelta64(1, "s")
    distances, counts = np.unique(seconds, return_counts=True)
    step = float(distances[counts.argmax()])
    start: datetime = times.iloc[order[0]].to_pydatetime()
    if step >= CALENDAR_STEP:
        # Months differ in length: each time stamp is the next step, as long as no gap is longer than two steps.
        if seconds.max() > 1.5 * step:
            yield Remark("a monthly, quarterly or yearly series with a gap", dropped=True)
        else:
            yield on_grid_of(name, start, step, numbers)
        return
    if counts.max() < MIN_REGULAR_SHARE * len(seconds):
        yield Remark("a series whose time stamps are irregular; resample it to a fixed step", dropped=True)
        return
    places = (stamps - stamps[0]) / np.timedelta64(1, "s") / step
    if places[-1] >= MAX_STEPS:
        yield Remark(f"a series that spans more than {MAX_STEPS} steps", dropped=True)
        return
    on_grid = places == np.round(places)
    if (beside := int((~on_grid).sum())) > 0:
        yield Remark("a value between two steps of its series", dropped=True, count=beside)
    grid = np.full((int(places[on_grid][-1]) + 1, numbers.shape[1]), np.nan)
    grid[places[on_grid].astype(int)] = numbers[on_grid]
    known = grid[: 1 + int(np.flatnonzero(np.isfinite(grid[:, 0]))[-1]), 0] if numbers.shape[1] > 1 else grid[:, 0]
    if (gaps := int(np.isnan(known).sum())) > 0:
        yield Remark("a missing value; the model is told that it is missing", count=gaps)
    yield on_grid_of(name, start, step, grid)


def on_grid_of(name: str, start: datetime, step: float, grid: np.ndarray) -> Series:
    """Returns a series whose values are the first column of float64[n, 1 + k], and whose covariates are the others."""
    return Series(name, start, step, grid[:, 0], tuple(grid[:, 1:].T))
