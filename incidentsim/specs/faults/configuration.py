"""Standing faults: facts of the configuration."""

from __future__ import annotations

from incidentsim.specs.faults.base import FaultSpec

CONFIGURATION_FAULTS = (
    FaultSpec(
        kind="waiver_without_expiry", component="organisation", standing=True,
        help="A limit was waived for one customer, and nothing ends the waiver.",
        removed="the limit is finite again, or the waiver has an expiry that the account owner agreed to",
    ),
    FaultSpec(
        kind="length_blind_admission", component="gateway", standing=True,
        help="Admission counts requests, whatever their length, so few long ones can fill the KV cache.",
        removed="gateway.admission is tokens",
    ),
    FaultSpec(
        kind="max_num_seqs_raised", component="pool", standing=True,
        help="The engines run with more concurrent sequences than the KV cache can hold.",
        removed="max_num_seqs is back at its former value",
    ),
    FaultSpec(
        kind="scaled_in", component="autoscaler", standing=True,
        help="The pool is smaller than its demand because the autoscaler's bounds are wrong.",
        removed="the bounds allow the replicas needed",
    ),
)  # fmt: skip
"""The kinds of this family."""
