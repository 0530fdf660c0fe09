"""Other ways to rank what a score rests on, to hold occlusion against."""

from collections.abc import Callable, Sequence
from math import isnan
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from contracts.scoring import ROW_SIZE, ScoringInput
from models.event_fields import unpack_rows
from models.event_scorer import EventScorer
from models.inputs import Inputs
from operators.occlusion import Occlusion, Part, log_odds

STEPS: Final = 24
"""Of the integral."""
PERMUTATIONS: Final = 25


class Case(NamedTuple):
    """An explained event."""

    event_type: str
    given: ScoringInput


Ranking: TypeAlias = Callable[[Case], list[Part]]
"""The parts of a case's input, those that raise the score most first."""


class Rankings:
    """Rankings of the same parts by different means."""

    def __init__(self, scorer: EventScorer, occlusion: Occlusion) -> None:
        self._scorer = scorer
        self._occlusion = occlusion
        self._dice = np.random.default_rng(1)

    def parts(self, case: Case) -> list[Part]:
        """All that can be taken away."""
        return [effect.part for effect in self._occlusion.effects(*case)]

    def occlusion(self, case: Case) -> list[Part]:
        """By what each does to the log-odds."""
        effects = self._occlusion.effects(*case)
        return [effect.part for effect in sorted(effects, key=lambda effect: -effect.log_odds)]

    def chance(self, case: Case) -> list[Part]:
        """In any order."""
        parts = self.parts(case)
        return [parts[at] for at in self._dice.permutation(len(parts))]

    def distance(self, case: Case) -> list[Part]:
        """Without the model: by how far a feature is from what is usual, as a share of the larger; past events last."""
        usual = self._scorer.usual(case.event_type)

        def furthest(part: Part) -> float:
            places = part.subject.places if part.subject else ()
            return max((_distance(case.given.features[place], usual[place]) for place in places), default=0.0)

        return sorted(self.parts(case), key=furthest, reverse=True)

    def shapley(self, case: Case) -> list[Part]:
        """By Shapley values, sampled: the mean effect of leaving in a random order (Castro et al. 2009)."""
        parts = self.parts(case)
        orders = [self._dice.permutation(len(parts)) for _ in range(PERMUTATIONS)]
        inputs = [
            self._occlusion.without(*case, [parts[at] for at in order[:gone]])
            for order in orders
            for gone in range(len(parts) + 1)
        ]
        odds = np.array([log_odds(score) for score in self._scorer.score(inputs)]).reshape(len(orders), -1)
        values = np.zeros(len(parts))
        for order, left in zip(orders, odds, strict=True):
            values[order] -= np.diff(left)
        return _ranked(parts, values)

    def integrated_gradients(self, case: Case) -> list[Part]:
        """Sundararajan et al. 2017, from usual features and past events whose embeddings are zero, by the midpoint
        rule."""
        network, encoder = self._scorer._network, self._scorer._encoder
        length = len(case.given.window) // ROW_SIZE
        rows, usual = unpack_rows(case.given.window, length), self._scorer.usual(case.event_type)
        here, there = (
            Inputs.encoded(encoder, rows, np.array([features], np.float32)) for features in (case.given.features, usual)
        )
        positions = network.positions(here.ids, here.values).detach()
        start = torch.cat((positions[:, :1], torch.zeros_like(positions[:, 1:])), dim=1)
        along = (torch.arange(STEPS) + 0.5) / STEPS
        windows = (start + along[:, None, None] * (positions - start)).requires_grad_()
        numbers = (there.numbers + along[:, None] * (here.numbers - there.numbers)).requires_grad_()
        summary = network.bert(inputs_embeds=windows).last_hidden_state[:, 0]
        of_windows, of_numbers = torch.autograd.grad(
            network.decide(summary, network.numeric(numbers)).sum(), (windows, numbers)
        )
        events = ((positions - start) * of_windows.mean(0)).sum(-1)[0].detach().numpy()
        features = ((here.numbers - there.numbers) * of_numbers.mean(0))[0].detach().numpy()
        places = np.concatenate((encoder.features._pieces[0], np.arange(len(usual))))
        by_feature = np.bincount(places, features, len(usual))
        parts = self.parts(case)
        values = [
            by_feature[[*part.subject.places, *part.subject.derived]].sum()
            if part.subject
            else events[length - 1 - part.row]
            for part in parts
        ]
        return _ranked(parts, values)


def _ranked(parts: Sequence[Part], values: npt.ArrayLike) -> list[Part]:
    return [parts[at] for at in np.argsort(-np.asarray(values), kind="stable")]


def _distance(value: float, usual: float) -> float:
    if isnan(value) or isnan(usual):
        return float(isnan(value) != isnan(usual))
    return abs(value - usual) / max(abs(value), abs(usual)) if value != usual else 0.0
