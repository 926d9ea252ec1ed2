"""Which processes train together: the addresses of the workers, and which of them this process is.

They come from the call itself, from TF_CONFIG, or from the variables that SLURM sets in each task of a job step.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from seqgen.errors import UsageError

SLURM_PORT = 8888
"""The port of the first worker on each node of SLURM. The next worker on the node has the next port."""
MAX_LOCAL_WORKERS = 64


class Cluster(NamedTuple):
    """The workers as "host:port" by rank, and the rank of this process. Rank 0 is the chief."""

    addresses: tuple[str, ...]
    rank: int


def find_cluster(addresses: Sequence[str] | None, rank: int | None, environment: Mapping[str, str]) -> Cluster | None:
    """Returns the cluster that the call names, or else TF_CONFIG or SLURM, or None for a process of its own.

    Raises UsageError for one that is not complete.
    """
    if addresses is not None:
        if rank is None:
            raise UsageError("Each of the workers must know which one it is; add --rank, from 0 on.")
        return _checked(addresses, rank, "--workers")
    if rank is not None:
        raise UsageError(
            "--rank says which of the workers this is; name all of them with --workers host:port,host:port."
        )
    if "TF_CONFIG" in environment:
        return _of_tf_config(environment["TF_CONFIG"])
    if int(environment.get("SLURM_STEP_NUM_TASKS", "1")) > 1:
        return _of_slurm(environment)
    return None


def _checked(addresses: Sequence[str], rank: int, source: str) -> Cluster:
    """Returns a cluster. Raises UsageError, which names the `source`, for wrong addresses or a wrong rank."""
    for address in addresses:
        if not re.fullmatch(r"[^\s:]+:\d{1,5}|\[[0-9a-fA-F:]+\]:\d{1,5}", address):
            raise UsageError(f"{source} has the worker {address!r}; a worker is a host and a port, such as node1:5000.")
    if len(set(addresses)) < len(addresses):
        raise UsageError(f"{source} names a worker twice; give each of them a port of its own.")
    if not 0 <= rank < len(addresses):
        raise UsageError(f"Rank {rank} is no worker of {source}; the ranks are 0 to {len(addresses) - 1}.")
    return Cluster(tuple(addresses), rank)


def _of_tf_config(text: str) -> Cluster | None:
    """Returns the cluster of TF_CONFIG; None if it names one process. A "chief" comes before all "worker"s."""
    try:
        config: Any = json.loads(text)
        jobs = config.get("cluster", {})
        addresses = [*jobs.get("chief", []), *jobs.get("worker", [])]
        if len(addresses) < 2:
            return None
        kind, index = config["task"]["type"], int(config["task"]["index"])
        rank = {"chief": 0, "worker": len(jobs.get("chief", []))}[kind] + index
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(
            'TF_CONFIG cannot be understood; it is JSON such as {"cluster": {"worker": ["a:5000", "b:5000"]}, "task": '
            '{"type": "worker", "index": 0}}.'
        ) from error
    return _checked(addresses, rank, "TF_CONFIG")


def _of_slurm(environment: Mapping[str, str]) -> Cluster:
    """Returns the cluster of a job step: its tasks in the order of their ranks, node by node.

    TensorFlow's own SlurmClusterResolver sorts the hosts by name, where node10 comes before node9, and it needs a GPU.
    """
    try:
        hosts = expand_host_list(environment["SLURM_STEP_NODELIST"])
        counts = _expand_task_counts(environment["SLURM_STEP_TASKS_PER_NODE"])
        addresses = [
            f"{host}:{SLURM_PORT + task}" for host, count in zip(hosts, counts, strict=True) for task in range(count)
        ]
        rank = int(environment["SLURM_PROCID"])
    except (KeyError, ValueError) as error:
        raise UsageError(
            f"The variables of SLURM cannot be understood ({error}); start the workers with srun, or name them with "
            "--workers and --rank."
        ) from error
    return _checked(addresses, rank, "SLURM_STEP_NODELIST")


def expand_host_list(text: str) -> list[str]:
    """Returns the hosts of a list such as "node[1-3,07],login", in its order. Numbers keep their leading zeros."""
    hosts = []
    for part in re.findall(r"(?:[^,\[]|\[[^\]]*\])+", text):
        prefix, bracket, rest = part.partition("[")
        ranges, _, suffix = rest.partition("]")
        for one in ranges.split(",") if bracket else [""]:
            first, _, last = one.partition("-")
            numbers = range(int(first), int(last or first) + 1) if first else [""]
            hosts += [
                f"{prefix}{number:0{len(first)}}{suffix}" if isinstance(number, int) else prefix for number in numbers
            ]
    return hosts


def _expand_task_counts(text: str) -> list[int]:
    """Returns the number of tasks of each node, of a list such as "2(x3),1"."""
    counts = []
    for part in text.split(","):
        found = re.fullmatch(r"(\d+)(?:\(x(\d+)\))?", part)
        if found is None:
            raise ValueError(f"{part!r} is no number of tasks")
        counts += [int(found[1])] * int(found[2] or 1)
    return counts
