"""The domain `forecast`: windows of time series become tokens, and many sampled futures become a forecast."""

from __future__ import annotations

import csv
import functools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from seqgen import (
    BOS,
    EOS,
    Deduplication,
    Defaults,
    Domain,
    Example,
    Grammar,
    Prompt,
    PromptConditions,
    Prompting,
    Reading,
    Record,
    Remark,
    Training,
    Vocabulary,
    atomic_write,
)
from seqgen.grammar import Budget, Conditions, Registers, with_budget
from seqgen_forecast.display import ForecastDisplay
from seqgen_forecast.inference import SeasonInference
from seqgen_forecast.known_ahead import HIDDEN_SHARE, conditions_of, known_ahead
from seqgen_forecast.prediction import Forecasting
from seqgen_forecast.series import Series, read_series
from seqgen_forecast.settings import ForecastConstraints, ForecastSettings
from seqgen_forecast.tokens import (
    FIRST_PHASE,
    grammar_of,
    registers_of,
    tokens_of,
    value_tokens,
    values_of,
    vocabulary,
)
from seqgen_forecast.window import Window, last_window, training_windows


class ForecastDomain(Domain[Window]):
    """Time series with time stamps: CSV and Parquet, one series a column or many in a long table."""

    name = "forecast"
    interface_version = 2
    reads = (".csv", ".tsv", ".parquet")
    unit = "value"
    Settings: Any = ForecastSettings
    Constraints: Any = ForecastConstraints

    def __init__(
        self, settings: Any = None, vocabulary: Vocabulary | None = None, state: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(settings, vocabulary, state)
        self.prompting = ForecastPrompting(self)
        self.display = ForecastDisplay()
        self.prediction = Forecasting(self.settings, self.prompting, self.read_last_windows)
        self.deduplication = TimeBlocks()
        self.inference = SeasonInference(self.settings)
        self.training = ForecastTraining(self.settings)
        self.defaults = ForecastDefaults(self.settings)
        self.reading = ForecastReading()

    def read(self, path: Path) -> Iterator[Record[Window] | Remark]:
        for part in read_series(path, self.settings):
            if isinstance(part, Remark):
                yield part
                continue
            is_empty = True
            for window, block in training_windows(part, self.settings):
                is_empty = False
                yield self.record(window, block=block)
            if is_empty:
                yield Remark("a series that is no longer than the horizon", dropped=True)

    def read_last_windows(self, path: Path) -> Iterator[Record[Window] | Remark]:
        """Yields the last values of each series of a file, whose future is wanted. Raises UnusableFile."""
        for part in read_series(path, self.settings):
            if isinstance(part, Series):
                window = last_window(part, self.settings)
                yield self.record(window)
            else:
                yield part

    def record(self, window: Window, **metadata: Any) -> Record[Window]:
        """Returns what the tokens of a window say as the item, and the untouched values as its metadata."""
        return Record(self.decode(self.encode(window).ids), {**window.metadata(), **metadata})

    def learn(self, observations: Iterable[Any]) -> Vocabulary:
        """Returns the vocabulary, which is fixed."""
        return vocabulary(self.settings.phases)

    def encode(self, item: Window) -> Example:
        example = Example.document([FIRST_PHASE + item.phase, *tokens_of(item.scaled)])
        # The phase is given. When a value will be missing, and where a window ends, are not worth learning.
        example.weights[[1, -1]] = 0
        example.weights[2:-1][np.isnan(item.values)] = 0
        return example

    def decode(self, ids: np.ndarray) -> Window:
        content = ids[ids > EOS]
        phase = int(content[0]) - FIRST_PHASE if len(content) else 0
        values = values_of(content[1:])
        return Window(values, phase, max(0, len(values) - self.settings.horizon))

    def write(self, item: Window, path: Path) -> list[Path]:
        target = path.with_name(path.name + ".csv")
        quantiles = list(item.quantiles)
        with atomic_write(target) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["time", "value", *quantiles])
            for place, time in enumerate(item.times):
                value = f"{item.values[place]:.7g}" if place < len(item.values) else ""
                ahead = place - item.history
                numbers = [f"{item.quantiles[name][ahead]:.7g}" if ahead >= 0 else "" for name in quantiles]
                writer.writerow([time, "" if value == "nan" else value, *numbers])
        return [target]

    def grammar(self, constraints: Any = None) -> Grammar:
        if constraints is None or constraints.steps is None:
            return grammar_of(self.settings.phases)
        return grammar_of_length(self.settings.phases, constraints.steps)


