"""The devices of this machine."""

from __future__ import annotations

import os

from seqgen.engine import devices
from seqgen.engine.devices import device_names, has_gpu, num_cores


def test_there_is_a_cpu_with_a_core():
    assert "CPU:0" in device_names()
    assert 1 <= num_cores() <= os.cpu_count()
    assert has_gpu() == any(name.startswith("GPU") for name in device_names())


def test_cores_that_a_process_may_not_use_do_not_count(monkeypatch):
    monkeypatch.setattr(devices.os, "sched_getaffinity", lambda process: {0, 3, 4}, raising=False)
    assert num_cores() == 3
    monkeypatch.delattr(devices.os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(devices.os, "cpu_count", lambda: None)
    assert num_cores() == 1
