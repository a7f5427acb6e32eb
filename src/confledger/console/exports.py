"""One meeting as a file to take away: CSV, XLSX, JSON Lines.

The files are those of `confledger export`, but for numbers, which are starred where the corp
wants that. They are written in steps, in another thread, and sent as they grow; a workbook is
whole only at its end, and is kept on the disk until then. At each step the right is looked at
again; who has lost it gets no more, and no whole file.
"""

import asyncio
import re
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from confledger.auth.accounts import Principal
from confledger.auth.visibility import Visibility
from confledger.catalogue.language import Language
from confledger.console.answers import SAFE_HEADERS
from confledger.console.finding import Ledger
from confledger.console.meetings import begin, language_asked
from confledger.console.sessions import Readers
from confledger.console.streaming import Stream, Unfinished
from confledger.errors import ConfledgerError, StoreError, TooManyExports, TooManyRecords
from confledger.ledger.conference import Conference
from confledger.wire.query import Query
from confledger.wire.reading import query_string_of

if TYPE_CHECKING:
    from confledger.export.rows import RowWriter

EXPORTS_MAX: Final = 8
"""How many files are written at once."""
EXPORTS_OF_USER_MAX: Final = 2
"""How many of them for one user."""
WORKBOOK_RECORDS_MAX: Final = 100_000
"""A workbook of more takes too long to write while somebody waits."""

_CHUNK_BYTES: Final = 256 * 1024
_TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jsonl": "application/jsonl; charset=utf-8",
}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SUBJECT_CHARACTERS_MAX: Final = 60
# What a file system or a shell might take for something else, and what nobody sees.
_UNFIT: Final = re.compile(
    r'[\x00-\x1f\x7f-\x9f<>:"/\\|?*\s\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+'
)


class Places:
    """Room for so many files at once, and none to wait in."""

    def __init__(self) -> None:
        self._of_user: Counter[tuple[str, str]] = Counter()

    @contextmanager
    def take(self, principal: Principal) -> Iterator[None]:
        """Hold a place.

        Raises:
            TooManyExports: there is none, or the user has theirs already.
        """
        user = principal.corp_id, principal.user_id
        if self._of_user.total() >= EXPORTS_MAX or self._of_user[user] >= EXPORTS_OF_USER_MAX:
            raise TooManyExports
        self._of_user[user] += 1
        try:
            yield
        finally:
            self._of_user[user] -= 1
            # What is zero takes room, too.
            self._of_user += Counter()


