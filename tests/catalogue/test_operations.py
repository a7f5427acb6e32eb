"""The catalogue of operations and the words for them agree with each other."""

import re
import tomllib
from collections import Counter
from importlib.resources import files
from typing import Any, get_args

import pytest

from confledger.catalogue.language import LANGUAGES
from confledger.catalogue.operations import ATTENDANCE, OPERATIONS, RESULTS, Actor, ObjectKind
from confledger.catalogue.words import Origin

SEEN_WORDS = {
    "START_VOICE_ACTIVATION": "启动声控",
    "STOP_VOICE_ACTIVATION": "停止声控",
    "CALL_PARTICIPANT": "呼叫与会方",
    "SET_HOST": "设置主持人",
    "MUTE_PARTICIPANT": "关闭与会方麦克风",
    "UNMUTE_PARTICIPANT": "打开与会方麦克风",
    "ADD_PARTICIPANT": "添加与会方",
    "REMOVE_PARTICIPANT": "删除与会方",
    "HANG_UP_PARTICIPANT": "挂断与会方",
    "ROLL_CALL_PARTICIPANT": "点名与会方",
    "BROADCAST_PARTICIPANT": "广播与会方",
    "CANCEL_BROADCAST_PARTICIPANT": "取消广播与会方",
    "RELEASE_HOST": "释放主持人",
    "UNMUTE_ALL": "取消全场静音",
    "REQUEST_FLOOR": "申请发言",
}
"""What the vendor's sample calls its operations."""

SEEN_OBJECTS = {
    "START_VOICE_ACTIVATION": ObjectKind.NONE,
    "STOP_VOICE_ACTIVATION": ObjectKind.NONE,
    "ADD_PARTICIPANT": ObjectKind.NUMBER,
    "REMOVE_PARTICIPANT": ObjectKind.NUMBER,
    "CANCEL_BROADCAST_PARTICIPANT": ObjectKind.NONE,
    "UNMUTE_ALL": ObjectKind.NONE,
}
"""What operations of the sample act on, where that is not a participant."""

SEEN_ACTORS = {
    "START_VOICE_ACTIVATION": Actor.MCU,
    "STOP_VOICE_ACTIVATION": Actor.MCU,
    "CALL_PARTICIPANT": Actor.SYSTEM,
    "SET_HOST": Actor.SYSTEM,
    "MUTE_PARTICIPANT": Actor.MCU,
    "UNMUTE_PARTICIPANT": Actor.MCU,
    "CANCEL_BROADCAST_PARTICIPANT": Actor.MCU,
}
"""Who does operations of the sample, where that is not a person at the portal."""


def read_locale(language: str) -> dict[str, Any]:
    """A locale as it stands in the package, without the program's own reader."""
    locale = files("confledger.catalogue") / "locales" / f"{language}.toml"
    return tomllib.loads(locale.read_text("utf-8"))


def texts(language: str, table: str) -> list[str]:
    """The words of a table of a locale, in order."""
    return [entry["words"] for entry in read_locale(language)[table].values()]


def test_codes_are_unique() -> None:
    """No two operations, and no two results, share a code."""
    for codes in ([operation.code for operation in OPERATIONS], RESULTS, ATTENDANCE):
        assert [code for code, times in Counter(codes).items() if times > 1] == []


def test_codes_are_upper_snake() -> None:
    """A code is made of upper-case words joined by single underscores."""
    codes = [*(operation.code for operation in OPERATIONS), *RESULTS]

    assert [code for code in codes if not re.fullmatch("[A-Z]+(_[A-Z]+)*", code)] == []


def test_actors_are_the_pairs_of_the_sample() -> None:
    """The actors are the three pairs of source and operator that the vendor has shown."""
    assert [(actor.source, actor.operator) for actor in Actor] == [
        ("MCU", "MCU"),
        ("Conference System", "Conference System"),
        ("Portal", "Conference Operator"),
    ]


