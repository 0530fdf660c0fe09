"""The flow's Kafka topics: which there are, how each is made, and what is wrong with those that exist."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from dataflows.connectors.admin import TopicDescription, TopicPlan
from dataflows.connectors.kafka_settings import LARGEST_MESSAGE
from dataflows.settings import TopicSettings

DEFAULT_PARTITIONS: Final = 4


def flow_topics(topics: TopicSettings, partitions: int = DEFAULT_PARTITIONS) -> list[TopicPlan]:
    """Every topic that the flow reads or writes; those keyed by user have `partitions`, the others few."""
    return [
        TopicPlan(topics.transactions, partitions),
        TopicPlan(topics.labels, partitions),
        TopicPlan(topics.decisions, 1),
        TopicPlan(topics.control, 1, compacted=True),
        TopicPlan(topics.risk_updates, partitions),
        TopicPlan(topics.user_risk, partitions, compacted=True),
        TopicPlan(topics.policy_actions, partitions),
        TopicPlan(topics.policy_changes, 1),
        TopicPlan(topics.dead_letters, 1, large_records=True),
    ]


def as_found(plans: list[TopicPlan], found: list[TopicDescription]) -> list[TopicPlan]:
    """The plans, content with the partitions that a topic already has; missing topics come last."""
    counts = {topic.name: topic.partitions for topic in found}
    existing = [replace(plan, partitions=counts[plan.name]) for plan in plans if plan.name in counts]
    return existing + [plan for plan in plans if plan.name not in counts]


def mismatches(plans: Iterable[TopicPlan], found: Iterable[TopicDescription]) -> list[str]:
    """What keeps existing topics from serving as planned, each with its mending. Missing topics are none of these."""
    planned = {plan.name: plan for plan in plans}
    return [
        f"{topic.name}: {problem}"
        for topic in found
        if topic.name in planned
        for problem in _problems(planned[topic.name], topic)
    ]


def _problems(plan: TopicPlan, topic: TopicDescription) -> Iterable[str]:
    if topic.partitions != plan.partitions:
        yield (
            f"has {topic.partitions} partitions, not {plan.partitions}: a new number would send users elsewhere, "
            "so ask for the one it has, or name another topic"
        )
    if topic.compacted != plan.compacted:
        wanted = "compact" if plan.compacted else "delete"
        yield f"is {'' if topic.compacted else 'not '}compacted: set its cleanup.policy to {wanted}"
    if plan.large_records and topic.largest_message < LARGEST_MESSAGE:
        yield f"takes records of {topic.largest_message:,} bytes only: set its max.message.bytes to {LARGEST_MESSAGE:,}"
