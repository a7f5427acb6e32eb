"""One record, or one stay, made of what a remote says of it in two languages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from confledger.archive.remote import RecordsPage
from confledger.catalogue.language import LANGUAGES
from confledger.catalogue.words import Catalogue
from confledger.errors import RemoteUntrustworthy
from confledger.ledger.conference import Attendance
from confledger.ledger.record import ControlRecord
from confledger.wire.conference_json import AttendanceJSON, attendance_of
from confledger.wire.history import ATTENDANCE_PATH
from confledger.wire.record_json import PageJSON, records_of_page

_CHINESE, _ENGLISH = LANGUAGES

Phrase = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Joined:
    """The records of a page, and what is learned from their words."""

    records: list[ControlRecord]
    phrases: list[Phrase] = field(default_factory=list)
    """Of texts that the catalogue does not know: their words in both languages."""
    other_words: dict[str, str] = field(default_factory=dict)
    """What the remote calls something in English that the catalogue calls otherwise there."""


def joined_records(page: RecordsPage, catalogue: Catalogue) -> Joined:
    """A page of records, of which each is told in Chinese and in English.

    A text that the catalogue knows in Chinese, the vendor's first language, is kept as
    its code. Any other is kept as it is in Chinese, and its English words are learned.

    Raises:
        InvalidRecord: a record breaks a rule of ours.
    """
    chinese = [one for one, _ in page.records]
    whole = PageJSON(data=chinese, offset=page.offset, limit=len(chinese), count=page.count)
    joined = Joined(records_of_page(whole, catalogue))
    words = catalogue.words(_ENGLISH)
    for record, (one, other) in zip(joined.records, page.records, strict=True):
        for code, known, said, other_said in (
            (record.operation, words.operations, one.operateCode, other.operateCode),
            (record.result, words.results, one.operateResult, other.operateResult),
        ):
            if code is not None and other_said and other_said != known[code].text:
                joined.other_words[known[code].text] = other_said
            elif code is None:
                _learn(joined.phrases, said, other_said)
    return joined


def joined_stays(
    chinese: Sequence[AttendanceJSON], english: Sequence[AttendanceJSON]
) -> tuple[list[Attendance], list[Phrase]]:
    """Stays, and what is learned from what they call devices and media.

    Raises:
        RemoteUntrustworthy: the two do not tell of the same stays.
        InvalidRecord: a stay breaks a rule of ours.
    """
    stays = [attendance_of(stay, f"data[{place}].") for place, stay in enumerate(chinese)]
    others = [attendance_of(stay, f"data[{place}].") for place, stay in enumerate(english)]
    known = {_key(stay): stay for stay in others}
    if known.keys() != {_key(stay) for stay in stays}:
        raise RemoteUntrustworthy(ATTENDANCE_PATH, "data", "has not the same stays in English")
    phrases: list[Phrase] = []
    for stay in stays:
        other = known[_key(stay)]
        _learn(phrases, stay.device_type, other.device_type)
        _learn(phrases, stay.media_type, other.media_type)
    return stays, phrases


def _learn(phrases: list[Phrase], chinese: str | None, english: str | None) -> None:
    if chinese and english and chinese != english:
        phrase: Phrase = {str(_CHINESE): chinese, str(_ENGLISH): english}
        if phrase not in phrases:
            phrases.append(phrase)


def _key(stay: Attendance) -> tuple[int, str, str]:
    return (stay.join_time_ms, stay.call_number, stay.display_name)
