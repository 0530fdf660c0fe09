"""The shop's side: events and labels to their topics, and now and then an event twice or a record that is broken."""

from collections.abc import Callable, Sequence
from typing import Final

from contracts.events import Label
from dataflows.connectors.base import OutputLog, OutputRecord
from dataflows.demo.broken import breakages
from dataflows.demo.tally import Tally
from dataflows.settings import TopicSettings
from dataflows.simulator.outlets import Told, TopicOutlet
from dataflows.simulator.shop import Occurrence

_REPEATED_EVERY: Final = 300
_BROKEN_EVERY: Final = 500
"""Events from one that is sent twice, or whose spoilt copy follows, to the next."""


class Feed:
    """Tells the flow what happens in the shop, and the tally what it told. `clock` is the tally's."""

    def __init__(self, output: OutputLog, topics: TopicSettings, tally: Tally, clock: Callable[[], float]) -> None:
        """Raises UserError for a topic that does not exist."""
        self._outlet = TopicOutlet(output, topics.transactions, topics.labels)
        count = output.partitions(topics.transactions)
        self._partitions = [output.open(topics.transactions, number) for number in range(count)]
        self._tally = tally
        self._clock = clock

    def tell(self, batch: Sequence[Told], *, live: bool) -> None:
        """Send what happened; what isn't `live` is history. Raises DeliveryError when an earlier record has failed."""
        tally, at = self._tally, self._clock()
        repeated: list[Told] = []
        for told in batch:
            if isinstance(told, Label):
                tally.labels += 1
                continue
            tally.told(told, at, live)
            if tally.distinct % _REPEATED_EVERY == 0:
                repeated.append(told)
            if tally.distinct % _BROKEN_EVERY == 0:
                self._break(told)
        tally.repeats += len(repeated)
        self._outlet.tell([*batch, *repeated])

    def flush(self) -> None:
        """Wait until everything told is durable. Raises DeliveryError if any record failed."""
        self._outlet.flush()

    def _break(self, occurrence: Occurrence) -> None:
        event, number = occurrence.event, self._tally.broken
        spoilt = breakages(event)
        record = OutputRecord(
            f"broken-{number}",
            event.user_id.encode(),
            spoilt[number % len(spoilt)],
            "sealwax.event",
            event.event_time,
        )
        self._partitions[number % len(self._partitions)].append([record])
        self._tally.broken += 1
