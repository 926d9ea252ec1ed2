"""The conformance kit finds broken laws."""

from __future__ import annotations

import numpy as np
import pytest
from letters import Letters, Line

from seqgen import AuxiliaryTargets, Example, Metrics, Training
from seqgen.contract.testing import check_domain


@pytest.fixture
def lines(tmp_path):
    path = tmp_path / "some.letters"
    path.write_text("hello\nworld\nabc\n")
    return path


def test_the_letters_keep_the_laws(lines):
    check_domain(Letters(), [lines], walks=20)


class _ForgetsALetter(Letters):
    def decode(self, ids):
        return Line(super().decode(ids).letters[1:])


class _ReadsAnything(Letters):
    def read(self, path):
        yield Line(path.read_text(encoding="ascii").split()[0])


class _Shortening(Training):
    def augment(self, ids, rng):
        return ids[:-1]


class _AugmentsAway(Letters):
    training = _Shortening()


class _LateTargets(Training):
    def auxiliary_targets(self, ids, rng):
        return AuxiliaryTargets(np.array([len(ids) - 1]), ids[-1:], np.ones(1, np.float32), 0)


class _TargetsTooLate(Letters):
    training = _LateTargets()


class _LearnsBos(Letters):
    def encode(self, item):
        example = super().encode(item)
        return Example(example.ids, np.ones_like(example.weights))


class _CountingBos(Metrics):
    def copy_symbols(self, ids):
        return ids


class _CopiesBos(Letters):
    metrics = _CountingBos()


class _WritesNothing(Letters):
    def write(self, item, path):
        return [path]


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (_ForgetsALetter, "gives another item"),
        (_ReadsAnything, "hostile bytes"),
        (_AugmentsAway, "augment makes"),
        (_TargetsTooLate, "positions that the document does not have"),
        (_LearnsBos, "BOS has weight 1"),
        (_CopiesBos, "copy_symbols counts BOS"),
        (_WritesNothing, "names files that are not there"),
    ],
)
def test_the_kit_finds_broken_laws(broken, sentence, lines):
    with pytest.raises(AssertionError, match=sentence):
        check_domain(broken(), [lines], walks=5)
