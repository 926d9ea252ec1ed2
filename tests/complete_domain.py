"""For tests: a domain that offers every method of every capability, and a distribution that registers it.

A document is a line of the letters a and b. Methods write down what they are called with, where nothing else shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import pluggy
import pytest

from seqgen import (
    EOS,
    Answer,
    AuxiliaryTargets,
    BrowserDisplay,
    Deduplication,
    Defaults,
    Display,
    Domain,
    Example,
    Learned,
    Metrics,
    Options,
    Oracle,
    Prediction,
    Prompt,
    Prompting,
    Reading,
    Record,
    SettingsInference,
    Training,
    Vocabulary,
    VocabularyLearning,
)
from seqgen.contract.piano_roll import PianoRoll
from seqgen.grammar.conditions import Conditions
from seqgen.grammar.registers import Registers

A, B = 2, 3


class CompletePrompting(Prompting[str]):
    def prompt(self, item: str | None = None, constraints: Any = None) -> Prompt:
        return super().prompt(item, constraints)

    def given_part(self, record: Record[str]) -> str:
        return record.item[:1]

    def read(self, path: Path) -> Iterator[str]:
        yield path.read_text().strip()[:1]

    def from_text(self, text: str) -> str:
        return text

    def without_prompt(self, ids: np.ndarray, prompt_length: int) -> np.ndarray:
        return super().without_prompt(ids, prompt_length)

    def stream_text(self, chunks: Iterable[np.ndarray]) -> Iterator[str]:
        return ("".join(".^ab"[number] for number in chunk) for chunk in chunks)


class CompleteDisplay(Display[str]):
    renderings = ("txt",)

    def render(self, item: str, rendering: str, path: Path, prompt_item: str | None = None) -> Path:
        target = path.with_name(f"{path.name}.{rendering}")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(f"{item} {prompt_item}")
        return target

    def html(self, item: str, prompt_item: str | None = None) -> str:
        return f"<b>{item}</b>{prompt_item}"

    def script(self) -> str:
        return "play()"

    def piano_roll(self, item: str, ids: np.ndarray) -> PianoRoll:
        notes = np.array([[number, 1, 60, 1, 0] for number in range(len(item))], float).reshape(-1, 5)
        return PianoRoll(notes, np.where(ids > EOS, np.cumsum(ids > EOS) - 1, -1), ("voice",), (False,), title=item)

    def draw_surprise(self, ids: np.ndarray, nats: np.ndarray, path: Path) -> Path:
        target = path.with_name(f"{path.name}.txt")
        target.write_text(f"{ids.tolist()} {nats.tolist()}")
        return target


class CompleteBrowserDisplay(BrowserDisplay[str]):
    def script(self) -> str:
        return "function showDocument(ids, element) { element.textContent = ids; return {files: {}, seconds: null}; }"


class CompletePrediction(Prediction[str]):
    def predict(self, records: Sequence[Record[str]], oracle: Oracle) -> Iterator[Answer]:
        return (Answer("", {}) for _ in records)

    def explain(self, records: Sequence[Record[str]], oracle: Oracle) -> Iterator[Answer]:
        return (Answer("", {}) for _ in records)

    def calibrate(self, train: Sequence[Record[str]], held_out: Sequence[Record[str]], oracle: Oracle) -> Any:
        return self.calibration

    def evaluate_answers(
        self, train: Sequence[Record[str]], held_out: Sequence[Record[str]], oracle: Oracle
    ) -> dict[str, Any]:
        return {}

    def read(self, path: Path) -> Iterator[str]:
        yield path.read_text().strip()


class CompleteMetrics(Metrics[str]):
    period = 7

    def compare(self, held_out: Sequence[Record[str]], samples: Sequence[Record[str]]) -> dict[str, float]:
        return {"held out": float(sum(record.metadata["row"] for record in held_out)), "samples": len(samples[0].item)}

    def statistics(self, item: str) -> dict[str, float]:
        return {"share of a": item.count("a") / len(item) if item else float("nan")}

    def sizes(self, item: str) -> dict[str, float]:
        return {"letter": len(item)}

    def copy_symbols(self, ids: np.ndarray) -> np.ndarray:
        return np.where(ids > EOS, 10 + ids, -1)

    def token_features(self, ids: np.ndarray) -> dict[str, np.ndarray]:
        return {"is b": (ids == B).astype(np.float32)}


class CompleteDeduplication(Deduplication[str]):
    differences = "case"

    def key(self, item: str) -> Any:
        return item.lower()

    def group(self, record: Record[str]) -> Any:
        return record.item[0], record.metadata.get("source")


class CompleteInference(SettingsInference[str]):
    def __init__(self, settings: Any) -> None:
        self.settings = settings

    def is_needed(self) -> bool:
        return self.settings.case is None

    def inspect(self, path: Path) -> Any:
        return path.name

    def infer(self, findings: Sequence[Any]) -> Any:
        return Complete.Settings(case=findings[0])


class CompleteTraining(Training[str]):
    def augment(self, ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Exchanges the letters."""
        return np.where(ids > EOS, A + B - ids, ids).astype(np.int32)

    def auxiliary_targets(self, ids: np.ndarray, rng: np.random.Generator) -> AuxiliaryTargets | None:
        return None

    def registers(self) -> Registers | None:
        return None

    def conditions(self) -> Conditions | None:
        return None

    def shown_conditions(self, ids: np.ndarray, rng: np.random.Generator, metadata: Mapping[str, Any]) -> np.ndarray:
        return np.zeros((1, 0), np.int32)


