"""The `text` scorer: windows told as prose to probabilities, as the flow asks for them."""

from collections.abc import Sequence
from math import nan

import torch

from contracts.scoring import ROW_SIZE, ScoringInput
from models.text.logits import RiskLogits
from models.text.prose import Prose
from models.text.settings import TextSettings
from models.text.tokens import Tokens


class TextScorer:
    """Serves a sequence classification model. Of a window longer than `window_events`, the latest count."""

    def __init__(
        self, logits: RiskLogits, tokens: Tokens, settings: TextSettings, version: str, window_events: int
    ) -> None:
        self._logits = logits
        self._tokens = tokens
        self._prose = Prose(settings)
        self._settings = settings
        self._version = version
        self._window_events = window_events

    @property
    def version(self) -> str:
        """The model's name, a hash of its checkpoint, and a precision that is lower than training's."""
        return self._version

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The features that it was trained on, in order; none where Sealwax has not trained it, and any are taken."""
        return self._settings.features.names

    @property
    def window_events(self) -> int:
        """Events that are told at most."""
        return self._window_events

    @property
    def reads_text(self) -> bool:
        """Whether the event's own text is told."""
        return self._settings.own_text > 0

    def usual(self, event_type: str) -> tuple[float, ...]:
        """What each feature mostly was for legitimate events of a type, NaN: mostly unknown; empty: never learnt."""
        return tuple(nan if value is None else value for value in self._settings.usual.get(event_type, ()))

    def text(self, one: ScoringInput) -> str:
        """All that is told, whether it fits the model or not. Raises ValueError for an input of another form."""
        return "".join(self._prose.pieces(self._latest(one)))

    def score(self, batch: Sequence[ScoringInput]) -> list[float]:
        """The probability of fraud or abuse for each input. Raises ValueError for an input of another form."""
        texts = [self._tokens.ids(self._prose.pieces(self._latest(one))) for one in batch]
        calibration = self._settings.calibration
        logits = calibration.slope * self._logits.by_length(texts).double() + calibration.offset
        scores: list[float] = torch.sigmoid(logits).tolist()
        return scores

    def _latest(self, one: ScoringInput) -> ScoringInput:
        if not one.window or len(one.window) % ROW_SIZE:
            raise ValueError(f"a window must be 1 or more rows of {ROW_SIZE} bytes, not {len(one.window)} bytes")
        if self.feature_names and len(one.features) != len(self.feature_names):
            raise ValueError(f"a feature vector must have {len(self.feature_names)} values")
        return one._replace(window=one.window[-self._window_events * ROW_SIZE :])
