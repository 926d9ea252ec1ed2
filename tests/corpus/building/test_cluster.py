"""The workers of a Dask cluster read the files, some of them die, and the corpus is the same to the byte."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest
from letters import Letters

from seqgen import UsageError
from seqgen.contract.discovery import load_domain
from seqgen.corpus.building import cluster
from seqgen.corpus.building.build import build
from seqgen.corpus.building.cluster import ClusterReader, open_cluster


@pytest.fixture
def sources(tmp_path):
    folder = tmp_path / "sources"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(30):
        lines = ["".join(row) for row in rng.choice(list("abcdef"), (8, 5))]
        (folder / f"{number:02}.letters").write_text("\n".join(lines))
    (folder / "broken.letters").write_text("!crash")
    return folder


def content(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_worker_that_is_killed_changes_no_byte(sources, tmp_path, register_domain, monkeypatch):
    register_domain(Letters)
    monkeypatch.setattr(cluster, "FILES_PER_BATCH", 4)
    domain = load_domain("letters")()
    at_once = build(domain, [sources], tmp_path / "at-once")
    killed = []

    def kill_a_worker(done, total, unit):
        if unit == "files" and done == 5:
            process = next(iter(client.run(os.getpid).values()))
            os.kill(process, signal.SIGKILL)
            killed.append(process)

    with open_cluster("local:1") as client:
        corpus = build(
            domain, [sources], tmp_path / "corpus", progress=kill_a_worker,
            make_reader=lambda *files: ClusterReader(client, *files),
        )  # fmt: skip
    assert killed
    assert content(corpus.path) == content(at_once.path)


@pytest.mark.parametrize("address", ["local", "local:", "local:0", "local:x", "local:1000", "nowhere"])
def test_an_address_that_is_none_is_refused(address, monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.1)
    with pytest.raises(UsageError, match="local:N"), open_cluster(address):
        pass
