"""The demo from its first process to its last."""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from contracts.events import Label
from dataflows.broker import EmbeddedBroker
from dataflows.connectors.admin import create_topics
from dataflows.connectors.base import ReadRange
from dataflows.connectors.urls import open_input, open_output
from dataflows.demo.feed import Feed
from dataflows.demo.last_will import LastWill
from dataflows.demo.live_flow import LiveFlow
from dataflows.demo.moment import Moment
from dataflows.demo.observer import Observer
from dataflows.demo.plan import DemoPlan
from dataflows.demo.screen import Screen
from dataflows.demo.tally import Hold, Tally
from dataflows.settings import Settings
from dataflows.simulator.outlets import Told, paced
from dataflows.simulator.shop import Shop
from dataflows.topics import flow_topics

_PAUSE: Final = 0.015
"""Seconds between looks at what has come."""
_FRAME: Final = 0.25
"""Seconds between drawings of the screen."""
_PATIENCE: Final = 15.0
"""Without another update for so long (s), the rest is missing."""
_HASTE: Final = 4.0
"""So long (s) updates may still come after a signal."""


@dataclass
class Outcome:
    """What a demo did. Times are seconds since it began."""

    plan: DemoPlan
    tally: Tally = field(default_factory=Tally)
    live_from: float | None = None
    live_until: float | None = None
    first_hold: float | None = None
    """When it was on the screen."""
    interrupted: bool = False


class Demo:
    """One demo. A signal ends it in order, a second one at once."""

    def __init__(self, plan: DemoPlan, directory: Path, screen: Screen) -> None:
        """`directory` takes the broker's data, the flow's state and their logs."""
        self.outcome = Outcome(plan)
        self._plan = plan
        self._directory = directory
        self._screen = screen
        self._begun = time.time()
        self._phase = ""
        self._simulated: int | None = None
        self._left: float | None = None
        self._holds: list[Hold] = []
        self._drawn = 0.0

    def run(self) -> Outcome:
        """Everything, in order. Raises UserError for what can't work."""
        shop = Shop(self._plan.shop()).stream()
        with ExitStack() as stack:
            stack.enter_context(_signals(self._interrupt))
            stack.enter_context(self._screen)
            self._enter("starting the broker")
            broker = stack.enter_context(EmbeddedBroker(self._directory / "broker"))
            stack.callback(LastWill(broker.pid).revoke)
            self._enter("creating the topics")
            settings = Settings.model_validate({"kafka": {"bootstrap": broker.bootstrap}})
            create_topics(settings.kafka.client(), flow_topics(settings.topics))
            self._enter("starting the flow: engine, features, policy and model")
            flow = stack.enter_context(LiveFlow(self._directory, broker.bootstrap, self._plan))
            with self._ends(settings) as (feed, observer):
                self._perform(shop, feed, observer, flow)
            self._enter("stopping the flow")
        return self.outcome

    @contextmanager
    def _ends(self, settings: Settings) -> Iterator[tuple[Feed, Observer]]:
        """Both ends of the flow: where its input is written, and where its output is read."""
        url, kafka, topics = settings.kafka.url, settings.kafka.client(), settings.topics
        written = (topics.risk_updates, topics.policy_actions, topics.dead_letters)
        tally = self.outcome.tally
        with (
            closing(open_output(url, kafka, source="/sealwax/simulator")) as output,
            closing(open_input(dict.fromkeys(written, url), ReadRange(), kafka)) as log,
        ):
            yield Feed(output, topics, tally, self._clock), Observer(log, topics, tally, self._begun)

    def _perform(self, shop: Iterator[Told], feed: Feed, observer: Observer, flow: LiveFlow) -> None:
        tally, plan = self.outcome.tally, self._plan

        def watch() -> None:
            flow.check()
            self._look(observer.read())

        for batch in paced(islice(shop, plan.history)):
            self._tell(feed, batch, live=False)
            watch()
            if self.outcome.interrupted:
                break
        self._await(lambda: tally.updates > 0 or not plan.history, watch)
        if plan.history:
            self._enter(f"catching up with the shop's first {plan.history:,} records")
            self._await(lambda: tally.complete, watch)
        if not self.outcome.interrupted:
            self._live(shop, feed, watch)
        self._enter("waiting for the last updates")
        feed.flush()
        self._settle(watch)

    def _live(self, shop: Iterator[Told], feed: Feed, watch: Callable[[], None]) -> None:
        plan, outcome = self._plan, self.outcome
        self._enter(f"live, {plan.speed_up:,.0f} times as fast as the clock")
        outcome.live_from = outcome.live_until = self._clock()
        for batch in paced(shop, plan.rate):
            outcome.live_until = self._clock()
            self._left = outcome.live_from + plan.seconds - outcome.live_until
            if self._left <= 0 or outcome.interrupted:
                break
            self._tell(feed, batch, live=True)
            watch()
            time.sleep(_PAUSE)
        self._left = None

    def _await(self, over: Callable[[], bool], watch: Callable[[], None]) -> None:
        """Watch until it is over, or a signal came."""
        while not over() and not self.outcome.interrupted:
            watch()
            time.sleep(_PAUSE)

    def _settle(self, watch: Callable[[], None]) -> None:
        """Watch until everything has come back, or nothing more does, or a signal came a while ago."""
        outcome, tally = self.outcome, self.outcome.tally
        signalled, came, updates = self._clock(), self._clock(), tally.updates
        while not tally.complete:
            watch()
            time.sleep(_PAUSE)
            now = self._clock()
            if tally.updates != updates:
                came, updates = now, tally.updates
            if not outcome.interrupted:
                signalled = now
            if now > min(came + _PATIENCE, signalled + _HASTE):
                return

    def _tell(self, feed: Feed, batch: Sequence[Told], *, live: bool) -> None:
        feed.tell(batch, live=live)
        last = batch[-1]
        self._simulated = last.label_time if isinstance(last, Label) else last.event.event_time

    def _look(self, holds: list[Hold]) -> None:
        self._holds += holds
        if self._clock() >= self._drawn + _FRAME:
            self._draw()

    def _draw(self) -> None:
        self._drawn = self._clock()
        moment = Moment(self._phase, self._drawn, self._left, self._simulated)
        self._screen.show(self.outcome.tally, moment, self._holds)
        if self._holds and self.outcome.first_hold is None:
            self.outcome.first_hold = self._clock()
        self._holds = []

    def _enter(self, phase: str) -> None:
        self._phase = phase
        self._draw()

    def _interrupt(self) -> None:
        if self.outcome.interrupted:
            raise KeyboardInterrupt
        self.outcome.interrupted = True

    def _clock(self) -> float:
        return time.time() - self._begun


@contextmanager
def _signals(interrupt: Callable[[], None]) -> Iterator[None]:
    """Within it, whatever asks this process to end calls `interrupt`."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
    previous = {number: signal.signal(number, lambda *_: interrupt()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
