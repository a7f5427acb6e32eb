"""Chance that falls the same in every process and on every version of Python."""

import hashlib
import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """Whole numbers drawn from a seed.

    Of `random.Random` only `getrandbits` is used, and a seed that is an integer: Python
    promises for neither `choice` nor `randint` that a later version draws the same.
    """

    __slots__ = ("_bits",)

    def __init__(self, *seed: int | str) -> None:
        text = "/".join(map(str, seed))
        number = int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
        self._bits = random.Random(number).getrandbits  # noqa: S311 - nothing here is a secret

    def bits(self, count: int) -> int:
        """A number of so many bits."""
        return self._bits(count)

    def below(self, end: int) -> int:
        """From 0 to `end - 1`, for an `end` far below 2**32."""
        return self._bits(32) * end >> 32

    def between(self, least: int, most: int) -> int:
        """From `least` to `most`, both included."""
        return least + self.below(most - least + 1)

    def in_thousand(self, times: int) -> bool:
        """Whether something happens that happens so often in a thousand times."""
        return self.below(1000) < times

    def pick(self, things: Sequence[T]) -> T:
        """One of some things."""
        return things[self.below(len(things))]
