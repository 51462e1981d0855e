"""Sends alert notifications to a local program, as Alertmanager does to a webhook receiver.

For people who want incidents in their own tools. The host hands in the world's facts after they are recorded;
nothing comes back. Only this machine can be the receiver: scenarios, casts and what a person does must not leave it.
"""

from __future__ import annotations

import contextlib
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from queue import Full, Queue
from typing import Any
from urllib.parse import urlsplit

from incidentsim.errors import UsageError
from incidentsim.events import AlertCleared, AlertFired, Fact
from incidentsim.exact import canonical_json

LOOPBACK = ("127.0.0.1", "::1")
"""Hosts that a receiver may have."""

TIMEOUT_S = 2.0
"""Longest wait for the receiver."""

WAITING = 100
"""Notifications that wait for a slow receiver; further ones are dropped."""

NEVER = "0001-01-01T00:00:00Z"
"""Alertmanager's `endsAt` while an alert fires (Go's zero time)."""


def checked_url(url: str) -> str:
    """Return a receiver's address. Raises UsageError for anything but http on this machine."""
    try:
        parts = urlsplit(url)
        fits = parts.scheme == "http" and parts.hostname in LOOPBACK and parts.username is None
        parts.port  # noqa: B018 - raises for a port that is no number
    except ValueError:
        fits = False
    if not fits:
        raise UsageError(f"{url!r} can't be an alert webhook; use http://127.0.0.1:PORT/PATH or http://[::1]:PORT/PATH")
    return url


class AlertWebhook:
    """Posts each notification from a thread of its own; failures are counted in `failed`, and harm nothing."""

    def __init__(self, url: str) -> None:
        self.url = checked_url(url)
        self.sent = self.failed = 0
        self._queue: Queue[bytes | None] = Queue(maxsize=WAITING)
        self._started: dict[str, str] = {}
        # a proxy of the environment, or a redirect, must not take notifications off this machine
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())
        self._thread = threading.Thread(target=self._work, name="alert-webhook", daemon=True)
        self._thread.start()

    def take(self, fact: Fact) -> None:
        """Notify of an alert that fired or cleared; everything else, and silenced alerts, are passed over."""
        if isinstance(fact, AlertFired) and not fact.silenced:
            labels = {**fact.labels, "alertname": fact.alert}
            now = _now()
            self._started[_fingerprint(labels)] = now
            self._put(payload(labels, {"summary": fact.summary}, starts=now))
        elif isinstance(fact, AlertCleared):
            labels = {**fact.labels, "alertname": fact.alert}
            starts = self._started.pop(_fingerprint(labels), None)
            if starts is not None:
                self._put(payload(labels, {}, starts=starts, ends=_now()))

    def close(self, wait_s: float = 0.5) -> None:
        """Send what waits, for at most this long."""
        with contextlib.suppress(Full):
            self._queue.put_nowait(None)
        self._thread.join(wait_s)

    def _put(self, body: Mapping[str, Any]) -> None:
        try:
            self._queue.put_nowait(json.dumps(body).encode())
        except Full:
            self.failed += 1

    def _work(self) -> None:
        while (body := self._queue.get()) is not None:
            request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"}, method="POST")
            try:
                with self._opener.open(request, timeout=TIMEOUT_S):
                    self.sent += 1
            except (OSError, ValueError, urllib.error.HTTPError):
                self.failed += 1


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_named: Any) -> None:
        """Refuse: the answer counts as a failure."""
        return


def payload(
    labels: Mapping[str, str], annotations: Mapping[str, str], *, starts: str, ends: str = NEVER
) -> dict[str, Any]:
    """Return a notification of one alert in Alertmanager's webhook format, version 4. Times are RFC 3339."""
    status = "firing" if ends == NEVER else "resolved"
    name = labels["alertname"]
    alert = {"status": status, "labels": dict(labels), "annotations": dict(annotations), "startsAt": starts,
             "endsAt": ends, "generatorURL": "", "fingerprint": _fingerprint(labels)}  # fmt: skip
    return {"version": "4", "groupKey": f'{{}}:{{alertname="{name}"}}', "truncatedAlerts": 0, "status": status,
            "receiver": "incidentsim", "groupLabels": {"alertname": name}, "commonLabels": dict(labels),
            "commonAnnotations": dict(annotations), "externalURL": "", "alerts": [alert]}  # fmt: skip


def _fingerprint(labels: Mapping[str, str]) -> str:
    return blake2b(canonical_json(dict(labels)).encode(), digest_size=8).hexdigest()


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
