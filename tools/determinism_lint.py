"""Finds code that could give other bits on another machine, Python or run.

The tests run it over everything that decides what a replay computes (`LINTED`). It reads syntax only, so it
knows sets by how they are written where they are iterated, not by inference: a rule that needs types would
miss more than it finds. The rules are those of docs/design: no clock, no random streams, no environment, no
order of a set, no identity, no libm function that differs between platforms, no float `sum`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LINTED = ("world", "telemetry", "scoring", "specs", "exact.py", "events.py")
"""What is linted, relative to the package: all that feeds a digest or a score."""

FORBIDDEN_MODULES = frozenset(
    {"random", "secrets", "time", "datetime", "numpy", "faker", "locale", "uuid", "threading", "asyncio"}
)
"""Modules whose results depend on the machine, the moment or a scheduler."""

HARMLESS_MEMBERS = {"datetime": frozenset({"timedelta"})}
"""Members that are plain integers: promql-parser hands durations over as timedelta."""

EXACT_MATH = frozenset(
    {"isqrt", "frexp", "ldexp", "isnan", "isinf", "isfinite", "inf", "nan", "floor", "ceil", "trunc", "sqrt",
     "gcd", "lcm", "comb", "perm", "factorial", "copysign", "fabs", "fsum", "modf", "nextafter", "fmod"}
)  # fmt: skip
"""Members of `math` that IEEE 754 or integer arithmetic defines exactly; the rest is libm's."""

IDENTITY = {
    "hash": "changes with PYTHONHASHSEED; key by the value itself, or use incidentsim.exact",
    "id": "is an address; key by a stable name",
}
SUM_REASON = "sum() of floats differs between Python versions; add in a loop, or mark the line `# exact: ints`"
SUM_MARK = "# exact: ints"
ORDERED_READERS = frozenset({"list", "tuple", "iter", "enumerate", "map", "filter", "zip", "reversed", "next"})
"""Callables that hand on the order of a set; `sorted`, `len`, `min`, `max`, `any`, `all` don't."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One hazard: the rule's name, where it is, and what to do."""

    rule: str
    line: int
    message: str


def lint_text(source: str) -> list[Finding]:
    """Return every hazard in one module's source, by line."""
    tree = ast.parse(source)
    marked = {n for n, line in enumerate(source.splitlines(), start=1) if SUM_MARK in line}
    found = [finding for node in ast.walk(tree) for finding in _check(node, marked)]
    return sorted(found, key=lambda finding: (finding.line, finding.rule))


def lint_package(package: Path) -> list[str]:
    """Return `file:line: rule: message` for everything in `LINTED` below the package's folder."""
    out = []
    for name in LINTED:
        root = package / name
        for path in [root] if root.is_file() else sorted(root.rglob("*.py")):
            for finding in lint_text(path.read_text(encoding="utf-8")):
                where = path.relative_to(package.parent)
                out.append(f"{where}:{finding.line}: {finding.rule}: {finding.message}")
    return out


def _check(node: ast.AST, marked: set[int]) -> Iterator[Finding]:
    yield from _check_import(node)
    if isinstance(node, ast.Call):
        yield from _check_call(node, marked)
    elif isinstance(node, ast.Attribute):
        yield from _check_attribute(node)
    elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
        yield from _check_iteration(node.iter)
    elif isinstance(node, ast.Starred):
        yield from _check_iteration(node.value)
    elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Pow):
        yield from _check_power(node)


def _check_import(node: ast.AST) -> Iterator[Finding]:
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.level == 0:
        harmless = HARMLESS_MEMBERS.get(node.module or "", frozenset())
        names = [] if all(alias.name in harmless for alias in node.names) else [node.module or ""]
        if node.module == "math":
            for alias in node.names:
                yield from _check_math(alias.name, node.lineno)
        if node.module == "os":
            for alias in node.names:
                yield from _check_os(alias.name, node.lineno)
    else:
        return
    for name in names:
        if name.split(".")[0] in FORBIDDEN_MODULES:
            message = f"{name} depends on the machine or the moment; take the value as input"
            yield Finding(rule="import", line=node.lineno, message=message)


def _check_call(node: ast.Call, marked: set[int]) -> Iterator[Finding]:
    function = node.func
    if isinstance(function, ast.Attribute):
        if function.attr == "pop" and _is_set(function.value):
            yield Finding(
                rule="set",
                line=node.lineno,
                message="set.pop() takes an arbitrary member; use a list or dict",
            )
        if function.attr == "join" and node.args:
            yield from _check_iteration(node.args[0])
        return
    if not isinstance(function, ast.Name):
        return
    if function.id in IDENTITY:
        yield Finding(rule="identity", line=node.lineno, message=f"{function.id}() {IDENTITY[function.id]}")
    elif function.id == "sum" and not _has_mark(node, marked):
        yield Finding(rule="sum", line=node.lineno, message=SUM_REASON)
    elif function.id == "pow":
        yield Finding(rule="power", line=node.lineno, message="pow() of floats is libm's; multiply, or use det_exp")
    elif function.id in ORDERED_READERS:
        for argument in node.args:
            yield from _check_iteration(argument)


def _check_attribute(node: ast.Attribute) -> Iterator[Finding]:
    if isinstance(node.value, ast.Name):
        if node.value.id == "math":
            yield from _check_math(node.attr, node.lineno)
        elif node.value.id == "os":
            yield from _check_os(node.attr, node.lineno)


def _check_math(name: str, line: int) -> Iterator[Finding]:
    if name not in EXACT_MATH:
        message = f"math.{name} differs between platforms in its last bit; use incidentsim.exact"
        yield Finding(rule="math", line=line, message=message)


def _check_os(name: str, line: int) -> Iterator[Finding]:
    if name in ("environ", "getenv", "listdir", "scandir", "walk", "urandom", "getpid"):
        yield Finding(rule="environment", line=line, message=f"os.{name} differs between machines; take it as input")


def _check_iteration(iterated: ast.expr) -> Iterator[Finding]:
    if _is_set(iterated):
        message = "a set has no order that replays; iterate a sorted() list, or a dict"
        yield Finding(rule="set", line=iterated.lineno, message=message)


def _check_power(node: ast.BinOp | ast.AugAssign) -> Iterator[Finding]:
    """Allow powers of integer literals such as 10**6 and 2**n; anything else may be a float's."""
    if isinstance(node, ast.BinOp) and isinstance(node.left, ast.Constant) and isinstance(node.left.value, int):
        negative = isinstance(node.right, ast.UnaryOp) and isinstance(node.right.op, ast.USub)
        floating = isinstance(node.right, ast.Constant) and isinstance(node.right.value, float)
        if not (negative or floating):
            return
    yield Finding(rule="power", line=node.lineno, message="** of floats is libm's; multiply, or use det_exp")


def _is_set(node: ast.expr) -> bool:
    """Say whether an expression is visibly a set: literal, comprehension, constructor, or algebra on one."""
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name):
            return node.func.id in ("set", "frozenset")
        if isinstance(node.func, ast.Attribute):
            algebra = ("union", "intersection", "difference", "symmetric_difference")
            return node.func.attr in algebra and _is_set(node.func.value)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.BitAnd | ast.BitXor | ast.Sub):
        return _is_set(node.left) or _is_set(node.right)
    return False


def _has_mark(node: ast.Call, marked: set[int]) -> bool:
    return any(line in marked for line in range(node.lineno, (node.end_lineno or node.lineno) + 1))
