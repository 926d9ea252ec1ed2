"""What a model answers about data."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from seqgen.contract.capabilities import Prediction, Prompting
from seqgen.contract.documents import Answer, Record
from seqgen.corpus.storage.records import Records
from seqgen.corpus.storage.store import Corpus
from seqgen.errors import UnusableFile, UsageError
from seqgen.workflows.file_records import OnRemark, ignore_remark, read_file
from seqgen.workflows.model_oracle import ModelOracle
from seqgen.workflows.writing_model import WritingModel

PREDICTION_BATCH_SIZE = 1024
"""How many documents are predicted together: enough to be fast, and few enough that the first answers come soon."""
PREDICTION_BATCH_TOKENS = 500_000
"""How many tokens (of texts: characters) these documents have together. One document may have more."""
T = TypeVar("T")


class AnsweringModel(WritingModel):
    """A model that answers questions about data, such as its label, if its domain predicts."""

    def predict(
        self, file: Path | str, *, explain: bool = False, on_remark: OnRemark = ignore_remark
    ) -> Iterator[Answer]:
        """Yields the domain's answer about each document of a file, such as its label. Its values have the metadata.

        explain:   whether an answer contains what in the document speaks for it
        on_remark: is called for what was left out of the file or guessed about it

        Raises MissingCapability if the domain does not predict, and UnusableFile.
        """
        answer = self._answer(explain)
        documents = read_file(self.domain, Path(file), "predict", on_remark)
        for batch in _batches(documents, lambda document: len(document.ids)):
            records = [Record(self.domain.decode(document.ids), document.metadata) for document in batch]
            for record, one in zip(records, answer(records, self.oracle), strict=True):
                yield dataclasses.replace(one, values={**record.metadata, **one.values})

    def predict_text(self, text: str, *, explain: bool = False) -> Answer:
        """Returns the domain's answer about a text; see `predict`.

        Raises MissingCapability if the domain does not predict or does not read texts, and UnusableFile.
        """
        (answer,) = self.predict_texts([text], explain=explain)
        if isinstance(answer, UnusableFile):
            raise answer
        return answer

    def predict_texts(self, texts: Sequence[str], *, explain: bool = False) -> Iterator[Answer | UnusableFile]:
        """Yields the domain's answer about each text, or why it cannot be used. Many are faster than one after another.

        Raises MissingCapability if the domain does not predict or does not read texts.
        """
        answer, prompting = self._answer(explain), self.domain.require(Prompting, "from_text")
        for batch in _batches(texts, len):
            found: list[Record[Any] | UnusableFile] = []
            for text in batch:
                try:
                    found.append(Record(prompting.from_text(text)))
                except UnusableFile as error:
                    found.append(error)
            answers = iter(answer([one for one in found if isinstance(one, Record)], self.oracle))
            for one in found:
                yield one if isinstance(one, UnusableFile) else next(answers)

    def write_answer(self, answer: Answer, number: int, folder: Path | str) -> list[Path]:
        """Writes the item of an answer and all its renderings to `folder`, and returns the files.

        number: of the answer, which becomes a part of its name

        Raises UsageError for an answer without an item, and OutputError.
        """
        if answer.item is None:
            raise UsageError(f"The answers of the domain {self.domain.name!r} are no files; leave out the folder.")
        return self._write_with_renderings(answer.item, Path(folder) / f"{self.domain.name}-{number}")

    def calibrate(self, corpus: Corpus) -> None:
        """Lets the domain find a calibration that makes its answers better, and stores it in the bundle."""
        prediction = self.domain.prediction
        if prediction is None:
            return
        train, held_out = (Records(self.domain, corpus.documents(split)) for split in ("train", "valid"))
        calibration = prediction.calibrate(train, held_out, self.oracle)
        if calibration != prediction.calibration:
            prediction.calibration = calibration
            self.bundle.write_calibration(calibration.model_dump(mode="json"))

    def _answer(self, explain: bool) -> Callable[[Sequence[Record[Any]], ModelOracle], Iterable[Answer]]:
        """Returns the method of the domain that answers. Raises MissingCapability."""
        prediction = self.domain.require(Prediction, "explain" if explain else "predict")
        return prediction.explain if explain else prediction.predict


def _batches(values: Iterable[T], size: Callable[[T], int]) -> Iterator[list[T]]:
    """Yields documents that are predicted together. `size` returns the number of tokens of one."""
    batch: list[T] = []
    tokens = 0
    for value in values:
        if batch and (len(batch) == PREDICTION_BATCH_SIZE or tokens + size(value) > PREDICTION_BATCH_TOKENS):
            yield batch
            batch, tokens = [], 0
        batch.append(value)
        tokens += size(value)
    if batch:
        yield batch
