"""What makes a running flow stop or start anew by itself."""

from collections import deque

from dataflows.connectors.base import InputLog
from dataflows.errors import RestartRequiredError, UserError
from dataflows.reading import SourceBatch
from dataflows.settings import DeadLetterSettings


class Guard:
    """Watches the input: too many dead letters stop the flow, new partitions have it start anew."""

    def __init__(self, limits: DeadLetterSettings, log: InputLog) -> None:
        self._limits = limits
        self._log = log
        self._recent: deque[tuple[int, int]] = deque()
        self._records = 0
        self._letters = 0

    def check(self) -> None:
        """Raise RestartRequiredError where the topics have grown. Cheap, to be called often."""
        if self._log.grown():
            raise RestartRequiredError("a topic has more partitions than at the start")

    def watch(self, batch: SourceBatch) -> None:
        """Count what was read. Raises UserError where too much of the latest records is bad."""
        letters = len(batch.letters)
        records = letters + len(batch.arrivals) + len(batch.labels) + len(batch.decisions)
        self._recent.append((records, letters))
        self._records += records
        self._letters += letters
        while self._records - self._recent[0][0] >= self._limits.window:
            old_records, old_letters = self._recent.popleft()
            self._records -= old_records
            self._letters -= old_letters
        if self._records >= self._limits.window and self._letters > self._limits.max_share * self._records:
            raise UserError(
                f"{self._letters} of the latest {self._records} records were bad: this is hardly the right topic. "
                "See `sealwax dead-letters ls`; dead_letters.max_share sets the limit"
            )
