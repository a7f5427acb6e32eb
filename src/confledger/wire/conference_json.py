"""Conferences, participants and attendance as JSON. Their keys are misspelt by the vendor."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import msgspec

from confledger.errors import InvalidRecord
from confledger.ledger.conference import (
    Attendance,
    Conference,
    Participant,
    person_by_account,
    person_by_id,
)
from confledger.ledger.intake import conference_uuid_from
from confledger.wire.query import INTEGER_MAX
from confledger.wire.record_json import Text, Time

_ENDED: Final = "Destroyed"
_RUNNING: Final = "Created"
_MASKED_PASSWORD: Final = "******"  # noqa: S105 - what is shown in place of one
_HOST: Final = "chair"
_GUEST: Final = "general"
_TERMINALS: Final = ("terminal", "ideahub", "board", "hwvision")
ATTENDEE_TYPES: Final = ("normal", "terminal", "outside", "mobile", "ideahub", "board", "hwvision")
"""What somebody attends as; the first is a person with the vendor's client."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTES: Final = "%Y-%m-%d %H:%M"
_TIME_MS_MIN: Final = -62_135_596_800_000
"""The first millisecond of the year 1."""
_TIME_MS_MAX: Final = 253_402_300_799_999
"""The last of the year 9999."""


Moment = Annotated[int, msgspec.Meta(ge=_TIME_MS_MIN, le=_TIME_MS_MAX)]


class PasswordEntryJSON(msgspec.Struct):
    """A password of a conference, for a role."""

    conferenceRole: str
    password: str


class PartAttendeeJSON(msgspec.Struct, omit_defaults=True):
    """Somebody of a conference, in short."""

    name: Text | None = None
    phone: Text | None = None
    phone2: Text | None = None
    phone3: Text | None = None
    type: Text | None = None
    role: int | None = None
    isMute: int | None = None


class ConferenceInfoJSON(msgspec.Struct, omit_defaults=True):
    """A conference as the vendor spells it. Every key may be left out."""

    conferenceID: Text | None = None
    subject: Text | None = None
    size: int | None = None
    timeZoneID: Text | None = None
    startTime: Text | None = None
    """`YYYY-MM-DD HH:MM`, UTC."""
    endTime: Text | None = None
    mediaTypes: Text | None = None
    conferenceState: Text | None = None
    language: Text | None = None
    accessNumber: Text | None = None
    passwordEntry: list[PasswordEntryJSON] | None = None
    userUUID: Text | None = None
    scheduserName: Text | None = None
    conferenceType: int | None = None
    confType: Text | None = None
    cycleParams: dict[str, Any] | None = None
    isAutoMute: int | None = None
    isAutoRecord: int | None = None
    chairJoinUri: Text | None = None
    guestJoinUri: Text | None = None
    audienceJoinUri: Text | None = None
    recordType: int | None = None
    auxAddress: Text | None = None
    liveAddress: Text | None = None
    liveUrl: Text | None = None
    recordAuxStream: int | None = None
    recordAuthType: int | None = None
    confConfigInfo: dict[str, Any] | None = None
    vmrFlag: int | None = None
    isHasRecordFile: bool | None = None
    vmrConferenceID: Text | None = None
    vmrID: Text | None = None
    confUUID: Text | None = None
    partAttendeeInfo: list[PartAttendeeJSON] | None = None
    terminlCount: int | None = None
    normalCount: int | None = None
    deptName: Text | None = None
    role: Text | None = None
    webinar: bool | None = None
    onlineAttendeeAmount: int | None = None
    multiStreamFlag: int | None = None
    confMode: Text | None = None
    scheduleVmr: bool | None = None
    concurrentParticipants: int | None = None
    supportSimultaneousInterpretation: bool | None = None
    picDisplay: dict[str, Any] | None = None
    subConfs: list[dict[str, Any]] | None = None
    cycleSubConfID: Text | None = None


class KeptConferenceJSON(ConferenceInfoJSON):
    """A conference as the ledger keeps it: with what the vendor has no key for."""

    schedulerAccount: Text | None = None
    """By which an app logs in who scheduled it."""


class SavedConferenceInfoJSON(KeptConferenceJSON):
    """A conference in a file: the vendor's keys, and ours that no call answers with."""

    startTimeMs: Moment | None = None
    """Milliseconds since 1970: `startTime` has whole minutes only, and gives way to it."""
    endTimeMs: Moment | None = None


