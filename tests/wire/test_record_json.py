"""Control records as JSON: the short way to a page and the long one give the same bytes."""

from hypothesis import given
from hypothesis import strategies as st

from confledger.catalogue.language import LANGUAGES, Language
from confledger.catalogue.words import load_catalogue
from confledger.ledger.record import OPERATOR_BASES, ControlRecord, Page, ShownPage
from confledger.wire.record_json import ReaderWords, page_json, shown_page_json

CATALOGUE = load_catalogue()

TEXTS = st.sampled_from(
    ["", "Ann", "+8613800000001", "13800000001", "9bd1c8b20a5b11eab31381603f51d3ae", "李 1234567"]
) | st.text(max_size=12)
UNKNOWN = st.sampled_from(["waved", "called 13800000001"])


@st.composite
def records(draw: st.DrawFn) -> ControlRecord:
    """A record, of a kind that a page may have."""
    operation = draw(st.none() | st.sampled_from(["MUTE_ALL", "MUTE_PARTICIPANT"]))
    result = draw(st.none() | st.just("SUCCESS"))
    return ControlRecord(
        operate_time_ms=draw(st.integers(0, 2**41)),
        source=draw(st.sampled_from(["", "MCU", "Portal"])),
        operator=draw(TEXTS),
        operator_basis=draw(st.sampled_from(OPERATOR_BASES)),
        operation=operation,
        operation_text="" if operation else draw(UNKNOWN),
        object=draw(TEXTS),
        result=result,
        result_text="" if result else draw(st.just("") | UNKNOWN),
        detail=draw(TEXTS),
    )


@given(
    st.lists(records(), max_size=6),
    st.sampled_from(LANGUAGES),
    st.dictionaries(UNKNOWN, st.just("挥手 13800000002")),
    st.data(),
)
def test_what_is_shown_of_a_page_is_told_as_the_whole_records_are(
    page: list[ControlRecord], language: Language, phrases: dict[str, str], data: st.DataObject
) -> None:
    """In every language, with numbers starred and in clear, with and without translations."""
    is_masked = data.draw(st.booleans())
    words = ReaderWords(CATALOGUE.words(language), phrases)
    numbers = {each.manner: -number for number, each in enumerate(page)}
    shown = ShownPage(
        [
            (
                *(each.operate_time_ms, numbers[each.manner]),
                *(each.operator, each.object, each.detail, 9),
            )
            for each in page
        ],
        {number: manner for manner, number in numbers.items()},
        9,
    )

    told = page_json(Page(page, 9), offset=3, limit=6, words=words, masks_numbers=is_masked)
    assert told == shown_page_json(shown, offset=3, limit=6, words=words, masks_numbers=is_masked)
