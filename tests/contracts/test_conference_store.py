"""What every conference store has to do: `ledger.conference.ConferenceStore`, on each engine."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from confledger.auth.accounts import DEFAULT_CORP_ID
from confledger.errors import NobodyThere, NoSuchConference, NoSuchCorp
from confledger.ledger.conference import (
    Attendance,
    Conference,
    ConferenceNews,
    ConferenceQuery,
    ConferenceStore,
    Departure,
    Order,
    Participant,
    ParticipantQuery,
    as_told,
    person_by_account,
    person_by_id,
)
from confledger.storage import Stores
from conftest import MakeRecord
from engines import ENGINES

CORP, OTHER_CORP = DEFAULT_CORP_ID, "other"
A, B = "a" * 32, "b" * 32
MINUTE_MS, DAY_MS = 60_000, 86_400_000
DAY = 20_000 * DAY_MS
"""When a day begins on which the test's conferences are held."""
ALL = ConferenceQuery(since_ms=0, until_ms=2**53)
ANN, BOB, CAT = person_by_id("ann"), person_by_account("bob"), person_by_id("cat")


@pytest.fixture(params=ENGINES)
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[Stores]:
    """A new, empty store of each engine in turn."""
    async with ENGINES[request.param]() as opened:
        yield opened


@pytest.fixture
async def conferences(stores: Stores) -> ConferenceStore:
    """One that knows a second corp."""
    await stores.tenants.add_corp(OTHER_CORP, "Other")
    return stores.conferences


def held(conference_uuid: str = A, **fields: Any) -> Conference:
    """A conference, of which only what matters to the test need be said."""
    ordinary: dict[str, Any] = {
        "conference_uuid": conference_uuid,
        "conference_id": "984010551",
        "subject": "Planning",
        "start_time_ms": DAY,
        "end_time_ms": DAY + 30 * MINUTE_MS,
        "scheduler_name": "Ann",
        "has_recording": False,
        "viewers": frozenset(),
        "details": "{}",
    }
    return Conference(**(ordinary | fields))


def stay(**fields: Any) -> Attendance:
    """A stay, of which only what matters to the test need be said."""
    ordinary: dict[str, Any] = {
        "display_name": "Ann",
        "call_number": "+991116004380",
        "device_type": "软终端",
        "join_time_ms": DAY,
        "left_time_ms": DAY + MINUTE_MS,
        "media_type": "视频",
        "dept_name": "Sales",
    }
    return Attendance(**(ordinary | fields))


def invited(name: str, **fields: Any) -> Participant:
    """Somebody who was invited, of whom only what matters to the test need be said."""
    ordinary: dict[str, Any] = {
        "identity": f"name:{name}",
        "place": 0,
        "number": "",
        "is_terminal": False,
        "details": "{}",
    }
    return Participant(name=name, **(ordinary | fields))


def news_of(
    told: Sequence[Conference] = (), *, about: str = A, **fields: Any
) -> list[ConferenceNews]:
    """News of whole conferences, and others about one of them."""
    news = [ConferenceNews(conference_uuid=each.conference_uuid, conference=each) for each in told]
    return [*news, ConferenceNews(conference_uuid=about, **fields)] if fields else news


async def invited_to(
    store: ConferenceStore, corp_id: str = CORP, conference_uuid: str = A, **asked: Any
) -> list[str]:
    """The names of the participants that are asked for, all of one page."""
    page, in_all = await store.participants(
        corp_id, conference_uuid, ParticipantQuery(**asked), offset=0, limit=500
    )
    assert len(page) == in_all
    return [each.name for each in page]


def day_after(days: int) -> ConferenceQuery:
    """A query for one whole day, so many days after the first."""
    start = DAY + days * DAY_MS
    return ConferenceQuery(since_ms=start, until_ms=start + DAY_MS - 1)


def by_uuid(conferences: Iterable[Conference]) -> list[str]:
    """Which conferences these are, in their order."""
    return [conference.conference_uuid for conference in conferences]


async def count(store: ConferenceStore, query: ConferenceQuery, corp_id: str = CORP) -> int:
    """How many conferences a query asks for, which the whole list confirms."""
    page, in_all = await store.list(corp_id, query, offset=0, limit=1000)
    assert len(page) == in_all
    return in_all


