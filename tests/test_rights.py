"""Who may do what: every call, asked by everybody, against what is expected."""

import pytest

import rights

DONE, UNKNOWN = (200, ""), (400, "MMC.111070005")
NOT_PERMITTED, NO_TOKEN = (403, "MMC.111070002"), (401, "USG.000000004")
ONE, NONE = (200, "count 1"), (200, "count 0")

# What is expected of the calls about conferences, in the order of `rights.CALLS`:
# list, detail, attendees, control records, unknown conference.
SEES_IT = (ONE, DONE, DONE, DONE, UNKNOWN)
SEES_NOTHING = (NONE, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN)
MAY_NOT_SEE_IT = (NONE, NOT_PERMITTED, NOT_PERMITTED, NOT_PERMITTED, UNKNOWN)

# Of the calls about the token itself: validate, refresh, delete.
HAS_A_TOKEN = (DONE,) * 3

EXPECTED = {
    "SP administrator": SEES_NOTHING + HAS_A_TOKEN,
    "SP app for the corp": SEES_IT + HAS_A_TOKEN,
    "administrator": SEES_IT + HAS_A_TOKEN,
    "scheduler": SEES_IT + HAS_A_TOKEN,
    "invited user": SEES_IT + HAS_A_TOKEN,
    "walk-in": MAY_NOT_SEE_IT + HAS_A_TOKEN,
    "stranger of the corp": MAY_NOT_SEE_IT + HAS_A_TOKEN,
    "other corp": SEES_NOTHING + HAS_A_TOKEN,
    "read-only app": SEES_IT + HAS_A_TOKEN,
    "write-only app": (NOT_PERMITTED,) * 5 + HAS_A_TOKEN,
    "revoked token": (NO_TOKEN,) * 8,
    "expired token": (NO_TOKEN,) * 8,
    "no token": (NO_TOKEN,) * 8,
}


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """One event loop for the module, since the matrix is asked once."""
    return "asyncio"


@pytest.fixture(scope="module")
async def seen() -> dict[str, dict[str, rights.Answer]]:
    """What everybody is answered."""
    return await rights.matrix()


@pytest.mark.parametrize("who", EXPECTED)
async def test_everybody_is_answered_as_expected(
    seen: dict[str, dict[str, rights.Answer]], who: str
) -> None:
    """Each cell of the rights matrix, status and code, is what the rules say."""
    assert seen[who] == dict(zip(rights.CALLS, EXPECTED[who], strict=True))


async def test_no_cell_is_empty(seen: dict[str, dict[str, rights.Answer]]) -> None:
    """Everybody was expected, and asked every call."""
    assert seen.keys() == EXPECTED.keys()
    assert all(answers.keys() == rights.CALLS.keys() for answers in seen.values())
