"""Who may do what: every call, asked by everybody, against what is expected."""

import pytest

import rights
from conftest import STORES


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """One event loop for the module, since the matrix is asked once."""
    return "asyncio"


@pytest.fixture(scope="module")
async def seen(engine: str) -> dict[str, dict[str, rights.Answer]]:
    """What everybody is answered."""
    async with STORES[engine]() as url:
        return await rights.matrix(url)


@pytest.mark.parametrize("who", rights.EXPECTED)
async def test_everybody_is_answered_as_expected(
    seen: dict[str, dict[str, rights.Answer]], who: str
) -> None:
    """Each cell of the rights matrix, status and code, is what the rules say."""
    assert seen[who] == dict(zip(rights.CALLS, rights.EXPECTED[who], strict=True))


async def test_no_cell_is_empty(seen: dict[str, dict[str, rights.Answer]]) -> None:
    """Everybody was expected, and asked every call."""
    assert list(seen) == list(rights.EXPECTED)
    assert all(answers.keys() == rights.CALLS.keys() for answers in seen.values())


async def test_the_console_lets_see_what_the_api_lets_see(
    seen: dict[str, dict[str, rights.Answer]],
) -> None:
    """Each call of the console is answered as its twin of the API, whoever asks."""
    twins = {
        "console list": "list",
        "console meeting": "detail",
        "console records": "control records",
        "console timeline": "control records",
        "console live": "control records",
        "console file": "control records",
        "console unknown": "unknown conference",
    }
    assert twins.keys() == {call for call in rights.CALLS if call.startswith("console ")}
    for who, answers in seen.items():
        for call, twin in twins.items():
            assert answers[call] == answers[twin], (who, call)


@pytest.mark.parametrize(
    ("seen_there", "shown"),
    [
        ((200, "count 1"), "✓ 200 count 1"),
        ((200, "count 0"), "✗ expected 200 count 1, seen 200 count 0"),
        ((403, "MMC.111070002"), "✗ expected 200 count 1, seen 403 MMC.111070002"),
    ],
)
def test_a_cell_shows_what_is_expected_and_what_was_seen(
    seen_there: rights.Answer, shown: str
) -> None:
    """Once where they are the same, and both where they differ in status or code."""
    assert rights.cell((200, "count 1"), seen_there) == shown
