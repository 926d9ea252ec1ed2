"""seqgen domains: what is installed, and what can be set."""

from __future__ import annotations

import json


def test_domains_are_listed_and_described(run_cli):
    assert "midi:" in run_cli("domains")[1]
    described = json.loads(run_cli("domains", "midi", "--json")[1])
    assert {"bars", "key", "range"} <= set(described["constraints"])
    assert "bars" in run_cli("domains", "midi")[1]


def test_an_unknown_domain_suggests_the_nearest(check_refusal):
    check_refusal(["domains", "midy"], 2, "did you mean 'midi'?")
