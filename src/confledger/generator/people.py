"""Who meets: the people and the rooms of a corp, the same in all its meetings."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from confledger.generator.dice import Dice

_PEOPLE: Final = 400
_ROOMS: Final = 40
_NUMBERS: Final = 100_000
_NUMBERS_OF_PEOPLE: Final = 50_000
"""Numbers from here on are those of guests."""

_ENGLISH_PER_THOUSAND: Final = 250

_SURNAMES: Final = (
    ("王", "wang"), ("李", "li"), ("张", "zhang"), ("刘", "liu"), ("陈", "chen"), ("杨", "yang"),
    ("赵", "zhao"), ("黄", "huang"), ("周", "zhou"), ("吴", "wu"), ("徐", "xu"), ("孙", "sun"),
    ("胡", "hu"), ("朱", "zhu"), ("高", "gao"), ("林", "lin"), ("何", "he"), ("郭", "guo"),
    ("马", "ma"), ("罗", "luo"),
)  # fmt: skip
_GIVEN_NAMES: Final = (
    ("伟", "wei"), ("芳", "fang"), ("娜", "na"), ("敏", "min"), ("静", "jing"), ("丽", "li"),
    ("强", "qiang"), ("磊", "lei"), ("军", "jun"), ("洋", "yang"), ("勇", "yong"),
    ("艳", "yan"), ("杰", "jie"), ("涛", "tao"), ("明", "ming"), ("超", "chao"),
    ("秀英", "xiuying"), ("建国", "jianguo"), ("晓东", "xiaodong"), ("雨桐", "yutong"),
    ("子轩", "zixuan"), ("思远", "siyuan"), ("海燕", "haiyan"), ("志强", "zhiqiang"),
)  # fmt: skip
_ENGLISH_SURNAMES: Final = (
    "Adams", "Baker", "Clark", "Evans", "Garcia", "Hughes", "Khan", "Lopez", "Martin", "Novak",
    "Okafor", "Patel", "Rossi", "Schmidt", "Tan", "Wright",
)  # fmt: skip
_ENGLISH_GIVEN_NAMES: Final = (
    "Alice", "Ben", "Carla", "Daniel", "Emma", "Farid", "Grace", "Henry", "Irene", "James",
    "Kate", "Leo", "Maria", "Nina", "Oscar", "Priya", "Ravi", "Sofia", "Thomas", "Wendy",
)  # fmt: skip
_DEPARTMENTS: Final = (
    "研发一部", "研发二部", "测试部", "产品部", "市场部", "销售部", "财务部", "人力资源部",
    "法务部", "运维部", "Overseas Sales", "Customer Support",
)  # fmt: skip
_CITIES: Final = ("北京", "上海", "深圳", "杭州", "成都", "西安", "武汉", "Singapore")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody, or a room, who can be in a meeting."""

    name: str
    number: str
    """Such as `+9911160001234`."""
    user_id: str = ""
    """32 hexadecimal digits; empty for rooms and guests."""
    account: str = ""
    dept_name: str = ""
    own_conference_id: str = ""
    """The nine digits of the meeting room in the cloud that is theirs."""
    is_room: bool = False


@dataclass(frozen=True, slots=True)
class Pool:
    """Everybody of a corp."""

    people: tuple[Person, ...]
    rooms: tuple[Person, ...]


@lru_cache(maxsize=8)
def pool_of(corp_id: str) -> Pool:
    """The people and rooms of a corp: the same whenever one asks."""
    dice = Dice("people", corp_id)
    people = tuple(_person(dice, place) for place in range(_PEOPLE))
    rooms = tuple(_room(dice, _PEOPLE + place) for place in range(_ROOMS))
    return Pool(people, rooms)


def guest(dice: Dice, ordinal: int, *, in_chinese: bool) -> Person:
    """Somebody from outside, who has no account."""
    return Person(
        name=f"访客{ordinal}" if in_chinese else f"Guest {ordinal}",
        number=_number(dice.between(_NUMBERS_OF_PEOPLE, _NUMBERS - 1)),
    )


def _person(dice: Dice, place: int) -> Person:
    if dice.in_thousand(_ENGLISH_PER_THOUSAND):
        surname, given = dice.pick(_ENGLISH_SURNAMES), dice.pick(_ENGLISH_GIVEN_NAMES)
        name, account = f"{given} {surname}", f"{given}.{surname}".lower()
    else:
        (surname, surname_sound), (given, given_sound) = (
            dice.pick(_SURNAMES),
            dice.pick(_GIVEN_NAMES),
        )
        name, account = surname + given, f"{given_sound}.{surname_sound}"
    return Person(
        name=name,
        number=_number_at(place),
        user_id=f"{dice.bits(128):032x}",
        # Several people have the same name, and each has another account.
        account=f"{account}{place:03d}",
        dept_name=dice.pick(_DEPARTMENTS),
        own_conference_id=f"98{place:03d}{dice.below(10_000):04d}",
    )


def _room(dice: Dice, place: int) -> Person:
    city = dice.pick(_CITIES)
    floor_and_room = f"{dice.between(1, 20)}{dice.between(1, 30):02d}"
    separator, word = (" ", " Room") if city.isascii() else ("", "会议室")
    return Person(
        name=f"{city}{separator}{floor_and_room}{word}",
        number=_number_at(place),
        dept_name=dice.pick(_DEPARTMENTS),
        is_room=True,
    )


def _number_at(place: int) -> str:
    """A number of its own for each place: the factor has no divisor in common with the range."""
    return _number((12_345 + place * 7_919) % _NUMBERS_OF_PEOPLE)


def _number(last_digits: int) -> str:
    return f"+99111600{last_digits:05d}"
