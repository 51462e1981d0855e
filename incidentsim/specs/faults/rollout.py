"""What comes with a revision of an image, weights, a tokenizer or a chat template."""

from __future__ import annotations

from incidentsim.specs.faults.base import FaultSpec, Parameter

_RUNS_ON = "Share of answers that miss their stop token and run on to max_tokens."
_GARBLED = "Share of answers that come out garbled."

ROLLOUT_FAULTS = (
    FaultSpec(
        kind="bad_image", component="pool", revision="image",
        help="A rolled-out runtime image makes every engine step slower.",
        removed="no pod runs the image any more",
        parameters=(Parameter(name="slowdown", kind="ratio", low=1_000_000, high=10_000_000,
                              help="Factor on step time with the new image."),),
    ),
    FaultSpec(
        kind="startup_oom", component="pool", revision="image",
        help="A rolled-out image has a higher default of max_num_seqs, whose warm-up needs more memory than is left.",
        removed="no pod runs the image any more, or max_num_seqs is set in the deployment",
        parameters=(Parameter(name="max_num_seqs", kind="int", low=1, high=4_096, default=1_024,
                              help="The image's own default."),),
    ),
    FaultSpec(
        kind="tokenizer_mismatch", component="pool", revision="tokenizer",
        help="Pods run a tokenizer that was made for other weights.",
        removed="tokenizer and weights of every pod belong together again",
        parameters=(
            Parameter(name="prompt_tokens", kind="ratio", low=500_000, high=4_000_000, default=1_350_000,
                      help="Factor on tokens per prompt."),
            Parameter(name="runs_on", kind="ratio", high=1_000_000, default=350_000, help=_RUNS_ON),
            Parameter(name="garbled", kind="ratio", high=1_000_000, default=300_000, help=_GARBLED),
        ),
    ),
    FaultSpec(
        kind="template_mismatch", component="pool", revision="template",
        help="Pods run a chat template whose end-of-turn token the weights don't know.",
        removed="template and weights of every pod belong together again",
        parameters=(
            Parameter(name="runs_on", kind="ratio", high=1_000_000, default=600_000, help=_RUNS_ON),
            Parameter(name="garbled", kind="ratio", high=1_000_000, default=200_000, help=_GARBLED),
        ),
    ),
    FaultSpec(
        kind="behaviour_regression", component="pool", revision="weights",
        help="New weights answer fluently and fast, but not as users want.",
        removed="no pod runs the weights any more",
        parameters=(Parameter(name="share", kind="ratio", high=1_000_000, help="Share of answers that are bad."),),
    ),
    FaultSpec(
        kind="numeric_corruption", component="pool", revision="image",
        help="Kernels of a rolled-out image compute wrong on some GPUs: garbage tokens, no end-of-text token.",
        removed="no pod runs the image any more",
        parameters=(
            Parameter(name="garbled", kind="ratio", high=1_000_000, default=500_000, help=_GARBLED),
            Parameter(name="runs_on", kind="ratio", high=1_000_000, default=400_000, help=_RUNS_ON),
            Parameter(name="hosts", kind="int", low=1, high=64, default=64,
                      help="How many of the pool's hosts, from its first, have the GPU configuration that shows it."),
        ),
    ),
)  # fmt: skip
"""The kinds of this family."""
