"""Small training sets with a planted signal, in the form that training takes."""

import numpy as np

from contracts.scoring import ROW_SIZE, ScoringInput
from models.event_fields import ROW_DTYPE, Rows
from models.recipe import ModelShape, Optimisation, Recipe, Validation
from models.training_set import DAY, TrainingSet

WINDOW_EVENTS = 6
NAMES = ("amount", "user_count_1d", "merchant_rate_7d")
START = 1_525_132_800_000
DAYS = 20

RECIPE = Recipe(
    name="tiny",
    seed=5,
    model=ModelShape(hidden=16, heads=2, intermediate=32, numeric_hidden=16, feature_pieces=8),
    training=Optimisation(epochs=6, batch_size=64, learning_rate=1e-2, negative_rate=0.5),
    validation=Validation(days=4, label_delay_days=1),
)


def rows(random: np.random.Generator, windows: int) -> Rows:
    """Windows [windows, WINDOW_EVENTS] of plausible events, a minute to a day apart."""
    made = np.zeros((windows, WINDOW_EVENTS), ROW_DTYPE)
    gaps = random.integers(60_000, DAY, made.shape).cumsum(axis=1)
    ends = START + random.integers(0, DAYS * DAY, (windows, 1))
    made["event_time"] = gaps - gaps[:, -1:] + ends
    made["amount"] = random.lognormal(3, 1, made.shape) * 10_000
    made["merchant"] = random.integers(1, 6, made.shape)
    made["device"] = random.integers(0, 3, made.shape)
    made["country"] = random.choice([0, 31, 32, 33], made.shape)
    made["outcome"] = random.choice([71, 72], made.shape)
    made["event_type"] = random.integers(0, 3, made.shape)
    return made


def training_set(events: int = 3_000, seed: int = 1) -> TrainingSet:
    """Fraud where a merchant's rate is high, or where a small amount follows large ones: one sign in each branch."""
    random = np.random.default_rng(seed)
    windows = rows(random, events)
    lengths = random.integers(1, WINDOW_EVENTS + 1, events)
    windows[np.arange(WINDOW_EVENTS) < WINDOW_EVENTS - lengths[:, None]] = np.zeros((), ROW_DTYPE)
    features = random.random((events, len(NAMES)), np.float32)
    features[random.random(features.shape) < 0.05] = np.nan
    risky, jump = features[:, 2] > 0.9, random.random(events) < 0.05
    windows["amount"][jump] = np.where(windows["event_time"][jump] > 0, 9_000_000, 0)
    windows["amount"][jump, -1] = 10_000
    return TrainingSet(
        feature_names=NAMES,
        features=features,
        windows=windows.view(np.uint8).reshape(events, WINDOW_EVENTS * ROW_SIZE),
        lengths=lengths,
        labels=(risky | (jump & (lengths > 1))).astype(np.uint8),
        event_times=np.ascontiguousarray(windows["event_time"][:, -1]),
        event_ids=tuple(f"e{i}" for i in range(events)),
        user_ids=tuple(f"u{i % 50}" for i in range(events)),
    )


def scoring_inputs(data: TrainingSet) -> list[ScoringInput]:
    """What the flow would ask for the events of a training set."""
    return [
        ScoringInput(tuple(features.tolist()), window[-length * ROW_SIZE :].tobytes())
        for features, window, length in zip(data.features, data.windows, data.lengths, strict=True)
    ]
