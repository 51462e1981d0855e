"""The validated form of a scenario and its stack: what the YAML says, in exact integers.

The loader builds these with pydantic; the world, the scorer and the session read them. Ids are stable ids;
the names people see come from the cast. Times are µs relative to T+0, ratios ppm, rates thousandths.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from incidentsim.scenario.fields import (
    CleanText,
    Count,
    Duration,
    Id,
    KnobMap,
    KnobText,
    Milli,
    PositiveDuration,
    Ratio,
)
from incidentsim.scenario.parts import (
    Client,
    Model,
    ObservabilityPart,
    Part,
    PoolPart,
    RoutePart,
    SiblingOf,
    Slo,
    Stack,
    Tenant,
    Variants,
    Workload,
)

__all__ = ["Assessment", "Change", "Client", "Condition", "Doing", "FaultPlan", "Hint", "Invariant", "Loss", "Message",
           "Model", "ObservabilityPart", "Page", "Part", "PoolPart", "RootCause", "RoutePart", "Scenario", "Script",
           "Slo", "Stack", "TeamMate", "Tenant", "TimelineEntry", "Topic", "Waiver", "Workload"]  # fmt: skip


class Waiver(Model):
    """The waiver part of a change: which limit is lifted, and when it ends (None = never)."""

    tenant: Id
    expires: Duration | None = None


class Change(Model):
    """An entry of the change log. `sets` are knobs it sets when it happens (component.knob: value).

    A deploy of a pool may roll out `revisions` (image, weights, tokenizer, template), to all pods one after the
    other or to the first `pods` of them. One that names none, but brings a fault of a revision, rolls out one that
    is called after the change.
    """

    id: Id
    kind: Literal["deploy", "config", "flag", "waiver", "scale"]
    target: CleanText
    actor: CleanText
    summary: CleanText
    detail: tuple[CleanText, ...] = Field(default=(), max_length=40)
    sets: KnobMap = Field(default_factory=dict)
    waiver: Waiver | None = None
    revisions: dict[Literal["image", "weights", "tokenizer", "template"], CleanText] = Field(default_factory=dict)
    pods: Count = 0


class FaultPlan(Model):
    """A planted fault. `params` are validated against its FaultSpec.

    `with_change` names the change that brought it: rolling that change back ends the fault at its root.
    """

    id: Id
    component: CleanText
    kind: str
    with_change: str = ""
    params: dict[str, Any] = Field(default_factory=dict)


class Message(Model):
    """Something a team-mate writes unasked."""

    who: str
    text: CleanText


class Page(Model):
    """A page to the on-call person."""

    text: CleanText
    source: CleanText


class Condition(Model):
    """A condition on world state: one test, or `any` / `all` of several.

    `knob` with `equals` or `differs`, or with `at_least`, `at_most` or both where it has a size (unlimited is the
    largest); `fault_removed`, `fault_started` and `fault_present` (begun, and not gone at
    its root) name a fault by id; `change_in_force` a change that is in the log and not rolled back;
    `waiver_expiry_agreed` a change whose waiver has an expiry that its owner agreed to; `pool` with `ready_below`:
    fewer replicas of it are ready; `bad_share_above`: so many user requests of the last minute or two were late
    or failed; `customers_complain`: some customer has so much harm by any objective that it writes to support.
    """

    any: tuple[Condition, ...] = Field(default=(), max_length=16)
    all: tuple[Condition, ...] = Field(default=(), max_length=16)
    knob: str = ""
    equals: KnobText | None = None
    differs: KnobText | None = None
    at_least: KnobText | None = None
    at_most: KnobText | None = None
    fault_removed: str = ""
    fault_started: str = ""
    fault_present: str = ""
    change_in_force: str = ""
    waiver_expiry_agreed: str = ""
    pool: str = ""
    ready_below: Count = 0
    bad_share_above: Ratio = 0
    customers_complain: bool = False


class TimelineEntry(Model):
    """One thing that happens at `at` (relative to T+0), or, with `when`, as soon as that holds from then on."""

    at: Duration
    when: Condition | None = None
    change: Change | None = None
    fault: FaultPlan | None = None
    message: Message | None = None
    page: Page | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> TimelineEntry:
        given = [n for n in ("change", "fault", "message", "page") if getattr(self, n) is not None]
        if len(given) != 1:
            listed = ", ".join(given) or "none"
            raise ValueError(f"needs exactly one of change, fault, message, page; has {listed}")
        return self


class RootCause(Model):
    """A fault plus why it happened.

    `evidence`: any-of sets; each set lists signals that must all be seen: `change:ID`, `metric:NAME`,
    `metric:NAME@LABEL` (sliced by that label), `inspect:COMPONENT`, `ask:ROLE/TOPIC`, `logs:SERVICE`,
    `trace`, `runbook:NAME`. `aliases` are (component, fault) pairs that mean the same.
    """

    id: Id
    component: CleanText
    fault: str
    why: CleanText
    aliases: tuple[tuple[str, str], ...] = Field(default=(), max_length=16)
    evidence: tuple[tuple[str, ...], ...] = Field(min_length=1, max_length=16)
    removed_when: Condition
    chain: tuple[tuple[str, str], ...] = Field(default=(), max_length=64)


class Doing(Model):
    """What a team-mate's answer sets in motion: after `after`, the fault's strength becomes `strength`.

    `rolls_back` names a change that they roll back then, unless somebody has by that time.
    """

    fault: str = ""
    after: Duration = 0
    strength: Ratio = 0
    agrees_waiver: str = ""
    rolls_back: str = ""
    who: str = ""
    says: CleanText = ""


class Topic(Model):
    """One thing a team-mate knows. `asks` are ways people ask for it; `answer` may hold `{...}` facts."""

    topic: Id
    asks: tuple[CleanText, ...] = Field(min_length=1, max_length=32)
    answer: CleanText
    does: Doing | None = None


class TeamMate(Model):
    """A person who can be asked, by role. `reach` page: silent until paged, then there after `arrives_in`."""

    role: str
    reach: Literal["channel", "page"] = "channel"
    arrives_in: Duration = 0
    answers_in: PositiveDuration = 45_000_000
    knows: tuple[Topic, ...] = Field(default=(), max_length=64)
    otherwise: CleanText = "I don't know, sorry."


class Invariant(Model):
    """Something that must stay as it is, whatever helps: `holds` on world state, and why."""

    id: Id
    holds: Condition
    why: CleanText


class Assessment(Model):
    """What the exercise is meant to show about a person: the claim, and what in a transcript bears it out."""

    claim: CleanText
    observable: CleanText
    weight: Milli = 1_000


class Hint(Model):
    """One rung of the ladder of hints, given in order. `price`: points that it takes off the practice index.

    It is not given before `after`, counted from T+0.
    """

    text: CleanText
    price: int = Field(ge=0, le=100)
    after: Duration = 0


class Script(Model):
    """A named list of commands: a JSON Lines file of the scenario's folder."""

    name: Id
    file: str
    summary: CleanText


