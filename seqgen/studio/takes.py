"""Takes: everything that was drawn or brought in. They are numbered, and never overwritten.

With a folder, they outlive the server.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from seqgen.errors import UnknownName, UsageError
from seqgen.files import write_text

MAX_TAKES = 1000
MAX_NAME_LENGTH = 80
State = Literal["waiting", "drawing", "done", "stopped", "failed"]


class StoredTake(BaseModel):
    """The file of a take."""

    model_config = ConfigDict(extra="forbid", strict=True)

    number: int = Field(ge=1)
    name: str = Field(max_length=MAX_NAME_LENGTH)
    model: str
    origin: str
    parent: int | None
    seed: int
    remark: str
    ids: list[int]
    prompt_length: int


@dataclass(eq=False)
class Take:
    """One document of a model.

    number:        its number, from 1
    name:          what the user calls it
    model:         the key of its model
    model_name:    the name of its model
    origin:        how it came to be: "drawn", "continued", "filled in", "a file" …
    parent:        the number of the take that it was made from, or None
    ids:           int32[n], the document so far
    item:          the domain's item; None before it is known
    prompt_length: how many of the ids were given
    """

    number: int
    name: str
    model: str
    model_name: str
    origin: str
    parent: int | None = None
    seed: int = 0
    state: State = "waiting"
    remark: str = ""
    ids: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int32))
    item: Any = None
    prompt_length: int = 0
    is_deleted: bool = False

    def summary(self) -> dict[str, Any]:
        """Returns everything but the document as JSON values."""
        names = ("number", "name", "model", "model_name", "origin", "parent", "seed", "state", "remark", "is_deleted")
        return {name: getattr(self, name) for name in names} | {"token_count": len(self.ids)}


class Takes:
    """All takes of a session, for any thread."""

    def __init__(self, folder: Path | None = None) -> None:
        """With a folder, finished takes are kept in it."""
        self._lock = threading.Lock()
        self._takes: dict[int, Take] = {}
        self._folder = folder

    def __iter__(self) -> Iterator[Take]:
        with self._lock:
            return iter(list(self._takes.values()))

    def add(self, **values: Any) -> Take:
        """Returns a new take. Raises UsageError if there are too many."""
        with self._lock:
            if len(self._takes) >= MAX_TAKES:
                raise UsageError(f"There are {MAX_TAKES} takes, which is the limit; start the studio again.")
            number = max(self._takes, default=0) + 1
            take = Take(number, f"Take {number}", **values)
            self._takes[number] = take
            return take

    def get(self, number: int) -> Take:
        """Returns a take. Raises UnknownName."""
        with self._lock:
            if number not in self._takes:
                raise UnknownName("take", str(number), [str(one) for one in self._takes][-20:])
            return self._takes[number]

    def rename(self, number: int, name: str) -> Take:
        """Gives a take another name."""
        take = self.get(number)
        take.name = name.strip()[:MAX_NAME_LENGTH] or f"Take {number}"
        self.keep(take)
        return take

    def delete(self, number: int, is_deleted: bool) -> Take:
        """Hides a take, or shows it again."""
        take = self.get(number)
        take.is_deleted = is_deleted
        if self._folder is not None and is_deleted:
            self._path(take).unlink(missing_ok=True)
        self.keep(take)
        return take

    def keep(self, take: Take) -> None:
        """Writes a take to the folder, if there is one and the take has an end. Raises OutputError."""
        if self._folder is None or take.is_deleted or take.state not in ("done", "stopped") or not len(take.ids):
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        stored = StoredTake(
            number=take.number, name=take.name, model=take.model_name, origin=take.origin, parent=take.parent,
            seed=take.seed, remark=take.remark, ids=take.ids.tolist(), prompt_length=take.prompt_length,
        )  # fmt: skip
        write_text(self._path(take), json.dumps(stored.model_dump()))

    def restore(self, keys: dict[str, str]) -> int:
        """Reads the takes of the folder whose models are offered, and returns how many files cannot be used.

        keys: the key of each model by its name
        """
        files = sorted(self._folder.glob("take-*.json")) if self._folder is not None else []
        unusable = 0
        for file in files[:MAX_TAKES]:
            try:
                stored = StoredTake.model_validate_json(file.read_bytes())
            except (ValidationError, OSError):
                unusable += 1
                continue
            if stored.model not in keys:
                unusable += 1
                continue
            values = stored.model_dump(exclude={"ids", "model"})
            take = Take(**values, model=keys[stored.model], model_name=stored.model, state="done")
            take.ids = np.array(stored.ids, np.int32)
            with self._lock:
                self._takes[take.number] = take
        return unusable

    def _path(self, take: Take) -> Path:
        assert self._folder is not None
        return self._folder / f"take-{take.number:04}.json"
