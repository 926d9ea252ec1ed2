"""What is recommended for music."""

from __future__ import annotations

from seqgen_midi.domain import MidiDomain


def test_a_model_of_chorales_hears_intervals_and_what_is_known_ahead(
    domain: MidiDomain, domains: dict[str, MidiDomain]
) -> None:
    settings = domain.defaults.settings()
    assert settings["coordinates"]
    assert settings["condition_size"] > 0
    assert domains["melody"].defaults.settings()["condition_size"] > 0
    assert domains["drums"].defaults.settings() == {}


def test_by_default_there_are_no_parallels_and_crossings_where_nothing_is_given_within(
    domain: MidiDomain, domains: dict[str, MidiDomain]
) -> None:
    default = domain.defaults.constraints
    assert default({}) == default({"bars": 4}) == {"parallels": False, "crossings": False}
    assert default({"harmonise": "S"}) == default({"fill": "3-4"}) == {}
    assert domains["melody"].defaults.constraints({}) == {}
    assert domain.defaults.sampling() == {"min_p": 0.05}
    assert domains["score"].defaults.sampling() == {}
