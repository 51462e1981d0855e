"""Commands to moves: merging, undoing, what is touched."""

from __future__ import annotations

from incidentsim.scenario.cast import plain_cast
from incidentsim.scenario.model import Doing
from incidentsim.scoring.moves import Move, moves_of, without
from incidentsim.scoring.play import names_of, read_play
from tests.scoring.plays import Line, played
from tests.scoring.toy import toy_scenario

SCENARIO = toy_scenario()


def moves(*lines: Line) -> tuple[Move, ...]:
    """Return the moves of a play."""
    names = names_of(plain_cast(SCENARIO), SCENARIO)
    play = read_play(played(lines, SCENARIO).records, names)
    return moves_of(play.given(), play.reverts, SCENARIO, names)


def test_same_verb_and_target_within_a_minute_is_one_move() -> None:
    """A corrected value belongs to its move; a later one, or another target, is a move of its own."""
    found = moves(
        (10, "limit strategic tokens 300k"), (65, "limit strategic tokens 200k"),
        (66, "limit others tokens 1m"),
        (130, "limit strategic tokens 100k"),
    )  # fmt: skip
    assert [(m.target, m.t_us, len(m.seqs)) for m in found] == [
        ("tenant.strategic", 10_000_000, 2),
        ("tenant.others", 66_000_000, 1),
        ("tenant.strategic", 130_000_000, 1),
    ]


def test_an_undo_belongs_to_what_it_undoes() -> None:
    """However late, an undo joins its move, and leaving the move out leaves both out."""
    (move,) = moves((10, "limit strategic tokens 300k"), (900, "undo 0"))
    assert move.undone_at is not None
    assert move.undone_at.t_us == 900_000_000
    assert len(move.seqs) == 2


def test_ending_a_measure_of_ones_own_belongs_to_the_move_that_made_it() -> None:
    """Tidying up is no act of its own, however late; ending what one did not make is, and so is making it again."""
    own = moves((10, "limit strategic tokens 300k"), (900, "limit strategic tokens unlimited"))
    assert [(len(m.seqs), m.undone_at is not None) for m in own] == [(2, True)]
    shed = moves((10, "shed all 20%"), (400, "shed all 0%"))
    assert [(len(m.seqs), m.undone_at is not None) for m in shed] == [(2, True)]
    for verb in ("drain chat-pool-3", "rollback chg-1", "cordon node-1"):
        switched = moves((10, verb), (400, f"{verb} off"))
        assert [(len(m.seqs), m.undone_at is not None) for m in switched] == [(2, True)], verb
    not_own = moves((10, "limit strategic requests 300"), (900, "limit strategic tokens unlimited"))
    assert [(len(m.seqs), m.undone_at is not None) for m in not_own] == [(1, False), (1, False)]
    again = moves(
        (10, "limit strategic tokens 300k"), (20, "limit strategic tokens unlimited"),
        (30, "limit strategic tokens 200k"),
    )  # fmt: skip
    assert [(len(m.seqs), m.undone_at is not None) for m in again] == [(3, False)]


def test_looks_and_dry_runs_are_no_moves() -> None:
    """Only what went to the world can be a move."""
    assert moves((10, "restart chat-pool --dry-run"), (20, "inspect gateway"), (30, 'note "x"')) == ()


def test_a_move_knows_what_it_touches_and_which_causes_that_concerns() -> None:
    """Tenants, knobs, replicas, changes, shed rules and questions lead to components, those to causes."""
    found = moves(
        (10, "limit strategic tokens 300k"), (20, "set gateway.admission tokens"),
        (30, "restart chat-pool-3"),
        (40, "rollback chg-1"), (50, "shed tenant=others 50%"), (60, "ask account-manager can they trim it"),
        (70, "set router.policy round_robin"),
    )  # fmt: skip
    assert [m.touched for m in found] == [
        ("tenant.strategic",), ("gateway",), ("chat-pool",), ("tenant.strategic",),
        ("gateway", "tenant.others"),
        ("organisation", "tenant.strategic"), ("router",),
    ]  # fmt: skip
    assert [m.causes for m in found] == [
        ("growth",), ("growth", "blind"), ("growth", "blind"), ("growth",),
        ("growth", "blind"), ("growth",), (),
    ]  # fmt: skip
    assert [m.act for m in found] == [True] * 5 + [False, True]


def test_a_routing_rule_is_a_measure_at_the_gateway() -> None:
    """A rule by length touches the gateway, one by tenant the tenant as well, and `default` ends one's own rule."""
    found = moves(
        (10, "route prompt_tokens>9000 chat-pool"), (20, "route tenant=others chat-pool"),
        (200, "route prompt_tokens>9000 default"),
    )  # fmt: skip
    assert [(m.touched, m.causes, len(m.seqs)) for m in found] == [
        (("gateway",), ("growth", "blind"), 2), (("gateway", "tenant.others"), ("growth", "blind"), 1),
    ]  # fmt: skip


def test_leaving_a_move_out_keeps_the_other_commands_in_place() -> None:
    """The plan without a move has the same commands at the same ticks otherwise."""
    names = names_of(plain_cast(SCENARIO), SCENARIO)
    lines = [
        (10, "limit strategic tokens 300k"),
        (20, "set gateway.admission tokens"),
        (40, "limit strategic tokens 1k"),
    ]
    play = read_play(played(lines, SCENARIO).records, names)
    commands = [issued.timed() for issued in play.given()]
    first, second = moves_of(play.given(), play.reverts, SCENARIO, names)
    assert [c.command.verb for c in without(commands, first)] == ["set"]
    assert [c.command.verb for c in without(commands, second)] == ["limit", "limit"]


def test_a_change_touches_what_its_target_names_by_placeholder() -> None:
    """A change on `{tenant.ID}` leads to that tenant, whatever the cast calls it."""
    entry = SCENARIO.timeline[0]
    assert entry.change is not None
    change = entry.change.model_copy(update={"target": "{tenant.strategic} (gateway limit)"})
    scenario = SCENARIO.model_copy(
        update={"timeline": (entry.model_copy(update={"change": change}), *SCENARIO.timeline[1:])}
    )
    names = names_of(plain_cast(scenario), scenario)
    play = read_play(played([(10, "rollback chg-1")], scenario).records, names)
    (move,) = moves_of(play.given(), play.reverts, scenario, names)
    assert move.touched == ("tenant.strategic",)


def test_a_request_to_roll_a_change_back_touches_what_the_change_did() -> None:
    """Whoever asks a team-mate to revert a change has acted on its target, as with `rollback`."""
    mate = SCENARIO.team[0]
    does = Doing(rolls_back="chg-1")
    team = (mate.model_copy(update={"knows": tuple(t.model_copy(update={"does": does}) for t in mate.knows)}),)
    scenario = SCENARIO.model_copy(update={"team": team})
    names = names_of(plain_cast(scenario), scenario)
    play = read_play(played(((60, "ask account-manager can they trim it"),), scenario).records, names)
    (move,) = moves_of(play.given(), play.reverts, scenario, names)
    (rollback,) = moves((40, "rollback chg-1"))
    assert move.touched == ("organisation", *rollback.touched)
