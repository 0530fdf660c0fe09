"""The network on a GPU: captured once for each of a few sizes and replayed, since launching costs more than computing.

A batch goes into the smallest size that holds it. What lies beyond is what was there before: masked behind a window's
events, and cut off behind the batch.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import torch
from torch import Tensor

from models.layout import Layout
from models.serving import ServedNetwork

BATCHES: Final = (1, 4, 16, 64, 256, 1_024)
"""A larger batch goes in parts."""

_WARM_UPS: Final = 3


class Batch(NamedTuple):
    """What is scored at once, padded."""

    ids: Tensor
    """[batch, length, fields]."""
    values: Tensor
    """[batch, length, VALUES]."""
    features: Tensor
    """[batch, features]."""
    lengths: Tensor
    """[batch]: events of each window."""
    texts: Tensor
    """[batch, text width]; a width of 0 where the network reads none."""

    def parts(self, most: int) -> Iterator["Batch"]:
        """The same in parts of at most so many windows."""
        return (Batch(*tensors) for tensors in zip(*(torch.split(tensor, most) for tensor in self), strict=True))

    def blank(self, batch: int, length: int) -> "Batch":
        """Windows of one event, of this kind, but of another size."""
        ids, values = (tensor.new_zeros(batch, length, tensor.shape[2]) for tensor in (self.ids, self.values))
        features, texts = (tensor.new_zeros(batch, tensor.shape[1]) for tensor in (self.features, self.texts))
        return Batch(ids, values, features, self.lengths.new_ones(batch), texts)

    def place(self, smaller: "Batch") -> None:
        """Copy a smaller batch into the first places."""
        for tensor, source in zip(self, smaller, strict=True):
            tensor[tuple(map(slice, source.shape))].copy_(source)


def size_for(batch: int, length: int, longest: int) -> tuple[int, int]:
    """The smallest size, windows and events, that holds so many; lengths double up to the longest."""
    return next(size for size in BATCHES if size >= batch), min(1 << (length - 1).bit_length(), longest)


def sizes(longest: int) -> list[tuple[int, int]]:
    """All of them."""
    lengths = sorted({size_for(1, length, longest)[1] for length in range(1, longest + 1)})
    return [(batch, length) for batch in BATCHES for length in lengths]


def padded_scores(network: ServedNetwork, batch: Batch) -> Tensor:
    """Probabilities [batch], by operations whose shapes do not depend on the lengths."""
    ids, values, features, lengths, texts = batch
    return network(ids, values, features, Layout.padding(lengths, ids.shape[1]), texts=texts)


class GraphedNetwork:
    """The network's probabilities, on a CUDA device, for windows of at most `longest` events."""

    def __init__(self, network: ServedNetwork, longest: int, device: torch.device) -> None:
        self._network = network
        self._longest = longest
        self._device = device
        self._captured: dict[tuple[int, int], _Captured] = {}

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """What is captured, each when it is first needed: windows and events."""
        return sizes(self._longest)

    def __call__(self, batch: Batch) -> Tensor:
        """Probabilities [batch] on the CPU, of a batch on the CPU."""
        return torch.cat([self._replayed(part) for part in batch.parts(BATCHES[-1])])

    def _replayed(self, batch: Batch) -> Tensor:
        size = size_for(batch.ids.shape[0], batch.ids.shape[1], self._longest)
        if size not in self._captured:
            self._captured[size] = _Captured(self._network, batch.blank(*size), self._device)
        return self._captured[size](batch)


class _Captured:
    """One size: where its inputs lie on the host and on the device, and the graph between them and the scores."""

    def __init__(self, network: ServedNetwork, blank: Batch, device: torch.device) -> None:
        self._host = Batch(*(tensor.pin_memory() for tensor in blank))
        self._inputs = Batch(*(tensor.to(device) for tensor in blank))
        # Capturing wants kernels that have run before, on another stream.
        aside = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        aside.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(aside):
            for _ in range(_WARM_UPS):
                padded_scores(network, self._inputs)
        torch.cuda.current_stream(device).wait_stream(aside)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._scores = padded_scores(network, self._inputs)

    def __call__(self, batch: Batch) -> Tensor:
        self._host.place(batch)
        for on_device, on_host in zip(self._inputs, self._host, strict=True):
            on_device.copy_(on_host, non_blocking=True)
        self._graph.replay()
        return self._scores[: len(batch.lengths)].cpu()  # waits, so that the host's side is free again
