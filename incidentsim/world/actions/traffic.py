"""Traffic at the gateway: what is refused, where it goes, what is ended, and the certificates it needs."""

from __future__ import annotations

from typing import Any, Final

from incidentsim.commands.model import Command
from incidentsim.errors import CommandError
from incidentsim.specs.knobs import format_ratio
from incidentsim.world.actions.base import Action, keep_inverse, no_such, push, record_change, report
from incidentsim.world.call import Call
from incidentsim.world.stack.build import Stack
from incidentsim.world.stack.edge.limits import RouteRule, Rule, ShedRule
from incidentsim.world.stack.edge.route import Route
from incidentsim.world.stack.edge.sweeping import flush, in_flight_of, terminate

DEFAULT: Final = "default"
"""Target of `route` that removes a rule."""

RENEW_US: Final = 40_000_000
"""Time to renew a certificate: ACME order, HTTP-01 challenge, issuance, reload (cert-manager: well under a minute)."""

_PUSH: Final = "steps: configuration push, in force in 5 s; requests already let in go on"


def matching(stack: Stack, selector: str) -> dict[str, Any]:
    """Return the fields of a `Rule` for a selector. Raises CommandError for an unknown tenant."""
    if selector.startswith("tenant="):
        tenant = stack.tenant_id(selector.removeprefix("tenant="))
        if tenant not in stack.tenants:
            raise CommandError(f"there is no tenant {selector.removeprefix('tenant=')!r}")
        return {"selector": selector, "tenant": tenant}
    if selector.startswith("tier="):
        return {"selector": selector, "tier": selector.removeprefix("tier=")}
    if selector.startswith("prompt_tokens>"):
        return {"selector": selector, "prompt_over": int(selector.removeprefix("prompt_tokens>"))}
    return {"selector": selector}


class Shed(Action):
    """`shed selector percent`."""

    def _rule(self, stack: Stack, command: Command) -> ShedRule:
        return ShedRule(share_ppm=int(command.args["percent"]), **matching(stack, command.args["selector"]))

    def check(self, stack: Stack, command: Command) -> None:
        """The selector must name what exists."""
        self._rule(stack, command)

    def preview(self, stack: Stack, command: Command) -> list[str]:
        """Say what the rule refuses."""
        rule = self._rule(stack, command)
        return [f"target: requests at the gateway that match {rule.selector}",
                f"change: refuse {rule.share_ppm / 10_000:g}% of them with 429", _PUSH]  # fmt: skip

    def apply(self, stack: Stack, command: Command, ref: int) -> None:
        """Push the rule."""
        rule = self._rule(stack, command)
        before = stack.gateway.shedder.rules.get(rule.selector)
        old = str(before.share_ppm) if before is not None else "0"
        keep_inverse(stack, ref, Command(verb="shed", args=dict(command.args) | {"percent": old}))
        what = f"shed {rule.selector} {rule.share_ppm / 10_000:g}%"
        record_change(stack, "config", "gateway", what)
        push(stack, ref, what, lambda: stack.gateway.shedder.put(rule))


class RouteTraffic(Action):
    """`route selector pool`."""

    def check(self, stack: Stack, command: Command) -> None:
        """Selector and pool must exist."""
        matching(stack, command.args["selector"])
        pool = command.args["pool"]
        if pool not in stack.pools and pool != DEFAULT:
            raise no_such("pool", pool, [*stack.pools, DEFAULT])

    def preview(self, stack: Stack, command: Command) -> list[str]:
        """Say what goes where, and how full it is there."""
        selector, pool = command.args["selector"], command.args["pool"]
        rule = Rule(**matching(stack, selector))
        now = stack.gateway.rules.get(selector)
        queued = [a for lane in stack.gateway.lanes for a in lane.flow.waiting_since(stack.kernel.now)]
        touched = sum(  # exact: ints
            1 for a in queued if rule.matches(a.request.tenant.id, a.request.tenant.priority, a.prompt)
        )
        lines = [f"target: requests at the gateway that match {selector}",
                 f"change: served by {now.pool if now else DEFAULT} -> {pool}", _PUSH,
                 f"users touched now: {touched} queued requests match, and stay where they are"]  # fmt: skip
        if pool != DEFAULT:
            target = stack.pools[pool]
            flying = sum(p.requests for p in target.pods)  # exact: ints
            lines.append(f"{pool}: {len(target.routable)} ready replicas, {flying} requests in flight")
        return lines

    def apply(self, stack: Stack, command: Command, ref: int) -> None:
        """Push the rule."""
        selector, pool = command.args["selector"], command.args["pool"]
        before = stack.gateway.rules.get(selector)
        old = before.pool if before is not None else DEFAULT
        keep_inverse(stack, ref, Command(verb="route", args={"selector": selector, "pool": old}))
        rule = None if pool == DEFAULT else RouteRule(pool=pool, **matching(stack, selector))
        what = f"route {selector} -> {pool}"
        record_change(stack, "config", "gateway", what)
        push(stack, ref, what, lambda: stack.gateway.put_rule(rule, selector))


