"""Places for the flow's state, and topics for its input and output."""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from dataflows.settings import TopicSettings
from tests.conftest import MakeTopic
from tests.flow.harness import PARTITIONS, Cluster

MakeDirectory = Callable[[], Path]
MakeCluster = Callable[..., Cluster]


@pytest.fixture(scope="session")
def make_directory() -> Iterator[MakeDirectory]:
    """Makes a new, empty directory."""
    memory = Path("/dev/shm")  # The engine syncs several times in an epoch: a busy disk would make the tests slow.
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as root:
        made: list[Path] = []

        def make() -> Path:
            made.append(Path(root) / str(len(made)))
            made[-1].mkdir()
            return made[-1]

        yield make


@pytest.fixture(scope="session")
def make_cluster(bootstrap: str, make_topic: MakeTopic) -> MakeCluster:
    """Makes the topics of a flow: make_cluster(**topics), where those given are used instead of new ones."""

    def make(**given: str) -> Cluster:
        names = [name for name in TopicSettings.model_fields if name not in given]
        made = {name: make_topic(PARTITIONS, max_message_bytes="16777216") for name in names}
        return Cluster(bootstrap, TopicSettings(**made | given))

    return make
