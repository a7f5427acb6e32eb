"""What is read once for many is true for each of them."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from confledger.wire.shared_reads import SharedReads

TURNS = st.integers(0, 4)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 4), st.integers(0, 4)), max_size=30)
)
def test_nobody_is_told_what_was_read_before_they_asked(steps: list[tuple[str, int, int]]) -> None:
    """A value that only grows is never told smaller than it was when it was asked for, whatever
    turns the askers and the changes take; and of one key two reads never run at once.
    """

    async def run() -> None:
        reads: SharedReads[str, int] = SharedReads()
        values, at_once = dict.fromkeys("ab", 0), dict.fromkeys("ab", 0)

        async def read(key: str, turns: int) -> int:
            at_once[key] += 1
            assert at_once[key] == 1
            value = values[key]
            for _ in range(turns):
                await asyncio.sleep(0)
            at_once[key] -= 1
            return value

        async def ask(key: str, turns: int) -> None:
            before = values[key]
            assert await reads.read(key, lambda: read(key, turns)) >= before

        async with asyncio.TaskGroup() as group:
            for key, turns, pause in steps:
                values[key] += 1
                group.create_task(ask(key, turns))
                for _ in range(pause):
                    await asyncio.sleep(0)

    asyncio.run(run())


async def test_many_who_ask_at_once_cost_two_reads() -> None:
    """One read serves all who asked before it began, and a second all who came while it ran."""
    reads: SharedReads[str, int] = SharedReads()
    begun, may_end = asyncio.Event(), asyncio.Event()
    numbers: list[int] = []

    async def read() -> int:
        numbers.append(number := len(numbers))
        begun.set()
        await may_end.wait()
        return number

    first = [asyncio.create_task(reads.read("a", read)) for _ in range(50)]
    await begun.wait()
    late = [asyncio.create_task(reads.read("a", read)) for _ in range(50)]
    await asyncio.sleep(0)
    may_end.set()
    assert set(await asyncio.gather(*first)) == {0}
    assert set(await asyncio.gather(*late)) == {1}
    assert numbers == [0, 1]


async def test_an_error_reaches_all_who_wait_and_ends_with_them() -> None:
    """A read that fails fails for everybody, and the next one is another."""
    reads: SharedReads[str, int] = SharedReads()

    async def fail() -> int:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    async def succeed() -> int:
        return 1

    told = await asyncio.gather(*(reads.read("a", fail) for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in told] == [ZeroDivisionError] * 3
    assert await reads.read("a", succeed) == 1


async def test_who_goes_away_leaves_the_others_their_answer() -> None:
    """A client that hangs up does not cancel what others wait for."""
    reads: SharedReads[str, int] = SharedReads()

    async def read() -> int:
        await asyncio.sleep(0.01)
        return 1

    leaver = asyncio.create_task(reads.read("a", read))
    stayer = asyncio.create_task(reads.read("a", read))
    await asyncio.sleep(0)
    leaver.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaver
    assert await stayer == 1
