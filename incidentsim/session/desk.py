"""What each command does in a session: given to the world, answered from it, or written down.

The host hands over parsed commands. A command for the world is checked, given its tick, recorded, and only
then submitted; looks, thoughts and words stay in the session and are recorded with what came of them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from incidentsim.client_api import Ack, View
from incidentsim.commands.model import Command
from incidentsim.errors import CommandError
from incidentsim.exact import format_clock
from incidentsim.session.engine import TICK_US
from incidentsim.session.hints import hint_line, next_hint
from incidentsim.session.looks import view_digest
from incidentsim.session.state import tick_text
from incidentsim.specs.verbs import VERBS
from incidentsim.transcript.model import Record

if TYPE_CHECKING:
    from incidentsim.session.host import IncidentSession

_ASKED = {
    "ask": "{who} is asked; the answer comes in the incident channel",
    "page": "{who} is paged; when they are there, the incident channel says so",
}
"""What is said of commands whose effect is a person's."""

_WORLD_VERBS_BESIDE_ACT = ("ask", "page")


class Desk:
    """Carries out the commands of one session. Has no state of its own."""

    __slots__ = ("_session",)

    def __init__(self, session: IncidentSession) -> None:
        self._session = session

    def carry_out(self, command: Command, text: str, *, nonce: str, actor: str) -> Ack:
        """Return the answer to a command, and record what it did. Raises CommandError; then nothing is."""
        spec = VERBS[command.verb]
        if command.verb == "undo":
            return self._undo(command, text, nonce, actor)
        if spec.group == "act" or command.verb in _WORLD_VERBS_BESIDE_ACT:
            return self._issue(command, text, nonce=nonce, actor=actor)
        if spec.group == "look":
            return self._look(command, nonce, actor)
        if spec.group == "think":
            thought = self._session.state.ledger.plan(command)
            return self._say(thought.type, thought.body, thought.text, nonce, actor)
        match command.verb:
            case "ack":
                if self._session.state.acknowledged:
                    raise CommandError("the page is acknowledged already")
                return self._say("ack", {}, "page acknowledged", nonce, actor)
            case "declare":
                severity = command.args["severity"]
                return self._say("severity", {"severity": severity}, f"{severity} declared", nonce, actor)
            case "hint":
                body = next_hint(
                    self._session.scenario, self._session.cast,
                    taken=self._session.state.hints_taken, now_us=self._session.now_us,
                )  # fmt: skip
                return self._say("hint", body, hint_line(body), nonce, actor)
            case "resolve":
                body = {"reason": "resolved", "text": command.args.get("text", ""), "nonce": nonce}
                record = self._session.end("end", body, actor=actor)
                return self._ack(record, "the incident is declared over")
        return self._say("status", {"text": command.args["text"]}, "status sent", nonce, actor)

    def _issue(self, command: Command, text: str, *, nonce: str, actor: str) -> Ack:
        """Record a command for the world at the next tick, then hand it over. Raises CommandError."""
        command = self._session.world.resolve(command)
        # in the order in which a record gives them back, so that a world that depends on it replays the same
        command = replace(command, args=dict(sorted(command.args.items())))
        self._session.world.check(command)
        preview = self._session.world.preview(command) if command.dry_run else ()
        t_us = (self._session.now_us // TICK_US + 1) * TICK_US
        last_us = self._session.scenario.duration
        if t_us > last_us:
            raise CommandError(f"the incident ends at {format_clock(last_us)}; nothing applies any more")
        body = {
            "verb": command.verb,
            "args": dict(command.args),
            "because": command.because,
            "dry_run": command.dry_run,
            "nonce": nonce,
            "text": text,
        }
        k = self._session.state.next_k(t_us)
        record = self._session.recorder.append("accepted", t_us, body, actor=actor, k=k)
        if command.dry_run:
            return self._ack(record, "dry run: nothing was changed", lines=preview, title=command.verb)
        self._session.world.submit(command, t_us=t_us, k=k, ref=record.seq)
        said = _ASKED.get(command.verb, "applies at {t}").format(t=tick_text(t_us), **command.args)
        return self._ack(record, f"#{record.seq} {said}")

    def _undo(self, command: Command, text: str, nonce: str, actor: str) -> Ack:
        """Issue the inverse of an earlier command as a command of its own."""
        ref = int(command.args["seq"])
        earlier = self._session.state.commands.get(ref)
        if earlier is None or earlier.command.dry_run:
            raise CommandError(f"#{ref} is not a command that was carried out; the timeline shows their numbers")
        if ref in self._session.state.undone:
            raise CommandError(f"#{ref} was undone already, by #{self._session.state.undone[ref]}")
        inverse = self._session.world.inverse(earlier.command, ref)
        issued = Command(verb=inverse.verb, args=inverse.args, because=command.because, dry_run=command.dry_run)
        ack = self._issue(issued, text, nonce=nonce, actor=actor)
        if not command.dry_run:
            self._session.record("undone", {"ref": ref, "by": ack.seq}, actor=actor)
        return ack

    def _look(self, command: Command, nonce: str, actor: str) -> Ack:
        view = self._session.eyes.look(command)
        body = {
            "verb": command.verb,
            "args": dict(command.args),
            "digest": view_digest(view),
            "lines": len(view.lines),
            "nonce": nonce,
        }
        record = self._session.record("look", body, actor=actor)
        return Ack(accepted=True, seq=record.seq, t_us=record.t_us, k=0, text="", view=view)

    def _say(self, type_: str, body: dict[str, Any], text: str, nonce: str, actor: str) -> Ack:
        return self._ack(self._session.record(type_, {**body, "nonce": nonce}, actor=actor), text)

    def _ack(self, record: Record, text: str, *, lines: tuple[str, ...] = (), title: str = "") -> Ack:
        view = View(kind="dry_run", title=title, lines=lines) if lines else None
        return Ack(accepted=True, seq=record.seq, t_us=record.t_us, k=record.k, text=text, view=view)
