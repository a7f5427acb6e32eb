"""How a meeting system brings what happens: our own calls, for apps with the scope `write`.

PUT  /ledger/v1/conferences/{confUUID}
POST /ledger/v1/conferences/{confUUID}/records
POST /ledger/v1/conferences/{confUUID}/attendees
POST /ledger/v1/conferences/{confUUID}/end
"""

import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from confledger.auth.accounts import Principal
from confledger.auth.tokens import Tokens
from confledger.catalogue.words import Catalogue
from confledger.errors import (
    InvalidParameter,
    InvalidRecord,
    NobodyThere,
    NotPermitted,
    StoreBusy,
    UnknownMedia,
)
from confledger.ledger.conference import Conference, ConferenceStore
from confledger.ledger.intake import Intake, conference_uuid_from
from confledger.ledger.record import Delivery
from confledger.ledger.store import RecordStore
from confledger.observability.counters import RECORDS_ACCEPTED, RECORDS_DUPLICATE, counters
from confledger.wire.bodies import read_packed
from confledger.wire.exchange import PUSH_BYTES_MAX, PUSH_PREFIX, JSONBytes
from confledger.wire.problems import JSON_PROBLEMS, field_and_rule
from confledger.wire.push_json import (
    JSON_MEDIA,
    AttendeesReceiptJSON,
    ConferenceEndJSON,
    ConferencePutJSON,
    ConferenceReceiptJSON,
    RecordsReceiptJSON,
    news_of_end,
    news_of_put,
    news_of_stays,
    records_of_push,
)
from confledger.wire.room import Room
from confledger.wire.token_calls import access_token_of

PATH: Final = PUSH_PREFIX + "conferences/{conference_uuid}"
RECORDS_PATH: Final = PATH + "/records"
ATTENDEES_PATH: Final = PATH + "/attendees"
END_PATH: Final = PATH + "/end"

KEY_HEADER: Final = "Idempotency-Key"
KEY: Final = re.compile(r"[!-~]{1,64}")
_DIGEST_BYTES: Final = 16

_BODY_SECONDS_MAX: Final = 30.0
_PUSHES_MAX: Final = 128
"""How many pushes a process has in hand at once, those that wait included; with it, how much
memory they take."""

_BYTES_AT_ONCE: Final = 1024**2
"""Of so much JSON there are records at once, where one writer puts them into a file. Those of one
push are still in the processor's cache when they are written; those of fifty are not, and take a
fifth longer."""
_BYTES_AT_ONCE_OF_SERVER: Final = 4 * PUSH_BYTES_MAX
"""The same, where a server has several writers, each of which may wait for another's lock."""
_BYTES_SMALL: Final = 64 * 1024
"""What is no longer than that does not wait for its turn behind large pushes."""
_WAIT_SECONDS_MAX: Final = 5.0

T = TypeVar("T")


def room_for(*, has_one_writer: bool) -> Room:
    """The room that records of pushes have in a process, by how its store is written."""
    bytes_max = _BYTES_AT_ONCE if has_one_writer else _BYTES_AT_ONCE_OF_SERVER
    return Room(bytes_max, _WAIT_SECONDS_MAX)


@dataclass(slots=True)
class _Places:
    """Places for so many pushes at once, half of them for a corp at most; nobody waits for one."""

    places_max: int
    taken: Counter[str] = field(default_factory=Counter)
    """By corp."""

    @contextmanager
    def take(self, corp_id: str) -> Iterator[None]:
        """Hold a place.

        Raises:
            StoreBusy: there is none.
        """
        if self.taken.total() >= self.places_max or self.taken[corp_id] >= self.places_max // 2:
            raise StoreBusy("too many pushes are being taken already")
        self.taken[corp_id] += 1
        try:
            yield
        finally:
            self.taken[corp_id] -= 1
            # What is zero takes room, too.
            self.taken += Counter()


