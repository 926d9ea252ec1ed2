"""seqgen corpora: the recipes for real data."""

from __future__ import annotations


def test_recipes_are_listed_and_described(run_cli):
    assert "bach-chorales" in run_cli("corpora")[1]
    assert "licence" in run_cli("corpora", "bach-chorales")[1]


def test_an_unknown_recipe_suggests_the_nearest(check_refusal):
    check_refusal(["corpora", "bach"], 2, "bach-chorales")
