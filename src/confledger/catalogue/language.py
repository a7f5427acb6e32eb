"""Which of our languages a request gets."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, Literal

Language = Literal["zh-CN", "en-US"]

LANGUAGES: Final[tuple[Language, ...]] = ("zh-CN", "en-US")
"""What we have words in. The first is what a request gets that asks for none of them."""

_RANGES_MAX: Final = 32
"""How many languages of one header are looked at; a person reads fewer."""


@lru_cache(maxsize=256)
def best_language(accept_language: str | None) -> Language:
    """The best match of an `Accept-Language` header (RFC 9110, section 12.5.4), else zh-CN.

    Each of our languages gets the quality of the most specific range that fits
    it: the tag itself, then its language (`zh`), then another variety of that
    language (`en-GB` for `en-US`: closer than the other language), then `*`. The
    highest quality wins; of equals, the one named first. A part that is no
    language range is passed over, as a recipient may.

    Source: the values, the header and the default are documented; quality values,
    other tags and wildcards are not, and this rule is ours.
    """
    if not accept_language:
        return LANGUAGES[0]
    ranges = list(_ranges(accept_language))
    candidates: list[tuple[float, int, Language]] = []
    for language in LANGUAGES:
        fitting = [
            (closeness, -position, quality)
            for position, (tag, quality) in enumerate(ranges)
            if (closeness := _closeness(tag, language))
        ]
        if fitting:
            _, earliness, quality = max(fitting)
            if quality > 0:
                candidates.append((quality, earliness, language))
    # Of equals `max` takes the first, which is the default language's.
    best = max(candidates, key=lambda candidate: candidate[:2], default=None)
    return best[2] if best else LANGUAGES[0]


def _closeness(tag: str, language: Language) -> int:
    """How closely a lower-case range fits one of our languages; 0 where it does not."""
    wanted = language.lower()
    primary = wanted.partition("-")[0]
    if tag == wanted:
        return 4
    if tag == primary:
        return 3
    if tag.startswith(primary + "-"):
        return 2
    return 1 if tag == "*" else 0


def _ranges(accept_language: str) -> Iterator[tuple[str, float]]:
    for part in accept_language.split(",")[:_RANGES_MAX]:
        tag, *parameters = (piece.strip() for piece in part.lower().split(";"))
        quality = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip() == "q":
                quality = _quality(value.strip())
        if tag and 0 <= quality <= 1:
            yield tag, quality


def _quality(value: str) -> float:
    """A quality value of RFC 9110: at most three decimals, from 0 to 1; -1 for anything else."""
    whole, _, decimals = value.partition(".")
    if whole not in ("0", "1") or len(decimals) > 3 or not (decimals + "0").isdecimal():  # noqa: PLR2004 - the three of the sentence above
        return -1.0
    return float(f"{whole}.{decimals or 0}")
