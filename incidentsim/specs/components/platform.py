"""What pods need from the platform to come up: a weights registry, a control plane."""

from __future__ import annotations

from incidentsim.specs.components.base import ComponentSpec, S
from incidentsim.specs.knobs import UNLIMITED, Knob

REGISTRY = ComponentSpec(
    kind="registry",
    help="Where replicas fetch model weights from when they start. Its bandwidth is shared by all that fetch at once.",
    knobs=(
        Knob(name="source", kind="enum", default="origin", choices=("origin", "mirror"),
             help="Where replicas fetch from: the vendor's registry, or the company's own mirror in the cluster."),
        Knob(name="bandwidth", kind="int", default=1_250, low=10, high=100_000, unit="MB/s",
             help="What the vendor's registry sends in all (a 10 Gbit/s line)."),
        Knob(name="mirror_bandwidth", kind="int", default=400, low=10, high=100_000, unit="MB/s",
             help="What the mirror sends in all."),
        Knob(name="pull_limit", kind="int", default=UNLIMITED, low=0, high=10_000, unit="pulls/min", unlimited=True,
             help="Pulls of weights that the vendor's contract allows; beyond it 429."),
        Knob(name="host_cache", kind="bool", default=1, low=0, high=1,
             help="Whether hosts keep the weights of their last replica on their disk."),
    ),
)  # fmt: skip

CONTROL_PLANE = ComponentSpec(
    kind="control-plane",
    help="The cluster's API servers, admission webhook and DNS. Pods that run don't need it; new ones do.",
    knobs=(
        Knob(name="api_servers", kind="int", default=3, low=1, high=12, unit="servers",
             help="API servers, each good for 1,000 requests/s; a new one takes two minutes to join."),
        Knob(name="agent_request_limit", kind="int", default=UNLIMITED, low=0, high=100_000, unit="requests/s",
             unlimited=True, help="Most requests of telemetry agents that the API servers take (API priority and "
                                  "fairness); set on the servers themselves."),
        Knob(name="dns_ttl", kind="duration", default=300 * S, low=5 * S, high=3600 * S,
             help="How long a node's DNS cache answers for a name before it must ask the cluster's DNS again."),
        Knob(name="webhook_failure_policy", kind="enum", default="fail", choices=("fail", "ignore"),
             help="What the API server does with a new pod when the admission webhook can't be asked."),
        Knob(name="webhook_certificate", kind="enum", default="at_start", choices=("at_start", "watched"),
             help="When the webhook reads its certificate from the secret: once at its start, or whenever it changes."),
    ),
)  # fmt: skip

PLATFORM = (REGISTRY, CONTROL_PLANE)
"""The kinds of this module."""
