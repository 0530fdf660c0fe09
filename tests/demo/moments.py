"""A small demo's records, made by hand."""

from base64 import b64encode

from contracts.events import Event
from dataflows.demo.outputs import Action, Letter, Reason, Update, Versions
from dataflows.demo.tally import Tally
from dataflows.simulator.shop import Occurrence

T0 = 1_767_225_600_000


def event(number: int, scenario: str = "", user: str = "u-1", event_type: str = "payment") -> Occurrence:
    """The event `e-<number>`, that many minutes after T0."""
    made = Event(
        f"e-{number}", event_type, T0 + number * 60_000, user, order_id=f"o-{number}", amount=1_234_500, currency="EUR"
    )
    return Occurrence(made, scenario)


def update(number: int, score: float = 0.1) -> Update:
    return Update(f"e-{number}", score, "low", False, False, Versions("model@1", "policy@1", "features@1"))


def action(number: int, kind: str = "hold_order", user: str = "u-1", status: str = "opened") -> Action:
    return Action(kind, status, user, f"o-{number}", f"e-{number}", [Reason("rule", "It looks <odd>.")])


def letter(code: str, value: bytes) -> Letter:
    return Letter(Reason(code, f"the value is {code}"), b64encode(value).decode())


def small_tally() -> Tally:
    """One event of the history, three live ones of which one is abusive and held, one still unanswered; one letter."""
    tally = Tally()
    tally.told(event(0), 0.5, live=False)
    tally.updated(update(0), 2.0)
    for number, scenario in ((1, ""), (2, "card_testing"), (3, "")):
        tally.told(event(number, scenario), 3.0 + number, live=True)
    tally.updated(update(1, 0.04), 4.04)
    tally.updated(update(2, 1.0), 5.06)
    tally.acted(action(2), 5.06)
    tally.broken = 1
    tally.refused(letter("not_json", b'{"half": '))
    return tally
