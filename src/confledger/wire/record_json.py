"""Control records as JSON. Only here are their keys spelled."""

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Final, cast

import msgspec

from confledger.catalogue.language import Language
from confledger.catalogue.words import Catalogue, Words
from confledger.errors import InvalidRecord
from confledger.ledger.masking import mask_numbers
from confledger.ledger.phrases import PhraseStore
from confledger.ledger.record import (
    OPERATOR_BASES,
    PAGE_EVENT_PREFIX,
    ControlRecord,
    Manner,
    OperatorBasis,
    Page,
    ShownPage,
)

_TIME_MS_MAX: Final = 253_402_300_799_999
"""The last millisecond of the year 9999."""

EVENT_ID_CHARACTERS_MAX: Final = 256

# The vendor documents no length; these leave room for whatever a person reads.
Time = Annotated[int, msgspec.Meta(ge=0, le=_TIME_MS_MAX)]
Text = Annotated[str, msgspec.Meta(max_length=4096)]
LongText = Annotated[str, msgspec.Meta(max_length=65_536)]


class RecordJSON(msgspec.Struct, omit_defaults=True, gc=False):
    """A record as the vendor spells it; the order of the keys is the vendor's sample's.

    A key with nothing to say is left out, as in the sample; in what we read, null
    and an empty string say as little.
    """

    operateTime: Time
    operateSource: Text | None = None
    operator: Text | None = None
    operateCode: Text | None = None
    operationObject: Text | None = None
    operateResult: Text | None = None
    detail: LongText | None = None


class PageJSON(msgspec.Struct):
    """A page as the vendor answers it; the order of the keys is the vendor's sample's."""

    data: list[RecordJSON]
    offset: Annotated[int, msgspec.Meta(ge=0)]
    limit: int
    count: Annotated[int, msgspec.Meta(ge=0)]


class LedgerRecordJSON(RecordJSON, forbid_unknown_fields=True):
    """A record as other programs bring it to us: the vendor's keys, and six of ours."""

    operatorBasis: Text | None = None
    operation: Text | None = None
    """A code of the catalogue, in place of the text in `operateCode`."""
    result: Text | None = None
    """A code of the catalogue, in place of the text in `operateResult`."""
    eventId: Annotated[str, msgspec.Meta(max_length=EVENT_ID_CHARACTERS_MAX)] | None = None
    confUUID: str | None = None
    """Which conference it belongs to, where the way it came does not say so."""


_MISSING_OPERATION: Final = "is missing (and so is operation): it says what was done"

_encoder: Final = msgspec.json.Encoder()


