"""What a meeting system pushes, as JSON: records, CloudEvents, stays, and a conference.

The keys of records and stays are those of the vendor's history API, and a few of ours.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, TypeVar

import msgspec

from confledger.catalogue.words import Catalogue
from confledger.errors import InvalidRecord, TooManyRecords, UnknownMedia
from confledger.ledger.conference import (
    Conference,
    ConferenceNews,
    Departure,
    Merge,
    Participant,
)
from confledger.ledger.intake import conference_uuid_from
from confledger.ledger.record import ControlRecord
from confledger.wire.conference_json import (
    ATTENDEE_TYPES,
    AttendanceJSON,
    KeptConferenceJSON,
    PartAttendeeJSON,
    ParticipantJSON,
    attendance_of,
    merged_details,
    participant_of,
    scheduler_of,
    viewers_of,
)
from confledger.wire.problems import JSON_PROBLEMS, field_and_rule
from confledger.wire.record_json import (
    EVENT_ID_CHARACTERS_MAX,
    LedgerRecordJSON,
    Text,
    Time,
    record_of_ledger_json,
)

RECORDS_MAX: Final = 10_000
"""How many records or stays may come at once."""

JSON_MEDIA: Final = "application/json"
LINES_MEDIA: Final = "application/x-ndjson"
EVENT_MEDIA: Final = "application/cloudevents+json"
EVENTS_MEDIA: Final = "application/cloudevents-batch+json"

SOURCE: Final = re.compile(r"[^\x00-\x20\x7f]+")
"""The source of a CloudEvent; a space ends it in an event id."""

JSON_TYPE: Final = re.compile(
    r"application/([a-z0-9!#$&^_.-]+\+)?json *(;.*)?", re.ASCII | re.IGNORECASE
)
"""What a CloudEvent may say that its data is (RFC 6838)."""

_SECONDS_LEAST: Final = 10**9
_SECONDS_MOST: Final = 10**10
"""What is between the two is of the years 2001 to 2286 as seconds, and of early 1970
as milliseconds."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PEOPLE_SHOWN_MAX: Final = 20
"""How many people, and how many terminals, the vendor shows with a conference."""

T = TypeVar("T")


class CloudEventJSON(msgspec.Struct):
    """An event as CloudEvents 1.0 tells it. Attributes beside these are left alone."""

    specversion: str
    id: Annotated[str, msgspec.Meta(min_length=1)]
    source: Annotated[str, msgspec.Meta(min_length=1)]
    type: Annotated[str, msgspec.Meta(min_length=1)]
    data: dict[str, Any]
    """The record; without an `operateTime`, that is `time`."""
    time: datetime | None = None
    datacontenttype: str | None = None


class StayJSON(AttendanceJSON, forbid_unknown_fields=True):
    """A stay as it is pushed; without `joinTime`, that somebody left."""


