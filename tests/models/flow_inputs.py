"""Events, labels and a feature set as files, for the way from a log to a checkpoint."""

import random
from pathlib import Path

from contracts.codec import encode_event, encode_label
from contracts.events import Event, Label
from models.training_set import DAY

START = 1_525_132_800_000

FEATURES = """
name = "small"
settle = "0s"
window_events = 4

[[features]]
name = "amount"
entity = "event"
aggregate = "value"
field = "amount"

[[features]]
name = "user_count_1d"
entity = "user"
aggregate = "count"
windows = ["1d"]
"""

RECIPE = """
name = "small"
[model]
layers = 1
hidden = 8
heads = 2
intermediate = 8
numeric_hidden = 8
feature_pieces = 8
[training]
epochs = 2
batch_size = 64
learning_rate = 1e-2
negative_rate = 0.5
[validation]
days = 4
label_delay_days = 1
"""


def stream(events: int = 1_200, days: int = 20) -> tuple[list[Event], list[Label]]:
    """Payments over some days, of which large ones are labelled as fraud a day later; small ones have no label."""
    dice = random.Random(3)
    times = sorted(START + dice.randrange(days * DAY) for _ in range(events))
    made = [
        Event(
            f"e{i}",
            "payment",
            time,
            f"u{dice.randrange(40)}",
            amount=dice.randrange(1, 1_000) * 10_000,
            merchant_id="m",
        )
        for i, time in enumerate(times)
    ]
    labels = [
        Label(one.event_id, one.user_id, dice.choice(("fraud", "abuse")), one.event_time + DAY, "test")
        for one in made
        if (one.amount or 0) > 9_000_000
    ]
    return made, labels


def write(directory: Path) -> dict[str, Path]:
    """The files that `sealwax train` takes, by their option."""
    events, labels = stream()
    texts = {
        "recipe": ("recipe.toml", RECIPE.encode()),
        "features": ("features.toml", FEATURES.encode()),
        "events": ("events.jsonl", b"\n".join(map(encode_event, events))),
        "labels": ("labels.jsonl", b"\n".join(map(encode_label, labels))),
    }
    for name, data in texts.values():
        (directory / name).write_bytes(data)
    return {option: directory / name for option, (name, _) in texts.items()}
