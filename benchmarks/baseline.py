"""What Bytewax gives out of the box: its own Kafka ends, and an item at a time between them.

    python -m benchmarks.baseline BOOTSTRAP

Kafka in, parse, a count and a sum for each user in keyed state, write, Kafka out; recovery at epochs of half a second.
It promises far less than the flow does, and does less for an event: two aggregates, no join, no policy.
"""

import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import bytewax.operators as op
import orjson
from bytewax.connectors.kafka import KafkaSinkMessage, KafkaSource, KafkaSourceMessage
from bytewax.connectors.kafka import operators as kop
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import run_main

Totals = tuple[int, float]


def build(bootstrap: str) -> Dataflow:
    """The flow over the topics that the real one reads and writes."""
    flow = Dataflow("baseline")
    records = KafkaSource([bootstrap], ["transactions"], tail=False, batch_size=1_000)
    parsed = op.map("parse", op.input("source", flow, records), _parse)
    totals = op.stateful_map("totals", parsed, _count)
    messages = op.map("write", totals, _write)
    kop.output("sink", messages, brokers=[bootstrap], topic="risk-updates")
    return flow


def _parse(message: Any) -> tuple[str, dict[str, Any]]:
    assert isinstance(message, KafkaSourceMessage)
    event = orjson.loads(message.value or b"")
    return event["user_id"], event


def _count(state: Totals | None, event: dict[str, Any]) -> tuple[Totals, dict[str, Any]]:
    count, total = state or (0, 0.0)
    state = count + 1, total + event.get("amount", 0.0)
    return state, {"event_id": event["event_id"], "user_id": event["user_id"], "count": state[0], "sum": state[1]}


def _write(item: tuple[str, dict[str, Any]]) -> KafkaSinkMessage[bytes, bytes]:
    return KafkaSinkMessage(key=item[0].encode(), value=orjson.dumps(item[1]))


def main() -> None:
    """Run it to the end of what is there."""
    with tempfile.TemporaryDirectory(prefix="baseline-") as folder:
        init_db_dir(Path(folder), 1)
        run_main(build(sys.argv[1]), epoch_interval=timedelta(milliseconds=500), recovery_config=RecoveryConfig(folder))


if __name__ == "__main__":
    main()