@pytest.mark.parametrize(
    "conference",
    [
        held(),
        held(
            conference_id="1",
            subject="规划 “Q3”",
            start_time_ms=1,
            end_time_ms=2,
            scheduler_name="王",
            has_recording=True,
            details='{"size":3,"名":"值"}',
        ),
        held(conference_id="", subject="", end_time_ms=None, scheduler_name=""),
        held(end_time_ms=2**53),
    ],
    ids=["ordinary", "every field", "running", "far"],
)
async def test_a_conference_comes_back_as_it_was_put(
    conferences: ConferenceStore, conference: Conference
) -> None:
    """Every field that was put is there again, by itself and in a list."""
    await conferences.put(CORP, news_of([conference]))

    assert await conferences.get(CORP, A) == conference
    page, in_all = await conferences.list(CORP, ALL, offset=0, limit=20)
    expected = [] if conference.end_time_ms is None else [conference]
    assert (list(page), in_all) == (expected, len(expected))


async def test_putting_again_writes_over_what_is_known(conferences: ConferenceStore) -> None:
    """Of two puts the second one says what a conference is, and it is listed once."""
    other = held(B, subject="Untouched")
    changed = held(
        conference_id="2",
        subject="Review",
        start_time_ms=DAY + MINUTE_MS,
        end_time_ms=DAY + 2 * MINUTE_MS,
        scheduler_name="Bob",
        has_recording=True,
        details='{"size":4}',
    )
    await conferences.put(CORP, news_of([held(), other]))

    await conferences.put(CORP, news_of([changed]))

    assert await conferences.get(CORP, A) == changed
    page, in_all = await conferences.list(CORP, ALL, offset=0, limit=20)
    assert (list(page), in_all) == ([changed, other], 2)
    for old in ("Planning", "984010551", "Ann"):
        found, _ = await conferences.list(CORP, replace(ALL, search=old), offset=0, limit=20)
        assert A not in by_uuid(found)


async def test_viewers_are_added_and_none_removed(conferences: ConferenceStore) -> None:
    """Whoever could see a conference still can when it is put again with others."""
    await conferences.put(CORP, news_of([held(viewers=frozenset({ANN}))]))
    await conferences.put(CORP, news_of([held(viewers=frozenset({BOB}))]))
    await conferences.put(CORP, news_of([held()]))

    assert await conferences.may_view(CORP, A, [ANN])
    assert await conferences.may_view(CORP, A, [BOB])
    assert not await conferences.may_view(CORP, A, [CAT])
    for person in (ANN, BOB):
        assert await count(conferences, replace(ALL, persons=frozenset({person}))) == 1


