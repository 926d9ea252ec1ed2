"""Is a corpus the same to the byte, whoever reads its files? In one process, in 2 and 4 parts, and on a Dask cluster.

    python bench/cluster_build.py [--files 100000] [--ways once parts-2 parts-4 dask-healthy dask-killed]
                                  [--folder DIR]

The files are those of memory_of_building.py. The Dask cluster has two processes here. In the last run one of them is
killed after a third of the files. Prints the seconds of each, and the highest resident memory of each kind of process
in MB: `mb` of the process that was called, `mb_reader` of the largest that it started; parts are built one after the
other. `different` counts the corpora with other bytes than the first one.

With `--folder`, files and corpora stay there. A later call for other ways uses the files, and compares all corpora.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from common import finish
from memory_of_building import make_files

from seqgen.contract.discovery import load_domain
from seqgen.corpus.building.build import build
from seqgen.corpus.building.cluster import ClusterReader, open_cluster
from seqgen.corpus.building.parts import build_part, merge_parts

SETTINGS = {"encoding": "melody"}
WAYS = ("once", "parts-2", "parts-4", "dask-healthy", "dask-killed")


def digest(folder: Path) -> str:
    """Returns a checksum of the names and contents of all files in a folder."""
    whole = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        whole.update(path.name.encode())
        whole.update(path.read_bytes())
    return whole.hexdigest()


def run_here(kind: str, folder: Path, out: Path) -> None:
    """Builds in one of the ways, and prints what it took."""
    began = time.perf_counter()
    domain_class = load_domain("midi")
    domain = domain_class(domain_class.Settings.from_mapping(SETTINGS))
    figures: dict[str, float] = {}
    name, _, count = kind.partition("-")
    if name == "part":
        number, parts = map(int, count.split("-"))
        build_part(domain, [folder], out, number, parts)
    elif name == "merge":
        merge_parts(sorted(out.parent.glob(f"part-*-{count}")), out)
    elif name == "dask":
        with open_cluster("local:2") as client:

            def progress(done: int, total: int, unit: str) -> None:
                if count == "killed" and unit == "files" and done == total // 3:
                    os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)

            build(domain, [folder], out, progress=progress, make_reader=partial(ClusterReader, client))
            peaks = client.run(lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
            figures["mb_worker"] = max(peaks.values())
    else:
        build(domain, [folder], out)
    figures["mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures["mb_reader"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(json.dumps({"seconds": time.perf_counter() - began, **figures}))


def steps_of(way: str) -> list[str]:
    """Returns the calls that make a corpus in one of the ways. The last one makes it."""
    name, _, count = way.partition("-")
    if name != "parts":
        return [way]
    return [*(f"part-{number}-{count}" for number in range(1, int(count) + 1)), f"merge-{count}"]


def run_ways(folder: Path, ways: list[str], file_count: int) -> dict[str, float]:
    """Builds the corpus in each of the ways, and returns what they took and how many corpora differ."""
    figures: dict[str, float] = {}
    files = folder / "files"
    if not files.exists():
        files.mkdir()
        make_files(files, file_count)
    for step in (step for way in ways for step in steps_of(way)):
        command = [sys.executable, __file__, "--run", step, str(files), str(folder / step)]
        lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
        took = json.loads(lines[-1])
        print(step, took, flush=True)
        figures |= {f"{name}_{step.replace('-', '_')}": value for name, value in took.items()}
    made = [folder / steps_of(way)[-1] for way in WAYS if (folder / steps_of(way)[-1]).exists()]
    digests = [digest(corpus) for corpus in made]
    return {**figures, "corpora": len(made), "different": sum(one != digests[0] for one in digests)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--run", nargs=3, help="build in this way this folder there (used by the benchmark itself)")
    arguments = parser.parse_args()
    if arguments.run:
        kind, folder, out = arguments.run
        run_here(kind, Path(folder), Path(out))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        finish(run_ways(folder, arguments.ways, arguments.files))


if __name__ == "__main__":
    main()