class ParticipantJSON(msgspec.Struct, omit_defaults=True):
    """An invited participant as the vendor spells it; `participantID` is a number."""

    participantID: Text | None = None
    name: Text | None = None
    subscriberID: Text | None = None
    role: int | None = None
    state: Text | None = None
    address: Text | None = None
    attendeeType: Text | None = None
    accountId: Text | None = None
    phone2: Text | None = None
    phone3: Text | None = None
    email: Text | None = None
    sms: Text | None = None
    deptName: Text | None = None
    userUUID: Text | None = None
    appId: Text | None = None
    isAutoInvite: int | None = None
    isNotOverlayPidName: bool | None = None


class AttendanceJSON(msgspec.Struct, omit_defaults=True):
    """A stay as the vendor spells it."""

    displayName: Text | None = None
    callNumber: Text | None = None
    deviceType: Text | None = None
    joinTime: Time | None = None
    leftTime: Time | None = None
    mediaType: Text | None = None
    deptName: Text | None = None


Offset = Annotated[int, msgspec.Meta(ge=0, le=INTEGER_MAX)]


class ConferencesJSON(msgspec.Struct):
    """A page of the list of conferences."""

    data: list[ConferenceInfoJSON]
    offset: Offset
    limit: int
    count: Offset


class ParticipantsJSON(msgspec.Struct):
    """A page of participants."""

    data: list[ParticipantJSON]
    offset: Offset
    limit: int
    count: Offset


class SavedConferencesJSON(msgspec.Struct):
    """The same in a file."""

    data: list[SavedConferenceInfoJSON]
    offset: Offset
    limit: int
    count: Offset


class DetailJSON(msgspec.Struct):
    """A conference with a page of its participants."""

    conferenceData: ConferenceInfoJSON
    data: ParticipantsJSON


class SavedDetailJSON(msgspec.Struct):
    """The same in a file."""

    conferenceData: SavedConferenceInfoJSON
    data: ParticipantsJSON


class AttendancesJSON(msgspec.Struct):
    """A page of stays."""

    data: list[AttendanceJSON]
    offset: Offset
    limit: int
    count: Offset


# --- What others say, as ours -------------------------------------------------


def conference_of(info: ConferenceInfoJSON, conference_uuid: str, path: str) -> Conference:
    """A conference, from what a ledger served of it, or what was saved of that.

    Raises:
        InvalidRecord: its id or one of its times is missing or malformed.
    """
    _forget_empty(info)
    for attendee in info.partAttendeeInfo or ():
        _forget_empty(attendee)
    # The end of a conference that runs is only when it is meant to end.
    runs = info.conferenceState not in (None, _ENDED)
    start_time_ms = end_time_ms = None
    if isinstance(info, SavedConferenceInfoJSON):
        start_time_ms, end_time_ms = info.startTimeMs, info.endTimeMs
        # They are no details, of which answers are made.
        info.startTimeMs = info.endTimeMs = None
    if start_time_ms is None:
        start_time_ms = _milliseconds(info.startTime, path + "startTime")
    if start_time_ms is None:
        raise InvalidRecord(path + "startTime", "is missing")
    if end_time_ms is None and not runs:
        end_time_ms = _milliseconds(info.endTime, path + "endTime")
    return Conference(
        conference_uuid=conference_uuid,
        conference_id=info.conferenceID or "",
        subject=info.subject or "",
        start_time_ms=start_time_ms,
        end_time_ms=None if runs else end_time_ms,
        scheduler_name=info.scheduserName or "",
        has_recording=bool(info.isHasRecordFile),
        viewers=frozenset({person_by_id(info.userUUID)} if info.userUUID else ()),
        details=msgspec.json.encode(info).decode(),
    )