class PersonJSON(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Who scheduled a conference, or was invited to it."""

    name: Text | None = None
    userUUID: Text | None = None
    """The user's id in this ledger."""
    account: Text | None = None
    """By which an app logs the user in."""
    number: Text | None = None
    type: Text | None = None
    """`normal` (the default), `terminal`, `outside`, `mobile`, `ideahub`, `board`, `hwvision`."""
    role: Annotated[int, msgspec.Meta(ge=0, le=1)] | None = None
    """1: host."""
    email: Text | None = None
    deptName: Text | None = None


class ConferencePutJSON(msgspec.Struct, forbid_unknown_fields=True):
    """What is told of a conference; what is left out stays as it is known."""

    conferenceID: Text | None = None
    subject: Text | None = None
    startTime: Time | None = None
    endTime: Time | None = None
    """When it ended; left out while it runs."""
    scheduler: PersonJSON | None = None
    invited: list[PersonJSON] | None = None
    """Everybody who is invited; whoever is left out is no longer."""
    hasRecording: bool | None = None


class ConferenceEndJSON(msgspec.Struct, forbid_unknown_fields=True):
    """When a conference ended."""

    endTime: Time | None = None
    """Left out: now, or when it is known to have ended already."""


class RecordsReceiptJSON(msgspec.Struct):
    """What became of the records of a push."""

    accepted: int
    duplicates: int
    firstSeq: int
    """The `seq` of the first record that was accepted; if none was, of the next one to come."""
    count: int
    """How many records the conference has now."""


class AttendeesReceiptJSON(msgspec.Struct):
    """What became of the stays of a push."""

    count: int
    """How many stays the conference has now."""


class ConferenceReceiptJSON(msgspec.Struct):
    """Which conference was told of."""

    confUUID: str


_cells: Final = msgspec.structs.astuple

_records: Final = msgspec.json.Decoder(list[LedgerRecordJSON])
_record: Final = msgspec.json.Decoder(LedgerRecordJSON)
_events: Final = msgspec.json.Decoder(list[CloudEventJSON])
_event: Final = msgspec.json.Decoder(CloudEventJSON)
_stays: Final = msgspec.json.Decoder(list[StayJSON])
_stay: Final = msgspec.json.Decoder(StayJSON)


def records_of_push(
    body: bytearray, media_type: str, conference_uuid: str, catalogue: Catalogue
) -> list[ControlRecord]:
    """The records of a body: an array, lines, a CloudEvent or a batch of them.

    Raises:
        UnknownMedia: it is of another type.
        InvalidRecord: something breaks a rule; the first that does is named, by its position.
        TooManyRecords: there are more than `RECORDS_MAX`.
    """
    if media_type == EVENT_MEDIA:
        brought = [_record_of_event(_decode(_event.decode, body), "")]
        prefix = "data."
    elif media_type == EVENTS_MEDIA:
        events = _decode(_events.decode, body)
        _check_number(events)
        brought = [_record_of_event(each, f"[{i}].") for i, each in enumerate(events)]
        prefix = "[{}].data."
    else:
        brought = _items(body, media_type, _records, _record, (EVENT_MEDIA, EVENTS_MEDIA))
        prefix = "[{}]."
    _check_number(brought)
    may_hold_zero = b"\\u0000" in body or b"\0" in body
    # What records say in the same words is looked up and checked once for all of them.
    known: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    records = []
    for position, told in enumerate(brought):
        # fmt: off
        (time_ms, source, operator, code, object_, result_text, detail,
         basis, operation, result, event_id, named_uuid) = _cells(told)
        # fmt: on
        words = (source, code, result_text, basis, operation, result, not operator)
        manner = known.get(words)
        if (
            manner is None
            or may_hold_zero
            or _SECONDS_LEAST <= time_ms <= _SECONDS_MOST
            or (named_uuid and named_uuid != conference_uuid)
        ):
            record = _record_of(told, prefix.format(position), conference_uuid, catalogue)
            manner = known[words] = record.manner
        kept_source, kept_basis, code, code_text, result, result_text = manner
        records.append(
            ControlRecord(
                operate_time_ms=time_ms,
                source=kept_source,
                operator=operator or "",
                operator_basis=kept_basis,
                operation=code,
                operation_text=code_text,
                object=object_ or "",
                result=result,
                result_text=result_text,
                detail=detail or "",
                event_id=event_id or "",
            )
        )
    return records


def _record_of(
    told: LedgerRecordJSON, path: str, conference_uuid: str, catalogue: Catalogue
) -> ControlRecord:
    """A record, with every check, each of which names the field."""
    if told.confUUID and conference_uuid_from(told.confUUID) != conference_uuid:
        raise InvalidRecord(path + "confUUID", "must be that of the path, if it is given")
    _check_time(told.operateTime, path + "operateTime")
    try:
        return record_of_ledger_json(told, catalogue)
    except InvalidRecord as error:
        raise InvalidRecord(path + error.field, error.rule) from None


def news_of_stays(
    body: bytearray, media_type: str, conference_uuid: str
) -> tuple[ConferenceNews, list[int]]:
    """The stays and departures of a body: an array, or lines.

    Returns:
        The news, and where in the body each of its departures stands.

    Raises:
        UnknownMedia, InvalidRecord, TooManyRecords: as above.
    """
    brought = _items(body, media_type, _stays, _stay)
    _check_number(brought)
    stays, departures, positions = [], [], []
    for position, stay in enumerate(brought):
        path = f"[{position}]."
        _refuse_zero_characters(stay, path)
        if not (stay.displayName or stay.callNumber):
            raise InvalidRecord(path + "displayName", "is missing, and so is callNumber")
        _check_time(stay.joinTime, path + "joinTime")
        _check_time(stay.leftTime, path + "leftTime")
        if stay.joinTime is not None:
            if stay.leftTime is not None and stay.leftTime < stay.joinTime:
                raise InvalidRecord(path + "leftTime", "must not be before joinTime")
            stays.append(attendance_of(stay, path))
        elif stay.leftTime is not None:
            positions.append(position)
            departures.append(
                Departure(
                    display_name=stay.displayName or "",
                    call_number=stay.callNumber or "",
                    left_time_ms=stay.leftTime,
                )
            )
        else:
            raise InvalidRecord(path + "joinTime", "is missing, and so is leftTime")
    news = ConferenceNews(conference_uuid=conference_uuid, stays=stays, departures=departures)
    return news, positions


def _items(
    body: bytearray,
    media_type: str,
    array: msgspec.json.Decoder[list[T]],
    line: msgspec.json.Decoder[T],
    also: tuple[str, ...] = (),
) -> list[T]:
    if media_type == JSON_MEDIA:
        return _decode(array.decode, body)
    if media_type == LINES_MEDIA:
        return _decode(line.decode_lines, body)
    raise UnknownMedia("Content-Type", (JSON_MEDIA, LINES_MEDIA, *also))


def _check_time(time_ms: int | None, field: str) -> None:
    """Refuse what are seconds, since no record can be put right later."""
    if time_ms is not None and _SECONDS_LEAST <= time_ms <= _SECONDS_MOST:
        raise InvalidRecord(field, "must be milliseconds since 1970; these look like seconds")


def _check_number(brought: Sequence[object]) -> None:
    if len(brought) > RECORDS_MAX:
        raise TooManyRecords(RECORDS_MAX)


def _decode(decode: Callable[[bytearray], T], body: bytearray) -> T:
    try:
        return decode(body)
    except JSON_PROBLEMS as problem:
        field, rule = field_and_rule(problem)
        raise InvalidRecord(field or "the body", rule) from problem


def _refuse_zero_characters(told: msgspec.Struct, path: str) -> None:
    for name in told.__struct_fields__:
        value = getattr(told, name)
        if isinstance(value, str) and "\0" in value:
            raise InvalidRecord(path + name, "must not hold the character U+0000")


def _record_of_event(event: CloudEventJSON, path: str) -> LedgerRecordJSON:
    _refuse_zero_characters(event, path)
    if event.specversion != "1.0":
        raise InvalidRecord(path + "specversion", "must be 1.0")
    if event.datacontenttype and not JSON_TYPE.fullmatch(event.datacontenttype):
        raise InvalidRecord(path + "datacontenttype", "must be application/json")
    if not SOURCE.fullmatch(event.source):
        raise InvalidRecord(
            path + "source", "must be a URI reference, without spaces and control characters"
        )
    event_id = f"{event.source} {event.id}"
    if len(event_id) > EVENT_ID_CHARACTERS_MAX:
        raise InvalidRecord(
            path + "id", f"must, with source, be at most {EVENT_ID_CHARACTERS_MAX - 1} characters"
        )
    if "eventId" in event.data:
        raise InvalidRecord(path + "data.eventId", "must not be given: source and id say it")
    data = event.data
    if "operateTime" not in data and event.time is not None:
        if event.time.tzinfo is None:
            raise InvalidRecord(path + "time", "must say its zone, as 2031-01-31T08:30:00Z")
        data = {**data, "operateTime": (event.time - _EPOCH) // timedelta(milliseconds=1)}
    try:
        record = msgspec.convert(data, LedgerRecordJSON)
    except msgspec.ValidationError as problem:
        field, rule = field_and_rule(problem)
        raise InvalidRecord(f"{path}data.{field}".removesuffix("."), rule) from problem
    record.eventId = event_id
    return record


# --- A conference --------------------------------------------------------------


def news_of_put(body: ConferencePutJSON, conference_uuid: str) -> tuple[ConferenceNews, Merge]:
    """What is told of a conference, and how it goes with what is known of it.

    The merge raises `InvalidRecord` where the two together break a rule.

    Raises:
        InvalidRecord: something breaks a rule.
    """
    _refuse_zero_characters(body, "")
    _check_time(body.startTime, "startTime")
    _check_time(body.endTime, "endTime")
    invited = [
        _participant_json(each, f"invited[{i}].") for i, each in enumerate(body.invited or ())
    ]
    participants = [participant_of(each, place) for place, each in enumerate(invited)]
    seen: dict[str, int] = {}
    for place, participant in enumerate(participants):
        first = seen.setdefault(participant.identity, place)
        if first != place:
            raise InvalidRecord(f"invited[{place}]", f"must not be who invited[{first}] is")
    info = KeptConferenceJSON(
        conferenceID=body.conferenceID or None,
        subject=body.subject or None,
        isHasRecordFile=body.hasRecording,
    )
    if body.scheduler is not None:
        scheduler = _participant_json(body.scheduler, "scheduler.")
        info.scheduserName = scheduler.name
        info.userUUID = scheduler.userUUID
        info.schedulerAccount = scheduler.accountId
        info.deptName = scheduler.deptName
    if body.invited is not None:
        info.size = len(invited)
        info.partAttendeeInfo = _shown(invited, participants)
    told = Conference(
        conference_uuid=conference_uuid,
        conference_id=info.conferenceID or "",
        subject=info.subject or "",
        start_time_ms=body.startTime or 0,
        end_time_ms=body.endTime,
        scheduler_name=info.scheduserName or "",
        has_recording=bool(body.hasRecording),
        viewers=viewers_of(invited),
        details=msgspec.json.encode(info).decode(),
    )

    def merge(told: Conference, known: Conference | None) -> Conference:
        if body.startTime is None:
            if known is None:
                raise InvalidRecord("startTime", "is missing, and not known of this conference")
            told = replace(told, start_time_ms=known.start_time_ms)
        former: frozenset[str] = frozenset()
        if known is not None and body.scheduler is not None:
            former = scheduler_of(known)
            known = _without_scheduler(known)
        merged = replace(merged_details(told, known), former_viewers=former)
        _check_end(merged)
        return merged

    news = ConferenceNews(
        conference_uuid=conference_uuid,
        conference=told,
        participants=participants,
        is_whole=body.invited is not None,
    )
    return news, merge


def news_of_end(
    body: ConferenceEndJSON, conference_uuid: str, *, first_time_ms: int | None, now_ms: int
) -> tuple[ConferenceNews, Merge]:
    """That a conference has ended, and how that goes with what is known of it.

    Args:
        body: when.
        conference_uuid: which one.
        first_time_ms: when the first of its records was, which is when a conference
            began of which nothing else is known; None where it has no record.
        now_ms: when it ended, if nobody says.
    """
    _check_time(body.endTime, "endTime")
    end_time_ms = now_ms if body.endTime is None else body.endTime
    start_time_ms = end_time_ms if first_time_ms is None else min(first_time_ms, end_time_ms)
    told = Conference(
        conference_uuid=conference_uuid,
        conference_id="",
        subject="",
        start_time_ms=start_time_ms,
        end_time_ms=end_time_ms,
        scheduler_name="",
        has_recording=False,
        viewers=frozenset(),
        details="{}",
    )

    def merge(told: Conference, known: Conference | None) -> Conference:
        if known is None:
            return told
        ended = known.end_time_ms if body.endTime is None else None
        if ended is None:
            # Our clock may be behind the source's.
            ended = max(now_ms, known.start_time_ms) if body.endTime is None else body.endTime
        merged = replace(known, end_time_ms=ended)
        _check_end(merged)
        return merged

    return ConferenceNews(conference_uuid=conference_uuid, conference=told), merge


def _without_scheduler(conference: Conference) -> Conference:
    """A conference as if nobody had said who scheduled it: another one did."""
    info = msgspec.json.decode(conference.details, type=KeptConferenceJSON)
    info.scheduserName = info.userUUID = info.schedulerAccount = info.deptName = None
    details = msgspec.json.encode(info).decode()
    return replace(conference, scheduler_name="", details=details)


def _check_end(conference: Conference) -> None:
    if conference.end_time_ms is not None and conference.end_time_ms < conference.start_time_ms:
        raise InvalidRecord("endTime", "must not be before startTime")


def _participant_json(person: PersonJSON, path: str) -> ParticipantJSON:
    _refuse_zero_characters(person, path)
    if not (person.name or person.userUUID or person.account or person.number):
        raise InvalidRecord(path + "name", "is missing, and so are userUUID, account and number")
    if person.type not in (None, *ATTENDEE_TYPES):
        raise InvalidRecord(path + "type", f"must be one of {', '.join(ATTENDEE_TYPES)}")
    return ParticipantJSON(
        participantID=person.number or None,
        name=person.name or None,
        role=person.role or 0,
        state="MEETTING",
        attendeeType=person.type or ATTENDEE_TYPES[0],
        accountId=person.account or None,
        email=person.email or None,
        deptName=person.deptName or None,
        userUUID=person.userUUID or None,
    )


def _shown(
    invited: list[ParticipantJSON], participants: list[Participant]
) -> list[PartAttendeeJSON]:
    shown = {False: 0, True: 0}
    attendees = []
    for told, participant in zip(invited, participants, strict=True):
        shown[participant.is_terminal] += 1
        if shown[participant.is_terminal] <= _PEOPLE_SHOWN_MAX:
            attendees.append(
                PartAttendeeJSON(
                    name=told.name,
                    phone=told.participantID,
                    type=told.attendeeType,
                    role=told.role,
                )
            )
    return attendees