@functools.cache
def grammar_of_length(phases: int, steps: int) -> Grammar:
    """Returns the automaton of documents of so many values. Sampling is fastest if many prompts share one."""
    return with_budget(grammar_of(phases), Budget(value_tokens(phases).astype(np.int32), steps, steps))


class ForecastPrompting(Prompting[Window]):
    """A prompt is the end of a series, which is continued."""

    needs_prompt = True  # without a history, a window has no units and no time stamps

    def __init__(self, domain: ForecastDomain) -> None:
        super().__init__(domain)
        self._forecast = domain

    def prompt(self, item: Window | None = None, constraints: Any = None) -> Prompt:
        domain = self._forecast
        steps_ahead = constraints.steps if constraints is not None and constraints.steps else domain.settings.horizon
        history = len(item.values) if item is not None else domain.settings.history
        grammar = grammar_of_length(domain.settings.phases, history + steps_ahead)
        if item is None:
            return Prompt(np.array([BOS], np.int32), grammar)
        ids = domain.encode(item).ids[:-1]

        def complete(decoded: Window, with_prompt: bool) -> Window:
            return continued(item, decoded, with_prompt)

        conditions = None
        if conditions_of(domain.settings) is not None:
            values = known_ahead(item, domain.settings)
            conditions = PromptConditions(1, lambda *_: values)
        return Prompt(ids, grammar, complete=complete, conditions=conditions)

    def given_part(self, record: Record[Window]) -> Window:
        return record.item.with_metadata(record.metadata).known

    def read(self, path: Path) -> Iterator[Record[Window] | Remark]:
        return self._forecast.read_last_windows(path)

    def without_prompt(self, ids: np.ndarray, prompt_length: int) -> np.ndarray:
        """Returns the values after the prompt, behind the phase of the first one."""
        start = max(prompt_length, 2)
        phase = (int(ids[1]) - FIRST_PHASE + start - 2) % self._forecast.settings.phases
        return np.concatenate([[BOS, FIRST_PHASE + phase], ids[start:]]).astype(np.int32)


def continued(prompt: Window, drawn: Window, with_prompt: bool) -> Window:
    """Returns what was drawn after a prompt in the units of the prompt, with its untouched values and time stamps."""
    values = drawn.values * prompt.scale + prompt.location
    known = len(prompt.values)
    if with_prompt:
        values[:known] = prompt.values
    window = Window(
        values, prompt.phase, known if with_prompt else 0, prompt.name, prompt.start, prompt.step, prompt.location,
        prompt.scale,
    )  # fmt: skip
    return window if with_prompt else window.later(known, drawn.phase)


class TimeBlocks(Deduplication[Window]):
    """Windows of the same stretch of time stay in one split, so that no value is in two."""

    def group(self, record: Record[Window]) -> Any:
        return record.metadata.get("block")


class ForecastTraining(Training[Window]):
    """Values are compared with the last one, and with those a season ago: the model needs coordinates for that.

    Covariates and the calendar are known ahead.
    """

    def __init__(self, settings: ForecastSettings) -> None:
        self.settings = settings

    def registers(self) -> Registers:
        return registers_of(self.settings.seasons, self.settings.phases)

    def conditions(self) -> Conditions | None:
        return conditions_of(self.settings)

    def shown_conditions(self, ids: np.ndarray, rng: np.random.Generator, metadata: Mapping[str, Any]) -> np.ndarray:
        """Returns all that is known of a window, and nothing of some windows."""
        values = known_ahead(Window(np.zeros(0), 0, 0).with_metadata(metadata), self.settings)
        return np.zeros_like(values) if rng.random() < HIDDEN_SHARE else values


class ForecastDefaults(Defaults[Window]):
    """A small model that compares values by their coordinates."""

    def __init__(self, settings: ForecastSettings) -> None:
        self._has_conditions = conditions_of(settings) is not None

    def settings(self) -> Mapping[str, Any]:
        settings = {"num_layers": 1, "hidden_size": 128, "coordinates": True, "bptt_length": 96, "dropout": 0.3}
        return {**settings, "condition_size": 32} if self._has_conditions else settings


class ForecastReading(Reading[Window]):
    """A prompt keeps its untouched values, its scale and its time stamps."""

    def restore(self, record: Record[Window]) -> Window:
        return record.item.with_metadata(record.metadata)
