"""Several inputs as one."""

from collections.abc import Mapping

from dataflows.connectors.base import InputLog, InputPartition, TopicPartition


class MergedInput:
    """An InputLog whose topics lie in different logs."""

    def __init__(self, logs: Mapping[str, InputLog]) -> None:
        """`logs` gives the log of each topic."""
        self._log_of = logs
        self._logs = list({id(log): log for log in logs.values()}.values())

    @property
    def errors(self) -> int:
        return sum(log.errors for log in self._logs)

    @property
    def last_error(self) -> str:
        return next((log.last_error for log in self._logs if log.last_error), "")

    def partitions(self) -> list[TopicPartition]:
        return sorted(partition for log in self._logs for partition in log.partitions())

    def open(self, topic: str, partition: int, position: int | None = None) -> InputPartition:
        return self._log_of[topic].open(topic, partition, position)

    def grown(self) -> bool:
        return any(log.grown() for log in self._logs)

    def close(self) -> None:
        for log in self._logs:
            log.close()