def merged_details(new: Conference, known: Conference | None) -> Conference:
    """What is newly said of a conference, over what was known of it.

    A list leaves out what only the detail has, and masks its passwords.
    """
    said = msgspec.json.decode(new.details, type=KeptConferenceJSON)
    if known is None:
        return replace(new, viewers=new.viewers | _scheduler(said))
    whole = msgspec.json.decode(known.details, type=KeptConferenceJSON)
    said.passwordEntry = _merged_passwords(said.passwordEntry, whole.passwordEntry)
    if said.confConfigInfo is not None:
        said_config = dict(said.confConfigInfo)
        if said_config.get("guestPwd") == _MASKED_PASSWORD:
            del said_config["guestPwd"]
        said.confConfigInfo = (whole.confConfigInfo or {}) | said_config
    for name in KeptConferenceJSON.__struct_fields__:
        if (value := getattr(said, name)) is not None:
            setattr(whole, name, value)
    return replace(
        new,
        viewers=new.viewers | _scheduler(whole),
        conference_id=new.conference_id or known.conference_id,
        subject=new.subject or known.subject,
        end_time_ms=new.end_time_ms if new.end_time_ms is not None else known.end_time_ms,
        scheduler_name=new.scheduler_name or known.scheduler_name,
        has_recording=new.has_recording
        if said.isHasRecordFile is not None
        else known.has_recording,
        details=msgspec.json.encode(whole).decode(),
    )


def _scheduler(info: KeptConferenceJSON) -> set[str]:
    persons = {person_by_id(info.userUUID)} if info.userUUID else set()
    if info.schedulerAccount:
        persons.add(person_by_account(info.schedulerAccount))
    return persons


def scheduler_of(conference: Conference) -> frozenset[str]:
    """Whoever scheduled a conference, as its viewers name them."""
    info = msgspec.json.decode(conference.details, type=KeptConferenceJSON)
    return frozenset(_scheduler(info))


def _merged_passwords(
    said: list[PasswordEntryJSON] | None, known: list[PasswordEntryJSON] | None
) -> list[PasswordEntryJSON] | None:
    """By role: a list masks its passwords, and a guest is told only the guests'."""
    passwords = {entry.conferenceRole: entry.password for entry in known or ()}
    for entry in said or ():
        if entry.password != _MASKED_PASSWORD or entry.conferenceRole not in passwords:
            passwords[entry.conferenceRole] = entry.password
    return [PasswordEntryJSON(role, password) for role, password in passwords.items()] or None


def uuid_of(info: ConferenceInfoJSON, path: str) -> str:
    """The id of a conference in a list.

    Raises:
        InvalidRecord: there is none, or it is malformed.
    """
    conference_uuid = conference_uuid_from(info.confUUID or "")
    if conference_uuid is None:
        raise InvalidRecord(path + "confUUID", "must be 32 hexadecimal digits")
    return conference_uuid


def participant_of(participant: ParticipantJSON, place: int) -> Participant:
    """A participant, from what a ledger served of them at a place."""
    _forget_empty(participant)
    return Participant(
        identity=_identity(participant),
        place=place,
        name=participant.name or "",
        number=participant.participantID or "",
        is_terminal=participant.attendeeType in _TERMINALS,
        details=msgspec.json.encode(participant).decode(),
    )


def _identity(participant: ParticipantJSON) -> str:
    if participant.userUUID:
        return person_by_id(participant.userUUID)
    if participant.accountId:
        return person_by_account(participant.accountId)
    if participant.participantID:
        return f"number:{participant.participantID}"
    return f"name:{participant.name or ''}"


def _forget_empty(told: msgspec.Struct) -> None:
    """An empty text, list or object says nothing; neither does it take back what was known."""
    for name in told.__struct_fields__:
        if getattr(told, name) in ("", [], {}):
            setattr(told, name, None)


def viewers_of(participants: list[ParticipantJSON]) -> frozenset[str]:
    """Who may see a conference because they were invited to it."""
    by_id = (person_by_id(each.userUUID) for each in participants if each.userUUID)
    by_account = (person_by_account(each.accountId) for each in participants if each.accountId)
    return frozenset((*by_id, *by_account))


def attendance_of(stay: AttendanceJSON, path: str) -> Attendance:
    """A stay, from what a ledger served of it.

    Raises:
        InvalidRecord: it has no beginning.
    """
    if stay.joinTime is None:
        raise InvalidRecord(path + "joinTime", "is missing")
    return Attendance(
        display_name=stay.displayName or "",
        call_number=stay.callNumber or "",
        device_type=stay.deviceType or "",
        join_time_ms=stay.joinTime,
        left_time_ms=stay.leftTime or None,
        media_type=stay.mediaType or "",
        dept_name=stay.deptName or "",
    )


