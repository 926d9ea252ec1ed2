"""The workers of a cluster come from the call, from TF_CONFIG or from SLURM."""

from __future__ import annotations

import json

import pytest

from seqgen.errors import UsageError
from seqgen.workflows.cluster import Cluster, expand_host_list, find_cluster


def test_the_call_comes_before_the_environment():
    slurm = {"SLURM_STEP_NUM_TASKS": "2"}
    assert find_cluster(["a:1", "b:2"], 1, slurm) == Cluster(("a:1", "b:2"), 1)
    assert find_cluster(None, None, {}) is None


def test_tf_config_names_the_chief_first():
    config = {"cluster": {"worker": ["b:2", "c:3"], "chief": ["a:1"]}, "task": {"type": "worker", "index": 1}}
    assert find_cluster(None, None, {"TF_CONFIG": json.dumps(config)}) == Cluster(("a:1", "b:2", "c:3"), 2)
    assert find_cluster(None, None, {"TF_CONFIG": '{"cluster": {"worker": ["a:1"]}}'}) is None


def test_slurm_names_its_tasks_node_by_node_in_the_order_of_their_ranks():
    environment = {
        "SLURM_STEP_NUM_TASKS": "5", "SLURM_PROCID": "2", "SLURM_STEP_NODELIST": "node[9-10],big",
        "SLURM_STEP_TASKS_PER_NODE": "2(x2),1",
    }  # fmt: skip
    addresses = ("node9:8888", "node9:8889", "node10:8888", "node10:8889", "big:8888")
    assert find_cluster(None, None, environment) == Cluster(addresses, 2)
    assert find_cluster(None, None, {"SLURM_STEP_NUM_TASKS": "1"}) is None


@pytest.mark.parametrize(
    ("text", "hosts"),
    [("a", ["a"]), ("n[08-10,3]-ib,x7", ["n08-ib", "n09-ib", "n10-ib", "n3-ib", "x7"]), ("a,b", ["a", "b"])],
)
def test_host_lists_expand_in_their_order(text, hosts):
    assert expand_host_list(text) == hosts


@pytest.mark.parametrize(
    ("addresses", "rank", "environment", "fault"),
    [
        (["a:1", "b:2"], None, {}, "add --rank"),
        (["a:1", "b:2"], 2, {}, "the ranks are 0 to 1"),
        (["a:1", "a:1"], 0, {}, "twice"),
        (["a", "b:2"], 0, {}, "'a'"),
        (None, 1, {}, "--workers host:port"),
        (None, None, {"TF_CONFIG": "{"}, "TF_CONFIG cannot be understood"),
        (None, None, {"SLURM_STEP_NUM_TASKS": "2"}, "SLURM_STEP_NODELIST"),
    ],
)
def test_a_cluster_that_is_not_complete_is_refused(addresses, rank, environment, fault):
    with pytest.raises(UsageError, match=fault):
        find_cluster(addresses, rank, environment)
