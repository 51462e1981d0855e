"""A runbook that can be carried out: Markdown whose steps say when, what, and how to see that it worked.

Read by `runbook test` and by the scripted on-call that follows one. A step is a heading with lines below it that
begin with a keyword (as a list item or not, the keyword in bold or not, the rest in backticks or not):

    ## One tenant sends far more tokens than usual
    when: max(sum by (tenant) (rate(gateway_tokens_total[2m]))) > 20000 for 1m
    let: tenant = topk(1, sum by (tenant) (rate(gateway_tokens_total[2m])))
    do: limit $tenant tokens 300k
    verify: slo_burn < 1 within 5m
    otherwise: undo

`when` and `verify` are PromQL; they hold while the expression gives at least one series (a comparison keeps those for
which it is true). `let` binds the label called like the variable of the largest series. `do` is a command line in
which `$name` stands for what was bound. `otherwise` is done when `verify` does not hold in time; `undo` there takes
back the step's own commands. All other text is for people.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from incidentsim.commands.names import shorten
from incidentsim.errors import QueryError, UsageError
from incidentsim.specs.knobs import parse_duration
from incidentsim.specs.verbs import VERBS
from incidentsim.telemetry.promql.compile import compile_text

KEYWORDS = ("when", "let", "do", "verify", "otherwise")

WITHIN_US = 180_000_000
"""How long `verify` waits without `within`: the 180 s in which a look counts as verification (scoring.md §2)."""

MAX_BYTES = 200_000
"""Longest runbook."""

MAX_STEPS = 50

_ITEM = r"^\s*(?:[-*]\s+)?(?:\*\*)?"
_LINE = re.compile(_ITEM + r"(when|let|do|verify|otherwise)(?:\*\*)?:(?:\*\*)?\s*(.*?)\s*$", re.IGNORECASE)
_ALMOST = re.compile(_ITEM + r"(if|then|if not|else|check|action|run|set|wait)(?:\*\*)?:\s*`", re.IGNORECASE)
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*\s*$")
_FOR = re.compile(r"^(.*?)\s+(for|within)\s+(\S+)$", re.DOTALL)
_LET = re.compile(r"^\$?([a-z][a-z0-9_]*)\s*=\s*(.+)$", re.DOTALL)
_NAME = re.compile(r"\$([a-z][a-z0-9_]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A PromQL expression, and for how long it must hold (`when`) or how long it may take (`verify`), in µs."""

    expr: str
    time_us: int
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step. `let` are (variable, PromQL) in order; `do` and `otherwise` command lines."""

    title: str
    line: int
    when: Condition
    let: tuple[tuple[str, str], ...] = ()
    do: tuple[str, ...] = ()
    verify: Condition | None = None
    otherwise: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Runbook:
    """A title and the steps that can be carried out, in order."""

    title: str
    steps: tuple[Step, ...]


@dataclass(slots=True, kw_only=True)
class _Draft:
    """A step as it is being read."""

    title: str
    line: int
    when: Condition | None = None
    let: list[tuple[str, str]] = field(default_factory=list)
    do: list[str] = field(default_factory=list)
    verify: Condition | None = None
    otherwise: list[str] = field(default_factory=list)

    def empty(self) -> bool:
        """Return whether the heading has nothing but text below it."""
        return self.when is None and not (self.let or self.do or self.verify or self.otherwise)


def read_runbook(text: str, *, name: str) -> Runbook:
    """Return the runbook written in `text`. Raises UsageError that lists every mistake as `name:line: …`."""
    if len(text.encode("utf-8")) > MAX_BYTES:
        raise UsageError(f"{name}: a runbook has at most {MAX_BYTES:,} bytes")
    problems: list[str] = []
    title = name
    drafts: list[_Draft] = []
    for number, line in _outside_fences(text):
        heading = _HEADING.match(line)
        if heading is not None:
            if line.startswith("# "):
                title = heading[1]
            drafts.append(_Draft(title=heading[1], line=number))
            continue
        found = _LINE.match(line)
        if found is None:
            if _ALMOST.match(line):
                problems.append(f"{name}:{number}: the keywords of a step are {', '.join(KEYWORDS)}; this one is none")
            continue
        if not drafts:
            drafts.append(_Draft(title=name, line=number))
        wrong = _take(drafts[-1], found[1].lower(), found[2].strip("`").strip(), number)
        if wrong:
            problems.append(f"{name}:{number}: {found[1].lower()}: {wrong}")
    steps = [_step(draft, name, problems) for draft in drafts if not draft.empty()]
    if not steps and not problems:
        problems.append(f"{name}: no step has a `when:` and a `do:` line, so there is nothing to carry out")
    if len(steps) > MAX_STEPS:
        problems.append(f"{name}: at most {MAX_STEPS} steps; this one has {len(steps)}")
    if problems:
        raise UsageError("\n".join(problems))
    return Runbook(title=title, steps=tuple(step for step in steps if step is not None))


def filled(text: str, names: dict[str, str]) -> str:
    """Return a command line or an expression with every `$name` replaced."""
    return _NAME.sub(lambda found: names.get(found[1], found[0]), text)


def _outside_fences(text: str) -> Iterator[tuple[int, str]]:
    """Yield (line number, line) of what is not in a fenced block: examples there are for people."""
    fenced = False
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            yield number, line


def _take(draft: _Draft, keyword: str, rest: str, number: int) -> str:
    """Put one line into a step; return what is wrong with it, or nothing."""
    if not rest:
        return "says nothing"
    if keyword in ("when", "verify"):
        condition, wrong = _condition(rest, keyword, number)
        if wrong or condition is None:
            return wrong
        if keyword == "when":
            if draft.when is not None:
                return "the step has one already; join them with `and`"
            draft.when = condition
        else:
            draft.verify = condition
        return ""
    if keyword == "let":
        found = _LET.match(rest)
        if found is None:
            return f"write `let: name = PromQL`, not {shorten(rest)!r}"
        draft.let.append((found[1], found[2]))
        return _query_problem(found[2])
    verb = rest.split(maxsplit=1)[0]
    if verb not in VERBS:
        return f"{shorten(verb)!r} is no command; `incidentsim play` completes them, docs/reference lists them"
    (draft.do if keyword == "do" else draft.otherwise).append(rest)
    return ""


def _condition(rest: str, keyword: str, number: int) -> tuple[Condition | None, str]:
    """Return a condition, or what is wrong with it."""
    time_us = 0 if keyword == "when" else WITHIN_US
    word = "for" if keyword == "when" else "within"
    found = _FOR.match(rest)
    if found is not None:
        if found[2] != word:
            return None, f"a `{keyword}:` takes `{word} 2m`, not `{found[2]}`"
        try:
            time_us = parse_duration(found[3])
        except ValueError as wrong:
            return None, str(wrong)
        rest = found[1].strip("` ")
    wrong_query = _query_problem(rest)
    return (None, wrong_query) if wrong_query else (Condition(expr=rest, time_us=time_us, line=number), "")


def _query_problem(expr: str) -> str:
    """Return what is wrong with a PromQL expression; variables count as text in it."""
    try:
        compile_text(_NAME.sub("x", expr))
    except QueryError as wrong:
        return str(wrong)
    return ""


def _step(draft: _Draft, name: str, problems: list[str]) -> Step | None:
    """Return the finished step, or None after saying what it lacks."""
    where = f"{name}:{draft.line}: step {shorten(draft.title)!r}"
    if draft.when is None:
        problems.append(f"{where} has no `when:`; say in PromQL when it is to be done")
        return None
    if not draft.do:
        problems.append(f"{where} has no `do:`; give it a command, or make it plain text")
    known = {variable for variable, _ in draft.let}
    for command in (*draft.do, *draft.otherwise):
        for variable in _NAME.findall(command):
            if variable not in known:
                problems.append(f"{where} uses ${variable}, which no `let:` of it binds")
    step = Step(title=draft.title, line=draft.line, when=draft.when, let=tuple(draft.let), do=tuple(draft.do))
    return replace(step, verify=draft.verify, otherwise=tuple(draft.otherwise))
