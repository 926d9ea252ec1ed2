"""A session of the studio: models, takes, the worker that draws, and the events that tell the pages."""

from __future__ import annotations

import secrets
import tempfile
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.contract.documents import Prompt, Record
from seqgen.contract.escaping import file_name
from seqgen.contract.plugin_identity import cause
from seqgen.contract.written_files import write_item
from seqgen.errors import (
    BrokenStream,
    SeqgenError,
    SeqgenWarning,
    UnknownName,
    UsageError,
)
from seqgen.studio.documents import changed_notes, document_json, item_of
from seqgen.studio.events import EventHub
from seqgen.studio.model_shelf import ModelPlace, ModelShelf, downloads
from seqgen.studio.requests import DrawRequest
from seqgen.studio.takes import Take, Takes
from seqgen.studio.worker import Task, TaskStopped, TooManyTasks, Worker
from seqgen.workflows.file_records import PromptItem, read_file

MAX_STREAM_ATTEMPTS = 8
WARM_UP_TOKENS = 64


class Session:
    """Everything that lives as long as the server. Its methods may be called by the thread of the event loop."""

    def __init__(self, places: list[ModelPlace], folder: Path | None = None) -> None:
        self.events = EventHub()
        self.shelf = ModelShelf(places)
        self.takes = Takes(folder)
        self.unusable_takes = self.takes.restore({place.name: place.key for place in places})
        self.worker = Worker()
        self._tasks: dict[int, Task] = {}
        self._next_seeds: dict[str, int] = {}
        self._uploads = tempfile.TemporaryDirectory(prefix="seqgen-studio-")

    def close(self) -> None:
        """Stops what is drawn, and removes temporary files."""
        self.worker.close()
        self.events.close()
        self._uploads.cleanup()

    def load(self, key: str, constraints: Mapping[str, Any] | None = None) -> Task:
        """Loads a model, and prepares the next draw with these constraints. Tells the pages when."""
        self.shelf.place(key)

        def run() -> None:
            self.events.publish("model", self.shelf.describe(key))
            try:
                self._prepare_next(key, constraints or {})
                self.shelf.ready.add(key)
            except SeqgenError as error:
                self.events.publish("problem", {"text": str(error)})
            self.events.publish("model", self.shelf.describe(key))

        return self.worker.submit(run, None)

    def draw(self, request: DrawRequest) -> Take:
        """Adds a take, and draws it when its turn comes. Raises UsageError, UnknownName."""
        place = self.shelf.place(request.model)
        if request.take is not None and request.text is not None:
            raise UsageError("A take and a text cannot both be continued; give one of them.")
        if request.take is not None:
            parent = self.takes.get(request.take)
            if parent.model != request.model:
                raise UsageError(f"{parent.name} is of another model; choose the model {parent.model_name!r}.")
        seed = request.seed
        if seed is None:
            seed = self._next_seeds.pop(request.model, new_seed())
        take = self.takes.add(
            model=place.key, model_name=place.name, origin=request.origin, parent=request.take, seed=seed
        )
        return self._start(take, lambda: self._draw(take, request))

    def upload(self, key: str, content: bytes, ending: str, name: str) -> Take:
        """Adds the first document of a file that came from a page. Raises UnknownName for an ending that is not read.

        The file gets a name of the server's. It is read by a worker process, like the files of `build`.
        """
        place, domain = self.shelf.place(key), self.shelf.domain(key)
        known = [one for one in domain.reads if one == ending.lower()]
        if not known:
            raise UnknownName("ending of a file that this model reads", ending, domain.reads)
        take = self.takes.add(model=place.key, model_name=place.name, origin="a file")
        take.name = name.strip()[:40] or take.name
        path, label = Path(self._uploads.name) / f"upload-{take.number}{known[0]}", f"{take.name}{known[0]}"

        def read() -> None:
            path.write_bytes(content)
            try:
                remarks: list[str] = []
                document, *_ = read_file(domain, path, "prompt", lambda text, count: remarks.append(text), label)
            finally:
                path.unlink()
            take.ids, take.remark = document.ids, "; ".join(remarks)
            item = domain.decode(document.ids)
            take.item = domain.reading.restore(Record(item, document.metadata)) if domain.reading else item
            take.prompt_length = len(document.ids)

        return self._start(take, read)

    def stop(self, number: int) -> None:
        """Stops the drawing of a take. What was drawn stays."""
        self.takes.get(number)
        if number in self._tasks:
            self._tasks[number].stop.set()

    def ask(self, number: int, question: Callable[[Any, Take], Any]) -> Future[Any]:
        """Returns the answer of the worker to a question about a loaded model and a take."""
        take = self.takes.get(number)
        if not len(take.ids):
            raise UsageError(f"{take.name} is empty; wait until something of it is drawn.")
        return self.worker.submit(lambda: question(self.shelf.load(take.model), take)).future

    def full(self, take: Take) -> dict[str, Any]:
        """Returns a take with its document as JSON values."""
        return {**take.summary(), **document_json(self.shelf.domain(take.model), take)}

    def file(self, number: int, ending: str) -> tuple[str, bytes]:
        """Returns the name and the content of a file of a take.

        Raises UnknownName for an ending that it cannot have.
        """
        take = self.takes.get(number)
        domain = self.shelf.domain(take.model)
        if ending not in downloads(domain):
            raise UnknownName("kind of file", ending, downloads(domain))
        if not len(take.ids):
            raise UsageError(f"{take.name} is empty; there is nothing to write.")
        with tempfile.TemporaryDirectory(dir=self._uploads.name) as folder:
            path, item = Path(folder) / "take", item_of(domain, take)
            if ending:
                assert domain.display is not None
                made = domain.display.render(item, ending, path)
            else:
                made = write_item(domain, item, path)[0]
            return f"{file_name(take.name)}{made.suffix}", made.read_bytes()

    def _start(self, take: Take, run: Callable[[], None]) -> Take:
        """Lets the worker make a take, and tells the pages what becomes of it."""

        def make() -> None:
            take.state = "drawing"
            self.events.publish("take", take.summary())
            run()

        def finish(future: Future[Any]) -> None:
            self._tasks.pop(take.number, None)
            try:
                future.result()
                take.state = "done"
            except (TaskStopped, CancelledError):
                take.state, take.remark = "stopped", "Stopped."
            except SeqgenError as error:
                take.state, take.remark = "failed", str(error)
            except Exception as error:
                take.state, take.remark = "failed", f"This is a bug of seqgen ({cause(error)}); please report it."
            try:
                self.takes.keep(take)
            except SeqgenError as error:
                self.events.publish("problem", {"text": str(error)})
            self.events.publish("take", self.full(take) if take.state != "failed" else take.summary())

        # The pages hear of the take before the worker can say more of it.
        self.events.publish("take", take.summary())
        try:
            task = self.worker.submit(make)
        except TooManyTasks as error:
            take.state, take.remark = "failed", str(error)
            self.events.publish("take", take.summary())
            raise
        self._tasks[take.number] = task
        task.future.add_done_callback(finish)
        return take

    def _prepare_next(self, key: str, constraints: Mapping[str, Any]) -> None:
        """Draws the beginning of the next take of a model, if it needs no prompt.

        That compiles what is missing, and makes the grammar of what the seed of this take chooses, such as its key.
        """
        trained = self.shelf.load(key)
        if trained.domain.prompting.needs_prompt:
            return
        seed = self._next_seeds.setdefault(key, new_seed())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for _ in trained.stream_ids(constraints=constraints, seed=seed, max_new_tokens=WARM_UP_TOKENS):
                pass

    def _draw(self, take: Take, request: DrawRequest) -> None:
        trained = self.shelf.load(take.model)
        domain = trained.domain
        prompt = None
        if request.take is not None:
            prompt = PromptItem(item_of(domain, self.takes.get(request.take)))
        elif request.text:
            prompt = PromptItem(domain.prompting.from_text(request.text))
        sampling: dict[str, Any] = {"seed": take.seed, "max_new_tokens": request.max_new_tokens}
        chosen = {} if request.temperature is None else {"temperature": request.temperature}
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", SeqgenWarning)
            start = trained.prepare(request.constraints, prompt)
            if start.given is None and start.accepts is None and start.next_tokens is None:
                sampling |= {"options": trained.sampling_options(**chosen), "guidance": request.guidance}
                self._stream(take, trained, start, sampling)
            else:
                if start.given is None:
                    sampling |= {"options": trained.sampling_options(**chosen), "guidance": request.guidance}
                (sample,) = trained.sample(1, prompt=start, num_particles=request.num_particles, **sampling)
                take.ids, take.item, take.prompt_length = sample.ids, sample.item, len(start.ids)
        take.remark = "; ".join(str(one.message) for one in caught if issubclass(one.category, SeqgenWarning))
        if prompt is None and not self.worker.waiting:
            self.worker.submit(lambda: self._prepare_next(take.model, request.constraints))

    def _stream(self, take: Take, trained: Any, start: Prompt, sampling: dict[str, Any]) -> None:
        """Draws a take and publishes it chunk by chunk. Draws again if it came to where nothing can follow."""
        for attempt in range(MAX_STREAM_ATTEMPTS):
            progress = _Progress(self, take, trained.domain, start)
            try:
                for ids in trained.stream_ids(attempt, prompt=start, **sampling):
                    progress.append(ids)
                return
            except BrokenStream:
                if attempt + 1 == MAX_STREAM_ATTEMPTS:
                    raise


def new_seed() -> int:
    """Returns the seed of a take."""
    return secrets.randbelow(2**31)


class _Progress:
    """A take while it is drawn."""

    def __init__(self, session: Session, take: Take, domain: Any, start: Prompt) -> None:
        self._session, self._take, self._domain, self._start = session, take, domain, start
        self._notes: list[Any] | None = None
        self._texts = 0
        take.ids, take.item = np.zeros(0, np.int32), None
        take.prompt_length = len(start.ids)

    def append(self, ids: np.ndarray) -> None:
        """Publishes what ids int32[n] add."""
        take, domain = self._take, self._domain
        take.ids = np.concatenate([take.ids, ids]).astype(np.int32)
        take.item = self._start.item(domain.decode(take.ids))
        value: dict[str, Any] = {"number": take.number, "is_new": self._notes is None}
        document = document_json(domain, take)
        if "roll" in document:
            roll = document["roll"]
            value |= {**roll, **changed_notes(self._notes or [], roll["notes"])}
            self._notes = roll["notes"]
        else:
            value |= {"first": self._texts, "tokens": document["tokens"][self._texts :]}
            self._notes, self._texts = [], len(document["tokens"])
        self._session.events.publish("progress", value)
