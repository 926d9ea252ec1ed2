"""seqgen domains: what is installed, and what can be set."""

from __future__ import annotations

import json


def test_domains_are_listed_and_described(run_cli):
    assert "midi:" in run_cli("domains")[1]
    described = json.loads(run_cli("domains", "midi", "--json")[1])
    assert {"bars", "key", "range"} <= set(described["constraints"])
    assert described["capabilities"]["training"] == ["augment", "registers", "conditions", "shown_conditions"]
    assert "wav" in described["renderings"]
    lines = run_cli("domains", "midi")[1].splitlines()
    assert "Constraints (seqgen sample --set KEY=VALUE):" in lines
    assert any(line.split()[:2] == ["training", "augment,"] for line in lines)
    assert any(line.split()[:1] == ["bars"] for line in lines)
    assert max(map(len, lines)) <= 110


def test_an_unknown_domain_suggests_the_nearest(check_refusal):
    check_refusal(["domains", "midy"], 2, "did you mean 'midi'?")
