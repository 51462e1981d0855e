"""People: ask and page. The topic of a question is settled before it is recorded."""

from __future__ import annotations

from dataclasses import replace

from incidentsim.commands.model import Command
from incidentsim.errors import CommandError
from incidentsim.world.actions.base import Action
from incidentsim.world.stack.build import Stack


class _OfPerson(Action):
    def check(self, stack: Stack, command: Command) -> None:
        """The person must be on the team."""
        roles = stack.team.roles()
        if command.args["who"] not in roles:
            raise CommandError(f"nobody on this team is called {command.args['who']!r}; there are: {', '.join(roles)}")


class Ask(_OfPerson):
    """`ask who question`."""

    def resolve(self, stack: Stack, command: Command) -> Command:
        """Add the topic that the question is about."""
        topic = stack.team.topic_of(command.args["who"], command.args["question"])
        return replace(command, args=dict(command.args) | {"topic": topic})

    def apply(self, stack: Stack, command: Command, ref: int) -> None:
        """Put the question."""
        stack.team.ask(command.args["who"], command.args["topic"], ref)


class PagePerson(_OfPerson):
    """`page who`."""

    def apply(self, stack: Stack, command: Command, ref: int) -> None:
        """Page them."""
        stack.team.page(command.args["who"], ref)
