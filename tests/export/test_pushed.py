"""What was pushed is, after an export and an import, told as it was."""

import tempfile
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from confledger.app import Parts
from confledger.auth.accounts import DEFAULT_CORP_ID
from confledger.catalogue.operations import OPERATIONS, RESULTS
from confledger.export import selection, wire_folder
from confledger.ingest import files
from confledger.ingest.folders import groups_in
from confledger.ledger.record import ControlRecord
from confledger.wire.record_json import encode_records, ledger_json
from conftest import client_of, token_of
from export.ledgers import START_MS, in_new_store, save, told_over_the_wire

JSONObject = dict[str, Any]

_UUIDS = [letter * 32 for letter in "abc"]
_WORDS = st.sampled_from(["", "Ann", "李雷", "+991116005905", "1234567", " a\tb ", "=1+1", "“é”"])
_TIMES = st.integers(START_MS, START_MS + 60_000)


@st.composite
def pushed_records(draw: st.DrawFn) -> list[JSONObject]:
    """Records of a conference, as they are pushed."""
    return [
        {
            "operateTime": draw(_TIMES),
            "operateSource": draw(_WORDS),
            "operator": draw(_WORDS),
            "operationObject": draw(_WORDS),
            "detail": draw(_WORDS),
            "eventId": f"e{number}",
        }
        | draw(
            st.sampled_from(
                [{"operateCode": "挥手"}, {"operateCode": "Roll call"}]
                + [{"operation": operation.code} for operation in OPERATIONS[:5]]
            )
        )
        | draw(
            st.sampled_from(
                [{"operateResult": text} for text in ("", "也许", "Success", "SUCCESS")]
                + [{"result": code} for code in RESULTS]
            )
        )
        for number in range(draw(st.integers(0, 9)))
    ]


@st.composite
def pushes(draw: st.DrawFn) -> list[tuple[str, str, Any]]:
    """Calls that tell of some conferences: the method, the end of the path, and the body."""
    calls: list[tuple[str, str, Any]] = []
    for uuid in _UUIDS[: draw(st.integers(1, 3))]:
        if draw(st.booleans()):
            people = draw(st.lists(st.sampled_from("ABCDE"), max_size=5, unique=True))
            told = {
                "startTime": draw(_TIMES),
                "subject": draw(_WORDS),
                "scheduler": {"name": "Ann", "userUUID": "d" * 32},
                "invited": [{"name": name, "number": f"+99111600{ord(name)}"} for name in people],
            }
            calls.append(("PUT", uuid, told))
        records = draw(pushed_records())
        cut = draw(st.integers(0, len(records)))
        calls += [("POST", f"{uuid}/records", part) for part in (records[:cut], records[cut:])]
        stays = [
            {
                "displayName": draw(_WORDS) or "Eve",
                "callNumber": str(number),
                "deviceType": draw(st.sampled_from(["软终端", "", "Phone"])),
                "joinTime": draw(_TIMES),
                "leftTime": START_MS + 60_000 + number,
            }
            for number in range(draw(st.integers(0, 4)))
        ]
        calls.append(("POST", f"{uuid}/attendees", stays))
        # What nobody has told of can't end.
        if draw(st.booleans()) and any(body for _, path, body in calls if path.startswith(uuid)):
            calls.append(("POST", f"{uuid}/end", {"endTime": START_MS + 70_000}))
    return calls


async def push(parts: Parts, calls: list[tuple[str, str, Any]]) -> None:
    """Make the calls, each as often as it stands there."""
    headers = {"X-Access-Token": await token_of(parts, scope="write")}
    async with client_of(parts) as client:
        for method, path, body in calls:
            url = f"/ledger/v1/conferences/{path}"
            answer = await client.request(method, url, json=body, headers=headers)
            assert answer.status_code in (200, 201), answer.text