class Loss(Model):
    """Weights of the loss B, beside those of the SLOs; `per_dollar` is λ: bad requests per extra dollar."""

    per_dollar: Milli = 2_000


class Scenario(Model):
    """One incident, complete. Tenants, SLOs and alert rules that it does not write are the stack's; those that it
    writes take their place. `alert_rules` is a Prometheus rule file's content.

    `words` are what people call a component, a change (by its id) or the harm to users (`impact`) in a postmortem,
    beside the words that every scenario has (`specs.words`); they change no play and are not in the digest. Nor are
    `variants`, in which `scenario.siblings` finds what siblings may differ in, and `sibling_of`, which says of one
    where it comes from.
    `briefing`, `runbooks`, `scripts` hold the contents of the folder's files.
    """

    id: Id
    version: int = Field(ge=1)
    title: CleanText
    summary: CleanText
    level: Literal["junior", "mid", "senior", "staff"]
    duration: PositiveDuration
    prelude: PositiveDuration = 720_000_000
    skills: tuple[CleanText, ...] = Field(default=(), max_length=16)
    shapes: tuple[CleanText, ...] = Field(default=(), max_length=16)
    sources: tuple[CleanText, ...] = Field(default=(), max_length=40)
    stack: Stack
    overrides: dict[str, KnobMap] = Field(default_factory=dict)
    tenants: tuple[Tenant, ...] = Field(default=(), max_length=32)
    slos: tuple[Slo, ...] = Field(default=(), max_length=16)
    loss: Loss = Loss()
    alert_rules: dict[str, Any] = Field(default_factory=dict)
    timeline: tuple[TimelineEntry, ...] = Field(max_length=400)
    root_causes: tuple[RootCause, ...] = Field(min_length=1, max_length=8)
    causal_graph: tuple[tuple[str, str], ...] = Field(default=(), max_length=200)
    herrings: tuple[CleanText, ...] = Field(default=(), max_length=40)
    words: dict[str, tuple[CleanText, ...]] = Field(default_factory=dict, max_length=64)
    invariants: tuple[Invariant, ...] = Field(default=(), max_length=16)
    assessment: tuple[Assessment, ...] = Field(default=(), max_length=16)
    team: tuple[TeamMate, ...] = Field(default=(), max_length=16)
    hints: tuple[Hint, ...] = Field(default=(), max_length=12)
    references: tuple[Script, ...] = Field(default=(), max_length=16)
    tempting: tuple[Script, ...] = Field(default=(), max_length=16)
    held_out: Script | None = None
    rules: tuple[CleanText, ...] = Field(default=(), max_length=40)
    variants: Variants | None = None
    sibling_of: SiblingOf | None = None

    briefing: CleanText = ""
    runbooks: dict[str, str] = Field(default_factory=dict)
    scripts: dict[str, str] = Field(default_factory=dict)
    digest: str = ""
    byte_digest: str = ""

    def tenant(self, tenant_id: str) -> Tenant:
        """Return the tenant with this stable id. Raises KeyError."""
        for tenant in self.tenants:
            if tenant.id == tenant_id:
                return tenant
        raise KeyError(tenant_id)
