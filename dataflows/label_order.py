"""Labels in the order in which they became known, however they come and however many they are."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from contracts.events import Label
from dataflows.importing.time_order import TimeOrder

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Label).decode


@contextmanager
def by_label_time(labels: Iterable[Label], folder: Path) -> Iterator[Iterator[Label]]:
    """The labels by label_time, those of one time as they came; they lie on disk in `folder` meanwhile."""
    with TimeOrder(folder) as order:
        for label in labels:
            order.add(label.label_time, _encode(label))
        yield map(_decode, order.lines())
