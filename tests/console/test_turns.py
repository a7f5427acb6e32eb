"""Turns are few, and so are those who wait."""

import asyncio

import pytest

from confledger.console.turns import WAITING_MAX, Turns
from confledger.errors import StoreBusy


async def test_of_one_key_one_at_a_time_has_a_turn() -> None:
    """Others have theirs meanwhile, and no more at once than there are."""
    turns, running, most = Turns(2), list[str](), list[int]()

    async def work(key: str) -> None:
        async with turns.take(key):
            running.append(key)
            assert running.count(key) == 1
            most.append(len(running))
            await asyncio.sleep(0)
            running.remove(key)

    await asyncio.gather(*(work(key) for key in "aaaabbbbcccc"))
    assert max(most) == 2
    assert len(most) == 12


async def test_who_comes_when_too_many_wait_is_refused() -> None:
    """One too many is told so at once, and there is room again when the others are done."""
    turns, done = Turns(1), asyncio.Event()

    async def work() -> None:
        async with turns.take("a"):
            await done.wait()

    tasks = [asyncio.create_task(work()) for _ in range(WAITING_MAX)]
    await asyncio.sleep(0)
    with pytest.raises(StoreBusy):
        await work()
    done.set()
    await asyncio.gather(*tasks)
    await work()
