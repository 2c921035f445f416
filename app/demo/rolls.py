"""The registers of the demo villages: made up, the same on every machine.

Their identity numbers pass the check but begin with 990000: no province has 99, so nobody can have one.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from app.demo.officials import Official
from app.identity.identity_numbers import check_place

AREA = "990000"
_SURNAMES = "王李张刘陈杨赵孙周吴郑徐马朱胡郭何高林罗梁宋唐许韩邓曹彭曾肖田董潘袁蔡蒋余杜叶程魏苏吕丁任沈姚卢"
# fmt: off
_MEN = (
    *("建国", "志强", "德福", "永军", "立民", "春林", "长河", "大勇", "文斌", "国平"),
    *("守业", "明亮", "振东", "铁柱", "福田", "玉山", "庆丰", "来顺", "成林", "海波"),
    *("学文", "涛", "伟", "磊", "思远", "志平", "林", "凡", "俊杰", "浩"),
    *("鹏", "宏伟", "金山", "传宝", "兆海", "培德", "维新", "延安", "新民", "少华"),
)
_WOMEN = (
    *("秀兰", "桂英", "美华", "小梅", "玉珍", "凤霞", "淑芬", "月娥", "秋菊", "桂芳"),
    *("彩云", "丽娟", "淑贞", "红梅", "爱莲", "晓燕", "雅琴", "婉清", "静", "敏"),
    *("雪梅", "婷婷", "慧", "文静", "雨", "丽", "月", "春花", "素云", "兰芝"),
    *("金凤", "翠平", "瑞香", "玉莲", "巧云", "俊英", "爱华", "艳", "霞", "青"),
)
# fmt: on
_OLDEST, _YOUNGEST = date(1936, 1, 1), date(2006, 12, 31)


@dataclass(frozen=True, slots=True)
class Size:
    """How large a village is."""

    electors: int
    households: int
    representatives: int
    party_members: int


SIZES = {
    "liushugou": Size(1500, 480, 45, 72),
    "shiqiao": Size(118, 41, 15, 12),
    "beizhuang": Size(96, 33, 13, 10),
    "huaishuling": Size(84, 30, 13, 9),
    "xinghuayu": Size(66, 24, 11, 8),
    "yangguang": Size(110, 46, 15, 11),
}


@dataclass(frozen=True, slots=True)
class DemoElector:
    """One line of a register, with the full number that is never stored."""

    name: str
    household: str
    number: str
    woman: bool
    born_on: date
    marks: dict[str, bool]


def register_of_village(code: str, officials: Sequence[Official]) -> list[DemoElector]:
    """The register of a demo village, its officials among the electors, the first of a household its head."""
    size, luck = SIZES[code], random.Random(f"minyi {code}")  # noqa: S311  a story, no secret
    households = _households(size, officials, luck)
    numbers: set[str] = set()
    people: list[DemoElector] = []
    for place, (household, surname, first) in enumerate(households):
        official = officials[place] if place < len(officials) else None
        woman = official.woman if official else luck.random() < 0.49
        name = official.name if official else surname + luck.choice(_WOMEN if woman else _MEN)
        born_on = _OLDEST + timedelta(days=luck.randrange((_YOUNGEST - _OLDEST).days))
        if official:
            born_on = date(luck.randint(1962, 1990), luck.randint(1, 12), luck.randint(1, 28))
        number = _number(born_on, luck, numbers, woman=woman)
        marks = {"household_head": True} if first else {}
        if luck.random() < 0.95 or official:
            marks["collective_member"] = True
        if luck.random() < 0.993 or official:
            marks["full_capacity"] = True
        people.append(DemoElector(name, household, number, woman, born_on, marks))
    _mark(people, officials, "representative", "villagers_representatives", size.representatives, luck)
    _mark(people, officials, "party_member", "party_members", size.party_members, luck)
    return sorted(people, key=lambda p: p.household)


def _households(
    size: Size, officials: Sequence[Official], luck: random.Random
) -> list[tuple[str, str, bool]]:
    """(household, surname, first of it) for every elector; firsts come first: officials head households."""
    surnames = [luck.choice(_SURNAMES) for _ in range(size.households)]
    surnames[: len(officials)] = [official.name[0] for official in officials]
    rows = [(f"{n + 1:03d}", surnames[n], True) for n in range(size.households)]
    for _ in range(size.electors - size.households):
        n = luck.randrange(size.households)
        rows.append((f"{n + 1:03d}", surnames[n], False))
    return rows


def _number(born_on: date, luck: random.Random, taken: set[str], *, woman: bool) -> str:
    while True:
        first = f"{AREA}{born_on:%Y%m%d}{luck.randrange(500) * 2 + (not woman):03d}"
        number = first + check_place(first)
        if number not in taken:
            taken.add(number)
            return number


def _mark(
    people: Sequence[DemoElector],
    officials: Sequence[Official],
    mark: str,
    group: str,
    wanted: int,
    luck: random.Random,
) -> None:
    """Mark the officials of the group and as many others as are wanted; two in five are women."""
    inside = [p for p, o in zip(people, officials, strict=False) if o.is_in(group)]
    others = list(_shuffled(people[len(officials) :], luck))
    women = max(0, -(-wanted * 2 // 5) - sum(p.woman for p in inside))
    chosen = inside + [p for p in others if p.woman][:women]
    chosen += [p for p in others if not p.woman][: wanted - len(chosen)]
    for person in chosen:
        person.marks[mark] = True
        person.marks["full_capacity"] = True


def _shuffled(people: Sequence[DemoElector], luck: random.Random) -> Iterator[DemoElector]:
    order = list(range(len(people)))
    luck.shuffle(order)
    return (people[n] for n in order)
