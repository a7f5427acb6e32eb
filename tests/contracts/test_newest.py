"""What a conference store has to do for those who look for meetings, on each engine."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from confledger.auth.accounts import DEFAULT_CORP_ID
from confledger.ledger.conference import (
    Attendance,
    Conference,
    ConferenceNews,
    ConferenceStore,
    NewestQuery,
    Participant,
    PersonSearch,
    Place,
    person_by_account,
    person_by_id,
)
from confledger.storage import Stores, lists
from conftest import MakeRecord
from engines import ENGINES

CORP, OTHER_CORP = DEFAULT_CORP_ID, "other"
ALL = NewestQuery(since_ms=0, until_ms=2**53)
ANN, ANN_TOO, BOB = person_by_id("ann"), person_by_account("ann"), person_by_id("bob")
BOTH = frozenset({ANN, ANN_TOO})


@pytest.fixture(params=ENGINES)
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[Stores]:
    """A new, empty store of each engine in turn."""
    async with ENGINES[request.param]() as opened:
        yield opened


def held(number: int, **fields: Any) -> Conference:
    """A conference, of which only what matters to the test need be said."""
    ordinary: dict[str, Any] = {
        "conference_uuid": f"{number:032x}",
        "conference_id": f"{900_000_000 + number}",
        "subject": "Planning",
        "start_time_ms": 1_000 + number,
        "end_time_ms": 2_000,
        "scheduler_name": "Ann",
        "has_recording": False,
        "viewers": frozenset(),
        "details": "{}",
    }
    return Conference(**(ordinary | fields))


async def put(store: ConferenceStore, *conferences: Conference, corp_id: str = CORP) -> None:
    """Tell of conferences."""
    news = [
        ConferenceNews(conference_uuid=each.conference_uuid, conference=each)
        for each in conferences
    ]
    await store.put(corp_id, news)


async def walked(
    store: ConferenceStore, query: NewestQuery = ALL, *, limit: int = 3, corp_id: str = CORP
) -> list[Conference]:
    """All of a list, step by step."""
    found: list[Conference] = []
    before: Place | None = None
    while True:
        step = await store.newest(corp_id, query, before=before, limit=limit)
        assert len(step.conferences) <= limit
        found += step.conferences
        if step.next is None:
            return found
        assert before is None or step.next < before, "a step goes on"
        before = step.next


@dataclass(frozen=True)
class Told:
    """What a conference of the law is like."""

    minute: int
    runs: bool
    subject: str
    viewers: frozenset[str]


TOLD = st.builds(
    Told,
    st.integers(0, 5),
    st.booleans(),
    st.sampled_from(["Alpha", "Beta"]),
    st.sets(st.sampled_from([ANN, ANN_TOO, BOB]), max_size=3).map(frozenset),
)


@pytest.mark.parametrize("kind", ENGINES)
@given(
    told=st.lists(TOLD, max_size=14),
    window=st.tuples(st.integers(0, 5), st.integers(0, 5)),
    search=st.sampled_from(["", "ALPH", "90000000", "nothing"]),
    persons=st.sampled_from([None, frozenset({ANN}), BOTH]),
    limit=st.integers(1, 4),
    looked_at_max=st.integers(1, 6),
)
@settings(max_examples=30, deadline=None)
def test_a_walk_is_what_a_slow_search_finds(
    kind: str,
    told: list[Told],
    window: tuple[int, int],
    search: str,
    persons: frozenset[str] | None,
    limit: int,
    looked_at_max: int,
) -> None:
    """Whatever a step looks at, all steps together are the filtered and sorted list."""
    query = NewestQuery(since_ms=window[0], until_ms=window[1], search=search, persons=persons)
    conferences = [
        held(
            number,
            start_time_ms=each.minute,
            end_time_ms=None if each.runs else 9,
            subject=each.subject,
            viewers=each.viewers,
        )
        for number, each in enumerate(told)
    ]
    expected = [
        each.conference_uuid
        for each in sorted(
            conferences, key=lambda each: (each.start_time_ms, each.conference_uuid), reverse=True
        )
        if window[0] <= each.start_time_ms <= window[1]
        and search.casefold() in f"{each.subject}\n{each.conference_id}".casefold()
        and (persons is None or persons & each.viewers)
    ]

    async def run() -> list[Conference]:
        async with ENGINES[kind]() as opened:
            await put(opened.conferences, *conferences)
            return await walked(opened.conferences, query, limit=limit)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(lists, "LOOKED_AT_MAX", looked_at_max)
        found = anyio.run(run)
    assert [each.conference_uuid for each in found] == expected
    by_uuid = {each.conference_uuid: each for each in conferences}
    for each in found:
        assert each == replace(by_uuid[each.conference_uuid], viewers=frozenset())


@pytest.mark.parametrize("persons", [None, BOTH], ids=["all of the corp", "own"])
@pytest.mark.parametrize("limit", [1, 2, 9])
async def test_an_id_finds_all_that_were_held_under_it(
    stores: Stores, monkeypatch: pytest.MonkeyPatch, persons: frozenset[str] | None, limit: int
) -> None:
    """Those of the whole id, ended or not, the newest first, and of them what somebody may see."""
    monkeypatch.setattr(lists, "LOOKED_AT_MAX", 2)
    await stores.tenants.add_corp(OTHER_CORP, "Other")
    store = stores.conferences
    again = [
        held(n, conference_id="982", viewers=frozenset({ANN if n % 2 else BOB})) for n in range(6)
    ]
    running = held(7, conference_id="982", end_time_ms=None, viewers=frozenset({ANN_TOO}))
    too_long = held(8, conference_id="9" * 65, viewers=BOTH)
    await put(store, *again, running, too_long, held(9, conference_id="9820", viewers=BOTH))
    await put(store, held(10, conference_id="982", viewers=BOTH), corp_id=OTHER_CORP)

    query = replace(ALL, conference_id="982", persons=persons)
    found = [int(each.conference_uuid, 16) for each in await walked(store, query, limit=limit)]

    assert found == ([7, 5, 4, 3, 2, 1, 0] if persons is None else [7, 5, 3, 1])
    narrow = replace(query, since_ms=1_001, until_ms=1_004)
    found = [int(each.conference_uuid, 16) for each in await walked(store, narrow, limit=limit)]
    assert found == ([4, 3, 2, 1] if persons is None else [3, 1])
    assert await walked(store, replace(query, conference_id="9" * 65)) == []


async def test_a_search_looks_at_so_many_and_goes_on(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step that finds nothing says where the next one begins, so none takes long."""
    monkeypatch.setattr(lists, "LOOKED_AT_MAX", 4)
    await put(stores.conferences, held(0, subject="Rare"), *(held(n) for n in range(1, 10)))

    query = replace(ALL, search="rare")
    first = await stores.conferences.newest(CORP, query, before=None, limit=50)

    assert first.conferences == []
    assert first.next == (1_006, f"{6:032x}")
    assert [each.subject for each in await walked(stores.conferences, query)] == ["Rare"]


