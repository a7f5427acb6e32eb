"""Conferences, participants and attendance from saved answers of the history calls."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

import msgspec

from confledger.errors import InvalidRecord
from confledger.ledger.conference import Attendance, Conference, ConferenceStore, Participant
from confledger.wire.conference_json import (
    AttendancesJSON,
    ConferenceInfoJSON,
    ConferencesJSON,
    DetailJSON,
    attendance_of,
    conference_of,
    merged_details,
    participant_of,
    uuid_of,
    viewers_of,
)

Shape = Literal["conferences", "detail", "attendance"]


@dataclass(frozen=True, slots=True)
class ConferenceAnswer:
    """What a saved answer of one of these calls says."""

    conferences: Sequence[Conference]
    first: int = 0
    """The place of the first participant or stay."""
    participants: Sequence[Participant] = field(default=())
    stays: Sequence[Attendance] = field(default=())
    conference_uuid: str = ""
    """Of participants and stays."""


_KEYS_OF_ATTENDANCE: Final = {"joinTime", "leftTime", "callNumber", "displayName", "deviceType"}
_KEYS_OF_CONFERENCES: Final = set(ConferenceInfoJSON.__struct_fields__)


def shape_of(document: dict[str, msgspec.Raw]) -> Shape | None:
    """Which of these calls answered so; None where it was the control records' or none."""
    if "conferenceData" in document:
        return "detail"
    try:
        data = msgspec.json.decode(document["data"], type=list[dict[str, msgspec.Raw]])
    except msgspec.ValidationError:
        return None
    keys = set(data[0]) if data else set()
    if "operateTime" in keys or "operateCode" in keys:
        return None
    if keys & _KEYS_OF_ATTENDANCE:
        return "attendance"
    return "conferences" if keys & _KEYS_OF_CONFERENCES else None


def read_answer(content: bytes, shape: Shape, conference_uuid: str | None) -> ConferenceAnswer:
    """Read a saved answer.

    Args:
        content: JSON.
        shape: as `shape_of` says.
        conference_uuid: of the conference, which only the list names itself.

    Raises:
        InvalidRecord: something in it breaks a rule, or the conference is not named.
        msgspec.DecodeError: it has another shape.
    """
    if shape == "conferences":
        page = msgspec.json.decode(content, type=ConferencesJSON)
        return ConferenceAnswer(
            [
                conference_of(info, uuid_of(info, f"data[{index}]."), f"data[{index}].")
                for index, info in enumerate(page.data)
            ]
        )
    if conference_uuid is None:
        raise InvalidRecord("confUUID", "is not in this answer: give --conference")
    if shape == "detail":
        detail = msgspec.json.decode(content, type=DetailJSON)
        # A wrong one would make the people of one conference viewers of another.
        if detail.conferenceData.confUUID and (
            uuid_of(detail.conferenceData, "conferenceData.") != conference_uuid
        ):
            raise InvalidRecord("conferenceData.confUUID", f"must be {conference_uuid}")
        conference = conference_of(detail.conferenceData, conference_uuid, "conferenceData.")
        viewers = conference.viewers | viewers_of(detail.data.data)
        return ConferenceAnswer(
            [replace(conference, viewers=viewers)],
            detail.data.offset,
            participants=[participant_of(each) for each in detail.data.data],
            conference_uuid=conference_uuid,
        )
    stays = msgspec.json.decode(content, type=AttendancesJSON)
    return ConferenceAnswer(
        [],
        stays.offset,
        stays=[attendance_of(stay, f"data[{i}].") for i, stay in enumerate(stays.data)],
        conference_uuid=conference_uuid,
    )


async def take_answer(answer: ConferenceAnswer, corp_id: str, store: ConferenceStore) -> set[str]:
    """Put what an answer says into a corp's ledger; which conferences it was about.

    What an answer leaves out of a conference stays as it was known.

    Raises:
        NoSuchCorp, StoreError: it could not be taken.
    """
    whole = [
        merged_details(conference, await store.get(corp_id, conference.conference_uuid))
        for conference in answer.conferences
    ]
    await store.put(corp_id, whole)
    uuids = {conference.conference_uuid for conference in whole}
    if answer.participants:
        await store.put_participants(
            corp_id, answer.conference_uuid, answer.first, answer.participants
        )
    if answer.stays:
        await store.put_attendance(corp_id, answer.conference_uuid, answer.first, answer.stays)
        uuids.add(answer.conference_uuid)
    return uuids
