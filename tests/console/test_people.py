"""People over all meetings: who is found, what was done by and to them, and who may see it."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from confledger.app import Parts
from confledger.auth.accounts import DEFAULT_CORP_ID
from confledger.console import finding
from confledger.console import people as people_calls
from confledger.console.attendees import encoded_key, identity_in
from confledger.ledger.conference import ConferenceNews, Participant, person_by_account
from conftest import MakeRecord
from console.browsing import API
from console.test_meetings import (
    NUMBER,
    OTHER_CORP,
    People,
    held,
    listed,
    numbers,
    people,
    put,
    stay,
)

__all__ = ["people"]  # the fixture

ZOE_ID = "e" * 32


def zoe(name: str = "Zoe") -> Participant:
    """Somebody who was invited by the id of a user, and has an account."""
    return Participant(
        identity=f"id:{ZOE_ID}",
        place=0,
        name=name,
        number="",
        is_terminal=False,
        details=f'{{"userUUID":"{ZOE_ID}","accountId":"zoe.z"}}',
    )


async def fill(parts: Parts, make_record: MakeRecord) -> None:
    """Four meetings, of which bob may see the first and the third; in three of them is Zoe."""
    bob = frozenset({person_by_account("bob")})
    viewers = {person_by_account("zoe.z"), f"id:{ZOE_ID}"}
    await put(
        parts,
        held(1, viewers=bob | viewers),
        held(2, viewers=frozenset(viewers)),
        held(3, viewers=bob),
        held(4, viewers=frozenset(viewers), end_time_ms=None),
    )
    for number in (1, 2, 4):
        await put(parts, ConferenceNews(conference_uuid=f"{number:032x}", participants=[zoe()]))
    await put(parts, ConferenceNews(conference_uuid=f"{3:032x}", stays=[stay("Walt", NUMBER)]))
    for number in (1, 2, 3, 4):
        records = [
            make_record(event_id="0", operator="Zoe", object=""),
            make_record(event_id="1", operator="Someone", object=ZOE_ID),
            make_record(event_id="2", operator="Someone", object="Somebody"),
            make_record(event_id="3", operator="Portal", object="Walt"),
        ]
        await parts.intake.take(DEFAULT_CORP_ID, {f"{number:032x}": records})


async def found(browser: httpx.AsyncClient, part: str) -> list[tuple[str, str]]:
    """Who is found: their identities and names, over all pages."""
    told: dict[str, str] = {}
    after: str | None = ""
    while after is not None:
        query: dict[str, Any] = {"q": part, "limit": 1} | ({"after": after} if after else {})
        answer = await browser.get(f"{API}/people", params=query)
        assert answer.status_code == 200, answer.text
        told |= {each["person"]: each["name"] for each in answer.json()["data"]}
        after = answer.json()["next"]
    return [(identity_in(key) or "", name) for key, name in told.items()]


async def done(
    browser: httpx.AsyncClient, identity: str, limit: int = 100
) -> list[tuple[int, int, bool]]:
    """What was done by and to somebody: meeting, seq, whether they did it; over all pages."""
    told: list[dict[str, Any]] = []
    after: str | None = ""
    while after is not None:
        query: dict[str, Any] = {"limit": limit} | ({"after": after} if after else {})
        path = f"{API}/people/{encoded_key(identity)}/records"
        answer = await browser.get(path, params=query)
        assert answer.status_code == 200, answer.text
        assert len(answer.json()["data"]) <= limit
        told += answer.json()["data"]
        after = answer.json()["next"]
    return [(int(each["conferenceUUID"], 16), each["seq"], each["isOperator"]) for each in told]


@pytest.mark.parametrize("candidates", [1, 500])
async def test_people_are_found_in_the_meetings_that_somebody_may_see(
    parts: Parts,
    people: People,
    make_record: MakeRecord,
    monkeypatch: pytest.MonkeyPatch,
    candidates: int,
) -> None:
    """By a part of the name, by the account, by a number; however few meetings are looked at."""
    monkeypatch.setattr(people_calls, "CANDIDATES", candidates)
    await fill(parts, make_record)
    administrator = people.administrator
    for part in ("ZO", "zoe.z"):
        assert await found(administrator, part) == [(f"id:{ZOE_ID}", "Zoe")]
        assert await found(people.invited, part) == [(f"id:{ZOE_ID}", "Zoe")]
    assert await found(administrator, "905") == [("name:Walt", "Walt")]
    assert await found(administrator, "nobody") == []
    assert await found(administrator, "") == []
    assert await found(administrator, "\0") == []
    for part in ("zo", "zoe.z", "905"):
        assert await found(people.stranger, part) == []
        assert await found(people.foreigner, part) == []


@pytest.mark.parametrize("limit", [1, 2, 100])
async def test_what_was_done_comes_newest_first(
    parts: Parts, people: People, make_record: MakeRecord, limit: int
) -> None:
    """The newest meeting first, in it the last record; by them and to them; any page size."""
    await fill(parts, make_record)
    in_each = [(1, False), (0, True)]
    everything = [(meeting, *each) for meeting in (4, 2, 1) for each in in_each]
    zoes = f"id:{ZOE_ID}"

    assert await done(people.administrator, zoes, limit) == everything
    assert await done(people.invited, zoes, limit) == [(1, *each) for each in in_each]
    assert await done(people.administrator, "name:Walt", limit) == [(3, 3, False)]
    assert await done(people.invited, "name:Walt", limit) == [(3, 3, False)]
    assert await done(people.stranger, zoes, limit) == []
    assert await done(people.foreigner, zoes, limit) == []
    assert await done(people.administrator, "name:Nobody", limit) == []


async def test_who_only_scheduled_is_known(
    parts: Parts, people: People, make_record: MakeRecord
) -> None:
    """Whoever scheduled a meeting without being invited to it is found by their name."""
    details = f'{{"userUUID":"{ZOE_ID}"}}'
    viewers = frozenset({f"id:{ZOE_ID}"})
    await put(parts, held(1, scheduler_name="Zoe Z", details=details, viewers=viewers))
    records = [make_record(event_id="1", operator="Zoe Z")]
    await parts.intake.take(DEFAULT_CORP_ID, {f"{1:032x}": records})
    assert await found(people.administrator, "oe z") == [(f"id:{ZOE_ID}", "Zoe Z")]
    assert await done(people.administrator, f"id:{ZOE_ID}") == [(1, 0, True)]


async def test_two_of_one_name_are_not_taken_for_each_other(
    parts: Parts, people: People, make_record: MakeRecord
) -> None:
    """A text that two of a meeting have means neither of them."""
    other = Participant(
        identity="number:1", place=1, name="Zoe", number="1", is_terminal=False, details="{}"
    )
    await put(
        parts,
        held(1),
        ConferenceNews(
            conference_uuid=f"{1:032x}",
            participants=[zoe(), other],
        ),
    )
    records = [make_record(event_id="1", operator="Zoe"), make_record(event_id="2", object=ZOE_ID)]
    await parts.intake.take(DEFAULT_CORP_ID, {f"{1:032x}": records})
    assert await done(people.administrator, f"id:{ZOE_ID}") == []
    viewers = frozenset({f"id:{ZOE_ID}"})
    await put(parts, held(1, viewers=viewers))
    assert await done(people.administrator, f"id:{ZOE_ID}") == [(1, 1, False)]
    # Of a name alone both are looked for.
    assert await done(people.administrator, "name:Zoe") == [(1, 1, False), (1, 0, True)]


async def test_a_number_that_is_starred_is_no_key(
    parts: Parts, people: People, make_record: MakeRecord
) -> None:
    """In a corp that stars numbers nobody is looked for by one; in another corp they are."""
    await fill(parts, make_record)
    path = f"{API}/people/{encoded_key('number:' + NUMBER)}/records"
    assert (await people.administrator.get(path)).status_code == 400

    await parts.stores.tenants.change_corp(OTHER_CORP, masks_numbers=False)
    await put(parts, held(7), corp=OTHER_CORP)
    news = ConferenceNews(conference_uuid=f"{7:032x}", stays=[stay("Walt", NUMBER)])
    await put(parts, news, corp=OTHER_CORP)
    record = make_record(event_id="1", object=NUMBER)
    await parts.intake.take(OTHER_CORP, {f"{7:032x}": [record]})
    browser = people.foreigner
    assert await found(browser, "walt") in (
        [(f"number:{NUMBER}", "Walt")],
        [("name:Walt", "Walt")],  # for a second PostgreSQL's processes may not know yet
    )
    assert await found(people.administrator, "walt") == [("name:Walt", "Walt")]


@pytest.mark.parametrize("found_max", [1, 5_000])
async def test_search_finds_no_digit_that_is_starred(
    parts: Parts, people: People, monkeypatch: pytest.MonkeyPatch, found_max: int
) -> None:
    """Digit by digit from either end: only what is shown of a number finds whose it is, be they
    invited, there, or a scheduler, and be the number in the name; a whole account always does.
    """
    monkeypatch.setattr(people_calls, "FOUND_MAX", found_max)
    monkeypatch.setattr(finding, "FOUND_MAX", found_max)
    room = replace(zoe(f"Room {NUMBER}"), identity="account:13800138000", number=NUMBER)
    by_account = replace(zoe("Desk"), identity="account:13800138001", details="{}")
    viewers = frozenset({f"id:{ZOE_ID}"})
    details = f'{{"userUUID":"{ZOE_ID}"}}'
    await put(
        parts,
        *(held(n) for n in (1, 2, 4)),
        held(3, scheduler_name=NUMBER, details=details, viewers=viewers),
        ConferenceNews(conference_uuid=f"{1:032x}", participants=[room, by_account]),
        ConferenceNews(conference_uuid=f"{2:032x}", stays=[stay("Walt", NUMBER)]),
        ConferenceNews(conference_uuid=f"{4:032x}", stays=[stay("1 Wing", "")]),
    )
    browser = people.administrator

    async def meetings(person: str) -> list[int]:
        return numbers(await listed(browser, person=person))

    parts_of_number = [NUMBER[:end] for end in range(1, len(NUMBER))]
    parts_of_number += [NUMBER[start:] for start in range(len(NUMBER))]
    for part in parts_of_number:
        is_clear = len(part) <= 3 and NUMBER.endswith(part)
        assert await meetings(part) == ([3, 2, 1] if is_clear else []), part
        assert bool(await found(browser, part)) is is_clear, part
    assert await meetings("1 wi") == [4]
    assert await meetings("walt") == [2]
    assert await meetings("13800138001") == [1]
    assert await meetings("1380013800") == []


@pytest.mark.parametrize(
    "key", ["x", "%20", "a" * 2_000, encoded_key("what:x"), encoded_key("id:")]
)
async def test_a_made_up_key_is_refused(people: People, key: str) -> None:
    """What is no key of ours is told so."""
    answer = await people.administrator.get(f"{API}/people/{key}/records")
    assert answer.status_code == 400
    assert answer.json()["error_msg"].startswith("person ")


async def test_work_is_bounded_and_goes_on(
    parts: Parts, people: People, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However little an answer may read, the next one goes on where it stopped."""
    monkeypatch.setattr(people_calls, "_MEETINGS_READ_MAX", 1)
    monkeypatch.setattr(people_calls, "_STEPS_MAX", 1)
    monkeypatch.setattr(people_calls, "CANDIDATES", 1)
    monkeypatch.setattr(people_calls, "FOUND_MAX", 1)
    await fill(parts, make_record)
    path = f"{API}/people/{encoded_key(f'id:{ZOE_ID}')}/records"
    first = (await people.administrator.get(path)).json()
    assert len(first["data"]) == 2
    assert first["next"]
    assert len(await done(people.administrator, f"id:{ZOE_ID}")) == 6
    monkeypatch.setattr(people_calls, "_RECORDS_OF_MEETING_MAX", 1)
    assert len(await done(people.administrator, f"id:{ZOE_ID}")) == 6
    assert await found(people.administrator, "zo") == [(f"id:{ZOE_ID}", "Zoe")]
