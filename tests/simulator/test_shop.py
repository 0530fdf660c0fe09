"""The simulated shop: repeatable, in order, valid, and with abuse and labels as they are promised."""

import hashlib
from collections import Counter, defaultdict
from dataclasses import replace

import pytest

from contracts.codec import decode_event, decode_label, encode_event, encode_label
from contracts.events import EVENT_TYPES, Event, Label
from dataflows.simulator.abuse.scenarios import SCENARIOS
from dataflows.simulator.dice import DAY, HOUR
from dataflows.simulator.shop import Shop, ShopSettings

from .conftest import MONTH, Month

SMALL = ShopSettings(users=500, days=5, seed=7)
SMALL_DIGEST = "4d06b884277796a62df000f369d8d3270d06064030309ac22e3284bf7f3815e6"
"""SHA-256 of SMALL's events and labels. It differs when the simulation was changed, and must not differ otherwise:
neither between platforms nor between versions of Python."""


def digest(settings: ShopSettings) -> str:
    total = hashlib.sha256()
    for told in Shop(settings).stream():
        total.update(encode_label(told) if isinstance(told, Label) else encode_event(told.event))
    return total.hexdigest()


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert digest(SMALL) == SMALL_DIGEST


@pytest.mark.parametrize("other", [{"seed": 8}, {"users": 501}, {"abuse": 0.03}])
def test_other_settings_give_other_bytes(other: dict[str, float]) -> None:
    assert digest(replace(SMALL, **other)) != SMALL_DIGEST


def test_everything_is_told_in_order_of_time_and_within_the_days(month: Month) -> None:
    times = [told.label_time if isinstance(told, Label) else told.event.event_time for told in month.told]
    assert times == sorted(times)
    event_times = [event.event_time for event, _ in month.occurrences]
    assert MONTH.start <= event_times[0]
    assert MONTH.start + (MONTH.days - 1) * DAY < event_times[-1] < MONTH.start + MONTH.days * DAY


def test_every_event_and_label_is_what_the_contract_says(month: Month) -> None:
    assert all(decode_event(encode_event(event)) == event for event, _ in month.occurrences)
    assert all(decode_label(encode_label(label)) == label for label in month.labels)
    ids = [event.event_id for event, _ in month.occurrences]
    assert len(set(ids)) == len(ids)
    assert {event.event_type for event, _ in month.occurrences} == set(EVENT_TYPES)


def test_the_truth_is_in_no_event(month: Month) -> None:
    abusive = next(event for event, scenario in month.occurrences if scenario == "card_testing")
    assert b"card_testing" not in encode_event(abusive)
    given = {name for event, _ in month.occurrences for name in event.attributes or ()}
    assert given == {"campaign", "stars"}


def test_abuse_has_the_share_that_is_asked_for(month: Month) -> None:
    scenarios = Counter(scenario for _, scenario in month.occurrences)
    assert set(scenarios) == {""} | {scenario.name for scenario in SCENARIOS}
    assert 0.014 < 1 - scenarios[""] / scenarios.total() < 0.026


def test_without_abuse_everything_is_honest() -> None:
    told = list(Shop(replace(SMALL, abuse=0.0)).stream())
    assert {entry.label if isinstance(entry, Label) else entry.scenario for entry in told} <= {"", "legitimate"}


def test_refunds_and_reviews_name_orders_that_were_paid(month: Month) -> None:
    paid: dict[str, Event] = {}
    refunds = 0
    for event, _ in month.occurrences:
        if event.event_type == "payment" and event.outcome == "approved":
            paid[event.order_id] = event
        elif event.event_type in ("refund", "review") and event.order_id:
            payment = paid[event.order_id]
            assert (event.user_id, event.merchant_id) == (payment.user_id, payment.merchant_id)
            if event.event_type == "refund":
                assert (event.amount, event.currency) == (payment.amount, payment.currency)
                refunds += 1
    assert refunds > 300


def test_labels_come_late_and_tell_the_truth_but_not_all_of_it(month: Month) -> None:
    scenario_of = {event.event_id: scenario for event, scenario in month.occurrences}
    reports = {scenario.name: scenario.report for scenario in SCENARIOS}
    known: set[str] = set()
    delays: defaultdict[str, list[float]] = defaultdict(list)
    times = {event.event_id: event.event_time for event, _ in month.occurrences}
    for label in month.labels:
        scenario = scenario_of[label.event_id]
        known.add(label.event_id)
        delays[scenario].append((label.label_time - times[label.event_id]) / HOUR)
        expected = (reports[scenario].label, reports[scenario].source) if scenario else ("legitimate", "analyst")
        assert (label.label, label.source) == expected
    for scenario, report in reports.items():
        hours = sorted(delays[scenario])
        assert 0.6 * report.hours < hours[len(hours) // 2] < 1.6 * report.hours
    abusive = [event_id for event_id, scenario in scenario_of.items() if scenario]
    assert 0.05 < sum(event_id not in known for event_id in abusive) / len(abusive) < 0.25
    assert sum(label.label == "legitimate" for label in month.labels) > 50


def test_labels_are_told_after_their_events(month: Month) -> None:
    seen: set[str] = set()
    for told in month.told:
        if isinstance(told, Label):
            assert told.event_id in seen
        else:
            seen.add(told.event.event_id)


def test_honest_people_do_odd_things(month: Month) -> None:
    honest = [event for event, scenario in month.occurrences if not scenario]
    countries: defaultdict[str, set[str]] = defaultdict(set)
    devices: defaultdict[str, set[str]] = defaultdict(set)
    owners: defaultdict[str, set[str]] = defaultdict(set)
    for event in honest:
        countries[event.user_id].add(event.country)
        devices[event.user_id].add(event.device_id)
        owners[event.device_id].add(event.user_id)
    assert sum(len(seen) > 1 for seen in countries.values()) > 50
    assert sum(len(seen) > 3 for seen in devices.values()) > 200
    assert sum(len(users) > 1 for users in owners.values()) > 200
    outcomes = Counter((event.event_type, event.outcome) for event in honest)
    assert 0.03 < outcomes["payment", "declined"] / outcomes["payment", "approved"] < 0.08
    assert outcomes["login", "failure"] > 500


def test_reviews_speak_two_languages(month: Month) -> None:
    texts = [event.text for event, _ in month.occurrences if event.event_type == "review"]
    assert all(texts)
    chinese = sum(not text.isascii() for text in texts)
    assert 0.05 < chinese / len(texts) < 0.5