@dataclass(frozen=True, slots=True)
class PushCalls:
    """Takes what is pushed: all of a request, durably, or nothing."""

    tokens: Tokens
    intake: Intake
    records: RecordStore
    conferences: ConferenceStore
    catalogue: Catalogue
    room: Room
    """As `room_for` makes it."""
    places: _Places = field(default_factory=lambda: _Places(_PUSHES_MAX))

    async def put_conference(self, request: Request) -> Response:
        """Tell of a conference: 201 if it was not known, else 200."""
        principal, conference_uuid = await self._begin(request)
        with self.places.take(principal.corp_id):
            body = await _read_object(request, ConferencePutJSON)
            news, merge = news_of_put(body, conference_uuid)
            was_known = False

            def note(told: Conference, known: Conference | None) -> Conference:
                nonlocal was_known
                was_known = known is not None
                return merge(told, known)

            await self.conferences.put(principal.corp_id, [news], note)
        receipt = msgspec.json.encode(ConferenceReceiptJSON(conference_uuid))
        return JSONBytes(receipt, 200 if was_known else 201)

    async def add_records(self, request: Request) -> Response:
        """Append records; a conference that nobody has told of comes into being."""
        principal, conference_uuid = await self._begin(request)
        key = _delivery_key(request)
        with self.places.take(principal.corp_id):
            body, media_type = await _read(request), _media_type(request)
            room_bytes = len(body) if len(body) > _BYTES_SMALL else 0
            await self.room.enter(room_bytes)
            try:
                records = records_of_push(body, media_type, conference_uuid, self.catalogue)
                receipts = await self.intake.take(
                    principal.corp_id,
                    {conference_uuid: records},
                    Delivery(key, _digest(body, media_type)) if key else None,
                )
            finally:
                self.room.leave(room_bytes)
        receipt = receipts[conference_uuid]
        counters.add(RECORDS_ACCEPTED, receipt.accepted)
        counters.add(RECORDS_DUPLICATE, receipt.duplicates)
        return JSONBytes(
            msgspec.json.encode(
                RecordsReceiptJSON(
                    receipt.accepted, receipt.duplicates, receipt.first_seq, receipt.count
                )
            )
        )

    async def add_attendees(self, request: Request) -> Response:
        """Tell who joined and who left."""
        principal, conference_uuid = await self._begin(request)
        with self.places.take(principal.corp_id):
            news, departures = news_of_stays(
                await _read(request), _media_type(request), conference_uuid
            )
            try:
                if news.stays or news.departures:
                    await self.conferences.put(principal.corp_id, [news])
            except NobodyThere as error:
                place = f"[{departures[error.position]}]"
                raise InvalidRecord(place, f"can't be: {error}") from error
            _, count = await self.conferences.attendance(
                principal.corp_id, conference_uuid, search="", offset=0, limit=1
            )
        return JSONBytes(msgspec.json.encode(AttendeesReceiptJSON(count)))

    async def end_conference(self, request: Request) -> Response:
        """Tell that a conference has ended."""
        principal, conference_uuid = await self._begin(request)
        with self.places.take(principal.corp_id):
            body = await _read_object(request, ConferenceEndJSON, may_be_empty=True)
            page = await self.records.page(principal.corp_id, conference_uuid, offset=0, limit=1)
            news, merge = news_of_end(
                body,
                conference_uuid,
                first_time_ms=page.records[0].operate_time_ms if page.records else None,
                now_ms=time.time_ns() // 1_000_000,
            )
            await self.conferences.put(principal.corp_id, [news], merge)
        return JSONBytes(msgspec.json.encode(ConferenceReceiptJSON(conference_uuid)))

    async def _begin(self, request: Request) -> tuple[Principal, str]:
        """Who pushes, and about which conference.

        An app hands tokens to people, too; a ledger believes only who answers for the corp.

        Raises:
            TokenRejected, NotPermitted, InvalidParameter: they may not, or it is none.
        """
        principal = await self.tokens.verify(access_token_of(request))
        if "write" not in principal.scopes:
            raise NotPermitted("the app has no scope to write")
        if not principal.is_administrator:
            raise NotPermitted("the user is no administrator of the corp")
        conference_uuid = conference_uuid_from(request.path_params["conference_uuid"])
        if conference_uuid is None:
            raise InvalidParameter("confUUID", "must be 32 hexadecimal digits")
        return principal, conference_uuid


async def _read(request: Request) -> bytearray:
    return await read_packed(request, bytes_max=PUSH_BYTES_MAX, seconds_max=_BODY_SECONDS_MAX)


async def _read_object(request: Request, shape: type[T], *, may_be_empty: bool = False) -> T:
    body = await _read(request)
    if may_be_empty and not body:
        return shape()
    if _media_type(request) != JSON_MEDIA:
        raise UnknownMedia("Content-Type", (JSON_MEDIA,))
    try:
        return msgspec.json.decode(body, type=shape)
    except JSON_PROBLEMS as problem:
        name, rule = field_and_rule(problem)
        raise InvalidRecord(name or "the body", rule) from problem


def _delivery_key(request: Request) -> str:
    """The key by which the body is known again; empty where none is given.

    Raises:
        InvalidParameter: it is none.
    """
    keys = request.headers.getlist(KEY_HEADER)
    if not keys:
        return ""
    if len(keys) > 1 or not KEY.fullmatch(keys[0]):
        raise InvalidParameter(KEY_HEADER, "must be 1 to 64 characters of ASCII, without spaces")
    return keys[0]


def _digest(body: bytearray, media_type: str) -> bytes:
    digest = sha256(media_type.encode() + b"\n")
    digest.update(body)
    return digest.digest()[:_DIGEST_BYTES]


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
