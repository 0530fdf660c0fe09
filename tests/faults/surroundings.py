"""What the long campaigns run in: a cluster, topics of their own, a quick directory, and where they tell of it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from dataflows.broker import EmbeddedBroker
from dataflows.settings import TopicSettings
from tests.flow.harness import PARTITIONS, Cluster


@contextmanager
def a_cluster() -> Iterator[str]:
    """The host:port of the cluster that KAFKA_BOOTSTRAP names, or of an embedded broker."""
    if named := os.environ.get("KAFKA_BOOTSTRAP"):
        yield named
    else:
        with TemporaryDirectory() as directory, EmbeddedBroker(Path(directory)) as broker:
            yield broker.bootstrap


def new_topics(bootstrap: str, **given: str) -> Cluster:
    """New topics for a flow, except for those given."""
    run = os.urandom(4).hex()
    names = {name: f"faults-{run}-{name}" for name in TopicSettings.model_fields if name not in given}
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for created in admin.create_topics([NewTopic(name, PARTITIONS) for name in names.values()]).values():
        created.result()
    return Cluster(bootstrap, TopicSettings(**names | given))


def memory() -> Path | None:
    """A directory in memory: a busy disk would make epochs long. What a killed process wrote is kept there as well."""
    shared = Path("/dev/shm")
    return shared if shared.is_dir() else None


def say(text: str) -> None:
    """Tell it at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
