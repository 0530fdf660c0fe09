"""Topics are made once, as planned, and described as they are."""

import os

import pytest

from dataflows.connectors import admin
from dataflows.connectors.admin import TopicDescription, TopicPlan, create_topics, describe_topics
from dataflows.errors import UserError

pytestmark = pytest.mark.kafka


def test_topics_are_made_as_planned_and_only_once(bootstrap: str) -> None:
    settings = {"bootstrap.servers": bootstrap}
    run = os.urandom(4).hex()
    plans = [
        TopicPlan(f"updates-{run}", 4, replicas=1),
        TopicPlan(f"user-risk-{run}", 2, compacted=True, replicas=1),
        TopicPlan(f"dead-letters-{run}", 1, large_records=True, replicas=1),
    ]
    assert create_topics(settings, plans[:2]) == [plan.name for plan in plans[:2]]
    assert create_topics(settings, plans) == [plans[2].name]
    described = describe_topics(settings, [*(plan.name for plan in plans), "nowhere"])
    assert [(one.name, one.partitions, one.replicas, one.compacted) for one in described] == [
        (plan.name, plan.partitions, 1, plan.compacted) for plan in plans
    ]
    assert described[2].largest_message > 16 * 1024 * 1024 > described[0].largest_message
    assert describe_topics(settings, []) == []


def test_the_number_of_replicas_is_the_broker_s_choice(bootstrap: str) -> None:
    name = f"chosen-{os.urandom(4).hex()}"
    assert create_topics({"bootstrap.servers": bootstrap}, [TopicPlan(name, 1)]) == [name]
    (described,) = describe_topics({"bootstrap.servers": bootstrap}, [name])
    assert isinstance(described, TopicDescription)
    assert described.replicas >= 1


def test_a_refused_topic_is_named_with_the_reason(bootstrap: str) -> None:
    with pytest.raises(UserError, match=r"topic 'not a name' was not made: .*illegal"):
        create_topics({"bootstrap.servers": bootstrap}, [TopicPlan("not a name", 1)])


def test_a_cluster_that_does_not_answer_is_said_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "ANSWER_SECONDS", 1.0)
    nowhere = {"bootstrap.servers": "127.0.0.1:1"}
    with pytest.raises(UserError, match="topics cannot be described"):
        describe_topics(nowhere, ["topic"])
    with pytest.raises(UserError, match="topic 'topic' was not made"):
        create_topics(nowhere, [TopicPlan("topic", 1)])
