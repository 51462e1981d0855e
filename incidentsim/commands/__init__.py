"""The command language: text to `Command`, completion and help, all generated from `specs.verbs`. Pure."""

from incidentsim.commands.model import Command

__all__ = ["Command"]
