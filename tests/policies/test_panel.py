"""The scripted players: what they look at, what they do, and what they are told."""

from __future__ import annotations

import pytest

from incidentsim.client_api import ChangeRow
from incidentsim.commands.parse import parse
from incidentsim.policies import MEMORISERS as PLAYERS
from incidentsim.policies import PANEL
from incidentsim.policies.base import is_act
from incidentsim.policies.books import commands_in, filled_in, looks_in
from incidentsim.policies.novice import READING_S, STEP_WAIT_S, guess
from incidentsim.policies.styles import acts_first, spaced
from incidentsim.scenario.catalogue import folders
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.naming import vocabulary
from incidentsim.scenario.places import packaged_root
from incidentsim.specs.people import GAMING, MEMORISERS, POLICIES, STYLES
from incidentsim.specs.verbs import VERBS
from tests.policies.notebook import MEMORY, RUNBOOKS, SCRIPT, played


def test_the_panel_is_what_specs_declare() -> None:
    """Every declared policy has a player, in the same order; gaming players and styles are among them."""
    assert tuple(PANEL) == POLICIES
    assert len(POLICIES) == 21
    assert {*GAMING, *STYLES} <= {*POLICIES}


@pytest.mark.parametrize("name", POLICIES)
def test_times_never_go_back_and_verbs_exist(name: str) -> None:
    """A player's commands come in rising time and use declared verbs."""
    said = played(name).said
    assert [t for t, _ in said] == sorted(t for t, _ in said)
    assert all(text.split(maxsplit=1)[0] in VERBS for _, text in said)


def test_do_nothing_says_nothing() -> None:
    """Leaving the incident alone means no command at all."""
    assert not played("do_nothing").said


@pytest.mark.parametrize("name", MEMORISERS)
def test_memorisers_are_no_part_of_the_panel(name: str) -> None:
    """They have players, in rising time and with declared verbs, which the panel doesn't count."""
    said = played(name).said
    assert tuple(PLAYERS) == MEMORISERS
    assert name not in PANEL
    assert [t for t, _ in said] == sorted(t for t, _ in said)
    assert all(text.split(maxsplit=1)[0] in VERBS for _, text in said)


def test_a_memoriser_says_what_it_learned_elsewhere() -> None:
    """It plays its memory to the letter, whatever this session's names and signals are."""
    assert played("memoriser").said == list(MEMORY)
    assert played("memoriser", share=lambda said: 0.0).said == list(MEMORY)


def test_a_constant_answer_is_the_same_everywhere() -> None:
    """It uses no name of a scenario but those that every stack has, and no signal changes it."""
    said = played("constant_answer").said
    assert said == played("constant_answer", now={"z": 99.0}, share=lambda said: 0.0).said
    assert {"diagnose", "set", "resolve"} <= {text.split()[0] for _, text in said}
    for name in folders(packaged_root()):
        scenario = load_scenario(packaged_root() / name)
        for _, text in said:
            parse(text, vocabulary(scenario))


def test_reference_follows_the_script() -> None:
    """Each line of the script is submitted at its time."""
    assert played("reference").said == list(SCRIPT)


@pytest.mark.parametrize("name", ["slow_clock_reference", "crash_resume_reference"])
def test_pace_and_crashes_change_nothing_of_what_is_said(name: str) -> None:
    """The same lines at the same scenario times, whatever happens to the clock or the machine."""
    session = played(name)
    assert session.said == list(SCRIPT)
    assert session.recovered == (name == "crash_resume_reference")
    assert bool(session.controls) == (name == "slow_clock_reference")


def test_a_lucky_guess_never_looks() -> None:
    """A lucky guess acts and names a cause, without one look."""
    verbs = played("lucky_guess").verbs()
    assert verbs == ["limit", "diagnose"]


def test_the_cheat_knows_everything_and_sees_nothing() -> None:
    """All acts of the reference in the first minutes, all causes with certainty, not one look."""
    session = played("oracle_cheat")
    assert [t for t in session.texts() if is_act(t)] == [c for _, c in SCRIPT if is_act(c)]
    assert session.verbs().count("diagnose") == 2
    assert not any(VERBS[v].group == "look" for v in session.verbs())


@pytest.mark.parametrize("name", ["ack_only", "keyword_stuffer", "shotgun_diagnose"])
def test_talkers_change_nothing(name: str) -> None:
    """Players of words issue no act and no look."""
    assert {VERBS[v].group for v in played(name).verbs()} <= {"think", "communicate"}


def test_the_stuffer_names_every_cause() -> None:
    """Every component and fault of the vocabulary is mentioned somewhere."""
    text = " ".join(played("keyword_stuffer").texts())
    assert all(word in text for word in ("gateway misrouted", "chat-pool overload", "chat-pool engine hang"))


