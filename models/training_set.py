"""What a scorer learns from: scoring inputs with their labels, in arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from contracts.scoring import ROW_SIZE, ScoringInput
from models.errors import TrainingSetError
from models.event_fields import ROW_DTYPE, Rows

Indices = npt.NDArray[np.int64]
DAY = 86_400_000


@dataclass(frozen=True)
class TrainingSet:
    """n labelled events, in any order.

    A window lies at the right of its row: zeros before its first event, the scored event last.
    """

    feature_names: tuple[str, ...]
    features: npt.NDArray[np.float32]
    """[n, features]; NaN: unknown."""
    windows: npt.NDArray[np.uint8]
    """[n, window_events * ROW_SIZE]."""
    lengths: npt.NDArray[np.int64]
    """[n]: events in each window."""
    labels: npt.NDArray[np.uint8]
    """[n]: 1 for fraud and abuse, else 0."""
    event_times: npt.NDArray[np.int64]
    """[n], epoch ms."""
    event_ids: tuple[str, ...]
    user_ids: tuple[str, ...]
    names: Mapping[int, str] = field(default_factory=dict)
    """Of countries, categories and outcomes, by the fingerprints that windows hold."""
    texts: tuple[str, ...] = ()
    """[n]: the scored events' own; none where nobody reads them."""

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def window_events(self) -> int:
        """Events that a window holds at most."""
        return int(self.windows.shape[1]) // ROW_SIZE

    @property
    def scored(self) -> Rows:
        """[n]: the scored events' own rows."""
        return self.windows.view(ROW_DTYPE)[:, -1]

    def rows(self, indices: Indices) -> Rows:
        """The windows of some events as rows [len(indices), window_events], with padding rows of zeros first."""
        return self.windows[indices].view(ROW_DTYPE)

    def take(self, indices: Indices) -> Self:
        """Some of the events, in the order of their indices."""
        return replace(
            self,
            features=self.features[indices],
            windows=self.windows[indices],
            lengths=self.lengths[indices],
            labels=self.labels[indices],
            event_times=self.event_times[indices],
            event_ids=tuple(self.event_ids[at] for at in indices),
            user_ids=tuple(self.user_ids[at] for at in indices),
            texts=self.texts and tuple(self.texts[at] for at in indices),
        )

    def inputs(self, indices: Indices) -> list[ScoringInput]:
        """What a scorer would have been given for some of the events."""
        texts = [self.texts[at] for at in indices] if self.texts else [""] * len(indices)
        return [
            ScoringInput(tuple(features), window[-length * ROW_SIZE :].tobytes(), text)
            for features, window, length, text in zip(
                self.features[indices].tolist(), self.windows[indices], self.lengths[indices].tolist(), texts,
                strict=True,
            )
        ]  # fmt: skip

    def split(self, validation_days: float, label_delay_days: float) -> tuple[Indices, Indices]:
        """Training and validation events: the last `validation_days`, and what was labelled when they began.

        Raises TrainingSetError where a part has no positive or no negative.
        """
        if not len(self):
            raise TrainingSetError("there are no events to learn from: check the events, --from and --to")
        begin = int(self.event_times.max()) + 1 - round(validation_days * DAY)
        training = np.nonzero(self.event_times < begin - round(label_delay_days * DAY))[0]
        validation = np.nonzero(self.event_times >= begin)[0]
        for part, indices in (("training", training), ("validation", validation)):
            positives = int(self.labels[indices].sum())
            if not 0 < positives < len(indices):
                raise TrainingSetError(
                    f"the {part} part has {len(indices):,} events, {positives:,} of them fraud or abuse, and needs "
                    "both kinds: give more events or labels, or change validation.days or validation.label_delay_days"
                )
        return training, validation
