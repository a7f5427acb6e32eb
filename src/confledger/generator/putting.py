"""Puts generated meetings into a ledger."""

from collections.abc import Sequence

from confledger.generator.meetings import GeneratedMeeting
from confledger.ledger.conference import ConferenceNews, ConferenceStore
from confledger.ledger.intake import Intake
from confledger.ledger.record import Receipt


async def put_meetings(
    intake: Intake,
    conferences: ConferenceStore,
    corp_id: str,
    meetings: Sequence[GeneratedMeeting],
) -> dict[str, Receipt]:
    """Put some meetings into a corp's ledger; what was there already is not doubled.

    Raises:
        NoSuchCorp, EventConflict, StoreError: it could not be done, or not all.
    """
    news = [
        ConferenceNews(
            conference_uuid=meeting.conference.conference_uuid,
            conference=meeting.conference,
            participants=meeting.participants,
            stays=meeting.stays,
        )
        for meeting in meetings
    ]
    await conferences.put(corp_id, news)
    return await intake.take(
        corp_id, {meeting.conference.conference_uuid: meeting.records for meeting in meetings}
    )