@settings(max_examples=20, deadline=None)
@given(
    pushed=st.lists(
        st.tuples(st.sampled_from(_UUIDS[:2]), st.integers(1, 5), st.booleans()),
        min_size=1,
        max_size=5,
    ),
    step_lines=st.integers(1, 8),
)
def test_what_came_by_a_key_is_known_again(
    engine: str, pushed: list[tuple[str, int, bool]], step_lines: int
) -> None:
    """Its export, brought back as JSON Lines, adds nothing where it came from; elsewhere it makes
    the same records, and there it adds nothing the second time, nor does the push itself.
    """

    async def push_all(parts: Parts) -> list[int]:
        token = await token_of(parts, scope="write")
        accepted = []
        async with client_of(parts) as client:
            for number, (uuid, records, has_key) in enumerate(pushed):
                headers = {"X-Access-Token": token}
                headers |= {"Idempotency-Key": f"push-{number}"} if has_key else {}
                body = [
                    {"operateTime": START_MS, "operation": "MUTE_ALL", "detail": str(number)}
                ] * records
                answer = await client.post(
                    f"/ledger/v1/conferences/{uuid}/records", json=body, headers=headers
                )
                accepted.append(answer.json()["accepted"])
        return accepted

    async def bring(parts: Parts, lines: Path) -> int:
        report = await parts.importer.take([lines], DEFAULT_CORP_ID, None)
        assert report.failures == []
        return report.records

    async def write(lines: Path, parts: Parts) -> dict[str, list[ControlRecord]]:
        assert await push_all(parts) == [records for _, records, _ in pushed]
        kept = await records_of(parts)
        lines.write_bytes(  # noqa: ASYNC240 - a test waits for nobody
            b"".join(
                line + b"\n"
                for uuid, records in kept.items()
                for line in encode_records([ledger_json(record, uuid) for record in records])
            )
        )
        assert await bring(parts, lines) == 0
        return kept

    async def read(lines: Path, parts: Parts) -> dict[str, list[ControlRecord]]:
        assert await bring(parts, lines) == sum(records for _, records, _ in pushed)
        assert await bring(parts, lines) == 0
        assert await push_all(parts) == [0] * len(pushed)
        return await records_of(parts)

    async def records_of(parts: Parts) -> dict[str, list[ControlRecord]]:
        kept = {}
        for uuid in sorted({uuid for uuid, _, _ in pushed}):
            page = await parts.stores.records.page(DEFAULT_CORP_ID, uuid, offset=0, limit=500)
            kept[uuid] = [
                msgspec.structs.replace(each, received_time_ms=0) for each in page.records
            ]
        return kept

    with (
        tempfile.TemporaryDirectory() as name,
        # Taken in small steps, as a large file is.
        mock.patch.object(files, "_STEP_LINES", step_lines),
        mock.patch.object(files, "FILE_BYTES_MAX", 1),
    ):
        lines = Path(name) / "records.jsonl"
        before = in_new_store(engine, partial(write, lines))
        assert in_new_store(engine, partial(read, lines)) == before


@settings(max_examples=30, deadline=None)
@given(calls=pushes(), repeats=st.integers(1, 3), dice=st.randoms(use_true_random=False))
def test_pushed_saved_and_imported_it_is_told_the_same(
    engine: str, calls: list[tuple[str, str, Any]], repeats: int, dice: Any
) -> None:
    """Byte for byte, in both languages, after repeats of either, of pages in any order."""

    async def write(folder: Path, parts: Parts) -> dict[str, bytes]:
        for call in calls:
            await push(parts, [call] * dice.randint(1, repeats))
        await save(parts, folder)
        return await told_over_the_wire(parts)

    async def read(folder: Path, parts: Parts) -> dict[str, bytes]:
        groups = list(groups_in(folder, None, []))
        for _ in range(repeats):
            dice.shuffle(groups)
            for group in groups:
                paths = [path for path, _ in group]
                dice.shuffle(paths)
                report = await parts.importer.take(paths, DEFAULT_CORP_ID, group[0][1])
                assert report.failures == []
        return await told_over_the_wire(parts)

    with (
        tempfile.TemporaryDirectory() as name,
        # Small pages, so that a few records make several of them.
        mock.patch.object(wire_folder, "PAGE_ROWS", 3),
        mock.patch.object(selection, "PAGE_ROWS", 3),
    ):
        folder = Path(name) / "answers"
        before = in_new_store(engine, partial(write, folder))
        assert in_new_store(engine, partial(read, folder)) == before
