"""The `event` scorer: windows and feature vectors to probabilities, as the flow asks for them."""

from collections.abc import Sequence
from math import nan

import numpy as np
import torch

from contracts.scoring import ROW_SIZE, ScoringInput
from models.encoder import Encoder
from models.event_fields import unpack_rows
from models.inputs import Inputs
from models.network import EventNetwork
from models.summary_forward import SummaryForward


class EventScorer:
    """Serves a trained network. Windows may differ in length; of one longer than `window_events`, the latest count."""

    def __init__(self, network: EventNetwork, encoder: Encoder, version: str, device: torch.device) -> None:
        self._network = network.to(device).eval()
        self._summary = SummaryForward(self._network.bert)
        self._encoder = encoder
        self._version = version
        self._device = device
        self._usual = {
            kind: tuple(nan if value is None else value for value in values) for kind, values in encoder.usual.items()
        }

    @property
    def version(self) -> str:
        """The model's name and a hash of its checkpoint."""
        return self._version

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The features that it was trained on, in order."""
        return self._encoder.features.names

    @property
    def window_events(self) -> int:
        """The longest window that it was trained on."""
        return self._encoder.window_events

    def usual(self, event_type: str) -> tuple[float, ...]:
        """What each feature mostly was for legitimate events of a type, NaN: mostly unknown; empty: never learnt."""
        return self._usual.get(event_type, ())

    def score(self, batch: Sequence[ScoringInput]) -> list[float]:
        """The probability of fraud or abuse for each input. Raises ValueError for an input of another form."""
        windows = [self._latest(one.window) for one in batch]
        by_length: dict[int, list[int]] = {}
        for index, window in enumerate(windows):
            by_length.setdefault(len(window), []).append(index)
        scores = [0.0] * len(batch)
        for size, indices in by_length.items():
            features = [batch[i].features for i in indices]
            equal = self._score_equal(b"".join([windows[i] for i in indices]), size // ROW_SIZE, features)
            for index, score in zip(indices, equal, strict=True):
                scores[index] = score
        return scores

    def _latest(self, window: bytes) -> bytes:
        if not window or len(window) % ROW_SIZE:
            raise ValueError(f"a window must be 1 or more rows of {ROW_SIZE} bytes, not {len(window)} bytes")
        return window[-self.window_events * ROW_SIZE :]

    @torch.inference_mode()
    def _score_equal(self, windows: bytes, length: int, features: Sequence[tuple[float, ...]]) -> list[float]:
        vectors = np.array(features, np.float32)
        if vectors.shape[1:] != (len(self.feature_names),):
            raise ValueError(f"a feature vector must have {len(self.feature_names)} values")
        inputs = Inputs.encoded(self._encoder, unpack_rows(windows, length), vectors).to(self._device)
        summary = self._summary(self._network.positions(inputs.ids, inputs.values))
        scores: list[float] = self._network.probability(self._network.decide(summary, inputs.numbers)).tolist()
        return scores
