"""The topology, and the one place where its parts are put together: the composition root of an engine process."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final, NamedTuple

import bytewax.operators as op
from bytewax.dataflow import Dataflow, Stream
from bytewax.operators import KeyedStream

from contracts.keys import KEY_GROUPS
from contracts.scoring import RiskScorer
from dataflows import metrics
from dataflows.connectors.base import InputLog, OutputLog
from dataflows.connectors.kafka_output import KafkaOutput
from dataflows.control_journal import ControlJournal
from dataflows.guard import Guard
from dataflows.progress import ProgressBoard
from dataflows.reading import Kind, ReadingRules, SourceBatch
from dataflows.request import RunRequest
from dataflows.state import StateDirectory
from dataflows.steps import entities, join, policy, users
from dataflows.steps.emit import Emitter
from dataflows.steps.gather import gather
from dataflows.steps.grouped import GroupLogic
from dataflows.steps.route import route
from dataflows.steps.score import ScoreStep
from dataflows.steps.sink import RecordSink
from dataflows.steps.source import EventSource
from dataflows.steps.spread import to_entities, to_join
from dataflows.watermarks import WatermarkBoard
from dataflows.worker import Job
from operators.policy import Decided
from operators.settling import lateness

_QUANTA: Final = 4
"""A watermark is told when it has moved by this part of what settling waits."""


_LEAST_CACHED: Final = 16
"""Entities of a step in a key group."""


class Parts(NamedTuple):
    """What is opened once for a process."""

    scorer: RiskScorer | None
    journal: ControlJournal
    state: StateDirectory


def build(job: Job) -> Dataflow:
    """The flow of one engine process."""
    request = RunRequest.model_validate(job.arguments)
    metrics.serve(request.settings.metrics.port, job.index)
    scorer = request.scorer()
    timeline = request.timeline(scorer.version if scorer else "none")
    journal = ControlJournal(job.state / "control", timeline, kept=request.control is not None)
    metrics.policy_in_force(timeline.at(journal.passed).versions.policy)
    source = _source(job, request, request.open_input(), journal)
    output = request.open_output()
    if isinstance(output, KafkaOutput):
        metrics.watch_errors("sink", lambda: output.errors)
        metrics.watch_unacknowledged(lambda: output.unacknowledged, lambda: output.waiting_since, time.monotonic)
    partitions = request.output_partitions
    emitter = Emitter(request.settings.topics, partitions)

    flow = Dataflow("sealwax")
    batches = op.input("source", flow, source)
    parts = Parts(scorer, journal, StateDirectory(job.state / "groups"))
    decided = _decisions(request, parts, source.inputs, max(1, len(job.addresses)), batches)
    records = op.flat_map_batch("emit", decided, emitter.decisions)
    read = op.flat_map_batch("letters", batches, emitter.read)
    op.output("sink", op.merge("outputs", records, read), _sink(request, output, partitions))
    return flow


def _decisions(
    request: RunRequest, parts: Parts, inputs: int, processes: int, batches: Stream[SourceBatch]
) -> KeyedStream[Decided]:
    """From what was read to what is decided. The step ids are the keys of recovery: they never change."""
    settings, features, state = request.settings, request.features, parts.state
    cache = max(_LEAST_CACHED, settings.state.cache_entries * processes // KEY_GROUPS)

    routed = op.flat_map_batch("route", batches, route)
    user_output = op.stateful_batch("users", routed, _grouped(users.open_part, features, state, inputs, cache))
    joining = op.flat_map_batch("to_join", user_output, to_join)
    if features.entities:
        queries = op.flat_map_batch("to_entities", user_output, to_entities)
        replies = op.stateful_batch("entities", queries, _grouped(entities.open_part, features, state, cache))
        joining = op.merge("joining", joining, op.flat_map_batch("gather", replies, gather))
    joined = op.stateful_batch("join", joining, _grouped(join.open_part, features, state))
    scorer = parts.scorer
    explainer = request.explainer(scorer, parts.journal.review_score)
    scoring = ScoreStep(scorer, settings.scoring.token_budget, settings.scoring.deadline / 1_000, explainer=explainer)
    scored = op.flat_map_batch("score", joined, scoring)
    topic, shown = settings.topics.transactions, features.names if settings.sink.features else ()
    opening = partial(policy.open_part, parts.journal, state, cache, topic, features.settle, shown)
    return op.stateful_batch("policy", scored, partial(policy.PolicyLogic, opening))


def _grouped(open_part: Callable[..., Any], *arguments: object) -> Callable[[Any], GroupLogic[Any, Any, Any]]:
    return partial(GroupLogic, partial(open_part, *arguments))


def _source(job: Job, request: RunRequest, log: InputLog, journal: ControlJournal) -> EventSource:
    settings = request.settings
    settle = request.features.settle
    rules = ReadingRules(
        batch_size=settings.source.batch_size,
        lateness=lateness(settle),
        hold=settle,
        idle=settings.source.idle,
        quantum=settle // _QUANTA,
        max_record_bytes=settings.source.max_record_bytes,
        max_ahead=settings.source.max_ahead,
    )
    metrics.watch_errors("source", lambda: log.errors)
    frontiers = WatermarkBoard(job.watermarks, len(log.partitions()))
    guard = Guard(settings.dead_letters, log)
    progress = ProgressBoard(job.state / "progress").reporter(job.index)
    topics = settings.topics
    kinds: dict[str, Kind] = {topics.transactions: "events", topics.labels: "labels", topics.decisions: "decisions"}
    return EventSource(log, kinds, topics.control, journal, rules, frontiers, guard, progress)


def _sink(request: RunRequest, output: OutputLog, partitions: dict[str, int]) -> RecordSink:
    quiet = request.settings.sink.quiet / 1_000 if request.sink.startswith("kafka://") else 0.0
    return RecordSink(output, partitions, request.origins, quiet)
