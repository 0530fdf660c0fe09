"""The benchmark's folds against the rule by which the Fraud Detection Handbook makes its own."""

import numpy as np
import pytest

from benchmarks.handbook import Handbook
from contracts.events import Label
from contracts.times import parse_time
from models.training_set import DAY, TrainingSet

START = "2018-07-04"
WEEK_STARTS = parse_time(f"{START}T00:00:00Z")
FIRST = WEEK_STARTS - 20 * DAY


@pytest.fixture(scope="module")
def book() -> Handbook:
    """Some transactions a day of few customers, before, in and after the fold; fraud is known seven days later."""
    random = np.random.default_rng(7)
    events, customers = 3_000, 400
    times = np.sort(FIRST + random.integers(0, 50 * DAY, events))
    fraud = random.random(events) < 0.1
    users = tuple(f"u{number}" for number in random.integers(0, customers, events))
    ids = tuple(f"e{number}" for number in range(events))
    data = TrainingSet(
        feature_names=(),
        features=np.empty((events, 0), np.float32),
        windows=np.empty((events, 0), np.uint8),
        lengths=np.ones(events, np.int64),
        labels=fraud.astype(np.uint8),
        event_times=times,
        event_ids=ids,
        user_ids=users,
    )
    labels = [
        Label(*of, "fraud" if bad else "legitimate", time + 7 * DAY, "test")
        for of, bad, time in zip(zip(ids, users, strict=True), fraud, times.tolist(), strict=True)
    ]
    return Handbook(data, labels)


def by_the_book(book: Handbook) -> list[str]:
    """The Handbook's `get_train_test_set`, day by day: customers defrauded in training, then those known each day."""
    day = (book.data.event_times - WEEK_STARTS) // DAY
    users, fraud = np.array(book.data.user_ids), book.data.labels == 1
    known = set(users[fraud & (day >= 0) & (day < 7)])
    chosen: list[str] = []
    for number in range(7):
        known |= set(users[fraud & (day == 7 + number - 1)])
        today = (day == 14 + number) & ~np.isin(users, sorted(known))
        chosen += [book.data.event_ids[at] for at in np.nonzero(today)[0]]
    return chosen


def test_the_test_week_leaves_out_the_cards_that_the_book_leaves_out(book: Handbook) -> None:
    test = book.test(START)
    assert list(test.event_ids) == by_the_book(book)
    assert 0 < len(test) < int(((book.data.event_times - WEEK_STARTS) // DAY // 7 == 2).sum())


def test_what_is_learnt_from_is_labelled_when_the_test_begins(book: Handbook) -> None:
    week, earlier = book.week(START), book.earlier(START)
    assert week.tolist() == [at for at in earlier if book.data.event_times[at] >= WEEK_STARTS]
    assert book.data.event_times[earlier].max() + 7 * DAY <= WEEK_STARTS + 14 * DAY
    assert len(earlier) > len(week)