class ReaderWords(msgspec.Struct, frozen=True):
    """What a reader is told in their language."""

    catalogue: Words
    phrases: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Of texts that the catalogue does not know."""


async def words_for(
    records: Sequence[ControlRecord],
    corp_id: str,
    language: Language,
    catalogue: Catalogue,
    phrases: PhraseStore,
) -> ReaderWords:
    """The words that some records of a corp need in a language.

    Raises:
        StoreError: the store could not tell.
    """
    unknown = {record.operation_text for record in records}
    unknown.update(record.result_text for record in records)
    unknown.discard("")
    return await words_for_texts(unknown, corp_id, language, catalogue, phrases)


async def words_for_texts(
    unknown: Collection[str],
    corp_id: str,
    language: Language,
    catalogue: Catalogue,
    phrases: PhraseStore,
) -> ReaderWords:
    """As `words_for`, where the texts are known that the catalogue does not know."""
    translations = await phrases.translations(corp_id, language, unknown) if unknown else {}
    return ReaderWords(catalogue.words(language), translations)


def page_json(
    page: Page, *, offset: int, limit: int, words: ReaderWords, masks_numbers: bool
) -> bytes:
    """A page as the answer to a call, in a language.

    `offset` and `limit` are echoed. Source and operator are served as they came;
    operation and result in the language's words, or verbatim where there are none.
    """
    data = [record_json(record, words, masks_numbers=masks_numbers) for record in page.records]
    return _encoder.encode(PageJSON(data, offset, limit, page.count))


def shown_page_json(
    page: ShownPage, *, offset: int, limit: int, words: ReaderWords, masks_numbers: bool
) -> bytes:
    """As `page_json`, the same bytes."""
    told = {
        number: _told(manner, words, masks_numbers=masks_numbers)
        for number, manner in page.manners.items()
    }
    shown = mask_numbers if masks_numbers else str
    data = []
    for time_ms, number, operator, object_, detail, _ in page.rows:
        source, operation, result = told[number]
        data.append(
            # By position, which takes half the time.
            RecordJSON(
                time_ms,
                source,
                (operator and shown(operator)) or None,
                operation,
                (object_ and shown(object_)) or None,
                result,
                (detail and shown(detail)) or None,
            )
        )
    return _encoder.encode(PageJSON(data, offset, limit, page.count))


def record_json(record: ControlRecord, words: ReaderWords, *, masks_numbers: bool) -> RecordJSON:
    """A record in a language; with its numbers starred, if the corp wants that."""
    source, operation, result = _told(record.manner, words, masks_numbers=masks_numbers)
    shown = mask_numbers if masks_numbers else str
    return RecordJSON(
        operateTime=record.operate_time_ms,
        operateSource=source,
        operator=shown(record.operator) or None,
        operateCode=operation,
        operationObject=shown(record.object) or None,
        operateResult=result,
        detail=shown(record.detail) or None,
    )


def _told(
    manner: Manner, words: ReaderWords, *, masks_numbers: bool
) -> tuple[str | None, str, str | None]:
    """Source, operation and result as a reader is told of them."""
    source, _, operation, operation_text, result, result_text = manner
    if operation:
        operation_text = words.catalogue.operations[operation].text
    elif operation_text:
        operation_text = words.phrases.get(operation_text, operation_text)
        if masks_numbers:
            operation_text = mask_numbers(operation_text)
    if result:
        result_text = words.catalogue.results[result].text
    elif result_text:
        result_text = words.phrases.get(result_text, result_text)
        if masks_numbers:
            result_text = mask_numbers(result_text)
    return source or None, operation_text, result_text or None


def ledger_json(record: ControlRecord, conference_uuid: str) -> LedgerRecordJSON:
    """A record with all that the ledger keeps of it, but when it was received.

    `record_of_ledger_json` makes the same record of it again.
    """
    return LedgerRecordJSON(
        operateTime=record.operate_time_ms,
        operateSource=record.source or None,
        operator=record.operator or None,
        operateCode=record.operation_text or None,
        operationObject=record.object or None,
        operateResult=record.result_text or None,
        detail=record.detail or None,
        operatorBasis=record.operator_basis,
        operation=record.operation,
        result=record.result,
        eventId=record.event_id,
        confUUID=conference_uuid,
    )


def records_of_page(page: PageJSON, catalogue: Catalogue) -> list[ControlRecord]:
    """The records of a page that some ledger served, in either language.

    Each gets its position in the meeting as its event id.

    Raises:
        InvalidRecord: one lacks what it was that was done, or holds a zero character.
    """
    return [
        _record_of(
            record, catalogue, f"data[{index}].", f"{PAGE_EVENT_PREFIX}{page.offset + index}"
        )
        for index, record in enumerate(page.data)
    ]


def record_of_ledger_json(record: LedgerRecordJSON, catalogue: Catalogue) -> ControlRecord:
    """A record that a program brings.

    Raises:
        InvalidRecord: its fields contradict each other or the catalogue, it lacks what
            it was that was done, or it holds a zero character.
    """
    if record.operation and record.operateCode:
        raise InvalidRecord("operation", "and operateCode must not both be given")
    if record.operation and not catalogue.has_operation(record.operation):
        raise InvalidRecord(
            "operation", f"must be a code of the catalogue; {record.operation!r} is none"
        )
    if record.result and record.operateResult:
        raise InvalidRecord("result", "and operateResult must not both be given")
    if record.result and not catalogue.has_result(record.result):
        raise InvalidRecord("result", f"must be a code of the catalogue; {record.result!r} is none")
    return _record_of(record, catalogue, "", record.eventId or "")


def _record_of(record: RecordJSON, catalogue: Catalogue, path: str, event_id: str) -> ControlRecord:
    for name in record.__struct_fields__:
        value = getattr(record, name)
        if isinstance(value, str) and "\0" in value:
            raise InvalidRecord(path + name, "must not hold the character U+0000")
    operation, result, basis = None, None, ""
    if isinstance(record, LedgerRecordJSON):
        operation, result, basis = record.operation, record.result, record.operatorBasis or ""
    result = result or catalogue.result_of(record.operateResult or "")
    operation = operation or catalogue.operation_of(record.operateCode or "")
    if not (operation or record.operateCode):
        raise InvalidRecord(path + "operateCode", _MISSING_OPERATION)
    operator = record.operator or ""
    if basis not in ("", *OPERATOR_BASES):
        raise InvalidRecord("operatorBasis", f"must be one of {', '.join(OPERATOR_BASES)}")
    if basis == "stated" and not operator:
        raise InvalidRecord("operator", "is missing, though operatorBasis says that it is stated")
    return ControlRecord(
        operate_time_ms=record.operateTime,
        source=record.operateSource or "",
        operator=operator,
        operator_basis=cast("OperatorBasis", basis or ("stated" if operator else "unknown")),
        operation=operation,
        operation_text="" if operation else record.operateCode or "",
        object=record.operationObject or "",
        result=result,
        result_text="" if result else record.operateResult or "",
        detail=record.detail or "",
        event_id=event_id,
    )


def encode_records(records: Sequence[RecordJSON]) -> list[bytes]:
    """Each record as compact JSON."""
    return [_encoder.encode(record) for record in records]
