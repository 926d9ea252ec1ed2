"""Reads what a user gives to a trained model: a file, in a worker process like the files of a corpus, or a text."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqgen.contract.documents import Record
from seqgen.contract.domain import Domain
from seqgen.contract.textfile import is_file
from seqgen.corpus.reading.channel import EncodedDocument
from seqgen.corpus.reading.workers import Task, read_documents, report_failure
from seqgen.errors import SeqgenWarning, UnusableFile

OnRemark = Callable[[str, int], None]
"""A callback (remark, count) for what was left out of a file or guessed about it."""


@dataclass(frozen=True, eq=False)
class PromptItem:
    """An item of the domain that is the prompt itself, in place of a file or a text that is read.

    A text from outside becomes one by `Prompting.from_text`, so that it is never taken for the name of a file.
    """

    item: Any


PromptSource = Path | str | PromptItem | list[PromptItem]
"""A file, a text, or items."""


def ignore_remark(remark: str, count: int) -> None:
    """Does nothing."""


def read_records(
    domain: Domain[Any], source: Path | str, task: Task, on_remark: OnRemark = ignore_remark
) -> Iterator[Record[Any]]:
    """Returns the records of a file. If there is no such file, the domain reads `source` as a text.

    Raises UnusableFile.
    """
    if isinstance(source, str) and not is_file(source):
        if not domain.prompting.offers("from_text"):
            raise UnusableFile(f"{source} is not a file; name one that exists.")
        return iter([Record(domain.prompting.from_text(source))])
    documents = read_file(domain, Path(source), task, on_remark)
    return (Record(domain.decode(document.ids), document.metadata) for document in documents)


def read_prompts(domain: Domain[Any], prompt: PromptSource) -> list[PromptItem]:
    """Returns the items of a file, one for each document. If there is no such file, the domain reads a text.

    Items are returned as they are. Warns of what was left out of the file. Raises UnusableFile, also for a text that
    looks like the name of a file, which is more often a mistake than a text.
    """
    if isinstance(prompt, PromptItem):
        return [prompt]
    if isinstance(prompt, list):
        return prompt
    if isinstance(prompt, str) and looks_like_path(prompt) and not is_file(prompt):
        hint = "; to continue this as a text, add a space to its end" if domain.prompting.offers("from_text") else ""
        raise UnusableFile(f"There is no file {prompt}; give the path of a file{hint}.")

    def warn(remark: str, count: int) -> None:
        warnings.warn(f"{prompt}: {count} × {remark}", SeqgenWarning, stacklevel=2)

    records = read_records(domain, prompt, "prompt", warn)
    return [PromptItem(domain.reading.restore(record) if domain.reading else record.item) for record in records]


def looks_like_path(text: str) -> bool:
    """Whether a text has no white space, and a folder or an ending as the names of files do."""
    has_folder = os.sep in text.strip(os.sep)
    has_ending = re.search(r"[^.]\.[A-Za-z][A-Za-z0-9]{0,8}$", text) is not None
    return re.search(r"\s", text) is None and (has_folder or has_ending)


def read_file(
    domain: Domain[Any], path: Path, task: Task, on_remark: OnRemark = ignore_remark, name: str | None = None
) -> Iterator[EncodedDocument]:
    """Yields the documents of one file, read in a worker process. Errors call it by its name, by default its path.

    Raises UnusableFile if there are none, and PluginFailure if a bug of the plugin is the reason.
    """
    if not path.is_file():
        raise UnusableFile(f"{path} is not a file; name one that exists.")
    for _, content in read_documents(domain, [path], task):
        for summary, failure in content.failures.items():
            if len(content.documents):
                report_failure(failure.error(summary))
            else:
                raise failure.error(summary)
        if not len(content.documents):
            raise UnusableFile(f"{name or path} cannot be used: {content.explanation}.")
        for remark, count in (*content.dropped.items(), *content.remarks.items()):
            on_remark(remark, count)
        yield from content.documents
