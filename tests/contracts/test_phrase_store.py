"""What every phrase store has to do: `ledger.phrases.PhraseStore`, on each engine."""

from collections.abc import AsyncIterator

import pytest

from confledger.auth.accounts import DEFAULT_CORP_ID
from confledger.errors import NoSuchCorp
from confledger.ledger.phrases import PhraseStore
from confledger.storage import Stores
from engines import ENGINES

CORP, OTHER_CORP = DEFAULT_CORP_ID, "other"
DANCE = {"zh-CN": "跳舞", "en-US": "Dance"}


@pytest.fixture(params=ENGINES)
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[Stores]:
    """A new, empty store of each engine in turn."""
    async with ENGINES[request.param]() as opened:
        yield opened


@pytest.fixture
async def phrases(stores: Stores) -> PhraseStore:
    """One that knows a second corp."""
    await stores.tenants.add_corp(OTHER_CORP, "Other")
    return stores.phrases


async def test_a_phrase_is_known_from_either_side(phrases: PhraseStore) -> None:
    """A text has its words in the other language, and none in its own or another."""
    await phrases.learn(CORP, [DANCE, {"zh-CN": "唱歌", "en-US": "Sing"}])

    texts = ["跳舞", "Sing", "Dance", "whatever"]
    assert await phrases.translations(CORP, "en-US", texts) == {"跳舞": "Dance"}
    assert await phrases.translations(CORP, "zh-CN", texts) == {"Sing": "唱歌", "Dance": "跳舞"}
    assert await phrases.translations(CORP, "fr-FR", texts) == {}


async def test_what_was_learned_first_stays(phrases: PhraseStore) -> None:
    """A phrase learned again is known once, and other words for its text change nothing."""
    await phrases.learn(CORP, [DANCE])
    await phrases.learn(CORP, [DANCE, {"zh-CN": "跳舞", "en-US": "Hop"}])

    assert await phrases.translations(CORP, "en-US", ["跳舞"]) == {"跳舞": "Dance"}
    assert await phrases.translations(CORP, "zh-CN", ["Hop"]) == {"Hop": "跳舞"}


async def test_a_corp_is_a_wall(phrases: PhraseStore) -> None:
    """What one corp has learned says nothing to another."""
    await phrases.learn(CORP, [DANCE])

    assert await phrases.translations(OTHER_CORP, "en-US", ["跳舞"]) == {}
    with pytest.raises(NoSuchCorp):
        await phrases.learn("nobody", [DANCE])