def test_habits_act_before_they_look() -> None:
    """Restarting, scaling and shedding come before any query."""
    for name, verb in (("restart_all", "restart"), ("scale_first", "scale"), ("load_shedder", "shed")):
        verbs = played(name).verbs()
        assert verbs.index(verb) < verbs.index("query")


def test_scaling_first_asks_for_more_than_there_is() -> None:
    """Two replicas become three, then four."""
    assert [t.split()[2] for t in played("scale_first").texts() if t.startswith("scale")] == ["3", "4"]


def test_the_silencer_silences_every_alert() -> None:
    """Each alert is silenced, and the incident called over."""
    session = played("silencer")
    assert [t.split()[1] for t in session.texts() if t.startswith("silence")] == ["Late", "Errors"]
    assert session.verbs()[-1] == "resolve"


def test_the_shotgun_hits_everything() -> None:
    """Every change is rolled back, every tenant limited, every pool restarted, without a look."""
    texts = played("shotgun_fix").texts()
    assert {"rollback chg-2", "limit b tokens 100k", "restart chat-pool", "purge response-cache"} <= {*texts}
    assert not any(VERBS[t.split()[0]].group == "look" for t in texts)


def test_runbooks_are_copied_literally() -> None:
    """Commands written as code are issued in order; those with a blank can't be."""
    assert list(commands_in(RUNBOOKS[0][1])) == ["shed prompt_tokens>9000 10%", "restart chat-pool"]
    assert [t for t in played("copy_runbook").texts() if is_act(t)] == list(commands_in(RUNBOOKS[0][1]))


def test_fast_is_half_and_thorough_is_longer() -> None:
    """The same acts in the same order, earlier and later than the reference's."""
    acts = [(t, c) for t, c in SCRIPT if is_act(c)]
    fast = [(t, c) for t, c in played("fast_expert").said if is_act(c)]
    slow = [(t, c) for t, c in played("thorough_slow").said if is_act(c)]
    assert [c for _, c in fast] == [c for _, c in slow] == [c for _, c in acts]
    assert all(f < a < s for (f, _), (a, _), (s, _) in zip(fast, acts, slow, strict=True))


BOOK = """1. `query up`, then `trace slowest`, `inspect` of the replica, `inspect gateway`, `inspect POOL`.
   - Mended? The job has to
     run again (`rerun JOB`), and `restart chat-pool`.
   - `changes`; `rollback <change>`; `pin feature-store snapshot=ID`
"""


def test_a_runbook_says_where_to_look_and_what_to_do() -> None:
    """Looks and acts are told apart, also in a list's lines; what has a blank is neither copied nor looked at."""
    assert list(looks_in(BOOK)) == ["query up", "trace slowest", "inspect gateway", "changes"]
    assert list(commands_in(BOOK)) == ["restart chat-pool"]


def test_blanks_are_filled_with_what_they_ask_for() -> None:
    """A command with one blank is given for each component of that kind, and for no other."""
    components = {"job.daily": "job", "job.hourly": "job", "gateway": "gateway", "chat-pool": "pool"}
    assert list(filled_in(BOOK, components)) == ["rerun job.daily", "rerun job.hourly"]


def test_mitigating_first_acts_once_and_looks_before_the_next_act() -> None:
    """The first act comes earlier; the query that came before it comes directly behind it, before the next act."""
    lines = acts_first(SCRIPT)
    assert sorted(c for _, c in lines) == sorted(c for _, c in SCRIPT)
    order = [c for _, c in lines]
    first = order.index("limit acme tokens 100")
    assert order[:first] == ["ack", "changes"]
    assert order[first + 1] == "query up"
    assert next(t for t, c in lines if c.startswith("limit")) == 90_000_000
    assert next(t for t, c in lines if c.startswith("scale")) == 195_000_000


def test_spacing_never_swaps_and_never_crowds() -> None:
    """Lines stay in order with five seconds between, none before the page was read."""
    out = spaced([(0, "a"), (0, "b"), (60_000_000, "c")])
    assert out == [(20_000_000, "a"), (25_000_000, "b"), (60_000_000, "c")]


def test_the_other_expert_plays_the_last_solution() -> None:
    """Other tools: the scenario's last reference solution."""
    assert played("other_tools_expert").texts() == ["inspect gateway", "rollback chg-2"]


def test_the_novice_limits_whoever_grew_most() -> None:
    """The tenant is found by slicing, not known: the one with the largest growth gets the limit."""
    session = played("novice", now={"a": 12.0, "b": 90.0}, before={"a": 11.0, "b": 9.0})
    assert [text.split()[1] for text in session.texts() if text.startswith("limit")] == ["b"]
    other = played("novice", now={"a": 99.0, "b": 9.0}, before={"a": 11.0, "b": 9.0})
    assert [text.split()[1] for text in other.texts() if text.startswith("limit")] == ["a"]


