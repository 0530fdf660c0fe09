"""Every test run draws the same examples, none of them timed; and a broker for the tests that need one."""

import os
from collections.abc import Callable, Iterator
from itertools import count

import pytest
from confluent_kafka.admin import AdminClient, NewTopic
from hypothesis import settings

from dataflows.broker import EmbeddedBroker

settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.load_profile("repeatable")

MakeTopic = Callable[..., str]


@pytest.fixture(scope="session")
def bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """host:port of the cluster that KAFKA_BOOTSTRAP names, or of an embedded broker."""
    if named := os.environ.get("KAFKA_BOOTSTRAP"):
        yield named
    else:
        with EmbeddedBroker(tmp_path_factory.mktemp("broker")) as broker:
            yield broker.bootstrap


@pytest.fixture(scope="session")
def make_topic(bootstrap: str) -> MakeTopic:
    """Makes a topic with a name that no other test has: make_topic(partitions=1, **config).

    It keeps its records for ever unless told otherwise: brokers count retention from a record's own, often old, time.
    """
    admin = AdminClient({"bootstrap.servers": bootstrap})
    run = os.urandom(4).hex()
    numbers = count()

    def make(partitions: int = 1, **config: str) -> str:
        name = f"test-{run}-{next(numbers)}"
        named = {"retention.ms": "-1"} | {key.replace("_", "."): value for key, value in config.items()}
        admin.create_topics([NewTopic(name, partitions, config=named)])[name].result()
        return name

    return make
