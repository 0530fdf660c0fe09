"""Fitting a network to labelled events: AdamW, warm-up and decay, drawn negatives, and the best epoch is kept.

After each epoch all that the next ones depend on is saved: a training that is interrupted goes on from there, with the
result that it would have had.
"""

import copy
import math
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from models.errors import RecipeError
from models.metrics import average_precision, roc_auc
from models.objective import objective
from models.recipe import Optimisation
from models.training_set import Indices
from models.unfinished import Saved, Unfinished

Logits = npt.NDArray[np.float64]

_LOSS_MEMORY: Final = 0.98


class Progress(NamedTuple):
    """How far training is: after each step, and after each epoch with what validation says."""

    epoch: int
    step: int
    steps: int
    """In one epoch."""
    loss: float
    """Running mean."""
    roc_auc: float | None = None
    average_precision: float | None = None
    earlier: bool = False
    """The epoch was fitted before this run, by one that was interrupted."""
    pretraining: bool = False
    """The epoch is one of pre-training."""
    embedding: bool = False
    """Before all epochs: the steps are batches of texts, and there is no loss."""


Report = Callable[[Progress], None]


class Learner(Protocol):
    """What is fitted."""

    @property
    def network(self) -> nn.Module:
        """Whose parameters are fitted, those that require a gradient."""

    def logits(self, indices: Indices) -> Tensor:
        """[n] of some events of the training set, as the network's mode (training or evaluation) has it."""

    def predict(self, indices: Indices) -> Logits:
        """[n] of however many events, without gradients; the network is in evaluation mode."""


class Fitted(NamedTuple):
    """What fitting gives, beside the network's weights."""

    history: list[dict[str, float]]
    """Of each epoch: its number, loss, and what validation said."""
    logits: Logits
    """Of the validation events, by the epoch that was kept."""


class Fit:
    """Fits a learner's network to the `training` events, in place; `validation` chooses the epoch."""

    def __init__(
        self,
        learner: Learner,
        labels: npt.NDArray[np.uint8],
        training: Indices,
        validation: Indices,
        recipe: Optimisation,
        seed: int,
    ) -> None:
        self._learner = learner
        self._network = learner.network
        self._device = next(self._network.parameters()).device
        self._labels = labels
        self._validation = validation
        self._recipe = recipe
        self._random = np.random.default_rng(seed)
        self._batches = _Batches(labels, training, recipe, self._random)
        self._optimiser = adamw(self._network, recipe)
        self._history: list[dict[str, float]] = []
        self._best: dict[str, Tensor] = {}
        self._logits = np.empty(0)

    def run(self, unfinished: Unfinished, report: Report) -> Fitted:
        """Fit until the epochs or the patience end, from where `unfinished` is, and keep the best epoch's weights.

        Raises RecipeError where the weights grow beyond what is finite.
        """
        if (saved := unfinished.read()) is not None:
            self._restore(saved)
            for epoch in self._history:
                report(self._told(epoch)._replace(earlier=True))
        while len(self._history) < self._recipe.epochs and self._waited() < self._recipe.patience:
            loss = self._epoch(report)
            self._judge(loss)
            unfinished.write(self._state())
            report(self._told(self._history[-1]))
        self._network.load_state_dict(self._best)
        return Fitted(self._history, self._logits)

    def _waited(self) -> int:
        """Epochs since the best one, which is the first of the equal ones."""
        if not self._history:
            return 0
        return len(self._history) - 1 - int(np.argmax([epoch["average_precision"] for epoch in self._history]))

    def _epoch(self, report: Report) -> float:
        self._network.train()
        done, steps = len(self._history), len(self._batches)
        running, total = None, 0.0
        for step, indices in enumerate(self._batches):
            loss = self._step(indices, rate(done * steps + step, steps * self._recipe.epochs, self._recipe.warmup))
            total += loss
            running = loss if running is None else _LOSS_MEMORY * running + (1 - _LOSS_MEMORY) * loss
            report(Progress(done + 1, step + 1, steps, running))
        return total / steps

    def _step(self, indices: Indices, warmed: float) -> float:
        labels = torch.from_numpy(self._labels[indices].astype(np.float32)).to(self._device)
        loss = objective(lambda: self._learner.logits(indices), labels, self._recipe)
        descend(self._network, self._optimiser, loss, warmed, self._recipe)
        return loss.item()

    def _judge(self, loss: float) -> None:
        self._network.eval()
        logits, labels = self._learner.predict(self._validation), self._labels[self._validation]
        if not np.isfinite(logits).all():
            raise RecipeError(
                f"training.learning_rate: {self._recipe.learning_rate:g} is too much: by the end of epoch "
                f"{len(self._history) + 1} the network gives no finite numbers; lower it"
            )
        told = {"roc_auc": roc_auc(labels, logits), "average_precision": average_precision(labels, logits)}
        self._history.append({"epoch": len(self._history) + 1, "loss": loss} | told)
        if not self._waited():
            self._best, self._logits = copy.deepcopy(self._network.state_dict()), logits

    def _told(self, epoch: dict[str, float]) -> Progress:
        steps = len(self._batches)
        return Progress(int(epoch["epoch"]), steps, steps, epoch["loss"], epoch["roc_auc"], epoch["average_precision"])

    def _state(self) -> Saved:
        tensors = {f"network.{name}": tensor for name, tensor in self._network.state_dict().items()}
        tensors |= {f"best.{name}": tensor for name, tensor in self._best.items()}
        for parameter, state in self._optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{parameter}.{name}": tensor for name, tensor in state.items()}
        tensors |= {f"random.{device}": state for device, state in _torch_random().items()}
        tensors["logits"] = torch.from_numpy(self._logits)
        return Saved(tensors, {"history": self._history, "random": self._random.bit_generator.state})

    def _restore(self, saved: Saved) -> None:
        self._history = saved.told["history"]
        self._random.bit_generator.state = saved.told["random"]
        self._logits = saved.tensors["logits"].numpy()
        self._network.load_state_dict(_under(saved.tensors, "network"))
        self._best = _under(saved.tensors, "best")
        states: dict[int, dict[str, Tensor]] = {}
        for name, tensor in _under(saved.tensors, "optimiser").items():
            parameter, _, key = name.partition(".")
            states.setdefault(int(parameter), {})[key] = tensor
        self._optimiser.load_state_dict(self._optimiser.state_dict() | {"state": states})
        _set_torch_random(_under(saved.tensors, "random"))


