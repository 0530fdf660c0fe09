"""The scorer that a setting names."""

from pathlib import Path
from typing import Final

from contracts.scoring import RiskScorer
from models.checkpoint_files import read_checkpoint
from models.fake import FakeScorer

FAKE: Final = "fake"


def open_scorer(name: str, feature_names: tuple[str, ...], window_events: int) -> RiskScorer:
    """The scorer in a checkpoint's directory, or the deterministic fake for tests.

    Raises CheckpointError where the checkpoint can't be read or doesn't fit the features.
    """
    if name == FAKE:
        return FakeScorer()
    from models.checkpoint import load_checkpoint  # torch takes seconds to import

    return load_checkpoint(Path(name), feature_names=feature_names, window_events=window_events)


def check_scorer(name: str, feature_names: tuple[str, ...], window_events: int) -> None:
    """Raise CheckpointError as `open_scorer` would, all but for weights of another shape, without torch."""
    if name != FAKE:
        read_checkpoint(Path(name), feature_names, window_events)
