"""What every part of a scenario file is built on."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from incidentsim.scenario.fields import Id, KnobMap


class Model(BaseModel):
    """Strict, immutable base: unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Part(Model):
    """A component of the stack with its starting knobs (written as on the command line)."""

    id: Id
    knobs: KnobMap = Field(default_factory=dict)

    def children(self) -> dict[str, str]:
        """Return the components that come with this one, as id -> kind."""
        return {}