@dataclass(frozen=True, slots=True)
class ExportCalls:
    """Writes the records of one meeting to a file."""

    readers: Readers
    visibility: Visibility
    ledger: Ledger
    places: Places = field(default_factory=Places)

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        form = request.path_params["form"]
        if form not in _TYPES:
            raise HTTPException(404)
        principal, conference_uuid = await begin(request, self.readers, self.visibility)
        language = language_asked(request, Query.parse(query_string_of(request), "lang"))
        corp_id, ledger = principal.corp_id, self.ledger
        page = await ledger.records.page(corp_id, conference_uuid, offset=0, limit=1)
        if form == "xlsx" and page.count > WORKBOOK_RECORDS_MAX:
            raise TooManyRecords(WORKBOOK_RECORDS_MAX)
        conference = await ledger.conferences.get(corp_id, conference_uuid)
        first_ms = page.records[0].operate_time_ms if page.records else None
        name = file_name(conference, conference_uuid, first_ms)
        headers = (
            (b"content-type", _TYPES[form].encode()),
            (b"content-disposition", disposition(f"{name}.{form}").encode()),
            (b"cache-control", b"no-store"),
            (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
            *SAFE_HEADERS,
        )
        chunks = self._chunks(request, principal, conference_uuid, language)
        return Stream(chunks, headers, self.places.take(principal))

    async def _chunks(
        self, request: Request, principal: Principal, conference_uuid: str, language: Language
    ) -> AsyncGenerator[bytes, None]:
        form = request.path_params["form"]
        # What files are written with is large: a server starts faster without it, and imports it,
        # here and in `_writer`, when somebody first asks for a file.
        from confledger.export import selection, tables  # noqa: PLC0415 - large

        ledger = selection.Ledger(
            self.ledger.conferences, self.ledger.records, self.ledger.phrases, self.ledger.catalogue
        )
        async with AsyncExitStack() as opened:
            if form == "xlsx":
                folder = await opened.enter_async_context(_temporary_folder())
                stream: BinaryIO = opened.enter_context((folder / "workbook").open("w+b"))
            else:
                folder, stream = Path(), BytesIO()
            writer = await asyncio.to_thread(_writer, form, stream, language, folder)
            rows_of_pages = tables.rows_of(
                ledger,
                principal.corp_id,
                conference_uuid,
                language,
                masks_numbers=principal.masks_numbers,
            )
            async for rows in rows_of_pages:
                # After they are read: who lost the right before one was made does not get it.
                await self._check(request, principal)
                await asyncio.to_thread(writer.write, rows)
                if isinstance(stream, BytesIO):
                    yield _taken(stream)
            await asyncio.to_thread(writer.close)
            if isinstance(stream, BytesIO):
                yield _taken(stream)
                return
            stream.seek(0)
            while chunk := await asyncio.to_thread(stream.read, _CHUNK_BYTES):
                await self._check(request, principal)
                yield chunk

    async def _check(self, request: Request, principal: Principal) -> None:
        """Look whether somebody may go on as they began.

        Raises:
            Unfinished: the session or the right is gone, or numbers are starred by now.
            StoreError: the store could not tell.
        """
        try:
            now, _ = await begin(request, self.readers, self.visibility)
        except StoreError:
            raise
        except ConfledgerError:
            raise Unfinished from None
        if now.masks_numbers and not principal.masks_numbers:
            raise Unfinished


def _writer(form: str, stream: BinaryIO, language: Language, folder: Path) -> "RowWriter":
    from confledger.export.rows import Manner  # noqa: PLC0415 - large

    manner = Manner(language, UTC, "UTC")
    if form == "csv":
        from confledger.export.csv_file import CSVWriter  # noqa: PLC0415 - large

        return CSVWriter(stream, manner)
    if form == "jsonl":
        from confledger.export.jsonl_file import JSONLinesWriter  # noqa: PLC0415 - large

        return JSONLinesWriter(stream)
    from confledger.export.xlsx_file import XLSXWriter  # noqa: PLC0415 - large

    return XLSXWriter(stream, manner, folder)


@asynccontextmanager
async def _temporary_folder() -> AsyncIterator[Path]:
    folder = await asyncio.to_thread(tempfile.TemporaryDirectory, prefix="confledger-console-")
    try:
        yield Path(folder.name)
    finally:
        folder.cleanup()


def _taken(stream: BytesIO) -> bytes:
    content = stream.getvalue()
    stream.seek(0)
    stream.truncate()
    return content


def file_name(conference: Conference | None, conference_uuid: str, first_ms: int | None) -> str:
    """What a file about a meeting is called: the day it began (UTC), its subject, its id."""
    start_ms = conference.start_time_ms if conference else first_ms
    parts = []
    if start_ms is not None:
        parts.append((_EPOCH + timedelta(milliseconds=start_ms)).strftime("%Y-%m-%d"))
    if conference:
        subject = _UNFIT.sub(" ", conference.subject).strip(" .")[:_SUBJECT_CHARACTERS_MAX].strip()
        parts += [subject, _UNFIT.sub("", conference.conference_id)[:_SUBJECT_CHARACTERS_MAX]]
    else:
        parts.append(conference_uuid)
    return " ".join(filter(None, parts)) or conference_uuid


def disposition(name: str) -> str:
    """The header that gives a download its name (RFC 6266): whole, and in ASCII for old clients."""
    plain = re.sub(r"[^0-9A-Za-z._ -]+", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
