"""Caches: purge."""

from __future__ import annotations

from incidentsim.commands.model import Command
from incidentsim.world.actions.base import Action, no_such, push, record_change
from incidentsim.world.stack.build import Stack
from incidentsim.world.stack.stages.response_cache import ResponseCache


class _OfCache(Action):
    def _cache(self, stack: Stack, command: Command) -> ResponseCache:
        name = command.args["cache"]
        cache = stack.components.get(name)
        if not isinstance(cache, ResponseCache):
            raise no_such("cache", name, [n for n, c in stack.components.items() if isinstance(c, ResponseCache)])
        return cache

    def check(self, stack: Stack, command: Command) -> None:
        """The cache must exist."""
        self._cache(stack, command)


class Purge(_OfCache):
    """`purge cache`: everything is forgotten."""

    def preview(self, stack: Stack, command: Command) -> list[str]:
        """Say what is lost."""
        cache = self._cache(stack, command)
        return [f"target: {cache.id}", *cache.status(),
                "steps: every entry is dropped; models answer until it fills again"]  # fmt: skip

    def apply(self, stack: Stack, command: Command, ref: int) -> None:
        """Drop everything."""
        cache = self._cache(stack, command)
        record_change(stack, "config", cache.id, "purged")
        push(stack, ref, f"purge {cache.id}", cache.purge)