@pytest.mark.parametrize(
    ("before", "after", "days"),
    [
        ({}, {}, [1, 0]),
        ({}, {"start_time_ms": DAY + DAY_MS}, [0, 1]),
        ({}, {"start_time_ms": DAY + DAY_MS - 1}, [1, 0]),
        ({}, {"has_recording": True}, [1, 0]),
        ({"has_recording": True}, {"start_time_ms": DAY + DAY_MS}, [0, 1]),
        ({"end_time_ms": None}, {}, [1, 0]),
        ({"end_time_ms": None}, {"start_time_ms": DAY + DAY_MS, "has_recording": True}, [0, 1]),
        ({}, {"end_time_ms": None}, [0, 0]),
        ({"end_time_ms": None}, {"end_time_ms": None}, [0, 0]),
    ],
    ids=str,
)
@pytest.mark.parametrize("by_one_put", [False, True])
async def test_the_counts_follow_a_conference(
    conferences: ConferenceStore,
    before: dict[str, Any],
    after: dict[str, Any],
    days: list[int],
    by_one_put: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """A conference that moves, ends or is recorded is counted once, where it is now."""
    await conferences.put(CORP, news_of([held(B, start_time_ms=DAY + 5 * DAY_MS)]))
    if by_one_put:
        await conferences.put(CORP, news_of([held(**before), held(**after)]))
    else:
        await conferences.put(CORP, news_of([held(**before)]))
        await conferences.put(CORP, news_of([held(**after)]))

    assert [await count(conferences, day_after(day)) for day in range(2)] == days
    for order in Order:
        assert await count(conferences, replace(ALL, order=order)) == sum(days) + 1


async def test_a_running_conference_is_not_listed(conferences: ConferenceStore) -> None:
    """What has no end yet is in no list, whoever asks, and is there once it has ended."""
    running = held(end_time_ms=None, has_recording=True, viewers=frozenset({ANN}))
    queries = [
        replace(ALL, order=order, persons=persons, search=search)
        for order in Order
        for persons in (None, frozenset({ANN}))
        for search in ("", "plan")
    ]
    await conferences.put(CORP, news_of([running]))
    assert [await count(conferences, query) for query in queries] == [0] * len(queries)
    assert await conferences.get(CORP, A)

    await conferences.put(CORP, news_of([replace(running, end_time_ms=DAY)]))
    assert [await count(conferences, query) for query in queries] == [1] * len(queries)


async def test_a_corp_is_a_wall(conferences: ConferenceStore) -> None:
    """One corp learns nothing of what another one has, and the same id in both is two."""
    await conferences.put(CORP, news_of([held(viewers=frozenset({ANN}))]))
    await conferences.put(CORP, news_of(participants=[invited("Ann")]))
    await conferences.put(CORP, news_of(stays=[stay()]))

    for corp_id in (OTHER_CORP, "nobody"):
        for persons in (None, frozenset({ANN})):
            assert await count(conferences, replace(ALL, persons=persons), corp_id) == 0
        assert await conferences.get(corp_id, A) is None
        assert await invited_to(conferences, corp_id) == []
        stays, in_all = await conferences.attendance(corp_id, A, search="", offset=0, limit=20)
        assert (list(stays), in_all) == ([], 0)
        with pytest.raises(NoSuchConference):
            await conferences.may_view(corp_id, A, [ANN])

    theirs = held(subject="Theirs", start_time_ms=DAY + DAY_MS, viewers=frozenset({BOB}))
    await conferences.put(OTHER_CORP, news_of([theirs]))
    await conferences.put(OTHER_CORP, news_of(participants=[invited("Bob"), invited("Cat")]))
    await conferences.put(OTHER_CORP, news_of(stays=[stay(display_name="Bob")]))

    assert await conferences.get(CORP, A) == held()
    assert [await count(conferences, day_after(day)) for day in range(2)] == [1, 0]
    assert [await count(conferences, day_after(day), OTHER_CORP) for day in range(2)] == [0, 1]
    assert await invited_to(conferences) == ["Ann"]
    stays, _ = await conferences.attendance(CORP, A, search="", offset=0, limit=20)
    assert list(stays) == [stay()]
    assert not await conferences.may_view(CORP, A, [BOB])
    assert not await conferences.may_view(OTHER_CORP, A, [ANN])


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.put("nobody", news_of([held()])),
        lambda store: store.put("nobody", news_of(participants=[invited("Ann")])),
        lambda store: store.put("nobody", news_of(stays=[stay()])),
    ],
    ids=["conference", "participants", "stays"],
)
async def test_an_unknown_corp_gets_nothing_kept(
    conferences: ConferenceStore, call: Callable[[ConferenceStore], Awaitable[None]]
) -> None:
    """Whatever is put for a corp that the store does not have is refused."""
    with pytest.raises(NoSuchCorp):
        await call(conferences)

    with pytest.raises(NoSuchConference):
        await conferences.may_view("nobody", A, [ANN])