def _milliseconds(text: str | None, field: str) -> int | None:
    if not text:
        return None
    try:
        moment = datetime.strptime(text, _MINUTES).replace(tzinfo=UTC)
    except ValueError as error:
        raise InvalidRecord(field, "must be a time in UTC, as 2031-01-31 08:30") from error
    return (moment - _EPOCH) // timedelta(milliseconds=1)


# --- Ours, as the vendor spells it --------------------------------------------


def listed(conference: Conference, *, is_administrator: bool, user_id: str) -> ConferenceInfoJSON:
    """A conference in a list: its passwords are masked."""
    info = _info(conference)
    info.confUUID = conference.conference_uuid
    info.conferenceState = _ENDED if conference.end_time_ms is not None else info.conferenceState
    info.role = None
    if not (is_administrator or info.userUUID == user_id):
        info.chairJoinUri = None
    for entry in info.passwordEntry or ():
        entry.password = _MASKED_PASSWORD
    if info.confConfigInfo and info.confConfigInfo.get("guestPwd"):
        info.confConfigInfo["guestPwd"] = _MASKED_PASSWORD
    return info


def detailed(conference: Conference, *, is_administrator: bool, user_id: str) -> ConferenceInfoJSON:
    """A conference by itself: what is the host's is for the host and for administrators.

    As in the vendor's sample it has no `confUUID` and no state. A password that
    nobody ever told in clear is left out.
    """
    info = _info(conference)
    info.confUUID = info.conferenceState = None
    is_host = info.userUUID == user_id
    info.role = _HOST if is_host else _GUEST
    sees_all = is_host or is_administrator
    if not sees_all:
        info.chairJoinUri = None
    info.passwordEntry = [
        entry
        for entry in info.passwordEntry or ()
        if entry.password != _MASKED_PASSWORD and (sees_all or entry.conferenceRole == _GUEST)
    ] or None
    return info


def participant_json(participant: Participant) -> ParticipantJSON:
    """A participant as it was told."""
    return msgspec.json.decode(participant.details, type=ParticipantJSON)


def attendance_json(stay: Attendance, words: Mapping[str, str]) -> AttendanceJSON:
    """A stay. Its number is served in clear, as in the vendor's sample.

    `words` are what devices and media are called in the reader's language; one that
    is not among them is served as it came.
    """
    return AttendanceJSON(
        displayName=stay.display_name or None,
        callNumber=stay.call_number or None,
        deviceType=words.get(stay.device_type, stay.device_type) or None,
        joinTime=stay.join_time_ms,
        leftTime=stay.left_time_ms,
        mediaType=words.get(stay.media_type, stay.media_type) or None,
        deptName=stay.dept_name or None,
    )


def saved_in_list(conference: Conference) -> SavedConferenceInfoJSON:
    """A conference in a list as an administrator sees it, for a file."""
    return _saved(listed(conference, is_administrator=True, user_id=""), conference)


def saved_in_detail(conference: Conference) -> SavedConferenceInfoJSON:
    """A conference by itself as an administrator sees it, for a file; it says whether it runs."""
    info = _saved(detailed(conference, is_administrator=True, user_id=""), conference)
    info.conferenceState = _RUNNING if conference.end_time_ms is None else _ENDED
    return info


def _saved(info: ConferenceInfoJSON, conference: Conference) -> SavedConferenceInfoJSON:
    names = ConferenceInfoJSON.__struct_fields__
    kept = msgspec.json.decode(conference.details, type=KeptConferenceJSON)
    return SavedConferenceInfoJSON(
        **{name: getattr(info, name) for name in names},
        schedulerAccount=kept.schedulerAccount,
        startTimeMs=conference.start_time_ms,
        endTimeMs=conference.end_time_ms,
    )


def _info(conference: Conference) -> ConferenceInfoJSON:
    info = msgspec.json.decode(conference.details, type=KeptConferenceJSON)
    info.schedulerAccount = None
    info.partAttendeeInfo = info.partAttendeeInfo or None
    info.conferenceID = conference.conference_id or None
    info.subject = conference.subject or None
    info.startTime = _minutes(conference.start_time_ms)
    info.endTime = _minutes(conference.end_time_ms)
    info.scheduserName = conference.scheduler_name or None
    info.isHasRecordFile = conference.has_recording
    return info


def _minutes(time_ms: int | None) -> str | None:
    if time_ms is None:
        return None
    return (_EPOCH + timedelta(milliseconds=time_ms)).strftime(_MINUTES)
