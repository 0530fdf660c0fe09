"""The `event` scorer: windows and feature vectors to probabilities, as the flow asks for them."""

from collections.abc import Sequence
from math import nan

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from contracts.scoring import ROW_SIZE, Precision, ScoringInput
from models.cuda_graphs import Batch, GraphedNetwork
from models.encoder import Encoder
from models.event_fields import Rows, unpack_rows
from models.layout import Layout
from models.network import EventNetwork
from models.precision import versioned
from models.serving import ServedNetwork
from models.text.embedding import KeptEmbeddings


class EventScorer:
    """Serves a trained network. Windows may differ in length; of one longer than `window_events`, the latest count."""

    def __init__(
        self,
        network: EventNetwork,
        encoder: Encoder,
        version: str,
        device: torch.device,
        texts: KeptEmbeddings | None = None,
        precision: Precision = "float32",
    ) -> None:
        self._network = network.to(device).eval()
        self._served = ServedNetwork(self._network, encoder.features, precision)
        self._encoder = encoder
        self._version = versioned(version, precision)
        self._texts = texts
        on_gpu = device.type == "cuda"
        self._graphed = GraphedNetwork(self._served, encoder.window_events, device) if on_gpu else None
        self._usual = {
            kind: tuple(nan if value is None else value for value in values) for kind, values in encoder.usual.items()
        }

    @property
    def version(self) -> str:
        """The model's name, a hash of its checkpoint, and a precision that is lower than training's."""
        return self._version

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The features that it was trained on, in order."""
        return self._encoder.features.names

    @property
    def window_events(self) -> int:
        """The longest window that it was trained on."""
        return self._encoder.window_events

    @property
    def reads_text(self) -> bool:
        """Whether it was trained with an encoder of texts."""
        return self._texts is not None

    def usual(self, event_type: str) -> tuple[float, ...]:
        """What each feature mostly was for legitimate events of a type, NaN: mostly unknown; empty: never learnt."""
        return self._usual.get(event_type, ())

    @torch.inference_mode()
    def score(self, batch: Sequence[ScoringInput]) -> list[float]:
        """The probability of fraud or abuse for each input. Raises ValueError for an input of another form."""
        if not batch:
            return []
        found = self._graphed(self.encoded(batch)) if self._graphed else self._packed(batch)
        scores: list[float] = found.tolist()
        return scores

    def warm_up(self) -> None:
        """Score windows that say nothing: of all lengths, and on a GPU in all sizes that it captures."""
        unknown = (nan,) * len(self.feature_names)
        empty = [ScoringInput(unknown, bytes(length * ROW_SIZE), "-") for length in range(1, self.window_events + 1)]
        self.score(empty)
        for batch, length in self._graphed.sizes if self._graphed else ():
            self.score([empty[length - 1]] * batch)

    def encoded(self, batch: Sequence[ScoringInput]) -> Batch:
        """Inputs as tensors on the CPU, padded to the longest window. Raises ValueError for one of another form."""
        rows, lengths = self._windows([one.window for one in batch])
        ids, values = map(torch.from_numpy, self._encoder.events.encode(rows))
        texts = self._embedded(batch)
        if texts is None:
            texts = torch.zeros(len(batch), self._texts.width if self._texts else 0)
        return Batch(ids, values, torch.from_numpy(self._vectors(batch)), torch.tensor(lengths), texts)

    def _packed(self, batch: Sequence[ScoringInput]) -> Tensor:
        """Without padding; a window that several inputs have, as an explained event's variants do, is read once."""
        places = {window: place for place, window in enumerate(dict.fromkeys(one.window for one in batch))}
        rows, lengths = self._windows(list(places))
        ids, values = map(torch.from_numpy, self._encoder.events.encode(rows))
        features = torch.from_numpy(self._vectors(batch))
        shared = torch.tensor([places[one.window] for one in batch]) if len(places) < len(batch) else None
        layout = Layout.packing(lengths)
        return self._served(ids, values, features, layout, shared, self._embedded(batch))

    def _embedded(self, batch: Sequence[ScoringInput]) -> Tensor | None:
        """[batch, text width]; None where there is no text to read."""
        if self._texts is None or not any(one.text for one in batch):
            return None
        return self._texts([one.text for one in batch])

    def _windows(self, windows: Sequence[bytes]) -> tuple[Rows, list[int]]:
        """Rows [batch, longest], padded before the oldest, and the windows' lengths."""
        sizes = [min(len(window), self.window_events * ROW_SIZE) for window in windows]
        wrong = next((size for size in sizes if not size or size % ROW_SIZE), None)
        if wrong is not None:
            raise ValueError(f"a window must be 1 or more rows of {ROW_SIZE} bytes, not {wrong} bytes")
        longest = max(sizes)
        rows = unpack_rows(
            b"".join([window[-longest:].rjust(longest, b"\0") for window in windows]), longest // ROW_SIZE
        )
        return rows, [size // ROW_SIZE for size in sizes]

    def _vectors(self, batch: Sequence[ScoringInput]) -> npt.NDArray[np.float32]:
        vectors = np.array([one.features for one in batch], np.float32)
        if vectors.shape[1:] != (len(self.feature_names),):
            raise ValueError(f"a feature vector must have {len(self.feature_names)} values")
        return vectors