class _Batches:
    """The batches of each epoch: every positive and a fresh draw of the negatives, shuffled."""

    def __init__(
        self, labels: npt.NDArray[np.uint8], training: Indices, recipe: Optimisation, random: np.random.Generator
    ) -> None:
        positive = labels[training] == 1
        self._positives, self._negatives = training[positive], training[~positive]
        self._drawn = max(1, round(recipe.negative_rate * len(self._negatives)))
        self._size = recipe.batch_size
        self._random = random

    def __len__(self) -> int:
        return math.ceil((len(self._positives) + self._drawn) / self._size)

    def __iter__(self) -> Iterator[Indices]:
        drawn = self._random.choice(self._negatives, self._drawn, replace=False)
        epoch = self._random.permutation(np.concatenate((self._positives, drawn)))
        return iter(np.array_split(epoch, len(self)))


def descend(
    network: nn.Module, optimiser: torch.optim.Optimizer, loss: Tensor, warmed: float, recipe: Optimisation
) -> None:
    """One step at a share of the learning rate, the gradient clipped."""
    for group in optimiser.param_groups:
        group["lr"] = recipe.learning_rate * warmed
    optimiser.zero_grad()
    torch.autograd.backward(loss)
    nn.utils.clip_grad_norm_(network.parameters(), recipe.gradient_clip)
    optimiser.step()


def rate(step: int, steps: int, warmup: float) -> float:
    """Share of the learning rate at a step: a linear rise, then half a cosine down to 0."""
    rising = max(1, round(warmup * steps))
    if step < rising:
        return (step + 1) / rising
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))


def adamw(network: nn.Module, recipe: Optimisation) -> torch.optim.Optimizer:
    """For the parameters that require a gradient; vectors don't decay."""
    fitted = [parameter for parameter in network.parameters() if parameter.requires_grad]
    groups: list[dict[str, Any]] = [
        {"params": [parameter for parameter in fitted if parameter.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [parameter for parameter in fitted if parameter.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=recipe.learning_rate)


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {
        name.removeprefix(f"{prefix}."): tensor for name, tensor in tensors.items() if name.startswith(f"{prefix}.")
    }


def _torch_random() -> dict[str, Tensor]:
    states = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["cuda"] = torch.cuda.get_rng_state()
    return states


def _set_torch_random(states: dict[str, Tensor]) -> None:
    torch.set_rng_state(states["cpu"])
    if "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"])
