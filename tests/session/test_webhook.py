"""Alert notifications to a local program: in Alertmanager's format, on this machine only, never in anybody's way."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from incidentsim.config import load_config
from incidentsim.errors import UsageError
from incidentsim.events import AlertCleared, AlertFired, Paged
from incidentsim.session.webhook import NEVER, AlertWebhook, checked_url
from tests.session.stage import start

FIRED = AlertFired(t_us=5, alert="Busy", severity="page", labels={"alertname": "Busy", "severity": "page", "pool": "a"},
                   summary="too much")  # fmt: skip
CLEARED = AlertCleared(t_us=9, alert="Busy", labels=FIRED.labels)


class Receiver(HTTPServer):
    """Keeps the bodies that are posted to it; answers with `answer`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies: list[dict[str, Any]] = []
        self.answer = 200

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}/alerts"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append(json.loads(body))
        self.send_response(self.server.answer)
        if self.server.answer == 302:
            self.send_header("Location", "http://192.0.2.1/")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Return a receiver that listens."""
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_firing_and_resolved_are_posted(receiver: Receiver) -> None:
    """Both have Alertmanager's fields; the second has the first one's start, and an end."""
    hook = AlertWebhook(receiver.url)
    for fact in (FIRED, Paged(t_us=6, text="x", source="y"), CLEARED):
        hook.take(fact)
    hook.close(wait_s=10)
    one, two = receiver.bodies
    assert (hook.sent, hook.failed) == (2, 0)
    assert one["version"] == two["version"] == "4"
    assert (one["status"], two["status"]) == ("firing", "resolved")
    assert one.keys() == {"version", "groupKey", "truncatedAlerts", "status", "receiver", "groupLabels", "commonLabels",
                          "commonAnnotations", "externalURL", "alerts"}  # fmt: skip
    (alert,), (again,) = one["alerts"], two["alerts"]
    assert alert["labels"] == {"alertname": "Busy", "severity": "page", "pool": "a"}
    assert alert["annotations"] == {"summary": "too much"}
    assert alert["endsAt"] == NEVER != again["endsAt"]
    assert (alert["startsAt"], alert["fingerprint"]) == (again["startsAt"], again["fingerprint"])


def test_silenced_alerts_are_not_posted(receiver: Receiver) -> None:
    """Nobody is told of a silenced alert, nor that it cleared."""
    hook = AlertWebhook(receiver.url)
    hook.take(AlertFired(t_us=1, alert="Busy", severity="page", labels=FIRED.labels, summary="s", silenced=True))
    hook.take(CLEARED)
    hook.close(wait_s=10)
    assert receiver.bodies == []


@pytest.mark.parametrize("answer", [500, 302])
def test_a_failing_receiver_is_counted(receiver: Receiver, answer: int) -> None:
    """An error, or a redirect to elsewhere, is a failure and is not followed."""
    receiver.answer = answer
    hook = AlertWebhook(receiver.url)
    hook.take(FIRED)
    hook.close(wait_s=10)
    assert (hook.sent, hook.failed) == (0, 1)


def test_a_session_goes_on_without_its_receiver(tmp_path: Path) -> None:
    """A receiver that is not there disturbs nothing: the record is the same as without a webhook."""
    plain, notifying = start(tmp_path / "a.jsonl", sid="s"), start(tmp_path / "b.jsonl", sid="s", prelude=False)
    notifying.webhook = AlertWebhook("http://127.0.0.1:9/alerts")
    for session in (plain, notifying):
        session.step(60_000_000)
        session.close()
    assert [r.body for r in plain.recorder.records] == [r.body for r in notifying.recorder.records]


def test_a_session_hands_its_alerts_on(tmp_path: Path) -> None:
    """Every fact of the world that is recorded reaches the webhook."""
    session = start(tmp_path / "a.jsonl", prelude=False)
    seen: list[str] = []

    class Listening(AlertWebhook):
        def __init__(self) -> None:
            pass

        def take(self, fact: object) -> None:
            seen.append(type(fact).__name__)

        def close(self, wait_s: float = 0.5) -> None:
            seen.append("closed")

    session.webhook = Listening()
    session.step(60_000_000)
    session.close()
    recorded = [r for r in session.recorder.records if r.actor == "world"]
    assert len(seen) == len(recorded) + 1
    assert seen[-1] == "closed"


@pytest.mark.parametrize("url", ["http://127.0.0.1:9095/alerts", "http://[::1]:80/", "http://127.0.0.1"])
def test_addresses_of_this_machine_are_taken(url: str) -> None:
    """http on the loopback addresses is fine."""
    assert checked_url(url) == url


@pytest.mark.parametrize("url", [
    "https://127.0.0.1/", "http://localhost/", "http://example.org/", "http://127.0.0.1@example.org/", "file:///etc/x",
    "http://127.0.0.1:port/", "http://127.0.0.2/", "http://[::1", "127.0.0.1:80", "http://user@127.0.0.1/",
])  # fmt: skip
def test_other_addresses_are_refused(url: str) -> None:
    """Nothing may leave this machine; the message says what is allowed."""
    with pytest.raises(UsageError, match=r"http://127\.0\.0\.1:PORT"):
        checked_url(url)


def test_the_setting_is_checked(tmp_path: Path) -> None:
    """A bad address in the settings is told with its source; a good one is taken."""
    base = {"INCIDENTSIM_CONFIG": str(tmp_path / "none.toml")}
    with pytest.raises(UsageError, match="INCIDENTSIM_ALERT_WEBHOOK: alert_webhook: 'http"):
        load_config(environment=base | {"INCIDENTSIM_ALERT_WEBHOOK": "http://example.org/"})
    good = "http://127.0.0.1:9095/a"
    assert load_config(environment=base | {"INCIDENTSIM_ALERT_WEBHOOK": good}).alert_webhook == good
    assert load_config(environment=base).alert_webhook == ""
