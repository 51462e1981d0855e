"""Rows of the data pipeline."""

from __future__ import annotations

from benchmarks.signatures.case import Case, Symptom
from benchmarks.signatures.worlds import MINUTE, chat, with_fault, with_slos
from incidentsim.scenario.model import Change, Scenario, Slo
from incidentsim.scenario.parts import PipelinePart, RankerPart, RoutePart


def shop() -> Scenario:
    """Return the chat world in which half of the requests go to a ranker that lives on daily features."""
    base = chat(duration=12 * MINUTE)
    pipeline = PipelinePart.model_validate({
        "id": "pipeline",
        "jobs": [{"id": "daily-features", "at": "30s", "takes": "40s"}],
        "features": [
            {"id": "purchase-history", "source": "daily-features", "weight": 0.55},
            {"id": "price-band", "source": "daily-features", "weight": 0.15},
            {"id": "recent-clicks", "source": "stream", "weight": 0.3},
        ],
    })  # fmt: skip
    routes = (RoutePart(id="chat", pools=(base.stack.pools[0].id,)),
              RoutePart(id="rank", path="/v1/rank", stages=("ranker",)))  # fmt: skip
    stack = base.stack.model_copy(update={"routes": routes, "components": (pipeline, RankerPart(id="ranker"))})
    tenants = tuple(
        t.model_copy(update={"workload": t.workload.model_copy(update={"routes": {"chat": 500_000, "rank": 500_000}})})
        for t in base.tenants
    )
    quality = Slo.model_validate({"id": "quality", "title": "Good recommendations", "kind": "quality",
                                  "objective": "90%"})  # fmt: skip
    return with_slos(base.model_copy(update={"stack": stack, "tenants": tenants}), quality)


SOURCE = Change(id="chg-31", kind="deploy", target="job.daily-features", actor="data team",
                summary="orders export: column purchase_history renamed to purchases")  # fmt: skip
MODEL = Change(id="chg-30", kind="deploy", target="ranker", actor="ml team", summary="ranker model 41 to 42")


def sick_shop() -> Scenario:
    """Return it with a column renamed before the daily job's run, and an innocent model deploy."""
    scenario = with_fault(shop(), "schema_change", "job.daily-features", -MINUTE, change=SOURCE,
                          feature="purchase-history", how="renamed")  # fmt: skip
    innocent = scenario.timeline[-1].model_copy(update={"change": MODEL, "fault": None, "at": -MINUTE})
    return scenario.model_copy(update={"timeline": (*scenario.timeline, innocent)})


CASES = (
    Case(
        row=10, name="feature pipeline schema change", well=shop, sick=sick_shop,
        symptoms=(
            Symptom(text="confidence p50 falls after the daily job", at_us=6 * MINUTE,
                    promql="histogram_quantile(0.5, rate(ranker_confidence_bucket[2m])) < 0.8 * "
                           "histogram_quantile(0.5, rate(ranker_confidence_bucket[2m] offset 5m))"),
            Symptom(text="the null rate is up", promql="feature_missing_ratio > 0.5", at_us=6 * MINUTE),
            Symptom(text="latency is normal", at_us=6 * MINUTE,
                    promql="histogram_quantile(0.95, rate(ranker_latency_seconds_bucket[2m])) < 0.05"),
            Symptom(text="scores move together", at_us=6 * MINUTE,
                    promql="histogram_quantile(0.9, rate(ranker_score_bucket[2m])) - "
                           "histogram_quantile(0.1, rate(ranker_score_bucket[2m])) < 0.5"),
        ),
        right=(("2m", "pause job.daily-features"), ("2m5s", "pin feature-store snapshot=snap-1"),
               ("3m", "rollback chg-31"), ("3m30s", "set pipeline.contract_mode enforce")),
        wrong=(("2m", "rollback chg-30"),), wrong_is="roll back the model",
    ),
)  # fmt: skip
"""Schema change."""
