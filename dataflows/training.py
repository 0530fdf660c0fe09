"""Training sets from events and labels, through the flow's own operators."""

from array import array
from collections.abc import Iterable
from typing import Final

import numpy as np

from contracts.events import Event, Label
from contracts.scoring import ROW_SIZE, short_fingerprint
from dataflows.offline import replay_period
from dataflows.period import Period
from models.training_set import TrainingSet
from operators.features import FeatureSet

POSITIVE: Final = frozenset({"fraud", "abuse"})


def make_training_set(
    events: Iterable[Event],
    labels: Iterable[Label],
    features: FeatureSet,
    period: Period,
    texts: bool = False,
) -> TrainingSet:
    """The events of a period, each with what a scorer would have been given live and the last that is known of it.

    Earlier events build the state. An event without a label counts as legitimate. The events' own texts are kept where
    a scorer reads `texts`.
    """
    known = sorted(labels, key=lambda label: label.label_time)
    positive = {label.event_id: label.label in POSITIVE for label in known}
    vectors, windows = array("f"), bytearray()
    window_bytes = features.window_events * ROW_SIZE
    lengths, targets, times, event_ids, user_ids = array("q"), bytearray(), array("q"), [], []
    names: dict[int, str] = {}
    own_texts: list[str] = []
    for event, scored in replay_period(events, known, features, period):
        vectors.extend(scored.features)
        windows += scored.window.rjust(window_bytes, b"\0")
        lengths.append(len(scored.window) // ROW_SIZE)
        targets.append(positive.get(event.event_id, False))
        times.append(event.event_time)
        event_ids.append(event.event_id)
        user_ids.append(event.user_id)
        if texts:
            own_texts.append(scored.text)
        names |= {short_fingerprint(name): name for name in (event.country, event.category, event.outcome) if name}
    return TrainingSet(
        feature_names=features.names,
        features=np.frombuffer(vectors, np.float32).reshape(-1, len(features.names)),
        windows=np.frombuffer(windows, np.uint8).reshape(-1, window_bytes),
        lengths=np.frombuffer(lengths, np.int64),
        labels=np.frombuffer(targets, np.uint8),
        event_times=np.frombuffer(times, np.int64),
        event_ids=tuple(event_ids),
        user_ids=tuple(user_ids),
        names=names,
        texts=tuple(own_texts),
    )
