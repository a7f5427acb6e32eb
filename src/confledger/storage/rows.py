"""What the rows of either engine stand for: the columns of a query, and the objects of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final, cast

from confledger.auth.accounts import (
    PASSWORD_SCOPES,
    AdminType,
    App,
    Corp,
    Directory,
    Grant,
    Login,
    Principal,
    Scope,
    TokenHashes,
    User,
)
from confledger.ledger.archive import ArchivedConference, ArchiveSource
from confledger.ledger.conference import Attendance, Conference, Participant
from confledger.ledger.record import ControlRecord, OperatorBasis, Page

Row = Sequence[Any]
Bindings = Mapping[str, Any]

# ---------------------------------------------------------------- who there is


def corp_of(row: Row) -> Corp:
    """A corp, from the columns of the query `corp`."""
    corp_id, name, masks_numbers, is_disabled = row
    return Corp(corp_id, name, bool(masks_numbers), bool(is_disabled))


def user_of(row: Row) -> User:
    """A user, from the columns of the query `user`."""
    user_id, corp_id, account, admin_type, *directory, is_automatic, is_disabled = row
    return User(
        user_id=user_id,
        corp_id=corp_id,
        account=account,
        admin_type=AdminType(admin_type),
        directory=Directory(*directory),
        is_automatic=bool(is_automatic),
        is_disabled=bool(is_disabled),
    )


def row_of_user(user: User, password_hash: str) -> dict[str, Any]:
    """What the query `add_user` takes."""
    return {
        "user_id": user.user_id,
        "corp_id": user.corp_id,
        "account": user.account,
        "admin_type": int(user.admin_type),
        **asdict(user.directory),
        "is_automatic": user.is_automatic,
        "password_hash": password_hash,
    }


def app_of(row: Row) -> App:
    """An app, from the columns of the query `app`."""
    app_id, corp_id, name, scopes, is_multi_tenant, encrypted_key, created_ms, is_disabled = row
    return App(
        app_id=app_id,
        corp_id=corp_id,
        name=name,
        scopes=_scopes_of(scopes),
        is_multi_tenant=bool(is_multi_tenant),
        encrypted_key=encrypted_key,
        created_time_ms=created_ms,
        is_disabled=bool(is_disabled),
    )


def row_of_app(app: App) -> dict[str, Any]:
    """What the query `add_app` takes."""
    return {**asdict(app), "scopes": ",".join(sorted(app.scopes))}


def grant_of(row: Row) -> tuple[bytes, Grant]:
    """A grant and its access hash, from the columns of the query `grant`."""
    access_hash, client_type, created_ms, expire_ms, refresh_expire_ms = row[:5]
    user, app = row[5:15], row[15:]
    return access_hash, Grant(
        user=user_of(user),
        app=app_of(app) if app[0] else None,
        client_type=client_type,
        created_time_ms=created_ms,
        expire_time_s=expire_ms // 1000,
        refresh_expire_time_s=refresh_expire_ms // 1000,
    )


def row_of_grant(hashes: TokenHashes, grant: Grant) -> dict[str, Any]:
    """What the query `add_grant` takes."""
    return {
        "user_id": grant.user.user_id,
        "client_type": grant.client_type,
        "access_hash": hashes.access,
        "refresh_hash": hashes.refresh,
        "app_id": grant.app.app_id if grant.app else None,
        "created_time_ms": grant.created_time_ms,
        "expire_time_ms": grant.expire_time_s * 1000,
        "refresh_expire_time_ms": grant.refresh_expire_time_s * 1000,
    }


def principal_of(row: Row) -> Principal:
    """Who a token speaks for, from the columns of the query `principal`."""
    corp_id, user_id, account, app_id, admin_type, scopes, masks_numbers, expire_time_ms = row
    return Principal(
        corp_id=corp_id,
        user_id=user_id,
        account=account,
        app_id=app_id or "",
        is_administrator=admin_type != AdminType.ORDINARY,
        scopes=_scopes_of(scopes) if app_id else PASSWORD_SCOPES,
        masks_numbers=bool(masks_numbers),
        expire_time_ms=expire_time_ms,
    )


def login_of(row: Row) -> Login:
    """Whoever may log in, from the columns of the query `login`."""
    *user, password_hash, is_disabled = row
    return Login(user_of(user), password_hash, bool(is_disabled))


def _scopes_of(text: str) -> frozenset[Scope]:
    return frozenset(cast("list[Scope]", text.split(",")))


# ------------------------------------------------------------------ the ledger


def row_of_record(record: ControlRecord) -> tuple[Any, ...]:
    """A record's own columns, in the order of the table."""
    return (
        record.operate_time_ms,
        record.source,
        record.operator,
        record.operator_basis,
        record.operation,
        record.operation_text,
        record.object,
        record.result,
        record.result_text,
        record.detail,
        record.event_id,
        record.received_time_ms,
    )


