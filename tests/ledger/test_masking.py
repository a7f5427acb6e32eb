"""Numbers that are kept in clear and shown starred."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confledger.ledger.masking import mask_numbers


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("+991116005905", "**********905"),
        ("+8613912345678", "***********678"),
        ("1234567", "****567"),
        ("+123", "*123"),
        ("sip:+991116005905@example.com", "sip:**********905@example.com"),
        ("号码+991116005905已挂断", "号码**********905已挂断"),
        ("Ann (13912345678)", "Ann (********678)"),
        ("+86-13812345678", "+86-********678"),
        ("13812345678-1234", "********678-1234"),
        ("user_13812345678", "user_********678"),
        (
            "31381603-0a5b-11ea-b313-81603f51d3ae 1234567",
            "31381603-0a5b-11ea-b313-81603f51d3ae ****567",
        ),
    ],
)
def test_a_number_is_starred_up_to_its_last_three_characters(text: str, shown: str) -> None:
    """A `+` and digits, or seven digits and more, are starred, wherever they stand."""
    assert mask_numbers(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Conference Operator",
        "9bd1c8b20a5b11eab31381603f51d3ae",
        "a5db36ce0a5b11eab313a52e57f34bda",
        "31381603-0a5b-11ea-b313-81603f51d3ae",
        "uzr571a912345678",
        "123456",
        "+",
        "+12",
        "**********905",
    ],
)
def test_what_is_no_number_is_shown_as_it_is(text: str) -> None:
    """Ids, names, short numbers and numbers that are starred already stay as they are."""
    assert mask_numbers(text) == text


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_masking_keeps_the_length_and_is_done_once(text: str) -> None:
    """Whatever the text, its length stays, and masking what is masked changes nothing."""
    masked = mask_numbers(text)
    assert len(masked) == len(text)
    assert mask_numbers(masked) == masked


@given(st.integers(min_value=1_000_000, max_value=10**18), st.booleans())
def test_no_number_keeps_more_than_three_digits(number: int, has_plus: bool) -> None:  # noqa: FBT001 - drawn by Hypothesis
    """However long a number is, three of its digits are shown."""
    text = f"{'+' if has_plus else ''}{number}"
    assert sum(character.isdigit() for character in mask_numbers(text)) == 3


@given(st.text("09aZ号１²+", max_size=12))
def test_a_word_by_itself_is_masked_as_it_is_in_a_sentence(word: str) -> None:
    """A dot behind it makes it no other word."""
    assert mask_numbers(word) == mask_numbers(f"{word}.")[:-1]