class CompleteDefaults(Defaults[str]):
    def settings(self) -> Mapping[str, Any]:
        return {"attention_window": 5}

    def constraints(self, requested: Mapping[str, Any]) -> Mapping[str, Any]:
        return {}

    def sampling(self) -> Mapping[str, float]:
        return {"min_p": 0.01}


class CompleteLearning(VocabularyLearning[str]):
    def observe(self, item: str) -> Any:
        return {"letters": sorted(set(item))}

    def extend(self, known: Learned, observations: Iterable[Any]) -> Learned:
        return known

    def start_domains(self) -> tuple[str, ...]:
        return ("complete",)


class CompleteReading(Reading[str]):
    def in_parts(self, path: PurePath) -> bool:
        return path.suffix == ".long"

    def companions(self, path: PurePath) -> tuple[str, ...]:
        return (f"{path.stem}.notes",)

    def restore(self, record: Record[str]) -> str:
        return record.item + record.metadata.get("more", "")

    def cut(self, item: str, shares: Sequence[float]) -> list[str]:
        return [item]


class Complete(Domain[str]):
    name = "complete"
    interface_version = 2
    unit = "letter"
    reads = (".ab", ".long")

    class Settings(Options):
        case: str | None = None

    def __init__(self, settings: Any = None, vocabulary: Vocabulary | None = None, state: Any = None) -> None:
        super().__init__(settings, vocabulary, state)
        self.prompting = CompletePrompting(self)
        self.display = CompleteDisplay()
        self.browser = CompleteBrowserDisplay()
        self.prediction = CompletePrediction()
        self.metrics = CompleteMetrics()
        self.deduplication = CompleteDeduplication()
        self.inference = CompleteInference(self.settings)
        self.training = CompleteTraining()
        self.defaults = CompleteDefaults()
        self.learning = CompleteLearning()
        self.reading = CompleteReading()

    def read(self, path: Path) -> Iterator[str | Record[str]]:
        for number, line in enumerate(path.read_text().split()):
            yield Record(line, {"source": f"line {number}"})

    def learn(self, observations: Iterable[Any]) -> Learned:
        return Learned(Vocabulary("ab"), {"observed": list(observations)})

    def encode(self, item: str) -> Example:
        return Example.document([A + "ab".index(letter) for letter in item])

    def decode(self, ids: np.ndarray) -> str:
        return "".join("ab"[number - A] for number in ids.tolist() if number > EOS)

    def write(self, item: str, path: Path) -> list[Path]:
        target = path.with_name(f"{path.name}.ab")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(item)
        return [target]


@pluggy.HookimplMarker("seqgen")
def seqgen_domain() -> type[Complete]:
    return Complete


def register(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str = "complete", module: str = __name__) -> None:
    """Installs a distribution whose plugin is `module`, until the test ends."""
    information = folder / f"seqgen_{name}-1.2.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: seqgen-{name}\nVersion: 1.2\n")
    (information / "entry_points.txt").write_text(f"[seqgen]\n{name} = {module}\n")
    monkeypatch.syspath_prepend(folder)
