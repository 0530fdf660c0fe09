"""Builders of a flow with a part that misbehaves."""

from collections.abc import Sequence
from math import nan

from bytewax.dataflow import Dataflow

from contracts.events import EVENT_TYPES
from contracts.scoring import WINDOW_ROW, ScoringInput
from dataflows import flow
from dataflows.request import RunRequest
from dataflows.worker import Job
from models.fake import FakeScorer


def failing_on_refunds(job: Job) -> Dataflow:
    """The scorer fails on every batch that holds a refund."""
    RunRequest.scorer = lambda self: FakeScorer(fails=_has_refund)  # type: ignore[method-assign]
    return flow.build(job)


class Explained(FakeScorer):
    """To whom nothing is usual but an unknown value."""

    def usual(self, event_type: str) -> tuple[float, ...]:
        return (nan,) * len(self.feature_names)


def explained(job: Job) -> Dataflow:
    """The scorer's scores can be explained."""
    RunRequest.scorer = lambda self: Explained(self.features.names)  # type: ignore[method-assign]
    return flow.build(job)


def _has_refund(batch: Sequence[ScoringInput]) -> bool:
    return any(_latest_type(one.window) == "refund" for one in batch)


def _latest_type(window: bytes) -> str:
    """The type of the scored event, which is the last of its window."""
    return EVENT_TYPES[WINDOW_ROW.unpack(window[-WINDOW_ROW.size :])[-1]]
