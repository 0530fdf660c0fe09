"""One suite over SQLite and PostgreSQL: what comes in once counts once, and all of it or nothing."""

from collections import Counter
from contextlib import closing
from typing import Any

import pytest

from contracts.decisions import Reason
from contracts.events import Limit
from dataflows.connectors.base import InputRecord
from dataflows.errors import UserError
from dataflows.holds import Change, Hold, HoldTable
from dataflows.holds.database import ConflictError, open_database
from dataflows.holds.table import Place
from tests.holds.actions import HOUR, START, Sent, after, opened
from tests.holds.conftest import NewTable
from tests.holds.feeding import PLACE, feed
from tests.holds.oracle import every_hold

OPENED = opened()
ESCALATED = after(OPENED, "escalated", action="block", reasons=(Reason("worse", "It's 100% worse: o'clock?"),))
REFUND = opened(action="delay_refund", subject="event")
RELEASED = after(ESCALATED, "released", by="decision")


def test_a_life_is_one_row_that_its_transitions_move_on(new_table: NewTable) -> None:
    with HoldTable.open(new_table()) as table:
        assert feed(table, [OPENED.value]).applied == {"opened": 1}
        (hold,) = table.pending()
        assert hold == Hold(
            OPENED.id, OPENED.id, "pending", "hold_order", "opened", "order", "likely", "u-1", "o-1", "e-1", START,
            START, START + HOUR, "rule", OPENED.action.reasons, None, 1,
        )  # fmt: skip
        feed(table, [ESCALATED.value])
        (worse,) = table.pending()
        assert (worse.hold_id, worse.action, worse.status) == (OPENED.id, "block", "escalated")
        assert (worse.opened_at, worse.effective_at, worse.reasons) == (START, START + 1_000, ESCALATED.action.reasons)
        feed(table, [RELEASED.value])
        (over,) = table.find("o-1")
        assert (over.phase, over.status, over.by, over.transitions) == ("lifted", "released", "decision", 3)
        assert [one.action_id for one in table.history(OPENED.id)] == [OPENED.id, ESCALATED.id, RELEASED.id]
        assert (table.pending(), table.count_pending()) == ([], 0)


def test_what_was_seen_counts_once(new_table: NewTable) -> None:
    with HoldTable.open(new_table()) as table:
        values = [OPENED.value, b"?", OPENED.value, ESCALATED.value, b"?"]
        totals = feed(table, values)
        assert (totals.applied.total(), totals.repeats, totals.refused) == (2, 2, {"not_json": 1})
        before = every_hold(table), table.refused()
        table.rewind(PLACE.source, PLACE.topic)
        assert table.position(PLACE) is None
        assert feed(table, values).repeats == 5
        assert (every_hold(table), table.refused()) == before


@pytest.mark.parametrize(
    ("sent", "code", "says"),
    [
        ([b"\xff"], "not_json", "not valid JSON"),
        ([b'{"action_id": "a"}'], "invalid_field", "status: Field required"),
        ([OPENED.value.replace(b"hold_order", b"shout")], "invalid_field", "action: Input should be 'allow'"),
        ([ESCALATED], "unknown_hold", OPENED.id),
        ([OPENED, RELEASED], "out_of_order", ESCALATED.id),
        ([OPENED, after(OPENED, "released"), after(OPENED, "expired")], "ended", "(released): nothing follows an end"),
        ([opened(expires_at=None), after(opened(expires_at=None), "released")], "ended", "(opened)"),
        ([OPENED, opened(event_id="e-2")], "already_open", "on this order the hold"),
        ([opened(order_id=""), opened(order_id="", event_id="e-2")], "already_open", "on this user the hold"),
        ([OPENED, after(OPENED, "released", order_id="o-2")], "another_subject", OPENED.id),
        ([REFUND, after(REFUND, "released", subject="order")], "another_subject", REFUND.id),
        ([opened(opening="a")], "incoherent", "both are null for an opening"),
        ([OPENED, after(OPENED, "released", opening=None)], "incoherent", "neither for what follows"),
        ([opened(order_id="o\0")], "nul_character", "U+0000"),
    ],
)  # fmt: skip
def test_what_cannot_be_applied_is_kept_with_its_reason(
    new_table: NewTable, sent: list[Sent | bytes], code: str, says: str
) -> None:
    values = [one if isinstance(one, bytes) else one.value for one in sent]
    with HoldTable.open(new_table()) as table:
        assert feed(table, values).refused == {code: 1}
        (letter,) = table.refused()
        assert (letter.code, letter.value, letter.position.offset) == (code, values[-1], len(values) - 1)
        assert says in letter.text


def test_holds_that_have_nothing_to_do_with_each_other(new_table: NewTable) -> None:
    others = [
        opened(),
        opened(user_id="u-2"),
        opened(order_id="o-2"),
        opened(order_id="", event_id="e-3"),
        opened(order_id="", event_id="e-4", cause="other"),
        opened(user_id="u-2", order_id="o-2", expires_at=None),
        opened(user_id="u-2", order_id="o-2", expires_at=None, event_id="e-5"),
        opened(action="delay_refund", subject="event"),
        opened(action="delay_refund", subject="event"),
    ]
    others = [opened(**{"event_id": f"e-{n}", **_subject(one)}) for n, one in enumerate(others)]
    with HoldTable.open(new_table()) as table:
        assert feed(table, [one.value for one in others]).applied == {"opened": 9}
        assert table.count_pending() == 7