def test_the_novice_suspects_nobody_without_figures_of_before() -> None:
    """In an incident younger than what it compares with, nobody is known to have grown."""
    session = played("novice", now={"a": 12.0, "b": 90.0}, before={})
    assert not [text for text in session.texts() if text.startswith("limit")]


def test_the_novice_takes_back_changes_until_one_helps() -> None:
    """Nobody grew: changes are rolled back newest first, one that hurt is undone, the one that helped ends it."""
    hurt, helped = (f'rollback chg-{i} --because "it came before this began"' for i in (2, 3))
    session = played("novice", share=lambda said: 0.1 if helped in said else 0.9 if hurt in said else 0.5)
    acts = [t.split(" --because")[0] for t in session.texts() if is_act(t)]
    assert acts[0] == "rollback chg-2"
    assert acts[1].startswith("undo ")
    assert acts[2:] == ["rollback chg-3"]
    assert "diagnose gateway misrouted --p 0.6" in session.texts()


def test_the_novice_goes_on_to_the_changes_when_a_limit_does_not_help() -> None:
    """A tenant that grew is limited, the limit undone without an effect, and the change log is next."""
    session = played("novice", now={"a": 12.0, "b": 90.0}, before={"a": 11.0, "b": 9.0})
    verbs = [v for v, t in zip(session.verbs(), session.texts(), strict=True) if is_act(t)]
    assert verbs[:3] == ["limit", "undo", "rollback"]
    assert "rule-out 1" in session.texts()


def test_the_novice_gives_up_when_nothing_helps() -> None:
    """Tries that neither helped nor hurt stay, and that users are still affected is said."""
    session = played("novice")
    rollbacks = [t for t in session.texts() if t.startswith("rollback") and is_act(t)]
    assert len(rollbacks) == 2
    assert "undo" not in session.verbs()
    assert "did not help" in session.texts()[-1]


def test_the_novice_looks_where_the_runbooks_say() -> None:
    """The looks written in a runbook follow its reading, each once."""
    texts = played("novice", runbooks=(("slow", "Look: `query up`, then `alerts`, and `query up` again."),)).texts()
    assert texts[texts.index("runbook slow") + 1] == "query up"
    assert texts.count("query up") == texts.count("alerts") == 1


def test_the_novice_does_what_the_runbook_says_after_a_change_was_taken_back() -> None:
    """A job that the change names is run again, directly after the rollback, and given time; other jobs are not."""
    book = (("daily", "When its input is mended, run it again (`rerun JOB`)."),)
    session = played("novice", runbooks=book, detail={"chg-2": ("read by (from lineage): reporting, daily",)})
    acts = [(t, text.split(" --because")[0]) for t, text in session.said if is_act(text)]
    assert [text for _, text in acts] == ["rollback chg-2", "rerun job.daily", "rollback chg-3"]
    assert acts[0][0] == acts[1][0]
    assert acts[2][0] - acts[1][0] == (STEP_WAIT_S + READING_S) * 1_000_000


def test_a_cause_is_guessed_at_what_the_change_names() -> None:
    """A change's text may name whom it concerns: faults there are considered beside those of its target."""
    change = ChangeRow(
        id="c", t_us=-1, kind="deploy", target="pipeline", actor="", summary="export 6 to 7",
        detail=("column amount gets another type", "read by (from lineage): reporting, daily"),
    )  # fmt: skip
    causes = (("pipeline", "feature_drift"), ("job.hourly", "schema_change"), ("job.daily", "schema_change"))
    assert guess(causes, change) == ("job.daily", "schema_change")


def test_a_cause_is_guessed_from_the_words_of_the_change() -> None:
    """Among the faults of the changed component the one whose words are most like the change's."""
    change = ChangeRow(
        id="c", t_us=-1, kind="deploy", target="pool", actor="", summary="tokenizer r2 rolled out", detail=()
    )
    causes = (("pool", "engine_hang"), ("pool", "tokenizer_mismatch"), ("other", "tokenizer_mismatch"))
    assert guess(causes, change) == ("pool", "tokenizer_mismatch")
    assert guess((("other", "engine_hang"),), change) is None


def test_is_act_knows_dry_runs() -> None:
    """A dry run changes nothing, so it is no act."""
    assert is_act("restart chat-pool")
    assert not is_act("restart chat-pool --dry-run")
    assert not is_act("query up")
    assert parse("query up", played("do_nothing").vocabulary()).verb == "query"
