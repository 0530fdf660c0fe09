"""Beside a flow: what is sent to the control topic, when, and after a restart."""

import os
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from contracts.codec import decode_control
from contracts.control import ControlChange, encode_accepted
from contracts.events import Position
from dataflows.adapting import adapt_live, adapting_task
from dataflows.connectors.admin import TopicPlan, create_topics
from dataflows.connectors.base import OutputRecord
from dataflows.connectors.urls import open_output
from dataflows.errors import UserError
from dataflows.settings import Settings
from dataflows.to_end import records_to_end
from operators.policy import Policy
from tests.cli.test_thresholds import THRESHOLDS, update
from tests.policy.files import HEAD, RULES, parsed
from tests.thresholds.tables import HOUR, START

pytestmark = pytest.mark.kafka

AHEAD = 300_000


class World:
    """A cluster with a flow's topics; a test plays the flow."""

    def __init__(self, bootstrap: str, directory: Path) -> None:
        run = os.urandom(4).hex()
        names = ("risk_updates", "labels", "policy_changes", "control")
        topics = {name: f"{name}-{run}" for name in names}
        self.settings = Settings(kafka={"bootstrap": bootstrap}, topics=topics)
        self.url = f"kafka://{bootstrap}"
        self._client = self.settings.kafka.client()
        create_topics(self._client, [TopicPlan(name, 1) for name in topics.values()])
        self.state = directory / "thresholds.json"

    def send(self, topic: str, values: Sequence[bytes]) -> None:
        with closing(open_output(self.url, self._client)) as log:
            partition = log.open(topic, 0)
            partition.append([OutputRecord(os.urandom(8).hex(), b"", value, "test", START) for value in values])
            partition.flush()

    def updates(self, numbers: range, score: float) -> None:
        self.send(self.settings.topics.risk_updates, [update(number, score) for number in numbers])

    def accept(self, change: ControlChange) -> None:
        _, value = encode_accepted(change, Position("control", 0, 0))
        self.send(self.settings.topics.policy_changes, [value])

    def run(self, policy: Policy) -> list[ControlChange]:
        """One look at all that is there."""
        task = adapting_task(policy, self.settings, self.url, None, AHEAD)
        return list(adapt_live(task, self.url, self.state, once=True))

    @property
    def control(self) -> list[ControlChange | None]:
        records = records_to_end(self.url, self.settings.topics.control, self._client)
        return [decode_control(record.value) for _, record in records]


@pytest.fixture
def world(bootstrap: str, tmp_path: Path) -> World:
    return World(bootstrap, tmp_path)


POLICY = parsed(HEAD + THRESHOLDS + RULES)


def test_it_asks_for_one_move_now_and_goes_on_from_what_was_accepted(world: World) -> None:
    world.updates(range(48), 0.4)
    latest = START + 47 * HOUR // 2
    [first] = world.run(POLICY)
    assert (first.name, first.value, first.effective_at) == ("hold", 0.55, latest + AHEAD)
    assert world.run(POLICY) == []  # it is under way
    world.accept(first)
    world.updates(range(48, 52), 0.4)
    [second] = world.run(POLICY)
    assert (second.value, second.effective_at) == (0.400001, latest + 2 * HOUR + AHEAD)
    assert world.control == [first, second]


def test_beside_another_policy_it_ends_and_says_so_again(world: World) -> None:
    world.updates(range(48), 0.4)
    text = (HEAD + THRESHOLDS + RULES).replace("start = 0.8", "start = 0.7")
    other = parsed(text)
    world.accept(ControlChange("p", "policy", other.version, START, "ann", "Hold more.", text))
    for _ in range(2):
        with pytest.raises(UserError, match=f"the flow decides by {other.version}, with other thresholds"):
            world.run(POLICY)
    assert world.control == []
    [move] = world.run(other)
    assert move.value == 0.45


def test_what_was_sent_before_a_crash_is_not_sent_again(world: World) -> None:
    world.updates(range(8), 0.9)
    world.run(POLICY)
    before = world.state.read_bytes()
    world.updates(range(8, 48), 0.4)
    [move] = world.run(POLICY)
    world.state.write_bytes(before)
    assert world.run(POLICY) == [move]
    assert world.control.count(move) == 1


def test_another_policy_learns_from_the_topics_anew(world: World) -> None:
    world.updates(range(48), 0.4)
    [first] = world.run(POLICY)
    world.accept(first)
    world.updates(range(48, 49), 0.4)
    [second] = world.run(parsed((HEAD + THRESHOLDS + RULES).replace("step = 0.25", "step = 0.1")))
    assert second.value == 0.45


def test_a_broken_state_file_is_told(world: World) -> None:
    world.state.write_text("{")
    with pytest.raises(UserError, match="remove it to learn from the topics anew"):
        world.run(POLICY)


def test_it_runs_until_it_is_asked_to_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Live, it moves as the updates come."""
    world.updates(range(12), 0.4)
    task = adapting_task(POLICY, world.settings, world.url, None, AHEAD)
    moves = adapt_live(task, world.url, world.state, once=False)
    first = next(moves)
    world.accept(first)
    world.updates(range(12, 14), 0.4)
    second = next(moves)
    assert (first.value, second.value) == (0.55, 0.400001)
    _end(monkeypatch)
    assert list(moves) == []
    assert world.run(POLICY) == []


def _end(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    from dataflows import adapting

    monkeypatch.setattr(adapting.draining, "is_set", lambda: True)
    return monkeypatch.undo
