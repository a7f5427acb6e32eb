"""Conferences, participants and attendance from saved answers of the history calls."""

from dataclasses import replace
from typing import Final, Literal

import msgspec

from confledger.errors import InvalidRecord
from confledger.ledger.conference import ConferenceNews
from confledger.wire.conference_json import (
    AttendancesJSON,
    ParticipantsJSON,
    SavedConferenceInfoJSON,
    SavedConferencesJSON,
    SavedDetailJSON,
    attendance_of,
    conference_of,
    participant_of,
    uuid_of,
    viewers_of,
)

Shape = Literal["conferences", "detail", "attendance"]

ConferenceAnswer = list[ConferenceNews]
"""What a saved answer of one of these calls says."""

COUNT_TOO_SMALL: Final = "must not be less than offset and the entries of data"


_KEYS_OF_ATTENDANCE: Final = {"joinTime", "leftTime", "callNumber", "displayName", "deviceType"}
_KEYS_OF_CONFERENCES: Final = set(SavedConferenceInfoJSON.__struct_fields__)


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
        page = msgspec.json.decode(content, type=SavedConferencesJSON)
        _check_count(page, "")
        return [_news_of(info, f"data[{index}].") for index, info in enumerate(page.data)]
    if conference_uuid is None:
        raise InvalidRecord("confUUID", "is not in this answer: give --conference")
    if shape == "detail":
        detail = msgspec.json.decode(content, type=SavedDetailJSON)
        _check_count(detail.data, "data.")
        # A wrong one would make the people of one conference viewers of another.
        if detail.conferenceData.confUUID and (
            uuid_of(detail.conferenceData, "conferenceData.") != conference_uuid
        ):
            raise InvalidRecord("conferenceData.confUUID", f"must be {conference_uuid}")
        conference = conference_of(detail.conferenceData, conference_uuid, "conferenceData.")
        viewers = conference.viewers | viewers_of(detail.data.data)
        participants = [
            participant_of(each, place)
            for place, each in enumerate(detail.data.data, detail.data.offset)
        ]
        return [
            ConferenceNews(
                conference_uuid=conference_uuid,
                conference=replace(conference, viewers=viewers),
                participants=participants,
            )
        ]
    stays = msgspec.json.decode(content, type=AttendancesJSON)
    _check_count(stays, "")
    return [
        ConferenceNews(
            conference_uuid=conference_uuid,
            stays=[attendance_of(stay, f"data[{i}].") for i, stay in enumerate(stays.data)],
        )
    ]


def _news_of(info: SavedConferenceInfoJSON, path: str) -> ConferenceNews:
    conference_uuid = uuid_of(info, path)
    return ConferenceNews(
        conference_uuid=conference_uuid, conference=conference_of(info, conference_uuid, path)
    )


def _check_count(
    page: SavedConferencesJSON | ParticipantsJSON | AttendancesJSON, path: str
) -> None:
    if page.offset + len(page.data) > page.count:
        raise InvalidRecord(path + "count", COUNT_TOO_SMALL)
