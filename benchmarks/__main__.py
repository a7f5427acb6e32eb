"""The command: `.venv/bin/python -m benchmarks`, or `make bench` and `make bench-quick`."""

import argparse
import fcntl
import re
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from benchmarks.bench import Bench, has_peers, is_missing
from benchmarks.cases import CASES, Case
from benchmarks.confledger_command import Confledger
from benchmarks.data import Data
from benchmarks.machine import Unusable, describe, take_load_core
from benchmarks.results import (
    QUICK_RESULTS,
    RESULTS,
    CaseResult,
    Results,
    case_result,
    print_case,
    print_summary,
    read_results,
    write_results,
)

_DATA: Final = Path(__file__).parent / ".data"
_PINNED: Final = Path(__file__).parents[1] / "requirements" / "benchmarks.txt"
_COMMAND: Final = Path(sys.executable).parent / "confledger"
_ROUNDS, _SECONDS = 5, 4
_QUICK_ROUNDS, _QUICK_SECONDS = 3, 1


def main() -> int:
    """Measure, print, and keep what was found; the exit code."""
    options = _options()
    if options.list:
        for case in CASES:
            print(f"{case.name:16} {'quick' if case.is_quick else '':6} {case.title}")
        return 0
    # So that whatever was started is ended, however this is.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _run(options)
    except Unusable as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--list", action="store_true", help="print the cases, and stop")
    parser.add_argument("--quick", action="store_true", help="the telling handful, shortly")
    parser.add_argument("--only", action="append", metavar="CASE", help="this case; repeatable")
    parser.add_argument("--rounds", type=int, help=f"default {_ROUNDS}; quick {_QUICK_ROUNDS}")
    parser.add_argument("--seconds", type=int, help=f"of each; {_SECONDS}; quick {_QUICK_SECONDS}")
    parser.add_argument("--records-max", type=int, help="no larger store in the case growth")
    parser.add_argument("--confledger", type=Path, default=_COMMAND, help="the command to measure")
    return parser.parse_args()


def _chosen(options: argparse.Namespace) -> list[Case]:
    if not options.only:
        return [case for case in CASES if case.is_quick or not options.quick]
    unknown = set(options.only) - {case.name for case in CASES}
    if unknown:
        raise Unusable(f"there is no case {', '.join(sorted(unknown))}; --list prints them")
    return [case for case in CASES if case.name in options.only]


def _run(options: argparse.Namespace) -> int:
    if not has_peers():
        raise Unusable("the peers are missing: run this by `make bench` or `make bench-quick`")
    take_load_core()
    _DATA.mkdir(exist_ok=True)
    with (_DATA / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unusable("another run measures just now, and would be disturbed") from None
        return _measure(options)


def _measure(options: argparse.Namespace) -> int:
    confledger = Confledger(options.confledger)
    machine = describe()
    kept = QUICK_RESULTS if options.quick else RESULTS
    before = read_results(kept)
    results = before if before and before.machine == machine else Results(machine, {})
    versions = _versions(confledger)
    print(", ".join(f"{name}: {value}" for name, value in (machine | versions).items()))
    rounds = options.rounds or (_QUICK_ROUNDS if options.quick else _ROUNDS)
    seconds = options.seconds or (_QUICK_SECONDS if options.quick else _SECONDS)
    done: list[CaseResult] = []
    failed = 0
    for case in _chosen(options):
        print(f"\n{case.name}: {case.title}", flush=True)
        if case.needs_wrk and is_missing("wrk"):
            print("  left out: wrk is not installed (apt-get install wrk)")
            continue
        folder = _DATA / "running"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        left_out: list[str] = []
        try:
            with ExitStack() as stack:
                bench = Bench(
                    Data(_DATA, confledger),
                    rounds,
                    seconds,
                    folder,
                    stack,
                    options.quick,
                    left_out,
                    options.records_max,
                )
                found = case.run(bench)
        except Unusable as error:
            failed += 1
            print(f"  failed: {error}", file=sys.stderr)
            continue
        found.notes.extend(dict.fromkeys(left_out))
        result = case_result(case.name, case.title, found, versions, rounds, seconds)
        print_case(result)
        done.append(result)
        results.cases[case.name] = result
        write_results(results, kept)
    shutil.rmtree(_DATA / "running", ignore_errors=True)
    print_summary(done)
    return 1 if failed else 0


def _versions(confledger: Confledger) -> dict[str, str]:
    """Of confledger and of what it is measured beside."""
    nginx = "missing"
    if not is_missing("nginx"):
        told = subprocess.run(
            ["/usr/bin/env", "nginx", "-v"], capture_output=True, text=True, check=True
        )
        nginx = told.stderr.strip().rpartition("/")[2]
    pinned = dict(re.findall(r"^([\w-]+)==([\w.]+)", _PINNED.read_text("utf-8"), re.MULTILINE))
    shown = ("fastapi", "sqlalchemy", "django", "djangorestframework", "datasette", "granian")
    return {
        "confledger": confledger.version() + _commit(confledger),
        "nginx": nginx,
        **{name: pinned[name] for name in shown},
    }


def _commit(confledger: Confledger) -> str:
    """Which commit of this clone is measured; empty where that is not known."""
    if confledger.command != _COMMAND or is_missing("git"):
        return ""
    command = ["/usr/bin/env", "git", "describe", "--always", "--dirty"]
    told = subprocess.run(  # noqa: S603 - our own command
        command, capture_output=True, text=True, check=False, cwd=_PINNED.parents[1]
    )
    return f" ({told.stdout.strip()})" if told.returncode == 0 else ""


if __name__ == "__main__":
    sys.exit(main())