async def test_participants_are_known_by_identity(conferences: ConferenceStore) -> None:
    """Who is told of again is written over and keeps their place; nobody is removed."""
    ann, bob = invited("Ann", place=1, number="1"), invited("Bob", place=0)
    await conferences.put(CORP, news_of(participants=[ann]))
    await conferences.put(CORP, news_of(participants=[bob]))
    assert await invited_to(conferences) == ["Bob", "Ann"]

    renamed = replace(bob, name="王", place=7, number="+99", details='{"role":1}')
    cat = invited("Cat", place=2, is_terminal=True)
    await conferences.put(CORP, news_of(participants=[renamed, cat, cat]))

    page, in_all = await conferences.participants(CORP, A, ParticipantQuery(), offset=0, limit=20)
    assert (list(page), in_all) == ([replace(renamed, place=0), ann, cat], 3)
    assert await invited_to(conferences, conference_uuid=B) == []


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ["Ann", "Room Ann", "Bob", "Board"]),
        ({"terminals_last": True}, ["Ann", "Bob", "Room Ann", "Board"]),
        ({"is_terminal": True}, ["Room Ann", "Board"]),
        ({"is_terminal": False}, ["Ann", "Bob"]),
        ({"search": "aNN"}, ["Ann", "Room Ann"]),
        ({"search": "0590"}, ["Bob"]),
        ({"search": "ann", "is_terminal": True}, ["Room Ann"]),
        ({"search": "o", "terminals_last": True}, ["Bob", "Room Ann", "Board"]),
        ({"search": "%"}, []),
    ],
    ids=str,
)
async def test_participants_are_searched_separated_and_paged(
    conferences: ConferenceStore, asked: dict[str, Any], expected: list[str]
) -> None:
    """What is asked for comes in its order, whole or in pages, with the count of all of it."""
    four = [
        invited("Ann"),
        invited("Room Ann", place=1, is_terminal=True),
        invited("Bob", place=2, number="+991116005905"),
        invited("Board", place=3, is_terminal=True),
    ]
    await conferences.put(CORP, news_of(participants=four))

    assert await invited_to(conferences, **asked) == expected
    for offset in range(5):
        page, in_all = await conferences.participants(
            CORP, A, ParticipantQuery(**asked), offset=offset, limit=2
        )
        assert [each.name for each in page] == expected[offset : offset + 2]
        assert in_all == len(expected)


async def test_whole_news_remove_who_is_not_in_them(conferences: ConferenceStore) -> None:
    """Who was taken off the list is no participant and no viewer any more."""
    both = held(viewers=frozenset({ANN, BOB}))
    names = [invited("Ann"), invited("Bob", place=1)]
    await conferences.put(CORP, news_of([both], participants=names))

    whole = ConferenceNews(
        conference_uuid=A,
        conference=held(viewers=frozenset({ANN})),
        participants=[invited("Ann")],
        is_whole=True,
    )
    await conferences.put(CORP, [whole])

    assert await invited_to(conferences) == ["Ann"]
    assert await conferences.may_view(CORP, A, [ANN])
    assert not await conferences.may_view(CORP, A, [BOB])
    assert await count(conferences, replace(ALL, persons=frozenset({BOB}))) == 0


async def test_what_is_known_goes_through_the_merge(conferences: ConferenceStore) -> None:
    """The merge gets what is told and what is known, and what it makes is kept."""
    seen: list[tuple[str, str | None]] = []

    def merge(told: Conference, known: Conference | None) -> Conference:
        seen.append((told.subject, known.subject if known else None))
        return replace(told, scheduler_name=told.subject)

    twice = [held(subject="One"), held(subject="Two")]
    await conferences.put(CORP, news_of(twice), merge)

    assert seen == [("One", None), ("Two", "One")]
    assert await conferences.get(CORP, A) == held(subject="Two", scheduler_name="Two")


async def test_a_stay_is_known_by_when_it_began_and_whose_it_is(
    conferences: ConferenceStore,
) -> None:
    """A stay that is told of again is one stay; its end is never taken back, nor what is known."""
    there = stay(left_time_ms=None, media_type="")
    other = stay(display_name="", call_number="1", join_time_ms=0, left_time_ms=1)
    again = stay(join_time_ms=DAY + 5)
    await conferences.put(CORP, news_of(stays=[again, there, other]))
    gone = stay(left_time_ms=DAY + 9, device_type="", dept_name="")
    await conferences.put(CORP, news_of(stays=[gone]))
    await conferences.put(CORP, news_of(stays=[there]))

    stays, in_all = await conferences.attendance(CORP, A, search="", offset=0, limit=20)

    assert (list(stays), in_all) == ([other, stay(left_time_ms=DAY + 9), again], 3)


async def test_a_departure_ends_the_last_stay_that_has_no_end(
    conferences: ConferenceStore,
) -> None:
    """Who leaves ends the stay they are in; said again it is known; before it they were not in."""
    first = stay(left_time_ms=None)
    second = stay(join_time_ms=DAY + 10, left_time_ms=None)
    stranger = stay(call_number="2", left_time_ms=None)
    await conferences.put(CORP, news_of(stays=[first, stranger]))

    def leaves(left_time_ms: int) -> Departure:
        return Departure(
            display_name=first.display_name,
            call_number=first.call_number,
            left_time_ms=left_time_ms,
        )

    for _ in range(2):
        await conferences.put(CORP, news_of(departures=[leaves(DAY + 5)]))
    await conferences.put(CORP, news_of(stays=[second], departures=[leaves(DAY + 15)]))
    stays, _ = await conferences.attendance(CORP, A, search="", offset=0, limit=20)
    expected = [
        replace(first, left_time_ms=DAY + 5),
        stranger,
        replace(second, left_time_ms=DAY + 15),
    ]
    assert list(stays) == expected

    third = stay(join_time_ms=DAY + 20)
    with pytest.raises(NobodyThere) as raised:
        await conferences.put(
            CORP, news_of(stays=[third], departures=[leaves(DAY + 15), leaves(DAY + 16)])
        )
    assert raised.value.position == 1
    stays, _ = await conferences.attendance(CORP, A, search="", offset=0, limit=20)
    assert list(stays) == expected


