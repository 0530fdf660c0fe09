"""Masked-event pre-training: it needs no labels, is off by default, and a training after it goes on where it was."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F  # noqa: N812, the name torch's own documents use

from models.checkpoint_files import UNFINISHED
from models.encoder import Encoder
from models.fitting import Progress
from models.network import EventNetwork
from models.pretraining import MaskedEvents, pretrain
from models.recipe import Pretraining
from models.training import network_config, train
from models.training_set import TrainingSet
from tests.models.synthetic import RECIPE, WINDOW_EVENTS

BEFORE = RECIPE.model_copy(
    update={
        "pretraining": Pretraining(epochs=2),
        "training": RECIPE.training.model_copy(update={"epochs": 2}),
    }
)


class _StoppedError(Exception):
    pass


@pytest.fixture
def encoder(data: TrainingSet) -> Encoder:
    return Encoder.fit(data, np.arange(len(data)), RECIPE.model.feature_pieces, RECIPE.seed)


def _network(encoder: Encoder) -> EventNetwork:
    with torch.random.fork_rng():
        torch.manual_seed(2)
        return EventNetwork(network_config(encoder, RECIPE.model))


def test_it_learns_what_events_are_like(data: TrainingSet, encoder: Encoder) -> None:
    network = _network(encoder)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    told: list[Progress] = []
    with torch.random.fork_rng():
        pretrain(network, encoder, data, np.arange(len(data)), BEFORE, told.append)
    first, last = (one.loss for one in told if one.step == one.steps)
    assert last < first < np.mean([np.log(size) for size in encoder.events.sizes.values()])
    changed = {name for name, tensor in network.state_dict().items() if not torch.equal(tensor, before[name])}
    assert {name.split(".")[0] for name in changed} == {"bert", "values"}


def test_a_masked_event_is_guessed_from_the_others_alone(data: TrainingSet, encoder: Encoder) -> None:
    sizes = list(encoder.events.sizes.values())
    model = MaskedEvents(_network(encoder), sizes).eval()
    full = np.nonzero(data.lengths == WINDOW_EVENTS)[0][:8]
    ids, values = map(torch.from_numpy, encoder.events.encode(data.rows(full)))
    events, masked = torch.ones(ids.shape[:2], dtype=torch.bool), torch.zeros(ids.shape[:2], dtype=torch.bool)
    masked[:, 2] = True
    states: list[torch.Tensor] = []
    model.transform.register_forward_hook(lambda module, given, made: states.append(made))
    others = ids.clone(), values.clone()
    others[0][:, 2], others[1][:, 2] = ids[:, 4], 0.0
    with torch.inference_mode():
        loss = model(ids, values, events, masked)
        model(*others, events, masked)
        guesses = F.linear(states[0], model.network.fields.weight, model.bias)
        fields = [
            F.cross_entropy(guesses[:, end - size : end], ids[:, 2, field].long() - (end - size))
            for field, (size, end) in enumerate(zip(sizes, np.cumsum(sizes).tolist(), strict=True))
        ]
    torch.testing.assert_close(states[0], states[1])
    assert loss.item() == pytest.approx(torch.stack(fields).mean().item(), rel=1e-5)


def test_a_training_after_it_goes_on_where_it_was(data: TrainingSet, tmp_path: Path) -> None:
    def stop(told: Progress) -> None:
        if told.epoch == 2 and not told.pretraining:
            raise _StoppedError

    whole, cut = tmp_path / "whole", tmp_path / "cut"
    train(data, BEFORE, whole)
    with pytest.raises(_StoppedError):
        train(data, BEFORE, cut, stop)
    assert (cut / UNFINISHED).is_file()
    told: list[Progress] = []
    train(data, BEFORE, cut, told.append)
    assert not any(one.pretraining for one in told)
    assert (whole / "model.safetensors").read_bytes() == (cut / "model.safetensors").read_bytes()


def test_it_is_off_by_default(data: TrainingSet, tmp_path: Path) -> None:
    plain = BEFORE.model_copy(update={"pretraining": RECIPE.pretraining})
    told: list[Progress] = []
    train(data, plain, tmp_path, told.append)
    assert not any(one.pretraining for one in told)
