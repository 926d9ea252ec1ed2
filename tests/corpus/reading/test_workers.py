"""WorkerPool that crash, hang, eat memory or lie cost exactly the file that made them do it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from letters import Letters, Remembering

from seqgen import PluginError, PluginFailure
from seqgen.contract.plugin_identity import PluginIdentity
from seqgen.corpus.reading.sources import Source
from seqgen.corpus.reading.workers import Limits, WorkerPool, read_documents

LIMITS = Limits(seconds=1, memory_bytes=2**30, file_bytes=1000)


@pytest.fixture
def read(tmp_path):
    """Reads files of these contents; gives the readings in order."""

    def do(*contents, limits=LIMITS, workers=2):
        sources = []
        for number, content in enumerate(contents):
            path = tmp_path / f"{number}.letters"
            path.write_text(content)
            sources.append(Source(path, path.name))
        with WorkerPool(Letters(), limits=limits, workers=workers) as readers:
            given = list(readers.read(sources))
        assert [source for source, _ in given] == sources
        return [reading for _, reading in given]

    return do


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("abc\n!crash", "the reader crashed"),
        ("abc\n!hang", "took longer than 1 s"),
        ("abc\n!eat", "needed more than 1 GiB of memory"),
        ("abc\n!bug", "plugin error: 'letters' of the module letters fails in read (ZeroDivisionError)"),
        ("abc\n123", "not plain letters"),
        ("a" * 2000, "larger than 0.000953674 MiB"),
        ("", "holds nothing"),
    ],
)
def test_a_bad_file_costs_exactly_that_file(read, content, reason):
    good, bad, after = read("good", content, "after", workers=1)
    assert (bad.reason, bad.documents) == (reason, [])
    assert (good.reason, len(good.documents)) == (None, 1)
    assert (after.reason, len(after.documents)) == (None, 1)


def test_a_worker_that_was_taken_over_can_send_nothing_but_rubbish(read):
    bad, after = read("!lie", "after", workers=1)
    assert bad.reason == "the reader crashed"
    assert len(after.documents) == 1


def test_a_file_does_not_pay_for_the_one_before(read):
    before, after = read("abc\n!later", "after\nwait", workers=1)
    assert len(before.documents) == 1
    assert (after.reason, len(after.documents)) == (None, 2)


def test_a_file_that_is_read_in_pieces_may_take_longer_than_a_piece(tmp_path):
    (tmp_path / "a.letters").write_text("abc\nwait\nwait\nwait")
    with WorkerPool(Remembering(), limits=LIMITS, workers=1) as readers:
        ((_, reading),) = readers.read([Source(tmp_path / "a.letters", "a")])
    assert (reading.reason, len(reading.documents)) == (None, 4)


def test_what_a_library_prints_is_not_a_message(read):
    (reading,) = read("abc\n!print\ndef")
    assert len(reading.documents) == 2


def test_items_are_dropped_one_by_one(read):
    (reading,) = read("abc\ndrop\nbug\nzz\ndrop\nxyz")
    assert len(reading.documents) == 2
    assert reading.dropped == {
        "the word that is dropped": 2,
        "plugin error: 'letters' of the module letters fails in encode (KeyError)": 1,
        "plugin error: 'letters' of the module letters returns a wrong document from encode (ValueError)": 1,
    }


def test_results_come_in_the_order_of_the_files(read):
    contents = ["abc\n" * (1 + 37 * number % 11) for number in range(40)]
    readings = read(*contents)
    assert [len(reading.documents) for reading in readings] == [1 + 37 * number % 11 for number in range(40)]


def test_a_missing_file_is_a_reason(tmp_path):
    ((_, reading),) = read_documents(Letters(), [tmp_path / "none.letters"])
    assert reading.reason == "cannot be opened: No such file or directory"


def test_settings_and_documents_go_there_and_back(tmp_path):
    path = tmp_path / "a.letters"
    path.write_text("abcd")
    ((_, reading),) = read_documents(Letters(Letters.Settings(half=True)), [path])
    assert reading.documents[0].ids.tolist() == [0, 2, 3, 4, 5, 1]
    assert reading.documents[0].weights.tolist() == [0, 0, 1, 1, 1, 1]


def test_a_domain_that_workers_cannot_import_is_told_to_move():
    class Local(Letters):
        pass

    with pytest.raises(PluginError, match="move it to the top level of a module"):
        WorkerPool(Local())


def test_a_domain_that_workers_cannot_make_says_why(tmp_path):
    gone = type("Gone", (Letters,), {"__module__": "letters", "__qualname__": "Gone"})
    with pytest.raises(PluginError, match="AttributeError: module 'letters' has no attribute 'Gone'"):
        list(read_documents(gone(), [tmp_path / "a.letters"]))


def test_each_kind_of_failure_of_a_plugin_is_reported_once(read, capsys, monkeypatch):
    monkeypatch.setattr("seqgen.contract.plugins._reported", set())
    read("abc\nbug\nbug", "bug\nabc\n!bug", workers=1)
    lines = capsys.readouterr().err.splitlines()
    plugin = "seqgen: The plugin 'letters' of the module letters"
    assert lines == [
        f"{plugin} fails in encode: KeyError: 'bug'; correct it.",
        f"{plugin} fails in read: ZeroDivisionError; correct it.",
    ]


def test_a_failure_has_the_traceback_of_the_worker(tmp_path):
    path = tmp_path / "a.letters"
    path.write_text("bug")
    ((_, content),) = read_documents(Letters(), [path])
    ((_, failure),) = content.failures.items()
    assert 'raise KeyError("bug")' in failure.traceback
    assert "in encode" in failure.traceback


def test_a_strict_caller_gets_the_failure(read, monkeypatch):
    monkeypatch.setenv("SEQGEN_STRICT_PLUGINS", "1")
    with pytest.raises(PluginFailure, match="fails in encode: KeyError: 'bug'"):
        read("abc\nbug")


def test_only_a_plugin_of_strangers_is_named_beside_a_file_that_hangs(tmp_path, monkeypatch):
    path = tmp_path / "a.letters"
    path.write_text("!hang")
    monkeypatch.setattr(Letters, "plugin", PluginIdentity("letters", "seqgen-letters", "1.2"))
    with WorkerPool(Letters(), limits=LIMITS, workers=1) as readers:
        ((_, content),) = readers.read([Source(path, "a")])
    assert content.reason == "took longer than 1 s in the plugin 'letters' of seqgen-letters 1.2"


PROGRAM = """
    import os, signal, sys, threading
    from pathlib import Path
    from letters import Letters, Remembering
    from seqgen.corpus.building.build import build

    threading.Timer(1.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    build(Letters(), [Path(sys.argv[1])], Path(sys.argv[2]))
"""


def test_an_interruption_leaves_no_worker(tmp_path):
    sources = tmp_path / "sources"
    sources.mkdir()
    for number in range(6):
        (sources / f"{number}.letters").write_text("abc\n!hang")
    marker = f"MARKER_{os.getpid()}_{time.time_ns()}"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "SEQGEN_TEST_MARKER": marker}
    started = time.monotonic()
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), sources, tmp_path / "corpus"],
        env=environment,
        capture_output=True,
        text=True,
        # A shell starts its background jobs deaf to Ctrl-C, and their children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert "KeyboardInterrupt" in result.stderr
    assert time.monotonic() - started < 20
    assert {path.name for path in tmp_path.iterdir()} == {"sources", ".corpus.unfinished"}
    assert not processes_with(marker)


def processes_with(marker: str) -> list[str]:
    found = []
    for number in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{number}/environ", "rb") as environment:
                if marker.encode() in environment.read():
                    found.append(number)
        except OSError:
            continue
    return found