async def test_news_are_taken_whole_or_not_at_all(conferences: ConferenceStore) -> None:
    """Where one part of what is told can't be kept, none of it is."""

    def merge(told: Conference, known: Conference | None) -> Conference:
        if told.conference_uuid == B:
            raise NobodyThere(0)
        return as_told(told, known)

    with pytest.raises(NobodyThere):
        await conferences.put(CORP, news_of([held(), held(B)], stays=[stay()]), merge)

    for each in (A, B):
        with pytest.raises(NoSuchConference):
            await conferences.may_view(CORP, each, [ANN])


@pytest.mark.parametrize(("offset", "limit"), [(0, 3), (2, 3), (4, 3), (5, 3), (2**31 - 1, 500)])
async def test_attendance_comes_in_pages(
    conferences: ConferenceStore, offset: int, limit: int
) -> None:
    """Any page of stays is that slice of all, and the count is of all."""
    stays = [stay(join_time_ms=9 + number) for number in range(5)]
    await conferences.put(CORP, news_of(stays=stays))
    await conferences.put(CORP, news_of(stays=stays[:1], about=B))

    page, in_all = await conferences.attendance(CORP, A, search="", offset=offset, limit=limit)

    assert (list(page), in_all) == (stays[offset : offset + limit], 5)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("ann", ["Ann Lee", "Joanna"]),
        ("ANN", ["Ann Lee", "Joanna"]),
        ("0590", ["Ann Lee"]),
        ("王", ["王芳"]),
        ("zoë", ["ZOË"]),
        ("ZOË", ["ZOË"]),
        ("%", ["50%_"]),
        ("_", ["50%_"]),
        ("Sales", []),
        ("nobody", []),
    ],
)
async def test_attendance_is_searched_by_name_and_number(
    conferences: ConferenceStore, search: str, found: list[str]
) -> None:
    """A part of the name or the number finds a stay, in any case and as it stands."""
    names = ["Ann Lee", "王芳", "Joanna", "ZOË", "50%_"]
    numbers = ["+991116005905", "1", "2", "3", "4"]
    stays = [
        stay(display_name=name, call_number=number, join_time_ms=DAY + place)
        for place, (name, number) in enumerate(zip(names, numbers, strict=True))
    ]
    await conferences.put(CORP, news_of(stays=stays))

    page, in_all = await conferences.attendance(CORP, A, search=search, offset=0, limit=20)
    assert ([each.display_name for each in page], in_all) == (found, len(found))

    behind, in_all = await conferences.attendance(CORP, A, search=search, offset=1, limit=1)
    assert ([each.display_name for each in behind], in_all) == (found[1:2], len(found))


@pytest.mark.parametrize(
    ("persons", "may"),
    [
        ([ANN], True),
        ([BOB], True),
        ([CAT, BOB], True),
        ([ANN, CAT], True),
        ([CAT], False),
        ([person_by_account("ann"), person_by_id("bob")], False),
        ([], False),
        ([person_by_account("")], False),
    ],
    ids=str,
)
async def test_a_viewer_is_known_by_id_and_by_account(
    conferences: ConferenceStore,
    persons: list[str],
    may: bool,  # noqa: FBT001 - as above
) -> None:
    """One of two persons suffices, and an id is no account."""
    viewers = frozenset({ANN, BOB})
    await conferences.put(CORP, news_of([held(viewers=viewers), held(B, viewers=frozenset({CAT}))]))

    assert await conferences.may_view(CORP, A, persons) is may
    page, _ = await conferences.list(
        CORP, replace(ALL, persons=frozenset(persons)), offset=0, limit=20
    )
    assert (A in by_uuid(page)) is may


