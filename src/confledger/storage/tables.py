"""What a store keeps, row by row: the tables of either engine, without what the rows mean."""

from dataclasses import dataclass
from typing import Final, Protocol

from confledger.storage.rows import Row


@dataclass(frozen=True, slots=True)
class Table:
    """A table that both engines have, with the same columns and the same order by key."""

    name: str
    key: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column, those of the key first."""
        return self.key + self.others

    def key_of(self, row: Row) -> Row:
        """The key of a row."""
        return tuple(row[: len(self.key)])


def _table(name: str, key: str, others: str) -> Table:
    return Table(name, tuple(key.split()), tuple(others.split()))


CORPS: Final = _table("corp", "corp_id", "name masks_numbers is_disabled")
CONFERENCES: Final = _table(
    "conference",
    "corp_id conference_uuid",
    "conference_id subject start_time_ms end_time_ms scheduler_name has_recording search_text"
    " details",
)
DAYS: Final = _table("conference_day", "corp_id has_recording day", "conference_count")
VIEWERS: Final = _table("viewer", "corp_id person conference_uuid", "start_time_ms has_recording")
HEADS: Final = _table("head", "conference_uuid corp_id", "record_count")
RECORDS: Final = _table(
    "record",
    "conference_uuid corp_id seq",
    "operate_time_ms source operator operator_basis operation operation_text object result"
    " result_text detail event_id received_time_ms",
)

TABLES: Final = (
    CORPS,
    _table(
        "app",
        "app_id",
        "corp_id name scopes is_multi_tenant encrypted_key created_time_ms is_disabled",
    ),
    _table(
        "user",
        "corp_id account",
        "user_id admin_type name email phone dept_code password_hash is_automatic is_disabled",
    ),
    _table("phrase", "corp_id text language", "words"),
    _table(
        "archive_source",
        "corp_id source",
        "since_ms until_ms reached_ms started_time_ms ended_time_ms problem",
    ),
    _table(
        "archived_conference",
        "corp_id source conference_uuid",
        "start_time_ms record_count is_whole problem checked_time_ms",
    ),
    CONFERENCES,
    DAYS,
    VIEWERS,
    _table(
        "participant",
        "corp_id conference_uuid identity",
        "place name number is_terminal search_text details",
    ),
    _table(
        "attendance",
        "conference_uuid corp_id join_time_ms call_number display_name",
        "left_time_ms device_type media_type dept_name search_text",
    ),
    HEADS,
    RECORDS,
    _table("delivery", "conference_uuid corp_id delivery_key", "digest"),
)
"""What a store keeps for good, in an order in which no row comes before one that it needs.

Logins and failed logins are not in it: they end by themselves. Nor are events, which
come and go with their records: each engine finds them in its own way.
"""

FIRST_CORP: Final = ("default", "default", True, False)
"""The row of `corp` that a new store begins with."""

COPIED_FROM: Final = "copied_from"
"""The fact about a store that it is being copied, and from where."""

KEYS_SET_ASIDE: Final = "keys_set_aside"
"""The fact about a store that it is being distributed, and which foreign keys it will get back."""

SECRET_KEY_ID: Final = "secret_key_id"  # noqa: S105 - the name of a fact


class Tables(Protocol):
    """The tables of an open store."""

    @property
    def engine(self) -> str:
        """What people call the engine."""

    @property
    def address(self) -> str:
        """Where the store is, without a password."""

    async def page(self, table: Table, after: Row | None, limit: int) -> list[Row]:
        """Rows in the order of their keys, each with `table.columns`.

        Args:
            table: of which.
            after: a key, and the rows are those behind it.
            limit: how many at most.
        """

    async def find(self, table: Table, key: Row) -> Row | None:
        """The row of a key."""

    async def count(self, table: Table) -> int:
        """How many rows a table has; it counts each, so not for records."""

    async def events(self, after: Row | None, limit: int) -> list[Row]:
        """Which records are found by their events, in the order of conferences.

        Args:
            after: the first three of a row, and the rows are those behind it.
            limit: how many at most.

        Returns:
            The conference, its corp, what the engine goes by, the id of the event, and the
            `seq` of its record. An empty id is one by which the record is not found.
        """

    async def record_count(self, before: Row | None) -> int:
        """How many records there are, by the heads alone.

        Args:
            before: the key of a conference (its id and its corp's), and only those before it count.
        """

    async def last_key(self, table: Table) -> Row | None:
        """The largest key of a table; None if it is empty."""

    async def add(self, table: Table, rows: list[Row]) -> None:
        """Add rows that are not there yet: all, in one durable transaction, or none.

        With a record comes its event.

        Raises:
            StoreUnusable: a row breaks a rule of the schema.
            InvalidRecord: a text is one that the engine can't keep.
        """

    async def fact(self, name: str) -> str | None:
        """A fact about the store itself; None if it has no such fact."""

    async def begin_copy(self, source: str) -> None:
        """Mark an empty store as a copy that is not whole, and take `FIRST_CORP` away."""

    async def end_copy(self, secret_key_id: str | None) -> None:
        """Take the mark away, and pin the secret key that the app keys are sealed with."""

    async def size_bytes(self) -> int:
        """How large the store is, indexes included."""

    async def damages(self) -> list[str]:
        """What the engine itself finds wrong with the store, a sentence each."""
