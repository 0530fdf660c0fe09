"""Effectively once: each output record is written once, whatever was killed whenever, and is visible at once.

A record's id is a function of the input. After a crash the input is read again from the last snapshot, and the same ids
come again; those that the output partition holds already, from the snapshot's offset to its end, are not written again.
"""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Final

from dataflows.connectors.base import DataLostError, OutputPartition, OutputRecord
from dataflows.errors import UserError

_LOG = logging.getLogger(__name__)

WriterState = tuple[int, list[str]]
"""The offset from which the next resume looks for ids, and the ids found before it that have not come again yet."""

_LOOKS: Final = 10
"""How often the end is looked at while it has to be quiet."""

_PATIENCE: Final = 30
"""So many times as long as the end has to be quiet it is waited for."""


class SuppressingWriter:
    """Writes to one output partition what it does not hold yet."""

    def __init__(
        self,
        output: OutputPartition,
        state: WriterState | None,
        origin: int,
        *,
        quiet: float = 0.0,
        seen: tuple[int, float] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Go on from a snapshot's `state`, or without one from `origin`, the partition's end when the state directory
        was made.

        The partition is read before the first write, once its end has been quiet for `quiet` seconds, since the network
        may still hold what a predecessor sent. `seen` is an end that was seen before, and when by the `clock`:
        quiet counts from there. Raises DataLostError where the partition ends before the offset.
        """
        self._output = output
        self._offset, pending = (origin, []) if state is None else state
        self._pending = dict.fromkeys(pending)
        self._scanned = False
        self._dirty = False
        self._quiet = quiet
        self._sleep = sleep
        self._clock = clock
        self._end, self._end_since = seen or (output.end(), clock())
        self.suppressed = 0
        """Records that were not written again."""
        if self._offset > self._end:
            raise DataLostError(
                f"{output.name} ends at offset {self._end}, and its writer had reached {self._offset} before: "
                "records were lost, or the topic was made anew. Use the topics that the state directory was made with"
            )

    def write(self, records: Sequence[OutputRecord]) -> None:
        """Append those that the partition does not hold yet.

        Raises DeliveryError if an earlier one has failed, and UserError where the end never becomes quiet.
        """
        if not self._scanned:
            self._scan()
        if self._pending:
            records = [record for record in records if not self._is_held(record.id)]
        if records:
            self._output.append(records)
            self._dirty = True

    def _is_held(self, id: str) -> bool:
        if id not in self._pending:
            return False
        del self._pending[id]
        self.suppressed += 1
        return True

    def _scan(self) -> None:
        self._await_quiet()
        self._pending.update(dict.fromkeys(self._output.scan(self._offset)))
        self._offset = self._end
        self._scanned = True

    def _await_quiet(self) -> None:
        """Wait until nothing has arrived for so long, and stop the flow where that never comes.

        Going on would be a guess. What writes there may be a predecessor that still runs, on a host that the state
        directory's lock does not reach: then each of its records would be there twice. Stopping loses nothing.
        """
        began, looked_at = self._clock(), self._end
        while True:
            if (end := self._output.end()) != self._end:
                if self._end == looked_at:
                    _LOG.warning("%s: something is still writing there; waiting until it is quiet", self._output.name)
                self._end, self._end_since = end, self._clock()
            now = self._clock()
            left = self._end_since + self._quiet - now
            if left <= 0:
                return
            if now - began >= _PATIENCE * self._quiet:
                raise self._never_quiet()
            self._sleep(min(left, self._quiet / _LOOKS))

    def _never_quiet(self) -> UserError:
        return UserError(
            f"{self._output.name}: something keeps writing there: in {_PATIENCE * self._quiet:g} s it was never quiet "
            f"for {self._quiet:g} s, so what this flow wrote before it started again cannot be told. End an earlier "
            "process of this flow that still runs elsewhere, or give the other writer a topic of its own. "
            'Where it has to write there, sink.quiet = "0s" waits for nothing'
        )

    def snapshot(self) -> WriterState:
        """The state to go on from after a crash, once all that was written is durable.

        Raises DeliveryError if any of it has failed: then the snapshot must not become durable either.
        """
        if self._dirty:
            self._offset = max(self._offset, self._output.flush())
            self._dirty = False
        return self._offset, list(self._pending)

    def close(self) -> None:
        """Let go of the partition."""
        self._output.close()
