"""What processes count together."""

import multiprocessing
import os
import signal
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confledger.observability.counters import (
    BUCKETS_SECONDS,
    PAGE_CACHE_HITS,
    RECORDS_ACCEPTED,
    Counters,
    resident_bytes,
)

REQUESTS = st.tuples(st.sampled_from([0, 200, 401, 404, 500, 503]), st.floats(0, 20))


@contextmanager
def counting_in(folder: Path) -> Iterator[Counters]:
    """What a process of a service counts with."""
    counters = Counters()
    counters.open(folder)
    try:
        yield counters
    finally:
        counters.close()


@given(st.lists(st.lists(REQUESTS, max_size=20), min_size=1, max_size=4))
def test_each_process_tells_what_all_have_counted(work: list[list[tuple[int, float]]]) -> None:
    """Whoever is asked tells the sum; each request is in one status, and in each bucket whose bound
    it does not pass.
    """
    everything = [request for requests in work for request in requests]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        processes = [stack.enter_context(counting_in(Path(folder))) for _ in work]
        for counters, requests in zip(processes, work, strict=True):
            for request in requests:
                counters.add_request(*request)
        told = [counters.read() for counters in processes]

    assert all(each == told[0] for each in told)
    assert told[0].requests() == Counter(status for status, _ in everything)
    within = [sum(seconds <= bound for _, seconds in everything) for bound in BUCKETS_SECONDS]
    assert told[0].buckets() == [*within, len(everything)]
    assert told[0].seconds() == pytest.approx(sum(seconds for _, seconds in everything), abs=1e-6)


def test_a_new_process_counts_on_where_one_has_ended(tmp_path: Path) -> None:
    """What a process counted stays when it ends; the next one takes its row, and not another's."""
    with counting_in(tmp_path) as first:
        first.add(PAGE_CACHE_HITS, 5)
        with counting_in(tmp_path) as second:
            second.add(PAGE_CACHE_HITS, 7)
            first.close()
            assert second.read().numbers[PAGE_CACHE_HITS] == 12
            with counting_in(tmp_path) as third:
                third.add(PAGE_CACHE_HITS)
                told = [second.read(), third.read()]
                rows = list(tmp_path.iterdir())

    assert [each.numbers[PAGE_CACHE_HITS] for each in told] == [13, 13]
    assert len(rows) == 2


def _count_and_wait(folder: Path) -> None:
    counters = Counters()
    counters.open(folder)
    counters.add(RECORDS_ACCEPTED, 3)
    signal.pause()


def test_a_killed_process_leaves_its_count_and_its_row(tmp_path: Path) -> None:
    """A kill takes nothing of the sum away, and who was killed is no process that serves."""
    process = multiprocessing.get_context("spawn").Process(target=_count_and_wait, args=[tmp_path])
    with counting_in(tmp_path) as counters:
        process.start()
        while counters.read().numbers[RECORDS_ACCEPTED] != 3 and process.is_alive():
            pass
        before = counters.read()
        process.kill()
        process.join()
        after = counters.read()
        with counting_in(tmp_path):
            rows = list(tmp_path.iterdir())

    assert before.process_ids == [os.getpid(), process.pid]
    assert after.process_ids == [os.getpid()]
    assert before.numbers == after.numbers
    assert len(rows) == 2


def test_a_process_has_some_memory() -> None:
    """The memory of a process that runs is told; of none there is none."""
    assert resident_bytes(os.getpid()) > 1024**2
    assert resident_bytes(2**30) == 0