def _subject(sent: Sent) -> dict[str, Any]:
    return {
        name: getattr(sent.action, name) for name in ("user_id", "order_id", "cause", "expires_at", "action", "subject")
    }


def test_a_limit_is_kept_with_what_it_allows(new_table: NewTable) -> None:
    limit = Limit(99.5, None, 86_400_000)
    with HoldTable.open(new_table()) as table:
        feed(table, [opened(action="limit", order_id="", limit=limit).value])
        (hold,) = table.pending()
        assert (hold.subject, hold.limit) == ("user", limit)


def test_what_is_in_force_on_an_order(new_table: NewTable) -> None:
    block = opened(action="block", expires_at=None, event_id="e-0", effective_at=START - 1)
    with HoldTable.open(new_table()) as table:
        feed(table, [block.value, OPENED.value])
        assert [hold.action for hold in table.in_force("o-1")] == ["block", "hold_order"]
        feed(table, [after(OPENED, "confirmed").value])
        assert [hold.phase for hold in table.in_force("o-1")] == ["standing", "standing"]
        again = opened(event_id="e-2", effective_at=START + HOUR)
        feed(table, [again.value, after(again, "expired").value])
        assert [hold.status for hold in table.in_force("o-1")] == ["opened", "confirmed"]
        assert [hold.status for hold in table.find("o-1")] == ["opened", "confirmed", "expired"]
        assert table.in_force("o-2") == table.find("o-2") == table.in_force("") == []


def test_a_hold_is_found_by_its_order_or_the_beginning_of_its_id(new_table: NewTable) -> None:
    with HoldTable.open(new_table()) as table:
        feed(table, [OPENED.value, opened(user_id="%", order_id="%_'", event_id="e-2").value])
        assert table.find("o-1") == table.find(OPENED.id[:8]) == table.find(OPENED.id)
        assert [hold.order_id for hold in table.find("%_'")] == ["%_'"]
        assert table.find("%") == table.find(OPENED.id[:7]) == table.find("") == []


def test_what_a_change_does_in_the_database_is_part_of_its_transaction(new_table: NewTable) -> None:
    def note(change: Change, connection: Any) -> None:
        if change.hold.status == "released":
            raise ValueError("no")
        before = "nothing" if change.before is None else change.before.status
        connection.execute(f"INSERT INTO notes VALUES ('{before}, {change.action.status}')")

    with HoldTable.open(url := new_table()) as table, closing(open_database(url, create=False)) as own:
        own.write("CREATE TABLE notes (line TEXT)")
        feed(table, [OPENED.value, ESCALATED.value, OPENED.value], note)
        with pytest.raises(ValueError, match="no"):
            feed(table, [opened(order_id="o-2", event_id="e-2").value, RELEASED.value], note)
        assert own.read("SELECT line FROM notes ORDER BY line") == [("nothing, opened",), ("opened, escalated",)]
        assert (table.position(PLACE), table.find("o-2"), len(table.history(OPENED.id))) == (3, [], 2)
        assert feed(table, [RELEASED.value]).applied == {"released": 1}


def test_the_slower_of_two_consumers_is_told_and_changes_nothing(new_table: NewTable) -> None:
    url = new_table()
    with HoldTable.open(url) as first, HoldTable.open(url) as second:
        for before, sent in ((None, OPENED), (1, ESCALATED)):
            record = _record(0 if before is None else before, sent.value)
            first.apply(PLACE, before, [record], record.offset + 1)
            with pytest.raises(ConflictError, match="another consumer has moved on in policy-actions-0"):
                second.apply(PLACE, before, [record], record.offset + 1)
        assert len(second.history(OPENED.id)) == 2
        elsewhere = Place("kafka://the-same-by-another-name:1", "policy-actions", 0)
        assert second.apply(elsewhere, None, [_record(0, OPENED.value)], 1).repeats == 1


def _record(offset: int, value: bytes) -> InputRecord:
    return InputRecord(offset, None, None, value)


def test_what_was_refused_may_be_tried_again(new_table: NewTable) -> None:
    seen: list[str] = []
    with HoldTable.open(new_table()) as table:
        feed(table, [RELEASED.value, ESCALATED.value, OPENED.value, b"?"])
        assert Counter(letter.code for letter in table.refused()) == {"unknown_hold": 2, "not_json": 1}
        first = table.retry(lambda change, _: seen.append(change.hold.status))
        assert (first.applied, first.refused) == ({"escalated": 1}, {"out_of_order": 1, "not_json": 1})
        assert table.retry().applied == {"released": 1}
        assert ([letter.value for letter in table.refused()], seen) == ([b"?"], ["escalated"])
        assert table.find("o-1")[0].phase == "lifted"


def test_tables_that_are_not_there_or_not_ours_are_refused(new_table: NewTable) -> None:
    url = new_table()
    with pytest.raises(UserError, match="`sealwax holds run` makes the table"):
        HoldTable.open(url, create=False)
    with HoldTable.open(url) as table:
        feed(table, [OPENED.value])
    with HoldTable.open(url) as again:
        assert again.count_pending() == 1
    with closing(open_database(url, create=False)) as database:
        database.write("UPDATE hold_schema SET version = ?", (99,))
    for create in (True, False):
        with pytest.raises(UserError, match="of version 99, and this program knows version 1"):
            HoldTable.open(url, create=create)