class Canary(Action):
    """`canary pool percent`."""

    def _routes(self, stack: Stack, command: Command) -> list[Route]:
        pool = command.args["pool"]
        if pool not in stack.pools:
            raise no_such("pool", pool, list(stack.pools))
        routes = [r for r in stack.gateway.routes.values() if r.canary is not None and r.canary.pool.id == pool]
        if not routes:
            raise CommandError(f"{pool} is no route's canary; `inspect route.…` shows which pool is")
        return routes

    def check(self, stack: Stack, command: Command) -> None:
        """The pool must be a canary."""
        self._routes(stack, command)

    def preview(self, stack: Stack, command: Command) -> list[str]:
        """Say what share goes where."""
        share = format_ratio(int(command.args["percent"]))
        routes = self._routes(stack, command)
        flying = sum(p.requests for p in stack.pools[command.args["pool"]].pods)  # exact: ints
        return [f"target: {', '.join(r.id for r in routes)}",
                *(f"change: canary_share {stack.settings.text(f'{r.id}.canary_share')} -> {share}" for r in routes),
                _PUSH, f"users touched now: {flying} requests in flight on the canary"]  # fmt: skip

    def apply(self, stack: Stack, command: Command, ref: int) -> None:
        """Push the share to the routes that have this canary."""
        routes = self._routes(stack, command)
        pool, share = command.args["pool"], int(command.args["percent"])
        before = routes[0].int_knob("canary_share")
        keep_inverse(stack, ref, Command(verb="canary", args={"pool": pool, "percent": str(before)}))
        what = f"canary {pool} {share / 10_000:g}%"
        record_change(stack, "config", routes[0].id, what)

        def then() -> None:
            for route in routes:
                stack.settings.set(f"{route.id}.canary_share", share)

        push(stack, ref, what, then)


class Terminate(Action):
    """`terminate conversation`; again: allow it."""

    def check(self, stack: Stack, command: Command) -> None:
        """The gateway must have seen the conversation."""
        key, gateway = command.args["conversation"], stack.gateway
        if not (key in gateway.guards.killed or stack.billing.knows(key) or in_flight_of(gateway, key)):
            raise CommandError(f"the gateway has seen no conversation {key!r}; `cost conversation` lists them")

    def preview(self, stack: Stack, command: Command) -> list[str]:
        """Say what is in flight."""
        key = command.args["conversation"]
        if key in stack.gateway.guards.killed:
            return [f"target: conversation {key}", "change: its requests are let in again"]
        return [f"target: conversation {key}", "change: abort its requests, refuse further ones with 403",
                "steps: configuration push, in force in 5 s",
                f"users touched now: {in_flight_of(stack.gateway, key)} requests in flight"]  # fmt: skip

    def apply(self, stack: Stack, command: Command, ref: int) -> None:
        """Push the block, or lift it."""
        key = command.args["conversation"]
        guards = stack.gateway.guards
        keep_inverse(stack, ref, command)
        again = key in guards.killed
        what = f"{'allow' if again else 'terminate'} conversation {key}"
        record_change(stack, "config", "gateway", what)

        def then() -> None:
            if again:
                guards.kill(key, False)
            else:
                report(stack, ref, "progress", f"{terminate(stack.gateway, key)} requests in flight aborted")

        push(stack, ref, what, then)


class Flush(Action):
    """`flush pool`: a full queue costs more than starting again."""

    def check(self, stack: Stack, command: Command) -> None:
        """The pool must exist."""
        if command.args["pool"] not in stack.pools:
            raise no_such("pool", command.args["pool"], list(stack.pools))

    def preview(self, stack: Stack, command: Command) -> list[str]:
        """Say how many wait."""
        lane = _lane(stack, command.args["pool"])
        return [f"target: the flow-control queue for {lane.pool.id}",
                "change: answer all that wait with 503 and no retry; the engines' own queues stay",
                f"users touched now: {lane.flow.total} queued requests"]  # fmt: skip

    def apply(self, stack: Stack, command: Command, ref: int) -> None:
        """Answer them."""
        lane = _lane(stack, command.args["pool"])
        gone = flush(stack.gateway, lane)
        record_change(stack, "config", "gateway", f"flush of the queue for {lane.pool.id}")
        report(stack, ref, "done", f"{gone} queued requests answered with 503")


def _lane(stack: Stack, pool: str) -> Any:
    return next(lane for lane in stack.gateway.lanes if lane.pool.id == pool)


class Renew(Action):
    """`renew certificate`."""

    def check(self, stack: Stack, command: Command) -> None:
        """The certificate must exist."""
        known = list(stack.gateway.certificates.not_after)
        if command.args["certificate"] not in known:
            raise no_such("certificate", command.args["certificate"], known)

    def preview(self, stack: Stack, command: Command) -> list[str]:
        """Say how long it is valid now, and how long renewing takes."""
        name = command.args["certificate"]
        found = [line for line in stack.gateway.certificates.status() if line.startswith(f"certificate {name}:")]
        return [f"target: {found[0]}", "change: a new certificate, valid for 90 days",
                f"duration: about {RENEW_US // 1_000_000} s to issue and load it", "cost: none"]  # fmt: skip

    def apply(self, stack: Stack, command: Command, ref: int) -> None:
        """Order it; in force when it is issued."""
        name = command.args["certificate"]
        record_change(stack, "config", "gateway", f"renewal of certificate {name}")
        report(stack, ref, "applied", f"certificate {name}: ordered")

        def issued(_: Call) -> None:
            stack.gateway.certificates.renew(name)
            report(stack, ref, "done", f"certificate {name}: a new one is in force")

        stack.kernel.after(RENEW_US, issued, None)
