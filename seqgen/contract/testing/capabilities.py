"""Checks of the capabilities, one function each. `CHECKS` has them by the attribute that holds the capability."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.contract.capabilities import (
    BrowserDisplay,
    Deduplication,
    Defaults,
    Display,
    Metrics,
    Prediction,
    Prompting,
    Reading,
    SettingsInference,
    Training,
    VocabularyLearning,
)
from seqgen.contract.documents import Answer, Prompt, Record, Remark
from seqgen.contract.domain import Domain
from seqgen.contract.fingerprint import fingerprint
from seqgen.contract.oracle import Hypothesis, Oracle
from seqgen.contract.testing.core import assert_legal
from seqgen.errors import UnusableFile
from seqgen.grammar import BOS, EOS

MAX_RECORDS = 20
"""How many records the slower checks look at."""


@dataclass(frozen=True)
class Case:
    """What a check looks at.

    files:   files that the domain can read
    records: the records of all files
    folder:  a temporary folder for what is written
    rng:     the source of seeds
    """

    domain: Domain[Any]
    files: Sequence[Path]
    records: Sequence[Record[Any]]
    folder: Path
    rng: np.random.Generator


def check_prompting(case: Case) -> None:
    """Checks that a prompt is a legal, open beginning of a document, from which sampling can go on."""
    prompting = case.domain.require(Prompting)
    for item in (None, *(record.item for record in case.records[:MAX_RECORDS])):
        prompt = prompting.prompt(item, None)
        assert isinstance(prompt, Prompt), f"prompt gives {prompt!r}, not a seqgen.Prompt"
        assert prompt.ids[0] == BOS, f"a prompt begins with id {prompt.ids[0]}, not with BOS"
        assert prompt.ids[-1] != EOS, "a prompt ends with EOS, after which nothing can be sampled"
        prompt.grammar.unroll(prompt.ids)
    for record in case.records[:MAX_RECORDS]:
        ids = case.domain.encode(record.item).ids
        rest = prompting.without_prompt(ids, len(ids) // 2)
        assert rest[0] == BOS, "without_prompt gives a document that does not begin with BOS"
        case.domain.decode(rest)
        if prompting.offers("stream_text"):
            cuts = [part for part in np.array_split(ids, 3) if len(part)]
            assert all(isinstance(text, str) for text in prompting.stream_text(iter(cuts))), (
                "stream_text yields no text"
            )
    _check_prompt_files(case)


def _check_prompt_files(case: Case) -> None:
    """Checks that prompting and prediction read the training files too, or refuse them with UnusableFile."""
    readers = {"prompting": case.domain.prompting.read}
    if case.domain.prediction is not None and case.domain.prediction.offers("read"):
        readers["prediction"] = case.domain.prediction.read
    for path in case.files:
        for name, read in readers.items():
            try:
                found = [item for item in read(path) if not isinstance(item, Remark)]
            except UnusableFile as error:
                raise AssertionError(f"{name}.read refuses a training file: {error}") from error
            assert found, f"{name}.read finds nothing in a training file"


def check_display(case: Case) -> None:
    """Renderings leave the file that they name. HTML loads nothing, because a page of samples is opened offline."""
    display = case.domain.require(Display)
    for record in case.records[:1]:
        for rendering in display.renderings:
            rendered = display.render(record.item, rendering, case.folder / f"rendered-{rendering}")
            assert rendered.is_file(), f"render names {rendered}, which is not there"
        page = display.html(record.item) + display.script()
        for source in ('src="http', 'href="http', "@import", "fetch("):
            assert source not in page, f"html has {source!r}: a page of samples loads nothing"
        if display.offers("piano_roll"):
            ids = case.domain.encode(record.item).ids
            roll = display.piano_roll(case.domain.decode(ids), ids)
            assert len(roll.note_numbers) == len(ids), "piano_roll has not one note number for each id"
            assert roll.note_numbers.max() < len(roll.notes), "piano_roll names a note that it does not have"
            json.dumps(roll.as_json())
        if display.offers("draw_surprise"):
            ids = case.domain.encode(record.item).ids
            drawn = display.draw_surprise(ids, np.ones(len(ids), np.float32), case.folder / "surprise")
            assert drawn.is_file(), f"draw_surprise names {drawn}, which is not there"


class _UniformOracle:
    """A model for which all tokens are equally probable."""

    def __init__(self, domain: Domain[Any]) -> None:
        self._domain = domain

    def log_probabilities(self, prefixes: Sequence[np.ndarray], tokens: Sequence[int]) -> np.ndarray:
        return np.full((len(prefixes), len(tokens)), -np.log(len(self._domain.vocabulary)), np.float32)

    def score(self, documents: Sequence[np.ndarray]) -> list[np.ndarray]:
        nats = float(np.log(len(self._domain.vocabulary)))
        return [np.where(np.arange(len(ids)) == 0, 0, nats).astype(np.float32) for ids in documents]

    def attention(self, prefixes: Sequence[np.ndarray]) -> list[np.ndarray] | None:
        return None

    def attention_maps(self, documents: Sequence[np.ndarray]) -> list[np.ndarray] | None:
        return None

    def generate(
        self, prompt: Prompt, count: int, *, max_new_tokens: int, seed: int, guidance: float | None = None
    ) -> list[np.ndarray]:
        rng = np.random.default_rng(seed)
        return [prompt.grammar.walk(rng, len(prompt.ids) + max_new_tokens, prompt.ids) for _ in range(count)]

    def generate_each(
        self, prompts: Sequence[Prompt], count: int, *, max_new_tokens: int, seed: int
    ) -> list[list[np.ndarray]]:
        return [self.generate(prompt, count, max_new_tokens=max_new_tokens, seed=seed) for prompt in prompts]

    def search(
        self, prompts: Sequence[Prompt], *, max_new_tokens: int, num_beams: int = 5, length_penalty: float = 0.6,
        count: int = 1, early_stopping: bool = False,
    ) -> list[list[Hypothesis]]:  # fmt: skip
        found = [self.generate(prompt, count, max_new_tokens=max_new_tokens, seed=0) for prompt in prompts]
        return [[Hypothesis(ids, 0.0, 0.0) for ids in documents] for documents in found]


def check_prediction(case: Case) -> None:
    """Checks the answers that a model gives for which all tokens are equally probable, and the calibration."""
    prediction = case.domain.require(Prediction)
    check_answers(case.domain, case.records, _UniformOracle(case.domain))
    again = prediction.Calibration.model_validate_json(prediction.calibration.model_dump_json())
    assert again == prediction.calibration, "the calibration changes by way of JSON, in which the bundle keeps it"


def check_answers(domain: Domain[Any], records: Sequence[Record[Any]], oracle: Oracle) -> None:
    """Checks that there is one answer a record, in order, and that its values are JSON.

    `predict --json` prints them.
    """
    prediction = domain.require(Prediction)
    chosen = list(records[:MAX_RECORDS])
    methods = [name for name in ("predict", "explain") if prediction.offers(name)]
    assert "predict" in methods, "a prediction capability must implement predict"
    for name in methods:
        answers = list(getattr(prediction, name)(chosen, oracle))
        assert len(answers) == len(chosen), f"{name} gives {len(answers)} answers about {len(chosen)} records"
        for answer in answers:
            assert isinstance(answer, Answer), f"{name} yields {answer!r}, not a seqgen.Answer"
            json.dumps(answer.values)
        assert not list(getattr(prediction, name)([], oracle)), f"{name} gives answers about no records"
    if prediction.offers("evaluate_answers") and chosen:
        json.dumps(prediction.evaluate_answers(chosen, chosen, oracle))
    if prediction.offers("calibrate") and chosen:
        calibration = prediction.calibrate(chosen, chosen, oracle)
        assert isinstance(calibration, prediction.Calibration), (
            f"calibrate returns {calibration!r}, not its Calibration, which the bundle keeps as JSON"
        )


def check_metrics(case: Case) -> None:
    """Checks that there is one copy symbol an id, and that sizes are not negative.

    BOS has no copy symbol, because every document begins with it.

    Every item has the same statistics.
    """
    metrics = case.domain.require(Metrics)
    names = {tuple(metrics.statistics(record.item)) for record in case.records[:MAX_RECORDS]}
    assert len(names) < 2, f"statistics has other names for some items: {sorted(names)}"
    for record in case.records:
        ids = case.domain.encode(record.item).ids
        symbols = metrics.copy_symbols(ids)
        assert symbols.shape == ids.shape, f"copy_symbols gives {len(symbols)} symbols of {len(ids)} ids"
        for name, values in metrics.token_features(ids).items():
            assert len(values) == len(ids), f"the feature {name!r} has {len(values)} values for {len(ids)} ids"
        assert symbols[0] < 0, "copy_symbols counts BOS, with which every document begins"
        assert all(size >= 0 for size in metrics.sizes(record.item).values()), "sizes has a negative size"
    if case.records:
        compared = metrics.compare(case.records[:MAX_RECORDS], case.records[:MAX_RECORDS])
        assert all(isinstance(value, int | float) for value in compared.values()), (
            "compare gives a value that is no number"
        )


def check_deduplication(case: Case) -> None:
    """Keys and groups survive encoding: duplicates are found among what is learned, not among what was read."""
    deduplication = case.domain.require(Deduplication)
    for record in case.records:
        again = case.domain.decode(case.domain.encode(record.item).ids)
        key, once_more = fingerprint(deduplication.key(record.item)), fingerprint(deduplication.key(again))
        assert key == once_more, f"decode(encode(item)) has another deduplication key: {again!r} of {record.item!r}"
        group = deduplication.group(record)
        assert group is None or fingerprint(group), "group gives a value that cannot be compared"


def check_inference(case: Case) -> None:
    """Checks that what a file says is JSON, and that nothing is left open with it.

    It comes from a worker process.
    """
    inference = case.domain.require(SettingsInference)
    if not case.files or not inference.is_needed():
        return
    findings = [json.loads(json.dumps(inference.inspect(path))) for path in case.files]
    settings = inference.infer(findings)
    inferred = type(case.domain)(settings).inference
    assert inferred is None or not inferred.is_needed(), "settings are still open after infer"


def check_training(case: Case) -> None:
    """Checks that augmentation and auxiliary targets are pure functions of ids and rng.

    Otherwise a run could not be repeated.
    """
    training, grammar = case.domain.require(Training), case.domain.grammar()
    registers = training.registers()
    assert registers is None or registers.fits(len(case.domain.vocabulary), grammar.class_count), (
        "registers are for other tokens or classes than the grammar has"
    )
    conditions = training.conditions()
    assert conditions is None or conditions.fits(len(case.domain.vocabulary), grammar.class_count), (
        "conditions are for other tokens or classes than the grammar has"
    )
    for record in case.records:
        ids = case.domain.encode(record.item).ids
        seed, before = int(case.rng.integers(2**31)), ids.copy()
        once, twice = (training.augment(ids, np.random.default_rng(seed)) for _ in range(2))
        assert np.array_equal(ids, before), "augment changes the ids that it is given"
        assert np.array_equal(once, twice), "augment is not a pure function of ids and rng"
        assert once.shape == ids.shape, f"augment makes {len(once)} ids of {len(ids)}; streams are laid by length"
        assert_legal(case.domain, grammar, once, "augment")
        if conditions is not None:
            shown, repeated = (
                training.shown_conditions(once, np.random.default_rng(seed), record.metadata) for _ in range(2)
            )
            assert np.array_equal(shown, repeated), "shown_conditions is not a pure function of ids, rng and metadata"
            assert conditions.accepts(shown), (
                "shown_conditions has values that no channel has, or says something of step 0"
            )
        targets, again = (training.auxiliary_targets(once, np.random.default_rng(seed)) for _ in range(2))
        if targets is None or again is None:
            assert targets is again, "auxiliary_targets is not a pure function of ids and rng"
            continue
        for name in ("positions", "targets", "weights", "states"):
            one, other = getattr(targets, name), getattr(again, name)
            assert np.array_equal(one, other), "auxiliary_targets is not a pure function of ids and rng"
            assert one.shape == targets.positions.shape, (
                f"auxiliary_targets gives {len(targets.positions)} positions and {len(one)} {name}"
            )
        within = (targets.positions >= 0) & (targets.positions < len(once) - 1)
        assert within.all(), "auxiliary_targets has positions that the document does not have"
        unknown = targets.states[(targets.states < 0) | (targets.states >= grammar.state_count)]
        assert not unknown.size, f"auxiliary_targets names state {unknown[0]}, which the grammar does not have"
        assert grammar.allowed[targets.states, targets.targets].all(), (
            "auxiliary_targets has a target that the grammar forbids in its state"
        )


def check_defaults(case: Case) -> None:
    """Checks that recommended constraints are constraints of the domain.

    The other recommendations have names and values that exist.
    """
    defaults = case.domain.require(Defaults)
    case.domain.Constraints.from_mapping(defaults.constraints({}), "constraint")
    json.dumps(dict(defaults.settings()))
    for name, value in defaults.sampling().items():
        assert isinstance(value, int | float), f"sampling recommends {value!r} for {name}, which is no number"


def check_learning(case: Case) -> None:
    """Observations are JSON, because they come from worker processes and are kept on disk."""
    learning = case.domain.require(VocabularyLearning)
    if learning.offers("observe"):
        for record in case.records:
            json.dumps(learning.observe(record.item))
    assert all(isinstance(name, str) for name in learning.start_domains()), (
        "start_domains gives something else than names"
    )


def check_reading(case: Case) -> None:
    """Checks that a companion is named without a folder, and an item that is cut becomes one part for each share."""
    reading = case.domain.require(Reading)
    for record in case.records[:MAX_RECORDS]:
        parts = reading.cut(record.item, (0.5, 0.25, 0.25))
        assert len(parts) in (1, 3), f"cut returns {len(parts)} parts for 3 shares"
        assert fingerprint(parts[0]) == fingerprint(record.item) or len(parts) == 3, "cut changes a whole item"
    for path in case.files:
        for name in reading.companions(path):
            assert name == Path(name).name, f"companions names {name!r}, which leads to another folder"
            assert name != path.name, f"companions names {name!r} as a companion of itself"


def check_browser(case: Case) -> None:
    """The script defines the function that the page calls, and cannot end the element in which it stands."""
    script = case.domain.require(BrowserDisplay).script()
    assert "function showDocument(" in script, "the script defines no function showDocument"
    assert "</script" not in script.lower(), "the script contains '</script', which ends it on a page"


CHECKS: dict[str, Callable[[Case], None]] = {
    "prompting": check_prompting,
    "display": check_display,
    "browser": check_browser,
    "prediction": check_prediction,
    "metrics": check_metrics,
    "deduplication": check_deduplication,
    "inference": check_inference,
    "training": check_training,
    "defaults": check_defaults,
    "learning": check_learning,
    "reading": check_reading,
}
