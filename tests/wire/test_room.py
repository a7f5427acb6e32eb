"""Room is given in order, never more than there is, and always comes back."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confledger.errors import StoreBusy
from confledger.wire.room import Room

ALL = 10


async def settle() -> None:
    """Let everybody go on who can."""
    for _ in range(5):
        await asyncio.sleep(0)


@given(
    st.lists(st.integers(0, 15), min_size=1, max_size=12),
    st.lists(st.tuples(st.booleans(), st.integers(0, 11)), max_size=20),
)
def test_whoever_waits_is_let_in_by_order_as_far_as_there_is_room(
    sizes: list[int], steps: list[tuple[bool, int]]
) -> None:
    """Some leave and some give up, in any order; at the end all of the room is there again."""

    async def play() -> None:
        room = Room(ALL, 60)
        tasks = [asyncio.create_task(room.enter(size)) for size in sizes]
        inside: set[int] = set()
        gone: set[int] = set()

        async def look() -> None:
            await settle()
            for place, task in enumerate(tasks):
                if place not in gone and task.done():
                    task.result()
                    inside.add(place)
            assert sum(min(sizes[place], ALL) for place in inside) <= ALL
            waiting = [p for p in range(len(sizes)) if p not in inside and p not in gone]
            assert not waiting or all(p in inside or p in gone for p in range(waiting[0]))
            if waiting:
                used = sum(min(sizes[place], ALL) for place in inside)
                assert used + min(sizes[waiting[0]], ALL) > ALL

        await look()
        for leaves, number in steps:
            place = number % len(sizes)
            if leaves and place in inside:
                room.leave(sizes[place])
                inside.remove(place)
                gone.add(place)
            elif not leaves and place not in inside and place not in gone:
                tasks[place].cancel()
                gone.add(place)
            await look()
        while inside:
            place = inside.pop()
            gone.add(place)
            room.leave(sizes[place])
            await look()
        await asyncio.wait_for(room.enter(ALL), 5)

    asyncio.run(play())


async def test_what_needs_no_room_passes_those_who_wait() -> None:
    """And takes none from them."""
    room = Room(ALL, 60)
    await room.enter(ALL)
    waiting = asyncio.create_task(room.enter(1))
    await settle()
    await asyncio.wait_for(room.enter(0), 5)
    assert not waiting.done()
    room.leave(0)
    room.leave(ALL)
    await asyncio.wait_for(waiting, 5)


async def test_who_waits_too_long_is_told_so() -> None:
    """And neither they nor whoever gave up stand in the way of the next."""
    room = Room(ALL, 0.01)
    await room.enter(6)
    with pytest.raises(StoreBusy):
        await room.enter(6)
    await room.enter(4)


async def test_room_that_was_given_to_whoever_just_gave_up_comes_back() -> None:
    """They were let in and went away in the same moment."""
    room = Room(ALL, 60)
    await room.enter(ALL)
    waiting = asyncio.create_task(room.enter(ALL))
    await settle()
    room.leave(ALL)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.wait_for(room.enter(ALL), 5)
