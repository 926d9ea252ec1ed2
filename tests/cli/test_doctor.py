"""seqgen doctor: what to paste into a bug report."""

from __future__ import annotations

import json


def test_versions_devices_and_plugins_are_reported(run_cli):
    report = json.loads(run_cli("doctor", "--json")[1])
    assert report["packages"]["tensorflow"] != "missing"
    assert any(device.startswith("CPU") for device in report["devices"])
    assert "plugins:" in run_cli("doctor")[1]
