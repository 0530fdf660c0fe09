from dataflows.demo.tally import Tally
from tests.demo.moments import action, event, letter, small_tally, update


def test_updates_and_events_are_brought_together() -> None:
    tally = small_tally()
    assert (tally.distinct, tally.updates, tally.surplus) == (4, 3, 0)
    assert tally.events == {"payment": 4}
    assert not tally.complete
    tally.updated(update(3), 6.5)
    assert tally.complete


def test_an_update_that_comes_twice_or_of_no_event_is_surplus() -> None:
    tally = small_tally()
    tally.updated(update(1), 9.0)
    tally.updated(update(77), 9.0)
    assert (tally.updates, tally.surplus) == (3, 2)


def test_only_live_events_have_latencies_scores_and_a_truth() -> None:
    tally = small_tally()
    assert [round(tally.timeline.latency(share) or 0) for share in (0.5, 1.0)] == [40, 60]
    assert sum(tally.scores[False]) == 1
    assert tally.scores[True][-1] == 1  # a score of 1 is in the last bin
    assert tally.actions == {("hold_order", True): 1}


def test_an_action_may_come_before_its_update() -> None:
    tally = Tally()
    tally.told(event(1, "brushing"), 0.0, live=True)
    hold = tally.acted(action(1), 0.1)
    assert hold is not None
    assert hold.told.score is None
    tally.updated(update(1, 0.9), 0.1)
    assert hold.told.score == 0.9
    assert tally.detection.stopped == 1


def test_a_hold_tells_order_amount_and_reasons() -> None:
    hold = small_tally().holds[0]
    assert (hold.order_id, hold.told.user_id, hold.told.amount) == ("o-2", "u-1", "123.45 EUR")
    assert hold.reasons == ("It looks <odd>.",)


def test_what_is_not_opened_or_not_in_the_way_is_no_hold() -> None:
    tally = small_tally()
    assert tally.acted(action(3, "allow"), 6.0) is None
    assert tally.acted(action(3, status="expired"), 6.0) is None
    assert tally.acted(action(3, "review"), 6.0) is None
    assert (tally.held, tally.opened) == (1, 2)


def test_dead_letters_are_counted_by_reason_and_shown() -> None:
    tally = small_tally()
    tally.refused(letter("invalid_field", b"\xff" * 500))
    assert tally.letters == {"not_json": 1, "invalid_field": 1}
    assert [found.reason for found in tally.latest_letters] == ["the value is invalid_field", "the value is not_json"]
    assert len(tally.latest_letters[0].excerpt) < 100