async def test_no_other_corp_is_listed(stores: Stores) -> None:
    """Two corps with the same conference have two lists, and each its own words."""
    await stores.tenants.add_corp(OTHER_CORP, "Other")
    store = stores.conferences
    await put(store, held(1, subject="Ours"), held(2, end_time_ms=None))
    await put(store, held(1, subject="Theirs", viewers=frozenset({ANN})), corp_id=OTHER_CORP)
    guest = Participant(
        identity=ANN, place=0, name="Ann", number="1", is_terminal=False, details="{}"
    )
    stay = Attendance(
        display_name="Ann",
        call_number="1",
        device_type="",
        join_time_ms=1,
        left_time_ms=None,
        media_type="",
        dept_name="",
    )
    uuids = [f"{n:032x}" for n in (1, 2, 3)]
    news = ConferenceNews(conference_uuid=uuids[0], participants=[guest], stays=[stay])
    await store.put(OTHER_CORP, [news])

    assert [each.subject for each in await walked(store)] == ["Planning", "Ours"]
    (theirs,) = await walked(store, corp_id=OTHER_CORP)
    assert theirs.subject == "Theirs"
    assert await walked(store, replace(ALL, persons=BOTH)) == []
    anybody = PersonSearch(part="a", identity=ANN, name="Ann", number="1")
    assert await store.invited_to(CORP, uuids, anybody, limit=9) == []
    assert await store.stays_in(CORP, uuids, anybody, limit=9) == []
    assert await store.with_person(CORP, uuids, anybody) == frozenset()
    assert await store.invited_to(OTHER_CORP, uuids, anybody, limit=9) == [(uuids[0], guest)]
    assert await store.stays_in(OTHER_CORP, uuids, anybody, limit=9) == [(uuids[0], stay)]
    assert await store.ended(CORP, uuids) == {uuids[0]}
    assert await store.ended(OTHER_CORP, uuids) == {uuids[0]}
    assert await stores.records.counts(CORP, uuids) == {uuids[0]: 0, uuids[1]: 0}
    assert await stores.records.counts(OTHER_CORP, uuids) == {uuids[0]: 0}


