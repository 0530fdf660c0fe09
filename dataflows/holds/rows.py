"""Holds as rows of the table, and back."""

from typing import Final

import orjson

from contracts.decisions import Reason, limit_fields
from contracts.events import Limit
from contracts.times import format_time, parse_time
from dataflows.holds.database import Database, Row
from operators.holds import Hold

_NAMES: Final = {"by": "made_by", "limit": "limited_to"}  # these are words of SQL's
COLUMNS: Final = tuple([_NAMES.get(field, field) for field in Hold.__struct_fields__])
"""In the order of Hold's fields."""

_SELECT: Final = f"SELECT {', '.join(COLUMNS)} FROM holds"
_UPSERT: Final = (
    f"INSERT INTO holds ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))}) "
    f"ON CONFLICT (hold_id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in COLUMNS[1:])}"
)
_TIMES: Final = ("opened_at", "effective_at", "expires_at")


def read_holds(database: Database, where: str, *parameters: object) -> list[Hold]:
    """The holds for which a condition holds; `where` may go on with an order."""
    return [_from_row(row) for row in database.read(f"{_SELECT} WHERE {where}", parameters)]


def write_hold(database: Database, hold: Hold) -> None:
    """A new hold, or the new state of one."""
    database.write(_UPSERT, _to_row(hold))


def _to_row(hold: Hold) -> Row:
    values = {field: getattr(hold, field) for field in hold.__struct_fields__}
    values |= {field: None if values[field] is None else format_time(values[field]) for field in _TIMES}
    values["reasons"] = orjson.dumps([{"code": one.code, "text": one.text} for one in hold.reasons]).decode()
    values["limit"] = None if hold.limit is None else orjson.dumps(limit_fields(hold.limit)).decode()
    return tuple(values.values())


def _from_row(row: Row) -> Hold:
    values = dict(zip(Hold.__struct_fields__, row, strict=True))
    values |= {field: None if values[field] is None else parse_time(values[field]) for field in _TIMES}
    values["reasons"] = tuple([Reason(one["code"], one["text"]) for one in orjson.loads(values["reasons"])])
    if values["limit"] is not None:
        limit = orjson.loads(values["limit"])
        values["limit"] = Limit(limit["amount"], limit["count"], round(limit["per"] * 1_000))
    return Hold(**values)