def test_seen_operations_are_as_the_sample_shows_them() -> None:
    """Object and actor of the operations in the vendor's sample are those of its records."""
    seen = [operation for operation in OPERATIONS if operation.code in SEEN_WORDS]

    assert [operation.code for operation in seen] == list(SEEN_WORDS)
    for operation in seen:
        expected_object = SEEN_OBJECTS.get(operation.code, ObjectKind.PARTICIPANT)
        assert operation.object_kind is expected_object, operation.code
        assert operation.actor is SEEN_ACTORS.get(operation.code, Actor.PORTAL), operation.code


def test_calls_are_a_method_a_path_and_fields() -> None:
    """A call is empty, or reads as a method, a path and the fields that matter."""
    call = re.compile(r"((PUT|POST|DELETE) [A-Za-z/]+( [A-Za-z]+(=[A-Za-z0-9]+)?)*)?")

    assert [each.code for each in OPERATIONS if not call.fullmatch(each.call)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_locales_have_the_codes_of_the_catalogue(language: str) -> None:
    """A locale has every code of the catalogue, no other, in its order."""
    locale = read_locale(language)

    assert list(locale) == ["operations", "results", "attendance"]
    assert list(locale["operations"]) == [operation.code for operation in OPERATIONS]
    assert list(locale["results"]) == list(RESULTS)
    assert list(locale["attendance"]) == list(ATTENDANCE)


@pytest.mark.parametrize("table", ["operations", "results", "attendance"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_words_are_there_and_stripped(language: str, table: str) -> None:
    """No code goes without words, and no words have space around them."""
    assert [text for text in texts(language, table) if not text or text != text.strip()] == []


@pytest.mark.parametrize("table", ["operations", "results", "attendance"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_words_are_unique_within_a_language(language: str, table: str) -> None:
    """Words lead back to one code, since no other code of the language has them."""
    assert [text for text, times in Counter(texts(language, table)).items() if times > 1] == []


@pytest.mark.parametrize("table", ["operations", "results", "attendance"])
def test_words_mean_the_same_in_every_language(table: str) -> None:
    """Words that two languages share stand for the same code in both."""
    codes: dict[str, set[str]] = {}
    for language in LANGUAGES:
        for code, entry in read_locale(language)[table].items():
            codes.setdefault(entry["words"], set()).add(code)

    assert [text for text, those in codes.items() if len(those) > 1] == []


@pytest.mark.parametrize("table", ["operations", "results", "attendance"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_origins_are_known(language: str, table: str) -> None:
    """Every line has words and one of the four origins, and nothing else."""
    for code, entry in read_locale(language)[table].items():
        assert entry.keys() == {"words", "origin"}, code
        assert entry["origin"] in {"verbatim", "api", "manual", "ours"}, code


def test_origins_are_those_of_the_program() -> None:
    """The origins that the files may use are the ones that the program declares."""
    assert set(get_args(Origin)) == {"verbatim", "api", "manual", "ours"}


def test_verbatim_chinese_words_are_those_of_the_sample() -> None:
    """The fifteen operations of the vendor's sample have its words, and only they are verbatim."""
    verbatim = {
        code: entry["words"]
        for code, entry in read_locale("zh-CN")["operations"].items()
        if entry["origin"] == "verbatim"
    }

    assert len(SEEN_WORDS) == 15
    assert verbatim == SEEN_WORDS


def test_verbatim_chinese_result_is_that_of_the_sample() -> None:
    """The one result in the vendor's sample has its word, and only that is verbatim."""
    results = read_locale("zh-CN")["results"]

    assert results["SUCCESS"] == {"words": "成功", "origin": "verbatim"}
    assert results["FAILED"]["origin"] != "verbatim"


def test_no_english_word_is_verbatim() -> None:
    """English words never claim to be the vendor's own."""
    locale = read_locale("en-US")

    for table in (locale["operations"], locale["results"]):
        assert [code for code, entry in table.items() if entry["origin"] == "verbatim"] == []
