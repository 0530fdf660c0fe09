"""Training sets through the flow's own operators."""

from pathlib import Path

import numpy as np
import pytest

from contracts.scoring import ROW_SIZE, short_fingerprint, window_row
from dataflows.errors import UserError
from dataflows.logs import read_events, read_labels
from dataflows.offline import replay
from dataflows.period import Period
from dataflows.training import make_training_set
from models.training_set import DAY, TrainingSet
from operators.features import parse_feature_set
from tests.models.flow_inputs import FEATURES, START, stream, write
from tests.models.synthetic import scoring_inputs

FEATURE_SET = parse_feature_set(FEATURES, "features.toml")


def made(period: Period = Period()) -> TrainingSet:  # noqa: B008, a named tuple never changes
    events, labels = stream()
    return make_training_set(events, labels, FEATURE_SET, period)


def test_every_event_is_what_a_scorer_would_be_given() -> None:
    events, labels = stream()
    expected = [(event.event_id, scored) for event, scored in replay(events, labels, FEATURE_SET)]
    data = made()
    assert list(zip(data.event_ids, scoring_inputs(data), strict=True)) == [
        (event_id, scored._replace(features=tuple(map(float, np.array(scored.features, np.float32)))))
        for event_id, scored in expected
    ]
    assert data.feature_names == ("amount", "user_count_1d")
    assert data.window_events == 4


def test_texts_are_kept_where_a_scorer_reads_them() -> None:
    events, labels = stream(60)
    events[3].text = "Great."
    data = make_training_set(events, labels, FEATURE_SET, Period(), texts=True)
    assert data.texts == ("", "", "", "Great.", *[""] * 56)
    chosen = np.array([5, 3])
    assert data.take(chosen).texts == ("", "Great.")
    assert [one.text for one in data.inputs(chosen)] == ["", "Great."]
    kept = dict(zip(data.event_ids, data.inputs(np.arange(len(data))), strict=True))
    assert all(kept[event.event_id].text == given.text for event, given in replay(events, labels, FEATURE_SET))
    assert make_training_set(events, labels, FEATURE_SET, Period()).texts == ()


def test_windows_lie_at_the_right() -> None:
    events, _ = stream()
    data = made()
    first = data.windows[0].tobytes()
    assert data.lengths[0] == 1
    assert first == bytes(3 * ROW_SIZE) + window_row(events[0])


def test_names_are_kept_by_the_fingerprints_of_windows() -> None:
    events, labels = stream()
    events[0].country, events[0].outcome, events[1].category = "FR", "approved", "sports"
    names = make_training_set(events, labels, FEATURE_SET, Period()).names
    assert names == {short_fingerprint(name): name for name in ("FR", "approved", "sports")}


def test_fraud_and_abuse_are_positive_and_an_event_without_a_label_is_not() -> None:
    events, labels = stream()
    positive = {label.event_id for label in labels}
    assert made().labels.tolist() == [event.event_id in positive for event in events]


def test_what_became_known_last_counts() -> None:
    events, labels = stream()
    later = labels[0].__class__(
        labels[0].event_id, labels[0].user_id, "legitimate", labels[0].label_time + DAY, "appeal"
    )
    data = make_training_set(events, [later, *labels], FEATURE_SET, Period())
    assert data.labels[data.event_ids.index(later.event_id)] == 0


def test_a_period_selects_and_what_came_before_it_builds_the_state() -> None:
    whole, part = made(), made(Period(START + 5 * DAY, START + 9 * DAY))
    chosen = (whole.event_times >= START + 5 * DAY) & (whole.event_times < START + 9 * DAY)
    np.testing.assert_array_equal(part.features, whole.features[chosen])
    np.testing.assert_array_equal(part.windows, whole.windows[chosen])
    assert 0 < len(part) < len(whole)


def test_files_give_what_was_written_and_name_bad_records(tmp_path: Path) -> None:
    files = write(tmp_path)
    events, labels = stream()
    with files["events"].open("ab") as file:
        file.write(b'\n{"event_id": "x"}\n')
    bad: list[str] = []
    assert list(read_events(str(files["events"]), "transactions", {}, bad.append)) == events
    assert list(read_labels(str(files["labels"]), "labels", {}, bad.append)) == labels
    assert len(bad) == 1
    assert f"offset {len(events)}: " in bad[0]
    assert "event_type" in bad[0]


def test_periods_are_dates_or_times() -> None:
    period = Period.parse("2018-05-01", "2018-05-02T12:00:00Z")
    assert period == (START, START + DAY * 3 // 2)
    assert START in period
    assert START - 1 not in period
    assert START + DAY * 3 // 2 not in period
    assert 0 in Period.parse(None, None)


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("1st of May", None, "--from: '1st of May' must be RFC 3339"),
        (None, "2018-02-30", "--to: '2018-02-30'"),
        ("2018-05-02", "2018-05-02", "--from 2018-05-02 must lie before --to 2018-05-02"),
    ],
)
def test_a_wrong_period_is_named(start: str | None, end: str | None, said: str) -> None:
    with pytest.raises(UserError, match=said):
        Period.parse(start, end)