async def test_an_unknown_conference_is_no_ones_to_see(conferences: ConferenceStore) -> None:
    """Asking for a conference that is not there is an error, and nothing else is known of it."""
    await conferences.put(CORP, news_of([held(viewers=frozenset({ANN}))]))

    with pytest.raises(NoSuchConference):
        await conferences.may_view(CORP, B, [ANN])
    assert await conferences.get(CORP, B) is None


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.put(CORP, news_of([held(viewers=frozenset({ANN}))])),
        lambda store: store.put(CORP, news_of(participants=[invited("Ann")])),
        lambda store: store.put(CORP, news_of(stays=[stay()])),
    ],
    ids=["conference", "participants", "stays"],
)
async def test_a_conference_without_records_is_known(
    stores: Stores, make_record: MakeRecord, call: Callable[[ConferenceStore], Awaitable[None]]
) -> None:
    """What was told of in any way has an empty page of records, and records begin at 0."""
    await call(stores.conferences)

    page = await stores.records.page(CORP, A, offset=0, limit=20)
    assert (page.records, page.count) == ([], 0)
    assert not await stores.conferences.may_view(CORP, A, [CAT])
    receipts = await stores.records.append(CORP, {A: [make_record(event_id="1")]})
    assert (receipts[A].first_seq, receipts[A].count) == (0, 1)
    await call(stores.conferences)
    assert (await stores.records.page(CORP, A, offset=0, limit=20)).count == 1


async def test_a_conference_with_records_alone_is_known(
    stores: Stores, make_record: MakeRecord
) -> None:
    """Records make a conference that nobody may see as a viewer and that no list has."""
    await stores.records.append(CORP, {A: [make_record(event_id="1")]})

    assert not await stores.conferences.may_view(CORP, A, [ANN])
    assert await stores.conferences.get(CORP, A) is None
    assert await count(stores.conferences, ALL) == 0


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("plan", [A]),
        ("PLANNING", [A]),
        ("zoë", [B]),
        ("ZOË", [B]),
        ("4010", [A]),
        ("777", [B]),
        ("%", []),
        ("_", []),
        ("Planning Ann", []),
        ("size", []),
    ],
)
async def test_conferences_are_searched_by_subject_scheduler_and_id(
    conferences: ConferenceStore, search: str, found: list[str]
) -> None:
    """A part of any of the three finds a conference, in any case and as it stands."""
    viewers, details = frozenset({ANN}), '{"size":1}'
    other = held(B, conference_id="777", subject="复盘", scheduler_name="Zoë", viewers=viewers)
    await conferences.put(CORP, news_of([held(A, viewers=viewers, details=details), other]))
    for persons in (None, viewers):
        query = replace(ALL, search=search, persons=persons)
        page, in_all = await conferences.list(CORP, query, offset=0, limit=20)
        assert (by_uuid(page), in_all) == (found, len(found))


# --- Any list is what a slow and obvious one would be ---------------------------

