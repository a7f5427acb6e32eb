"""From texts to codes and back."""

import pytest

from confledger.catalogue.language import LANGUAGES
from confledger.catalogue.operations import OPERATIONS, RESULTS
from confledger.catalogue.words import load_catalogue

CATALOGUE = load_catalogue()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_leads_back_to_its_code(language: str) -> None:
    """Nothing is lost from code to words to code, in either language."""
    words = CATALOGUE.words(language)  # type: ignore[arg-type] # one of LANGUAGES
    for operation in OPERATIONS:
        assert CATALOGUE.operation_of(words.operations[operation.code].text) == operation.code
        assert CATALOGUE.has_operation(operation.code)
    for result in RESULTS:
        assert CATALOGUE.result_of(words.results[result].text) == result
        assert CATALOGUE.has_result(result)


@pytest.mark.parametrize(
    "text", ["", "mute participant", "Mute participant ", "关闭麦克风", "MUTE_ALL"]
)
def test_a_text_is_a_code_only_where_it_equals_its_words(text: str) -> None:
    """Another spelling, a part, or the code itself is no word of the catalogue."""
    assert CATALOGUE.operation_of(text) is None
    assert CATALOGUE.result_of(text) is None
    assert not CATALOGUE.has_operation(text.lower())