@pytest.mark.parametrize(
    ("search", "found"),
    [
        (PersonSearch(part="LI W"), {1, 3}),
        (PersonSearch(part="0099"), {2, 3}),
        (PersonSearch(identity=ANN), {1}),
        (PersonSearch(name="Li Wei"), {1, 3}),
        (PersonSearch(name="Li"), set()),
        (PersonSearch(number="+860099"), {2, 3}),
        (PersonSearch(number="0099"), set()),
        (PersonSearch(), set()),
        (PersonSearch(part="\0"), set()),
    ],
)
async def test_a_person_is_found_where_they_were(
    stores: Stores, search: PersonSearch, found: set[int]
) -> None:
    """By a part, or by the whole of an identity, a name or a number; invited or there."""
    store = stores.conferences
    await put(store, *(held(n) for n in (1, 2, 3, 4)))
    for number, identity, name, call in ((1, ANN, "Li Wei", ""), (2, BOB, "", "+860099")):
        guest = Participant(
            identity=identity, place=0, name=name, number=call, is_terminal=False, details="{}"
        )
        news = ConferenceNews(conference_uuid=f"{number:032x}", participants=[guest])
        await store.put(CORP, [news])
    stay = Attendance(
        display_name="Li Wei",
        call_number="+860099",
        device_type="",
        join_time_ms=1,
        left_time_ms=None,
        media_type="",
        dept_name="",
    )
    await store.put(CORP, [ConferenceNews(conference_uuid=f"{3:032x}", stays=[stay])])

    await put(store, held(4, viewers=frozenset({person_by_id("dan")})))
    uuids = [f"{n:032x}" for n in (1, 2, 3, 4)]
    dan = PersonSearch(identity=person_by_id("dan"))
    assert await store.with_person(CORP, uuids, dan) == {uuids[3]}
    assert await store.with_person(CORP, uuids, search) == {f"{n:032x}" for n in found}
    invited = {uuid for uuid, _ in await store.invited_to(CORP, uuids, search, limit=9)}
    stayed = {uuid for uuid, _ in await store.stays_in(CORP, uuids, search, limit=9)}
    assert invited | stayed == {f"{n:032x}" for n in found}
    assert await store.with_person(CORP, uuids[3:], search) == frozenset()


async def test_those_of_which_only_records_are_known(
    stores: Stores, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are found by id, in steps, each with the time of its first record."""
    monkeypatch.setattr(lists, "UNTOLD_ROWS", 2)
    engine = type(stores.conferences).__module__
    monkeypatch.setattr(f"{engine}.UNTOLD_ROWS", 2)
    await stores.tenants.add_corp(OTHER_CORP, "Other")
    await put(stores.conferences, held(2), held(4))
    for number in (1, 3, 5):
        record = make_record(event_id="1", operate_time_ms=100 - number)
        await stores.records.append(CORP, {f"{number:032x}": [record]})
    await stores.records.append(OTHER_CORP, {f"{6:032x}": [make_record(event_id="1")]})

    found: dict[str, int | None] = {}
    after: str | None = ""
    steps = 0
    while after is not None:
        untold, after = await stores.conferences.untold(CORP, after=after)
        found |= untold
        steps += 1

    assert found == {f"{number:032x}": 100 - number for number in (1, 3, 5)}
    assert steps == 3