moments = st.one_of(
    st.builds(
        lambda day, shift: DAY + day * DAY_MS + shift,
        st.integers(0, 3),
        st.sampled_from([-MINUTE_MS, -1, 0, 1, MINUTE_MS, DAY_MS // 2]),
    ),
    st.integers(DAY - DAY_MS, DAY + 4 * DAY_MS),
)
somebody = st.frozensets(st.sampled_from([ANN, BOB, CAT]), max_size=2)
meetings = st.builds(
    held,
    st.sampled_from([f"{number:032x}" for number in range(24)]),
    conference_id=st.sampled_from(["10", "21"]),
    subject=st.sampled_from(["Plan", "PLAN B", "复盘"]),
    start_time_ms=moments,
    end_time_ms=st.sampled_from([DAY, DAY + DAY_MS, DAY + 9 * DAY_MS, None]),
    scheduler_name=st.sampled_from(["Ann", "Bob"]),
    has_recording=st.booleans(),
    viewers=somebody,
)
windows = st.one_of(
    st.tuples(moments, moments),  # inverted as often as not
    st.tuples(moments, moments).map(lambda ends: (min(ends), max(ends))),
    moments.map(lambda moment: (moment, moment)),
    st.just((0, 2**53)),
)
questions = st.builds(
    lambda window, search, persons, order: ConferenceQuery(
        since_ms=window[0], until_ms=window[1], search=search, persons=persons, order=order
    ),
    windows,
    st.sampled_from(["", "", "plan", "B", "1", "盘", "no such"]),
    st.none() | somebody,
    st.sampled_from(Order),
)


def told(puts: Iterable[Conference]) -> list[Conference]:
    """What is known after some puts."""
    known: dict[str, Conference] = {}
    for conference in puts:
        before = known.get(conference.conference_uuid, conference)
        known[conference.conference_uuid] = replace(
            conference, viewers=before.viewers | conference.viewers
        )
    return list(known.values())


def slow_list(known: Iterable[Conference], query: ConferenceQuery) -> list[str]:
    """Filter and sort, one key after the other, the last one first.

    Where two began at the same time, the id decides, in the same direction.
    """
    chosen = [
        each
        for each in known
        if each.end_time_ms is not None
        and query.since_ms <= each.start_time_ms <= query.until_ms
        and any(
            query.search.lower() in text.lower()
            for text in (each.subject, each.scheduler_name, each.conference_id)
        )
        and (query.persons is None or query.persons & each.viewers)
    ]
    is_down = query.order in (Order.NEWEST_FIRST, Order.RECORDED_FIRST)
    chosen.sort(key=lambda each: each.conference_uuid, reverse=is_down)
    chosen.sort(key=lambda each: each.start_time_ms, reverse=is_down)
    if query.order in (Order.RECORDED_FIRST, Order.RECORDED_LAST):
        chosen.sort(key=lambda each: each.has_recording, reverse=is_down)
    return by_uuid(chosen)


@pytest.mark.parametrize("engine_name", ENGINES)
@given(
    puts=st.lists(meetings, max_size=30),
    asked=st.lists(
        st.tuples(questions, st.integers(0, 12), st.integers(1, 12)), min_size=1, max_size=8
    ),
)
@settings(max_examples=60, deadline=None)
def test_any_page_is_that_slice_of_the_obvious_list(
    engine_name: str, puts: list[Conference], asked: list[tuple[ConferenceQuery, int, int]]
) -> None:
    """Whatever was put and is asked for: the page, the count, and all pages one after another."""

    async def check(store: ConferenceStore) -> None:
        half = len(puts) // 2
        await store.put(CORP, news_of(puts[:half]))
        await store.put(CORP, news_of(puts[half:]))
        known = told(puts)
        for query, offset, limit in asked:
            expected = slow_list(known, query)
            page, in_all = await store.list(CORP, query, offset=offset, limit=limit)
            assert (by_uuid(page), in_all) == (expected[offset : offset + limit], len(expected))
            assert await joined(store, query, limit) == expected
            assert all(replace(each, viewers=frozenset()) in bare(known) for each in page)

    async def run() -> None:
        async with ENGINES[engine_name]() as stores:
            await check(stores.conferences)

    asyncio.run(run())


def bare(known: Sequence[Conference]) -> list[Conference]:
    """Conferences without their viewers, which lists do not tell."""
    return [replace(each, viewers=frozenset()) for each in known]


async def joined(store: ConferenceStore, query: ConferenceQuery, limit: int) -> list[str]:
    """All pages of a list, one after the other, until one is empty."""
    whole: list[str] = []
    while True:
        page, _ = await store.list(CORP, query, offset=len(whole), limit=limit)
        if not page:
            return whole
        assert len(page) <= limit
        whole += by_uuid(page)


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize(
    "persons", [None, frozenset({ANN}), frozenset({ANN, BOB})], ids=["corp", "one", "two"]
)
async def test_conferences_of_one_moment_have_an_order(
    conferences: ConferenceStore, order: Order, persons: frozenset[str] | None
) -> None:
    """Pages of conferences that began together neither repeat one nor leave one out."""
    viewers = [frozenset({ANN}), frozenset({BOB}), frozenset({ANN, BOB})]
    together = [
        held(
            f"{number * 7 % 10:032x}",
            has_recording=number % 4 == 0,
            viewers=viewers[number % len(viewers)],
        )
        for number in range(10)
    ]
    await conferences.put(CORP, news_of(together))
    query = replace(ALL, order=order, persons=persons)

    for limit in (1, 3, 10):
        assert await joined(conferences, query, limit) == slow_list(together, query)


# --- A walk over all ----------------------------------------------------------


async def walked(store: ConferenceStore, *, limit: int = 2, **window: int | None) -> list[str]:
    """Every conference that a walk finds, in steps of `limit`."""
    bounds = {"since_ms": None, "until_ms": None} | window
    found: list[str] = []
    while True:
        step = await store.walk(CORP, **bounds, after=found[-1] if found else "", limit=limit)
        assert len(step) <= limit
        found += step
        if len(step) < limit:
            return found


async def test_a_walk_finds_every_conference_by_id(stores: Stores, make_record: MakeRecord) -> None:
    """Ended and running ones, those with records alone and with stays alone; no other corp's."""
    await stores.tenants.add_corp(OTHER_CORP, "Other")
    store = stores.conferences
    ended, running, recorded, attended = (letter * 32 for letter in "dcba")
    await store.put(CORP, news_of([held(ended), held(running, end_time_ms=None)]))
    await store.put(CORP, [ConferenceNews(conference_uuid=attended, stays=[stay()])])
    await stores.records.append(CORP, {recorded: [make_record(event_id="1")]})
    await store.put(OTHER_CORP, news_of([held("e" * 32)]))

    for limit in (1, 2, 4, 5):
        assert await walked(store, limit=limit) == [attended, recorded, running, ended]


async def test_a_window_of_a_walk_is_about_the_beginning(
    stores: Stores, make_record: MakeRecord
) -> None:
    """Both ends are in it; where only records are known the first one, not the earliest, began."""
    store = stores.conferences
    first, second = make_record(event_id="1", operate_time_ms=DAY), make_record(event_id="2")
    await stores.records.append(CORP, {B: [first, second]})
    await stores.records.append(CORP, {A: [make_record(event_id="1", operate_time_ms=1)]})
    await store.put(CORP, news_of([held(A)]))
    await store.put(CORP, [ConferenceNews(conference_uuid="c" * 32, stays=[stay()])])

    assert await walked(store, since_ms=DAY, until_ms=DAY) == [A, B]
    assert await walked(store, since_ms=DAY) == [A, B]
    assert await walked(store, until_ms=DAY) == [A, B]
    assert await walked(store, since_ms=DAY + 1) == []
    assert await walked(store, until_ms=DAY - 1) == []


async def test_a_walk_passes_many_that_are_not_in_its_window(stores: Stores) -> None:
    """However many conferences lie between two of the window, a step finds both."""
    store = stores.conferences
    between = [held(f"{number:032x}", start_time_ms=1) for number in range(2500)]
    await store.put(CORP, news_of([*between, held("f" * 32), held(f"{7:032x}")]))

    assert await walked(store, since_ms=DAY) == [f"{7:032x}", "f" * 32]


async def test_former_viewers_stay_where_they_were_invited(conferences: ConferenceStore) -> None:
    """Whoever is a viewer no longer loses sight of it, but not whoever is told or invited."""
    guest = invited("Cat", identity=CAT)
    viewers = frozenset({ANN, BOB, CAT})
    await conferences.put(CORP, news_of([held(viewers=viewers)], participants=[guest]))

    told = held(viewers=frozenset({BOB}), former_viewers=viewers)
    await conferences.put(CORP, news_of([told]))

    may = [await conferences.may_view(CORP, A, [person]) for person in (ANN, BOB, CAT)]
    assert may == [False, True, True]
    assert await conferences.get(CORP, A) == held()


async def test_two_of_one_name_leave_at_once(conferences: ConferenceStore) -> None:
    """As many stays end as departures are told of, and telling them again ends no other."""
    first, second = (stay(join_time_ms=DAY + n, left_time_ms=None) for n in range(2))
    leaves = Departure(
        display_name=first.display_name, call_number=first.call_number, left_time_ms=DAY + 5
    )
    both = news_of(stays=[first, second], departures=[leaves, leaves])
    rejoined = stay(join_time_ms=DAY + 5, left_time_ms=None)

    await conferences.put(CORP, both)
    await conferences.put(CORP, news_of(stays=[rejoined]))
    await conferences.put(CORP, news_of(departures=[leaves, leaves]))

    stays, _ = await conferences.attendance(CORP, A, search="", offset=0, limit=20)
    assert [each.left_time_ms for each in stays] == [DAY + 5, DAY + 5, None]
    with pytest.raises(NobodyThere):
        await conferences.put(CORP, news_of(departures=[replace(leaves, left_time_ms=DAY + 4)]))
