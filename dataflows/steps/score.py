"""score: everything that is there, in micro-batches, through the scorer."""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from contracts.decisions import DECIMALS, Reason
from contracts.scoring import ROW_SIZE, RiskScorer, ScoringInput
from dataflows import metrics
from dataflows.recurring import RecurringLog
from operators.explainer import Explainer
from operators.microbatch import micro_batches
from operators.packs import Enriched, Joined, Scored, ScoredPack


class ScoreStep:
    """Scores all events of an activation; an event is given no score where the scorer fails.

    Where a batch takes longer than `deadline` (s), it and what waits behind it are given none. A batch that fails is
    tried event by event, so that one bad input doesn't degrade its neighbours. The scores that the `explainer` wants
    get reasons, none where that fails or `deadline` is over.
    """

    def __init__(
        self,
        scorer: RiskScorer | None,
        token_budget: int,
        deadline: float,
        clock: Callable[[], float] = time.monotonic,
        explainer: Explainer | None = None,
    ) -> None:
        self._scorer = scorer
        self._explainer = explainer
        self._token_budget = token_budget
        self._deadline = deadline
        self._clock = clock
        self._log = RecurringLog(logging.getLogger(__name__), clock)

    def __call__(self, items: list[tuple[str, Joined]]) -> Iterable[tuple[str, ScoredPack]]:
        """The packs in order, each event with its score."""
        events = [event for _, joined in items for event in joined.events]
        scorer = self._scorer
        scored = iter(self._scored(scorer, events) if scorer else [Scored(event, None) for event in events])
        return [
            (key, ScoredPack(int(key), list(islice(scored, len(joined.events))), joined.tidings))
            for key, joined in items
        ]

    def _scored(self, scorer: RiskScorer, events: list[Enriched]) -> list[Scored]:
        inputs = [ScoringInput(tuple(event.features), event.window, event.arrival.event.text) for event in events]
        with metrics.timed("score"):
            scores = self._score(scorer, inputs)
        reasons = self._explain(self._explainer, events, inputs, scores) if self._explainer else {}
        return [
            Scored(event, score, reasons.get(index, ()))
            for index, (event, score) in enumerate(zip(events, scores, strict=True))
        ]

    def _score(self, scorer: RiskScorer, inputs: list[ScoringInput]) -> list[float | None]:
        scores: list[float | None] = [None] * len(inputs)
        batches = deque(micro_batches([len(one.window) // ROW_SIZE for one in inputs], self._token_budget))
        while batches:
            indices = batches.popleft()
            started = self._clock()
            found = self._attempt(scorer, [inputs[index] for index in indices])
            if self._clock() - started > self._deadline:
                self._log.warn(
                    "deadline", f"the scorer took longer than {self._deadline:g} s for {len(indices)} events"
                )
                break
            if found is None:
                if len(indices) > 1:
                    batches.extendleft([index] for index in reversed(indices))
                continue
            metrics.observe_batch(len(indices))
            for index, score in zip(indices, found, strict=True):
                scores[index] = score
        return scores

    def _explain(
        self, explainer: Explainer, events: list[Enriched], inputs: list[ScoringInput], scores: Sequence[float | None]
    ) -> dict[int, tuple[Reason, ...]]:
        """The reasons of those scores that are explained, by index."""
        reasons = {}
        started = self._clock()
        paired = enumerate(zip(events, scores, strict=True))
        wanted = [index for index, (one, score) in paired if explainer.wants(score, one.arrival.reached)]
        for index in wanted:
            if self._clock() - started > self._deadline:
                self._log.warn("late reasons", f"explaining took longer than {self._deadline:g} s")
                break
            try:
                with metrics.timed("explain"):
                    reasons[index] = explainer.reasons(events[index].arrival.event, inputs[index])
            except Exception as error:  # whatever a model raises, the score stands
                self._log.warn("reasons", f"the scorer failed to explain a score: {error!r}", error)
        metrics.count_unexplained(len(wanted) - len(reasons))
        return reasons

    def _attempt(self, scorer: RiskScorer, batch: list[ScoringInput]) -> list[float | None] | None:
        """The scores, None for what is no probability; or None for all where the scorer failed."""
        try:
            scores = [float(score) for score in scorer.score(batch)]
            if len(scores) != len(batch):
                raise ValueError(f"{len(scores)} scores for {len(batch)} events")
        except Exception as error:  # whatever a model raises, events must go on
            self._log.warn(type(error).__name__, f"the scorer failed on {len(batch)} events: {error!r}", error)
            return None
        checked = [round(score, DECIMALS) if 0 <= score <= 1 else None for score in scores]
        if None in checked:
            self._log.warn("range", f"the scorer gave {checked.count(None)} of {len(batch)} scores outside [0, 1]")
        return checked
