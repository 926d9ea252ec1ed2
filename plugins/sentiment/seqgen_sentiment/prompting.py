"""Prompts of labelled content: a label, and the beginning of the content as the base takes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from seqgen import (
    BOS,
    EOS,
    Domain,
    Grammar,
    Prompt,
    PromptConditions,
    Prompting,
    Record,
    Remark,
    UnknownName,
    UsageError,
)
from seqgen.contract.wrapping import Wrapper
from seqgen_sentiment.document_layout import LabelSlots
from seqgen_sentiment.labelled_grammar import LabelledGrammar
from seqgen_sentiment.labelled_item import LabelledItem
from seqgen_sentiment.reading import LabelledReader

GUIDANCE = 2.0
"""The default strength of classifier-free guidance by a label. Without it, a fifth of reviews have another mood."""


class LabelledPrompting(Wrapper, Prompting[LabelledItem]):
    """Puts the label before the base's prompt."""

    wrapped: Prompting[Any]

    def __init__(
        self, domain: Domain[LabelledItem], base: Domain[Any], grammar: LabelledGrammar, reader: LabelledReader
    ) -> None:
        super().__init__(domain)
        self.wrapped = base.prompting
        self.needs_prompt = base.prompting.needs_prompt
        self.base = base
        self.grammar = grammar
        self.layout = grammar.layout
        self.reader = reader

    def prompt(self, item: LabelledItem | None = None, constraints: Any = None) -> Prompt:
        """Returns the requested label, or that of the item, and the base's prompt. Without a label, it comes last.

        Raises UnknownName for a label that the model does not know, and what the base's prompt raises.
        """
        values = dict(constraints or {})
        label = values.pop("label", None) or (item.label if item else None)
        if label is not None and label not in self.layout.labels:
            raise UnknownName("label", label, self.layout.labels)
        content = self.wrapped.prompt(item.content if item else None, self.base.Constraints(**values))
        if content.relations is not None:
            raise UsageError(
                f"Labelled items cannot keep what one of {', '.join(values)} asks of tokens together; leave it out."
            )
        if content.accepts is not None or content.next_tokens is not None:
            raise UsageError(
                f"Labelled items cannot ask the domain {self.base.name!r} which documents are legal; sample without "
                "labels."
            )
        choice, labelled = content.choice, self._labelled(label, content)
        if choice is None:
            return labelled
        resolve = choice.resolve
        return replace(labelled, choice=replace(choice, resolve=lambda chosen: self._labelled(label, resolve(chosen))))

    def _labelled(self, label: str | None, content: Prompt) -> Prompt:
        """Returns the base's prompt with the label before it. Guidance leads to the label, and to what is known."""
        slots = self.layout.slots(label)
        ids = np.array([BOS, self.layout.label_id(label), *content.ids[1:]], np.int32)
        unconditional = None
        if label is not None or content.unconditional is not None:
            beginning = content.ids if content.unconditional is None else content.unconditional
            unconditional = np.array([BOS, self.layout.unlabelled, *beginning[1:]], np.int32)

        def complete(item: LabelledItem, with_prompt: bool) -> LabelledItem:
            return replace(item, content=content.item(item.content, with_prompt))

        return Prompt(
            ids,
            self.grammar.around(content.grammar, [slots]),
            self._given(content.given, slots),
            unconditional,
            content.guidance if label is None else GUIDANCE,
            complete,
            conditions=content.conditions and self._conditions(content.conditions),
        )

    def _conditions(self, known: PromptConditions) -> PromptConditions:
        """Returns what the base knows ahead of the content of labelled documents, which have a slot before it."""

        def draw(ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
            return known.draw(self.layout.document(ids)[0], rng)

        return PromptConditions(known.after + 1, draw)

    def _given(self, given: np.ndarray | Grammar | None, slots: LabelSlots) -> np.ndarray | Grammar | None:
        """Returns the same given tokens within the labelled document, where the content ends with `<end>`."""
        if isinstance(given, Grammar):
            return self.grammar.around(given, [slots])
        if given is None:
            return None
        end = self.layout.end
        return np.select([given == EOS, given == -1 - EOS], [end, -1 - end], given).astype(np.int32)

    def given_part(self, record: Record[LabelledItem]) -> LabelledItem:
        content = Record(record.item.content, record.metadata)
        return replace(record.item, content=self.wrapped.given_part(content))

    def read(self, path: Path) -> Iterator[LabelledItem | Record[LabelledItem] | Remark]:
        return self.reader.read_prompts(path)

    def from_text(self, text: str) -> LabelledItem:
        return LabelledItem(self.wrapped.from_text(text))

    def without_prompt(self, ids: np.ndarray, prompt_length: int) -> np.ndarray:
        """Returns the labels around what the base leaves of the content. The document may be cut after any token."""
        rest = self.wrapped.without_prompt(self.layout.document(ids)[0], prompt_length - 1)
        end = np.append(np.flatnonzero(ids == self.layout.end), len(ids))[0]
        content = rest[1:-1] if rest[-1] == EOS else rest[1:]
        return np.concatenate([ids[:2], content, ids[end:]]).astype(np.int32)

    def stream_text(self, chunks: Iterable[np.ndarray]) -> Iterator[str]:
        return self.wrapped.stream_text(self.layout.content(chunk) for chunk in chunks)

    def offers(self, method: str) -> bool:
        return method in ("prompt", "read", "without_prompt") or super().offers(method)
