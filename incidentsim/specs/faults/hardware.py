"""What breaks on GPU hosts."""

from __future__ import annotations

from incidentsim.specs.faults.base import FaultSpec, Parameter

_GPU = Parameter(name="gpu", kind="int", high=7, default=0,
                 help="Index of the GPU on the host; the last one where there are fewer.")  # fmt: skip

HARDWARE_FAULTS = (
    FaultSpec(
        kind="clock_throttle", component="node",
        help="Power or heat lowers the SM clock of one GPU, and its whole TP group waits for it.",
        removed="the throttling ends, or the host is cordoned and empty",
        parameters=(
            Parameter(name="slowdown", kind="ratio", low=1_000_000, high=10_000_000, help="Factor on step time."), _GPU,
            Parameter(name="reason", kind="choice", choices=("power", "heat"), default="power",
                      help="power: it draws less and stays cool; heat: it sits at its temperature limit."),
        ),
    ),
    FaultSpec(
        kind="gpu_lost", component="node",
        help="A GPU falls off the bus (XID 79); its replica hangs or dies and can't come back on this host.",
        removed="the GPU is replaced, or the host is cordoned and empty", parameters=(_GPU,),
    ),
    FaultSpec(
        kind="ecc_errors", component="node",
        help="Memory of one GPU fails now and then (XID 48, 94, 95): the job is aborted and a row is remapped.",
        removed="the host is cordoned and empty", parameters=(
            Parameter(name="mean_interval", kind="duration", low=1_000_000, default=120_000_000, high=86_400_000_000,
                      help="Mean time between errors at full strength."), _GPU,
            Parameter(name="spare_rows", kind="int", high=512, default=0,
                      help="Rows that can be remapped; after that remapping fails (0 = enough)."),
        ),
    ),
    FaultSpec(
        kind="nccl_hang", component="pool",
        help="One rank of a replica dies or falls out of step; the others wait in a collective at 100 % utilisation.",
        removed="the whole replica is started again", parameters=(
            Parameter(name="replica", kind="int", high=63, default=0, help="Index of the replica."),
            Parameter(name="rank", kind="int", high=7, default=0, help="The rank that is missing."),
        ),
    ),
    FaultSpec(
        kind="noisy_neighbour", component="node",
        help="A batch job on the host contends for memory bandwidth, PCIe and CPU, in bursts.",
        removed="the job is gone, or the host is cordoned and empty", parameters=(
            Parameter(name="slowdown", kind="ratio", low=1_000_000, high=10_000_000, help="Mean factor on step time."),
            Parameter(name="workload", kind="name", default="embeddings-backfill", help="Name of the job's pod."),
        ),
    ),
    FaultSpec(
        kind="node_lost", component="node",
        help="The host dies; Kubernetes notices after 40 s and evicts its pods after five minutes.",
        removed="the host is back, or its pods run elsewhere",
    ),
)  # fmt: skip
"""The kinds of this family."""
