"""The service as a process: it follows the topic, waits for a database that is away, and ends when it is told to."""

import signal
from collections.abc import Iterable
from contextlib import closing

import psycopg
import pytest
from confluent_kafka import Producer

from dataflows.holds import HoldTable
from dataflows.holds.database import UnavailableError
from dataflows.holds.service import HoldService
from dataflows.holds.table import Totals
from dataflows.settings import Settings
from tests.conftest import MakeTopic
from tests.holds.actions import Sent, after, opened
from tests.holds.conftest import NewTable
from tests.holds.service import start_service
from tests.processes import finish, wait_until

OPENED = opened()


@pytest.mark.kafka
def test_it_follows_the_topic_through_a_lost_database_until_it_is_told_to_end(
    bootstrap: str, make_topic: MakeTopic, new_schema: NewTable, postgres: str
) -> None:
    topic, url = make_topic(), new_schema()
    with HoldTable.open(url) as table, closing(psycopg.connect(postgres, autocommit=True)) as operator:
        service = start_service(f"kafka://{bootstrap}", topic, url)
        _send(bootstrap, topic, [OPENED])
        wait_until(lambda: table.count_pending() == 1)
        others = "SELECT pid FROM pg_stat_activity WHERE application_name = 'sealwax holds' AND pid <> %s"
        own = (table._database.connection.info.backend_pid,)
        for (pid,) in operator.execute(others, own).fetchall():
            operator.execute("SELECT pg_terminate_backend(%s)", (pid,))
        _send(bootstrap, topic, [after(OPENED, "released"), opened(event_id="e-2")])
        wait_until(lambda: len(table.find("o-1")) == 2)
        service.send_signal(signal.SIGTERM)
        status, said = finish(service)
    assert status == 0
    assert "trying again in 0.5 s" in said
    assert said.splitlines()[-1] == "3 transitions applied, 0 seen before, 0 refused; 1 holds pending"


def _send(bootstrap: str, topic: str, sent: Iterable[Sent]) -> None:
    producer = Producer({"bootstrap.servers": bootstrap})
    for one in sent:
        producer.produce(topic, one.value)
    assert producer.flush(60) == 0


def test_what_may_pass_is_tried_again_ever_more_rarely(
    new_file: NewTable, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failures = iter([UnavailableError("gone")] * 8)

    def consume(*_: object, **__: object) -> Totals:
        for failure in failures:
            raise failure
        return Totals()

    waited: list[float] = []
    settings = Settings.model_validate({"holds": {"table": new_file(), "metrics_port": 0}})
    service = HoldService(settings, "out", stop_at_end=True)
    monkeypatch.setattr("dataflows.holds.service.consume", consume)
    monkeypatch.setattr(service._stop, "wait", lambda seconds: waited.append(seconds))
    service.run(from_start=False)
    assert waited == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert caplog.messages[:2] == ["gone; trying again in 0.5 s", "gone; trying again in 1.0 s"]