def record_of(row: Row) -> ControlRecord:
    """A record, from its own columns."""
    return ControlRecord(
        operate_time_ms=row[0],
        source=row[1],
        operator=row[2],
        operator_basis=cast("OperatorBasis", row[3]),
        operation=row[4],
        operation_text=row[5],
        object=row[6],
        result=row[7],
        result_text=row[8],
        detail=row[9],
        event_id=row[10],
        received_time_ms=row[11],
    )


_NO_COUNT: Final = -1
"""In place of a known count: no conference has it."""


def page_asked(
    corp_id: str, conference_uuid: str, offset: int, limit: int, known_count: int | None = None
) -> dict[str, Any]:
    """What the queries `page` and `shown_page` take."""
    return {
        "corp_id": corp_id,
        "conference_uuid": conference_uuid,
        "offset": offset,
        "limit": limit,
        "known_count": _NO_COUNT if known_count is None else known_count,
    }


def page_of(rows: Sequence[Row]) -> Page:
    """A page, from the rows of the query `page`, of which there is one at least."""
    count, first_seq = rows[0][:2]
    records = [] if first_seq is None else [record_of(row[2:]) for row in rows]
    return Page(records, count)


# ----------------------------------------------------------------- the catalog


def search_text(*texts: str) -> str:
    """What is searched. Its case is folded here: each engine would do it in a way of its own."""
    return "\n".join(texts).casefold()


def conference_of(row: Row) -> Conference:
    """A conference, from the columns of the query `conference`."""
    conference_uuid, conference_id, subject, start_ms, end_ms, scheduler, has_recording, details = (
        row
    )
    return Conference(
        conference_uuid=conference_uuid,
        conference_id=conference_id,
        subject=subject,
        start_time_ms=start_ms,
        end_time_ms=end_ms,
        scheduler_name=scheduler,
        has_recording=bool(has_recording),
        viewers=frozenset(),
        details=details,
    )


def row_of_conference(key: Bindings, conference: Conference) -> dict[str, Any]:
    """What the query `put_conference` takes."""
    fields = asdict(conference)
    del fields["viewers"], fields["former_viewers"]
    text = search_text(conference.subject, conference.scheduler_name, conference.conference_id)
    return {**fields, **key, "search_text": text}


def dates_of_viewers(key: Bindings, conference: Conference) -> dict[str, Any]:
    """What the query `date_viewers` takes."""
    has_ended = conference.end_time_ms is not None
    return {
        **key,
        "start_time_ms": conference.start_time_ms if has_ended else None,
        "has_recording": conference.has_recording if has_ended else None,
    }


def rows_of_participants(
    key: Bindings, participants: Sequence[Participant]
) -> Iterator[dict[str, Any]]:
    """What the query `put_participant` takes of each."""
    for each in participants:
        yield {**key, **asdict(each), "search_text": search_text(each.name, each.number)}


def participant_of(row: Row) -> Participant:
    """A participant, from the columns of the query `participants`."""
    identity, place, name, number, is_terminal, details = row
    return Participant(
        identity=identity,
        place=place,
        name=name,
        number=number,
        is_terminal=bool(is_terminal),
        details=details,
    )


def rows_of_stays(key: Bindings, stays: Sequence[Attendance]) -> Iterator[dict[str, Any]]:
    """What the query `put_attendance` takes of each."""
    for stay in stays:
        text = search_text(stay.display_name, stay.call_number)
        yield {**key, **asdict(stay), "search_text": text}


def stay_of(row: Row) -> Attendance:
    """A stay, from the columns of the query `attendance`."""
    return Attendance(**dict(zip(Attendance.__slots__, row, strict=True)))


# ----------------------------------------------------------------- the archive


def archived_of(row: Row) -> ArchivedConference:
    """How far a conference is, from the columns of the query `archived`."""
    conference_uuid, start_time_ms, record_count, is_whole, problem, checked_time_ms = row
    return ArchivedConference(
        conference_uuid=conference_uuid,
        start_time_ms=start_time_ms,
        record_count=record_count,
        is_whole=bool(is_whole),
        problem=problem,
        checked_time_ms=checked_time_ms,
    )


def source_of(row: Row) -> ArchiveSource:
    """A source, from the columns of the query `archive_sources`."""
    return ArchiveSource(**dict(zip(ArchiveSource.__slots__, row, strict=True)))
