"""Whole meetings: when they are, who is in them, and what the ledger is told of them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from confledger.auth.accounts import DEFAULT_CORP_ID
from confledger.catalogue.operations import OPERATIONS, Actor, ObjectKind
from confledger.generator.dice import Dice
from confledger.generator.people import Person, guest, pool_of
from confledger.generator.story import Seat, Step, Story
from confledger.ledger.conference import Attendance, Conference, Participant
from confledger.ledger.record import ControlRecord
from confledger.wire.conference_json import (
    ConferenceInfoJSON,
    PartAttendeeJSON,
    ParticipantJSON,
    PasswordEntryJSON,
    conference_of,
    participant_of,
    viewers_of,
)

UNTIL_MS: Final = 1_767_196_800_000
"""The end of 2025 in China: the same seed gives the same meetings, whenever one asks."""

_MINUTE_MS: Final = 60_000
_DAY_MS: Final = 24 * 60 * _MINUTE_MS
_WEEK_MS: Final = 7 * _DAY_MS
_CHINA_MS: Final = 8 * 60 * _MINUTE_MS
"""What the clocks of China are ahead of UTC."""

_DAYS: Final = 360
"""With a weekend before them they are within twelve months."""
_OPENS_MINUTE: Final = 8 * 60 + 30
_CLOSES_MINUTE: Final = 18 * 60
_QUARTER: Final = 15
_LATE_START_MS: Final = 90_000

# How large a meeting is beside others: most are small and few are large. Out of a
# thousand, so many weigh between so much and so much.
_SIZES: Final = ((700, 1, 10), (220, 10, 60), (70, 60, 300), (10, 300, 2_000))

# For a meeting of up to so many records: how many minutes, and how many people.
_SHAPES: Final = (
    (10, (10, 45), (2, 4)),
    (60, (15, 60), (3, 9)),
    (400, (30, 120), (6, 25)),
    (3_000, (60, 240), (12, 45)),
)
_LARGE_SHAPE: Final = ((180, 480), (30, 90))

_PEOPLE_MAX: Final = 200
_LATE_PER_THOUSAND: Final = 10
_LATE_PLACES_MAX: Final = 4
_PART_ATTENDEES_MAX: Final = 20
"""Of each kind, people and rooms."""

_KINDS: Final = {operation.code: operation.object_kind for operation in OPERATIONS}

_MEDIA_TYPES: Final = ("HDVideo,Voice,Data", "HDVideo,Voice", "Voice")
_DEVICES: Final = {True: "硬终端", False: "软终端"}
_SUBJECTS: Final = {
    True: (
        "{dept}周例会", "{topic}项目评审", "{topic}需求澄清", "{topic}发布决策会", "{dept}月度总结",
        "{topic}故障复盘", "{dept}新员工培训", "与客户的{topic}交流",
    ),
    False: (
        "{topic} weekly sync", "{topic} project review", "{topic} requirements",
        "{topic} go/no-go", "{topic} monthly report", "{topic} incident review",
        "{topic} training", "{topic} with the customer",
    ),
}  # fmt: skip
_TOPICS: Final = {
    True: ("数据中心", "移动办公", "财务共享", "云迁移", "安全加固", "智慧园区"),
    False: ("Atlas", "Cloud migration", "Mobile app", "Billing", "Security", "Campus network"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedMeeting:
    """All that the ledger is told of a meeting."""

    conference: Conference
    participants: list[Participant]
    """Who was invited, by place."""
    stays: list[Attendance]
    """By the time of joining."""
    records: list[ControlRecord]
    """In the order of arrival, which for a few is not that of their times."""


def generated_meetings(
    *,
    meetings: int,
    records: int,
    seed: int,
    corp_id: str = DEFAULT_CORP_ID,
    until_ms: int = UNTIL_MS,
) -> Iterator[GeneratedMeeting]:
    """Meetings of the twelve months before a moment, one at a time.

    Args:
        meetings: how many, at least 1.
        records: how many control records they have in all, at least one for each.
        seed: the same seed and figures give the same meetings.
        corp_id: whose people meet.
        until_ms: all meetings end before: UTC, milliseconds since 1970.

    Raises:
        ValueError: there are no meetings, or fewer records than meetings.
    """
    if not 1 <= meetings <= records:
        raise ValueError("there must be a meeting, and a record for each meeting")
    return (
        generated_meeting(records=size, seed=seed, index=index, corp_id=corp_id, until_ms=until_ms)
        for index, size in enumerate(_sizes(meetings, records, seed))
    )


def generated_meeting(  # noqa: PLR0913 - what decides a meeting
    *,
    records: int,
    seed: int,
    index: int = 0,
    people: int | None = None,
    corp_id: str = DEFAULT_CORP_ID,
    until_ms: int = UNTIL_MS,
) -> GeneratedMeeting:
    """One meeting. What is asked for decides all of it: asked again, it is the same.

    Args:
        records: how many control records it has, at least 1.
        seed: as for `generated_meetings`.
        index: which of the meetings of this seed.
        people: how many people and rooms it is about, 1 to 200; None: as suits its size.
        corp_id: whose people meet.
        until_ms: it ends before, unless it lasts longer than a year.

    Raises:
        ValueError: it would have no record, or nobody or too many in it.
    """
    if records < 1:
        raise ValueError("a meeting must have a record")
    if people is not None and not 1 <= people <= _PEOPLE_MAX:
        raise ValueError(f"a meeting must have 1 to {_PEOPLE_MAX} people")
    # With another size it is another meeting with ids of its own, not the same one told twice.
    dice = Dice("meeting", seed, index, records, people or 0, until_ms)
    in_chinese = dice.in_thousand(700)
    minutes, usual_people = next(
        (shape[1:] for shape in _SHAPES if records <= shape[0]), _LARGE_SHAPE
    )
    seats = _seats(dice, people or dice.between(*usual_people), corp_id, in_chinese=in_chinese)
    story = _story(dice, records, dice.between(*minutes), seats, in_chinese=in_chinese)
    story.tell()
    is_scheduled = dice.in_thousand(750)
    start_ms = _start_ms(dice, story.end_ms, until_ms, is_scheduled=is_scheduled)
    conference_uuid = _uuid(dice, start_ms)
    media_types = dice.pick(_MEDIA_TYPES)
    info = _info(dice, story, start_ms, media_types, is_scheduled=is_scheduled)
    info.confUUID = conference_uuid
    invited = [
        _participant(seat, story) for seat in story.seats if seat.is_invited or seat.was_added
    ]
    viewers = viewers_of(invited)
    conference = conference_of(info, conference_uuid, "")
    return GeneratedMeeting(
        conference=replace(
            conference,
            # On the wire these are whole minutes.
            start_time_ms=start_ms,
            end_time_ms=start_ms + story.end_ms,
            viewers=conference.viewers | viewers,
        ),
        participants=[participant_of(each, place) for place, each in enumerate(invited)],
        stays=_stays(story, start_ms, "视频" if "Video" in media_types else "语音"),
        records=_records(dice, story, start_ms),
    )


def _sizes(meetings: int, records: int, seed: int) -> Iterator[int]:
    """How many records each meeting has: one, and its share of the others by its weight.

    The weights are drawn twice, so that there need be no list of them.
    """
    others, total = records - meetings, sum(_weights(meetings, seed))
    weight_so_far = given = 0
    for weight in _weights(meetings, seed):
        weight_so_far += weight
        due = others * weight_so_far // total
        yield 1 + due - given
        given = due


def _weights(meetings: int, seed: int) -> Iterator[int]:
    dice = Dice("sizes", seed)
    for _ in range(meetings):
        chance = dice.below(1000)
        for times, least, most in _SIZES:
            if chance < times:
                yield dice.between(least, most)
                break
            chance -= times


# --- Who and when -------------------------------------------------------------


def _seats(dice: Dice, count: int, corp_id: str, *, in_chinese: bool) -> list[Seat]:
    """Everybody a meeting is about; the first scheduled it, and another one is invited."""
    pool = pool_of(corp_id)
    left = {False: list(pool.people), True: list(pool.rooms)}
    seats = [Seat(_taken(dice, left[False]), is_invited=True)]
    for place in range(1, count):
        chance = dice.below(100)
        is_invited = place == 1 or chance < 60  # noqa: PLR2004 - of a hundred
        if not is_invited and dice.in_thousand(150):
            person = guest(dice, place, in_chinese=in_chinese)
        else:
            is_room = is_invited and dice.in_thousand(150) and bool(left[True])
            person = _taken(dice, left[is_room])
        seats.append(Seat(person, is_invited=is_invited))
    return seats


def _taken(dice: Dice, people: list[Person]) -> Person:
    place = dice.below(len(people))
    people[place], people[-1] = people[-1], people[place]
    return people.pop()


def _story(dice: Dice, records: int, minutes: int, seats: list[Seat], *, in_chinese: bool) -> Story:
    coming, outside = [], []
    for place, seat in enumerate(seats):
        seat.is_listed = seat.is_invited
        if place == 0:
            continue
        if seat.is_invited and place > 1 and dice.in_thousand(80):
            continue  # invited, and never comes
        if seat.is_invited or dice.in_thousand(500):
            coming.append(seat)
        else:
            outside.append(seat)
    return Story(
        dice,
        records,
        mean_gap_ms=max(minutes * _MINUTE_MS // records, 900),
        seats=seats,
        coming=coming,
        outside=outside,
        mutes_on_entry=dice.in_thousand(700),
        in_chinese=in_chinese,
    )


def _start_ms(dice: Dice, duration_ms: int, until_ms: int, *, is_scheduled: bool) -> int:
    """On a weekday, within the working hours of China, so that it ends in time."""
    day = (until_ms + _CHINA_MS) // _DAY_MS - 1 - dice.below(_DAYS)
    # The first day of 1970 was a Thursday.
    day -= max((day + 3) % 7 - 4, 0)
    latest = min(_CLOSES_MINUTE, _CLOSES_MINUTE + 60 - duration_ms // _MINUTE_MS)
    minute = dice.between(_OPENS_MINUTE, max(latest, _OPENS_MINUTE))
    if is_scheduled:
        minute -= minute % _QUARTER
    start_ms = day * _DAY_MS - _CHINA_MS + minute * _MINUTE_MS + dice.below(_LATE_START_MS)
    weeks_over = max(-((until_ms - start_ms - duration_ms) // _WEEK_MS), 0)
    return start_ms - weeks_over * _WEEK_MS


def _uuid(dice: Dice, time_ms: int) -> str:
    """An id as the vendor makes them: a UUID of version 1, without hyphens."""
    ticks = time_ms * 10_000 + 0x01B2_1DD2_1381_4000
    low, middle, high = ticks & 0xFFFF_FFFF, ticks >> 32 & 0xFFFF, ticks >> 48 & 0xFFF
    clock, node = 0x8000 | dice.bits(14), dice.bits(48) | 1 << 40
    return f"{low:08x}{middle:04x}{0x1000 | high:04x}{clock:04x}{node:012x}"


# --- What the ledger is told --------------------------------------------------


def _info(
    dice: Dice, story: Story, start_ms: int, media_types: str, *, is_scheduled: bool
) -> ConferenceInfoJSON:
    scheduler = story.seats[0].person
    scheduled = [seat for seat in story.seats if seat.is_invited]
    subject = dice.pick(_SUBJECTS[story.in_chinese]).format(
        dept=scheduler.dept_name, topic=dice.pick(_TOPICS[story.in_chinese])
    )
    is_own_room = dice.in_thousand(300)
    own_id = scheduler.own_conference_id
    conference_id = own_id if is_own_room else f"9{dice.between(10_000_000, 79_999_999)}"
    chair, general = (f"{dice.below(1_000_000):06d}" for _ in range(2))
    return ConferenceInfoJSON(
        conferenceID=conference_id,
        subject=subject,
        size=len(scheduled),
        timeZoneID="56",
        startTime=_minutes(start_ms),
        endTime=_minutes(start_ms + story.end_ms),
        mediaTypes=media_types,
        conferenceState="Destroyed",
        language="zh-CN" if story.in_chinese else "en-US",
        accessNumber="+991117",
        passwordEntry=[
            PasswordEntryJSON("chair", chair),
            PasswordEntryJSON("general", general),
        ],
        userUUID=scheduler.user_id,
        scheduserName=scheduler.name,
        conferenceType=0,
        confType="FUTURE" if is_scheduled else "IMMEDIATELY",
        isAutoMute=int(story.mutes_on_entry),
        isAutoRecord=0,
        chairJoinUri=f"https://meeting.example.com/#/j/{conference_id}/{dice.bits(128):032x}",
        guestJoinUri=f"https://meeting.example.com/#/j/{conference_id}/{dice.bits(128):032x}",
        recordType=2 if story.was_recorded else 0,
        recordAuxStream=int(story.was_recorded),
        recordAuthType=1,
        confConfigInfo={
            "isSendNotify": True,
            "isAutoMute": story.mutes_on_entry,
            "callInRestriction": 0,
            "enableWaitingRoom": False,
            "prolongLength": 15,
            "guestPwd": general,
        },
        vmrFlag=int(is_own_room),
        vmrConferenceID=own_id if is_own_room else None,
        isHasRecordFile=story.was_recorded,
        partAttendeeInfo=[
            _part_attendee(seat, story)
            for is_room in (False, True)
            for seat in [each for each in scheduled if each.person.is_room == is_room][
                :_PART_ATTENDEES_MAX
            ]
        ],
        terminlCount=sum(seat.person.is_room for seat in scheduled),
        normalCount=sum(not seat.person.is_room for seat in scheduled),
        deptName=scheduler.dept_name,
        webinar=False,
        multiStreamFlag=1,
        confMode=dice.pick(("COMMON", "RTC")),
        concurrentParticipants=0,
        supportSimultaneousInterpretation=False,
    )


def _minutes(time_ms: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time_ms)).strftime(
        "%Y-%m-%d %H:%M"
    )


def _type(person: Person) -> str:
    if person.is_room:
        return "terminal"
    return "normal" if person.user_id else "outside"


def _part_attendee(seat: Seat, story: Story) -> PartAttendeeJSON:
    return PartAttendeeJSON(
        name=seat.person.name,
        phone=seat.person.number,
        type=_type(seat.person),
        role=int(seat is story.seats[0]),
        isMute=int(story.mutes_on_entry),
    )


def _participant(seat: Seat, story: Story) -> ParticipantJSON:
    person = seat.person
    return ParticipantJSON(
        participantID=person.number,
        name=person.name,
        role=int(seat is story.seats[0]),
        state="MEETTING",
        attendeeType=_type(person),
        accountId=person.account,
        email=f"{person.account}@example.com" if person.account else None,
        deptName=person.dept_name,
        userUUID=person.user_id,
        isAutoInvite=int(seat.was_added),
    )


def _stays(story: Story, start_ms: int, media_type: str) -> list[Attendance]:
    return [
        Attendance(
            display_name=stay.seat.person.name,
            call_number=stay.seat.person.number,
            device_type=_DEVICES[stay.seat.person.is_room],
            join_time_ms=start_ms + stay.joined_ms,
            left_time_ms=start_ms + stay.left_ms,
            media_type=media_type,
            dept_name=stay.seat.person.dept_name,
        )
        for stay in sorted(story.stays, key=lambda stay: stay.joined_ms)
    ]


def _records(dice: Dice, story: Story, start_ms: int) -> list[ControlRecord]:
    """The steps as records, in the order in which they arrive."""
    # As with the vendor, who is in a meeting has an id that is made for that meeting.
    ids = {seat: _uuid(dice, start_ms + seat.listed_ms) for seat in story.seats}
    records = [_record(step, ordinal, start_ms, ids) for ordinal, step in enumerate(story.steps, 1)]
    for place in range(len(records) - 1):
        if dice.in_thousand(_LATE_PER_THOUSAND):
            end = place + 1 + dice.between(1, _LATE_PLACES_MAX)
            records[place:end] = [*records[place + 1 : end], records[place]]
    return records


def _record(step: Step, ordinal: int, start_ms: int, ids: dict[Seat, str]) -> ControlRecord:
    if step.seat is None or step.operation is None:
        acted_on = ""
    elif _KINDS[step.operation] is ObjectKind.NUMBER:
        acted_on = step.seat.person.number
    else:
        acted_on = ids[step.seat]
    return ControlRecord(
        operate_time_ms=start_ms + step.time_ms,
        source=step.actor.source,
        operator=step.actor.operator,
        operator_basis="stated" if step.actor is Actor.PORTAL else "system",
        operation=step.operation,
        operation_text=step.operation_text,
        object=acted_on,
        result=step.result,
        result_text=step.result_text,
        detail=step.detail,
        event_id=f"event-{ordinal}",
    )
