"""D, De and the Brier skill, by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidentsim.scoring.diagnosis import Diagnosis, brier_skill, judge
from incidentsim.scoring.evidence import Evidence, Sighting
from incidentsim.scoring.play import Belief, Cause
from tests.scoring.toy import toy_scenario

SCENARIO = toy_scenario()
GROWTH: Cause = ("tenant.strategic", "context_growth")
BLIND: Cause = ("gateway", "length_blind_admission")
ALIAS: Cause = ("tenant.strategic", "traffic_surge")
NEAR: Cause = ("chat-pool", "engine_hang")
WRONG: Cause = ("router", "bad_route")
OTHERS = tuple((f"node-{i}", "gpu_lost") for i in range(15))
VOCABULARY = (GROWTH, BLIND, ALIAS, NEAR, WRONG, *OTHERS)


def judged(*claims: tuple[Cause, float], evidence: str = "") -> Diagnosis:
    """Return the judgement of claims; `evidence` lists the items seen before them, by spaces."""
    items = evidence.split()
    sightings = tuple(Sighting(t_us=0, seq=i, item=item, explicit=True) for i, item in enumerate(items))
    seen = Evidence(listed=tuple(items), sightings=sightings, queried=())
    beliefs = [
        Belief(t_us=1, seq=100 + i, cause=cause, p_ppm=round(p * 1_000_000), committed=True)
        for i, (cause, p) in enumerate(claims)
    ]
    return judge(beliefs, SCENARIO, seen, VOCABULARY)


BOTH = "metric:gateway_tokens_total@tenant inspect:gateway"


def test_all_right_with_evidence_is_one() -> None:
    """Both causes at certainty, each with evidence, give D = De = 1."""
    result = judged((GROWTH, 1.0), (BLIND, 1.0), evidence=BOTH)
    assert (result.d, result.de, result.bss, result.f) == (1.0, 1.0, 1.0, 1.0)


def test_one_of_two_by_hand() -> None:
    """One right cause of two among 20 pairs: F0.5 = 5/6, Brier skill = 1 − 1/1.8 = 4/9."""
    result = judged((GROWTH, 1.0))
    assert result.f == pytest.approx(1.25 * 0.5 / (0.25 + 0.5))
    assert result.bss == pytest.approx(1 - 1 / (2 * 18 / 20))
    assert result.d == pytest.approx(0.5 * 5 / 6 + 0.5 * 4 / 9)
    assert result.de == pytest.approx(0.35 * result.d)


def test_one_hop_away_counts_a_third() -> None:
    """A neighbour on the graph and on the path is worth .35, in precision and in recall."""
    result = judged((NEAR, 1.0))
    assert result.precision == pytest.approx(0.35)
    assert result.recall == pytest.approx(0.35 / 2)
    assert result.claims[0].near


def test_an_alias_is_the_cause_itself() -> None:
    """Naming an alias is exact; naming both counts once, with the higher probability."""
    assert judged((ALIAS, 0.9)).d == judged((GROWTH, 0.9)).d
    assert judged((ALIAS, 0.6), (GROWTH, 0.9)).d == judged((GROWTH, 0.9)).d


def test_naming_everything_is_worth_nothing() -> None:
    """All pairs at certainty have D = 0, however right some are."""
    assert judged(*((cause, 1.0) for cause in VOCABULARY), evidence=BOTH).de == 0.0


def test_the_last_word_counts() -> None:
    """A cause restated with another probability counts with the last one."""
    assert judged((GROWTH, 0.9), (GROWTH, 0.2)).d == judged((GROWTH, 0.2)).d


def test_below_one_half_is_not_committed() -> None:
    """A right cause at .4 has Brier skill but no F, and no evidence share."""
    result = judged((GROWTH, 0.4), evidence=BOTH)
    assert result.f == 0.0
    assert result.d == pytest.approx(0.5 * (1 - (0.36 + 1) / 1.8))
    assert result.de == pytest.approx(0.35 * result.d)


def test_brier_skill_of_nothing_to_tell_apart_is_zero() -> None:
    """When every pair is a cause, the base rate is perfect and there is no skill."""
    assert brier_skill({GROWTH: 1_000_000}, [GROWTH, BLIND], 2) == 0.0


PAIRS = st.sampled_from([GROWTH, BLIND, NEAR, WRONG, *OTHERS[:3]])
CLAIMS = st.dictionaries(PAIRS, st.integers(0, 20).map(lambda n: n / 20), max_size=5)
SEEN = st.sampled_from(["", "inspect:gateway", "metric:gateway_tokens_total@tenant", BOTH])


@settings(max_examples=60, deadline=None)
@given(claims=CLAIMS, evidence=SEEN, p=st.integers(0, 20).map(lambda n: n / 20))
def test_adding_a_wrong_cause_never_raises(claims: dict[Cause, float], evidence: str, p: float) -> None:
    """A cause that is neither right nor near can't raise D or De at any probability."""
    before = judged(*claims.items(), evidence=evidence)
    after = judged(*claims.items(), (OTHERS[10], p), evidence=evidence)
    assert after.d <= before.d
    assert after.de <= before.de


@settings(max_examples=60, deadline=None)
@given(claims=CLAIMS, evidence=SEEN, right=st.sampled_from([GROWTH, BLIND]))
def test_dropping_a_right_cause_never_raises(claims: dict[Cause, float], evidence: str, right: Cause) -> None:
    """Leaving a right cause out can't raise D or De, even one that was named without evidence."""
    before = judged(*claims.items(), evidence=evidence)
    after = judged(*((c, p) for c, p in claims.items() if c != right), evidence=evidence)
    assert after.d <= before.d
    assert after.de <= before.de


@settings(max_examples=40, deadline=None)
@given(claims=CLAIMS)
def test_less_evidence_never_raises(claims: dict[Cause, float]) -> None:
    """De falls, or stays, from all evidence over some to none, and never exceeds D of what was claimed
    best."""
    full, some, none = (judged(*claims.items(), evidence=e).de for e in (BOTH, "inspect:gateway", ""))
    assert full >= some >= none
