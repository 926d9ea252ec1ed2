"""Reads the files of a corpus on the workers of a Dask cluster. This machine joins what they have read.

    walk, unpack archives → batches of files → Dask: read_batch, in isolated processes as always → one part file a batch
                          → this machine reads the parts in their order and removes them

If a Dask worker dies, Dask gives its batch to another one, so the corpus is the same to the byte. The sources and the
folder of the corpus must be on a disk that all machines see under the same path.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from seqgen.contract.domain import Domain
from seqgen.contract.domain_record import DomainRecord
from seqgen.corpus.building.file_reader import FileReader
from seqgen.corpus.building.part_file import PartFile, PartHeader, write_part
from seqgen.corpus.building.settings_inference import infer_settings
from seqgen.corpus.reading.cutting import Cutting
from seqgen.corpus.reading.read_file import ReadFile, ReadingPass, open_pool, read_sources
from seqgen.corpus.reading.sources import Source, SourceFiles
from seqgen.corpus.reading.workers import Limits, WorkerPool, report_failure
from seqgen.corpus.storage.journal import Journal, ProcessedFiles
from seqgen.corpus.storage.split import SplitFractions
from seqgen.errors import CorpusError, PluginError, SeqgenError, UsageError

if TYPE_CHECKING:
    from distributed import Client, Future  # they count as Any

FILES_PER_BATCH = 512
BATCHES_PER_WORKER = 2
"""So many batches wait or are read for each thread of the cluster."""
CONNECT_SECONDS = 30


@contextmanager
def open_cluster(address: str) -> Iterator[Client]:
    """Connects to a Dask scheduler, such as tcp://host:8786, or starts a cluster of N processes here for "local:N".

    Raises UsageError if Dask is not installed, or if there is no scheduler at this address.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise UsageError(
            "Building on a cluster needs Dask; install it with pip install 'seqgen-framework[cluster]'."
        ) from None
    kind, _, count = address.partition(":")
    if kind == "local":
        if not count.isdecimal() or not 1 <= int(count) <= 256:
            raise UsageError(f"{address!r} is not an address; say local:N with 1 to 256 processes, or tcp://host:port.")
        with (
            LocalCluster(
                n_workers=int(count), threads_per_worker=1, dashboard_address=None, silence_logs=50
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client
        return
    try:
        client = Client(address, timeout=CONNECT_SECONDS)
    except (OSError, ValueError, TimeoutError) as error:
        raise UsageError(f"There is no Dask scheduler at {address!r}; start one, or say local:N.") from error
    with client:
        yield client


class _Batch(NamedTuple):
    """Files that are read together, without their unpacking folders, which this machine removes.

    pass_id: the same for all batches of one pass, and for no other pass
    """

    pass_id: str
    sources: list[Source]
    domain: dict[str, Any]
    task: Any
    cutting: dict[str, Any]
    limits: Limits | None
    folder: str
    first: int


class ClusterReader(FileReader):
    """Reads on the workers of a Dask cluster."""

    def __init__(self, client: Client, files: SourceFiles, file_count: int, limits: Limits | None) -> None:
        self.file_count = file_count
        self._client = client
        self._files = files
        self._limits = limits

    def infer_settings(self, domain: Domain[Any], journal: Journal) -> tuple[Domain[Any], list[str]]:
        """Inspects some of the files on this machine."""
        return infer_settings(domain, self._files, self.file_count, journal, self._limits)

    def read(self, reading: ReadingPass, processed: ProcessedFiles, folder: Path) -> Generator[ReadFile, None, None]:
        """Raises PluginError if a worker cannot make the domain, and CorpusError if a batch kills its workers."""
        first, pass_id = processed.count, secrets.token_hex(8)
        sources = processed.skip(self._files.walk(folder, lambda number: number >= first))
        pending: deque[tuple[list[Source], Future]] = deque()
        try:
            while batch := list(islice(sources, FILES_PER_BATCH)):
                pending.append((batch, self._submit(pass_id, reading, batch, folder, first)))
                first += len(batch)
                if len(pending) > BATCHES_PER_WORKER * max(1, sum(self._client.ncores().values())):
                    yield from self._collect(*pending.popleft(), folder)
            while pending:
                yield from self._collect(*pending.popleft(), folder)
        finally:
            self._client.cancel([future for _, future in pending])
            self._client.run(close_pools, pass_id)

    def _submit(self, pass_id: str, reading: ReadingPass, sources: list[Source], folder: Path, first: int) -> Future:
        batch = _Batch(
            pass_id, [source._replace(unpack_folder=None) for source in sources],
            DomainRecord.of(reading.domain).model_dump(mode="json"),
            reading.task, reading.cutting.to_json(), self._limits, str(folder.absolute()), first,
        )  # fmt: skip
        return self._client.submit(read_batch, batch, pure=False)

    @staticmethod
    def _collect(sources: list[Source], future: Future, folder: Path) -> Iterator[ReadFile]:
        """Yields the files of a batch when it is read."""
        from distributed import KilledWorker

        try:
            name, fault = future.result()
        except KilledWorker as error:
            raise CorpusError(
                f"The Dask workers that read {sources[0].name} and the {len(sources) - 1} files after it were killed "
                "again and again; look at their logs, and repeat the call, which continues where it stopped."
            ) from error
        if fault:
            raise PluginError(fault)
        part = PartFile(folder / name)
        for file in part.files(0, folder):
            for summary, failure in file.content.failures.items():
                report_failure(failure.error(summary))
            yield file
        part.path.unlink()
        for source in sources:
            source.release()


def read_batch(batch: _Batch) -> tuple[str, str]:
    """Reads the files of a batch into a part file. Runs on a worker of the cluster.

    Returns the name of the part file, and "" or a sentence that says why there is none.
    """
    folder = Path(batch.folder)
    # Another worker may try the same batch at the same time, if the connection to the first one is lost.
    name = f"batch-{batch.first}-{os.uname().nodename}-{os.getpid()}-{threading.get_ident()}.part"
    try:
        record = DomainRecord.model_validate(batch.domain)
        reading, pool = _pool(batch, record)
        header = PartHeader(
            task=batch.task, domain=record, remarks=[], cutting=batch.cutting, fractions=SplitFractions(), named=[],
            recipe=None, sources=[], file_count=len(batch.sources), first=0, end=len(batch.sources),
        )  # fmt: skip
        (folder / name).unlink(missing_ok=True)
        write_part(folder / name, header, lambda skip: read_sources(pool, reading, iter(batch.sources)))
    except SeqgenError as error:
        return "", str(error)
    return name, ""


_POOLS: dict[tuple[str, int], tuple[ReadingPass, WorkerPool]] = {}
"""One reader process for each pass and each thread of a worker of the cluster. A process takes long to start."""


def _pool(batch: _Batch, record: DomainRecord) -> tuple[ReadingPass, WorkerPool]:
    """Returns the reader process of this thread. Raises PluginError if the domain cannot be made."""
    key = batch.pass_id, threading.get_ident()
    if key not in _POOLS:
        domain = record.make_domain("The corpus is built", CorpusError)
        reading = ReadingPass(domain, batch.task, Cutting.from_json(batch.cutting))
        _POOLS[key] = reading, open_pool(reading, Path(batch.folder), batch.limits, 1)
    return _POOLS[key]


def close_pools(pass_id: str) -> None:
    """Ends the reader processes of a pass. Runs on a worker of the cluster."""
    for key in [key for key in _POOLS if key[0] == pass_id]:
        _, pool = _POOLS.pop(key)
        pool.close()
