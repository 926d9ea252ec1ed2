"""The record of a domain makes the same domain again, and its messages name the distribution of the plugin."""

from __future__ import annotations

import complete_domain
import pytest
from letters import Letters

import seqgen
from seqgen import CorpusError
from seqgen.contract.domain_record import DomainRecord

CHESS = {"distribution": "seqgen-chess", "version": "1.2"}


def test_a_domain_comes_back(tmp_path, monkeypatch):
    complete_domain.register(tmp_path / "site", monkeypatch)
    kind = seqgen.load_domain("complete")
    domain = kind(kind.Settings(case="lower"))
    record = DomainRecord.model_validate_json(DomainRecord.of(domain).model_dump_json())
    again = record.make_domain("The corpus was built", CorpusError)
    assert (again.settings, again.vocabulary, dict(again.state)) == (domain.settings, domain.vocabulary, domain.state)


def test_a_missing_plugin_an_old_interface_and_other_settings_name_the_distribution():
    record = DomainRecord.of(Letters()).model_copy(update={"plugin": CHESS})
    with pytest.raises(seqgen.PluginError, match=r"'letters' comes with seqgen-chess 1\.2"):
        record.make_domain("The corpus was built", CorpusError)
    with pytest.raises(CorpusError, match=r"built with seqgen-chess 1\.2, which is written for version 1 .*; build it"):
        record.model_copy(update={"interface_version": 1}).check_interface(
            "The corpus was built", "build it again", CorpusError
        )
    unfit = record.model_copy(update={"name": "midi", "settings": {"colour": "blue"}})
    with pytest.raises(CorpusError, match=r"seqgen-chess 1\.2 and does not fit seqgen-framework"):
        unfit.make_domain("The corpus was built", CorpusError)


def test_a_token_twice_is_refused():
    values = DomainRecord.of(Letters()).model_dump()
    with pytest.raises(ValueError, match="twice"):
        DomainRecord(**{**values, "vocabulary": ["a", "a"]})
