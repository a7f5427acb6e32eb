"""Meetings are found by the number that people dial."""

from collections.abc import AsyncIterator

import httpx
import pytest

from confledger.app import Parts
from confledger.auth.accounts import DEFAULT_CORP_ID, AdminType
from confledger.ledger.conference import Conference, ConferenceNews, person_by_account
from console.browsing import API, add_user, browser_of, sign_in

BOB = person_by_account("bob")
MEETINGS = {
    # Their numbers by when they began: the id, the subject, and whether Bob is invited.
    1: ("982658219", "Weekly", True),
    2: ("982658219", "Weekly", False),
    3: ("982658219", "Weekly", True),
    4: ("9826582190", "Longer id", True),
    5: ("900000005", "About 982658219", True),
    6: ("900000006", "Plan 2024", True),
}


@pytest.fixture
async def browsers(parts: Parts) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    """Those of an administrator and of Bob, with meetings that were held again and again."""
    await add_user(parts, "ann", admin_type=AdminType.ADMINISTRATOR)
    await add_user(parts, "bob")
    for number, (conference_id, subject, is_invited) in MEETINGS.items():
        conference = Conference(
            conference_uuid=f"{number:032x}",
            conference_id=conference_id,
            subject=subject,
            start_time_ms=number,
            end_time_ms=10,
            scheduler_name="Ann" if number > 1 else "Eve",
            has_recording=False,
            viewers=frozenset({BOB} if is_invited else ()),
            details="{}",
        )
        news = ConferenceNews(conference_uuid=conference.conference_uuid, conference=conference)
        await parts.stores.conferences.put(DEFAULT_CORP_ID, [news])
    async with browser_of(parts) as ann, browser_of(parts) as bob:
        await sign_in(ann, "ann")
        await sign_in(bob, "bob")
        yield {"ann": ann, "bob": bob}


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
@pytest.mark.parametrize(
    ("who", "asked", "found"),
    [
        ("ann", {"q": "982658219"}, [3, 2, 1]),
        ("ann", {"q": "982 658 219"}, [3, 2, 1]),
        ("ann", {"q": "982-658-219"}, [3, 2, 1]),
        ("bob", {"q": "982658219"}, [3, 1]),
        ("ann", {"q": "982658219", "to": 2}, [2, 1]),
        ("ann", {"q": "982658219", "person": "ann"}, [3, 2]),
        ("ann", {"q": "982658219", "person": "nobody"}, []),
        ("ann", {"q": "98265821"}, [5, 4, 3, 2, 1]),  # a part of an id
        ("ann", {"q": "2024"}, [6]),  # no id, and a part of a subject
        ("bob", {"q": "2024"}, [6]),
        ("ann", {"q": "9" * 65}, []),
    ],
)
async def test_a_whole_meeting_id_finds_what_has_it(
    browsers: dict[str, httpx.AsyncClient],
    who: str,
    asked: dict[str, str | int],
    found: list[int],
    limit: int,
) -> None:
    """All that were held under it and may be seen, and nothing else, however long a page is;
    where nothing has it, the digits are looked for like any text.
    """
    told: list[int] = []
    after: str | None = ""
    while after is not None:
        query: dict[str, str | int] = {**asked, "limit": limit}
        if after:
            query["after"] = after
        answer = await browsers[who].get(f"{API}/conferences", params=query)
        assert answer.status_code == 200, answer.text
        told += [int(each["conferenceUUID"], 16) for each in answer.json()["data"]]
        after = answer.json()["next"]
    assert told == found
