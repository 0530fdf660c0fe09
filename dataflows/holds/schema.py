"""The tables: the same in every database. Times are RFC 3339 texts as in the contracts, which sort as they follow."""

from typing import Final

from dataflows.errors import UserError
from dataflows.holds.database import Database

VERSION: Final = 1

_TABLES: Final = (
    """
    CREATE TABLE hold_schema (version INTEGER NOT NULL)
    """,
    """
    CREATE TABLE holds (
        hold_id TEXT PRIMARY KEY,
        action_id TEXT NOT NULL,
        phase TEXT NOT NULL,
        action TEXT NOT NULL,
        status TEXT NOT NULL,
        subject TEXT NOT NULL,
        cause TEXT NOT NULL,
        user_id TEXT NOT NULL,
        order_id TEXT NOT NULL,
        event_id TEXT NOT NULL,
        opened_at TEXT NOT NULL,
        effective_at TEXT NOT NULL,
        expires_at TEXT,
        made_by TEXT NOT NULL,
        reasons TEXT NOT NULL,
        limited_to TEXT,
        transitions INTEGER NOT NULL
    )
    """,
    "CREATE INDEX holds_by_order ON holds (order_id)",
    """
    CREATE UNIQUE INDEX holds_one_pending
    ON holds (user_id, subject, (CASE subject WHEN 'event' THEN event_id WHEN 'order' THEN order_id ELSE cause END))
    WHERE phase = 'pending'
    """,
    """
    CREATE TABLE hold_transitions (
        action_id TEXT PRIMARY KEY,
        hold_id TEXT NOT NULL REFERENCES holds,
        number INTEGER NOT NULL,
        record TEXT NOT NULL,
        UNIQUE (hold_id, number)
    )
    """,
    """
    CREATE TABLE hold_refusals (
        letter_id TEXT PRIMARY KEY,
        code TEXT NOT NULL,
        explanation TEXT NOT NULL,
        topic TEXT NOT NULL,
        topic_partition INTEGER NOT NULL,
        topic_offset BIGINT NOT NULL,
        bytes TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE hold_positions (
        source TEXT NOT NULL,
        topic TEXT NOT NULL,
        topic_partition INTEGER NOT NULL,
        next_offset BIGINT NOT NULL,
        PRIMARY KEY (source, topic, topic_partition)
    )
    """,
)


def make_tables(database: Database) -> None:
    """Make what is missing. Raises UserError where the tables are of a version that this program doesn't know."""
    with database.transaction():
        database.lock_schema()
        if not database.has_table("hold_schema"):
            for statement in _TABLES:
                database.write(statement)
            database.write("INSERT INTO hold_schema (version) VALUES (?)", (VERSION,))
    check_tables(database)


def check_tables(database: Database) -> None:
    """Raises UserError where the tables are missing, or of another version."""
    if not database.has_table("hold_schema"):
        raise UserError(f"{database.name}: no holds here; `sealwax holds run` makes the table, --table names another")
    found = database.read("SELECT version FROM hold_schema")[0][0]
    if found != VERSION:
        raise UserError(
            f"{database.name}: its tables are of version {found}, and this program knows version {VERSION}: install "
            "the Sealwax that made them, or read the topic into new ones"
        )
