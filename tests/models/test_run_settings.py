"""The settings of a run: typed, checked, kept, and compared when the run is resumed."""

from __future__ import annotations

import pytest
from letters import Letters

from seqgen import CorpusError, Defaults, InvalidValue, Options, PluginError, TrainingError, UnknownName, UsageError
from seqgen.engine.settings import ModelSettings
from seqgen.models.bundle import SETTINGS_FILE
from seqgen.models.run_settings import (
    RunSettings,
    budget_settings,
    default_settings,
    new_run_settings,
    parse_settings,
)


@pytest.fixture
def settings():
    domain, engine = parse_settings({"half": "true", "hidden_size": "64", "dropout": "0"}, Letters.Settings)
    assert (domain, engine) == ({"half": True}, {"hidden_size": 64, "dropout": 0.0})
    return RunSettings(
        corpus="corpus", corpus_checksum="0", sources=["pop909"], valid=[], test=[],
        **budget_settings(None, 20), **new_run_settings(engine, "tiny"),
    )  # fmt: skip


def test_they_come_back_from_disk(settings, tmp_path):
    settings.write(tmp_path)
    assert RunSettings.read(tmp_path) == settings
    assert (settings.model.hidden_size, settings.training.dropout, settings.budget.steps) == (64, 0, 20)


def test_a_folder_without_settings_is_no_run_and_damage_is_found(settings, tmp_path):
    with pytest.raises(CorpusError, match="is no run"):
        RunSettings.read(tmp_path)
    (tmp_path / SETTINGS_FILE).write_text(settings.model_dump_json().replace('"steps":20', '"steps":0'))
    with pytest.raises(TrainingError, match="is damaged"):
        RunSettings.read(tmp_path)


def test_a_resumed_run_must_be_asked_for_what_it_is(settings, tmp_path):
    settings.check_unchanged(tmp_path, {"hidden_size": 64, "half": True}, "tiny", {"half": True})
    with pytest.raises(UsageError, match="began with half=True, not False"):
        settings.check_unchanged(tmp_path, {"half": False}, None, {"half": True})
    with pytest.raises(UsageError, match="began with size=tiny, not large"):
        settings.check_unchanged(tmp_path, {}, "large", {})
    with pytest.raises(UnknownName, match="colour"):
        settings.check_unchanged(tmp_path, {"colour": 1}, None, {})
    for sources in ((), ["pop909"]):
        settings.check_sources(tmp_path, sources, (), ())
    for sources, valid, test in (([tmp_path], (), ()), ((), [tmp_path], ()), ((), (), [tmp_path])):
        with pytest.raises(UsageError, match=r"began with other (sources|--valid|--test) \((pop909|none)\)"):
            settings.check_sources(tmp_path, sources, valid, test)
    settings.check_init_from(tmp_path, None)
    with pytest.raises(UsageError, match="did not begin with"):
        settings.check_init_from(tmp_path, tmp_path / "other")


@pytest.mark.parametrize(
    ("minutes", "steps", "error"),
    [(1.0, 1, UsageError), (None, 0, InvalidValue), (0.0, None, InvalidValue), (float("inf"), None, InvalidValue)],
)
def test_a_budget_that_cannot_be_is_refused(minutes, steps, error):
    with pytest.raises(error):
        budget_settings(minutes, steps)


def test_a_budget_is_ten_minutes_unless_something_is_said():
    assert budget_settings(None, None) == {"steps": None, "seconds": 600}
    assert budget_settings(0.5, None) == {"steps": None, "seconds": 30}


def test_names_and_values_are_checked():
    with pytest.raises(UnknownName, match="did you mean 'hidden_size'"):
        parse_settings({"hiden_size": 3}, Letters.Settings)
    with pytest.raises(InvalidValue, match="hidden_size cannot be '3'"):
        parse_settings({"hidden_size": "3"}, Letters.Settings)
    with pytest.raises(UnknownName, match="medium"):
        new_run_settings({}, "huge")


def test_a_domain_recommends_settings_that_the_user_can_change():
    recommended = {"hidden_size": 96, "attention_window": 32, "dropout": 0.4}
    new = new_run_settings({"dropout": 0.1}, None, None, recommended)
    assert (new["size"], new["model"].hidden_size, new["model"].attention_window) == ("small", 96, 32)
    assert new["training"].dropout == 0.1
    assert new_run_settings({}, "tiny", None, recommended)["model"].hidden_size == 64
    pretrained = ModelSettings(hidden_size=16)
    assert new_run_settings({}, None, pretrained, recommended)["model"] == pretrained


@pytest.mark.parametrize("wrong", [{"hiden_size": 3}, {"hidden_size": "3"}])
def test_wrong_recommendations_are_the_fault_of_the_plugin(wrong):
    class Recommending(Defaults[str]):
        def settings(self):
            return wrong

    domain = Letters()
    domain.defaults = Recommending()
    with pytest.raises(PluginError, match="default settings of the domain 'letters' are wrong"):
        default_settings(domain)


def test_a_setting_of_the_engine_never_breaks_a_plugin_that_has_one_of_its_name(settings, tmp_path):
    class Settings(Options):
        dropout: int = 0

    assert parse_settings({"dropout": "3"}, Settings) == ({"dropout": 3}, {})
    assert parse_settings({"training.dropout": "0.5", "domain.dropout": 2}, Settings) == (
        {"dropout": 2},
        {"dropout": 0.5},
    )
    assert parse_settings({"dropout": "0.5", "model.hidden_size": 8}, Options) == (
        {},
        {"dropout": 0.5, "hidden_size": 8},
    )
    with pytest.raises(UnknownName, match="did you mean 'hidden_size'"):
        parse_settings({"model.hiden_size": 3}, Settings)
    with pytest.raises(UnknownName, match="no setting 'learning_rate'"):
        parse_settings({"domain.learning_rate": 3}, Settings)
    settings.check_unchanged(tmp_path, {"dropout": 7}, None, {"dropout": 7})
    settings.check_unchanged(tmp_path, {"dropout": 0}, None, {})
