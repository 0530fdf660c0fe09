"""The writer over the logs that there are: a file, a topic, and one in memory."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows.connectors.file_output import FileOutput
from dataflows.connectors.kafka_output import KafkaOutput
from dataflows.connectors.memory import MemoryLog, MemoryOutput
from dataflows.delivery import SuppressingWriter, WriterState
from tests.conftest import MakeTopic
from tests.delivery.broker import IDS, INPUT, RECORDS


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(0, 2_000)), max_size=6))
def test_a_file_holds_each_record_once_whatever_a_kill_leaves_of_it(
    tmp_path_factory: pytest.TempPathFactory, lives: list[tuple[int, int, int]]
) -> None:
    directory = tmp_path_factory.mktemp("output")
    position = 0
    state: WriterState = (0, [])
    for before, after, left in lives:
        writer = SuppressingWriter(FileOutput(directory).open("updates", 0), state, origin=0)
        writer.write(RECORDS[position : position + before])
        position, state = min(INPUT, position + before), writer.snapshot()
        writer.write(RECORDS[position : position + after])
        writer.close()
        path = directory / "updates.jsonl"
        os.truncate(path, min(state[0] + left, path.stat().st_size))  # a flushed byte is never lost, a later one may be
    partition = FileOutput(directory).open("updates", 0)
    SuppressingWriter(partition, state, origin=0).write(RECORDS[position:])
    assert list(partition.scan(0)) == IDS
    partition.close()


@pytest.mark.kafka
def test_a_topic_holds_each_record_once_after_two_crashes(bootstrap: str, make_topic: MakeTopic) -> None:
    topic = make_topic()
    states: list[WriterState | None] = [None]
    for first, last, snapshot in ((0, 20, False), (0, 12, True), (12, 25, False), (12, 30, True)):
        output = KafkaOutput({"bootstrap.servers": bootstrap})
        writer = SuppressingWriter(output.open(topic, 0), states[-1], origin=0)
        writer.write(RECORDS[first:last])
        taken = writer.snapshot()
        if snapshot:
            states.append(taken)
        output.close()
    assert states[1:] == [(20, IDS[12:20]), (30, [])]
    output = KafkaOutput({"bootstrap.servers": bootstrap})
    assert list(output.open(topic, 0).scan(0)) == IDS[:30]
    output.close()


def test_a_log_in_memory_takes_a_writer() -> None:
    log = MemoryLog({"updates": 1})
    for _ in range(2):
        writer = SuppressingWriter(MemoryOutput(log).open("updates", 0), None, origin=0)
        writer.write(RECORDS[:2])
        writer.close()
    assert [record.id for record in log.records("updates", 0)] == ["id-0", "id-1"]
