"""Is a corpus the same to the byte, whoever reads its files? In one process, in 2 and 4 parts, and on a Dask cluster.

    python bench/cluster_build.py [--files 100000]

The files are those of memory_of_building.py. The Dask cluster has two processes here. In the last run one of them is
killed after a third of the files. Prints the seconds of each, and the highest resident memory of each kind of process
in MB; parts are built one after the other.
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
    print(json.dumps({"seconds": time.perf_counter() - began, **figures}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--run", nargs=3, help="build in this way this folder there (used by the benchmark itself)")
    arguments = parser.parse_args()
    if arguments.run:
        kind, folder, out = arguments.run
        run_here(kind, Path(folder), Path(out))
        return
    figures: dict[str, float] = {}
    digests: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "files"
        folder.mkdir()
        make_files(folder, arguments.files)
        parts = [f"part-{number}-{count}" for count in (2, 4) for number in range(1, count + 1)]
        for kind in ("once", *parts, "merge-2", "merge-4", "dask-healthy", "dask-killed"):
            out = Path(temporary) / kind
            command = [sys.executable, __file__, "--run", kind, str(folder), str(out)]
            lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
            took = json.loads(lines[-1])
            print(kind, took, flush=True)
            key = kind.replace("-", "_")
            figures |= {f"{name}_{key}": value for name, value in took.items()}
            if not kind.startswith("part"):
                digests[kind] = digest(out)
    figures["different"] = sum(one != digests["once"] for one in digests.values())
    finish(figures)


if __name__ == "__main__":
    main()
