"""Says figures and tests in Chinese and English, the way a notice or a chair would.

Not for: interface texts, which are translated in the application.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from workflows.services.rule_entries import Text

_DIGITS = "零一二三四五六七八九十"
_UNITS = {
    "calendar_days": ("{n}日", "{n} day", "{n} days"),
    "working_days": ("{n}个工作日", "{n} working day", "{n} working days"),
    "hours": ("{n}小时", "{n} hour", "{n} hours"),
    "years": ("{n}周岁", "{n} year", "{n} years"),
    "count": ("{n}", "{n}", "{n}"),
}


def value_words(value: Any, unit: str) -> Text:
    """A figure's value in words: “10日”, “三分之二”, or its tests joined."""
    if unit == "tests":
        return tests_words(value)
    if isinstance(value, Fraction):
        return Text(share_zh(value), f"{value.numerator}/{value.denominator}")
    zh, one, many = _UNITS[unit]
    return Text(zh.format(n=value), (one if value == 1 else many).format(n=value))


def tests_words(tree: Mapping[str, Any]) -> Text:
    """A tree of tests in words: “…，或者…” for any, “…，并且…” for all."""
    for key, zh, en in (("all", "，并且", " and "), ("any", "，或者", " or ")):
        if key in tree:
            parts = [tests_words(item) for item in tree[key]]
            return Text(zh.join(p.zh for p in parts), en.join(p.en for p in parts))
    text = tree.get("text")
    if text:
        return Text(text["zh"], text["en"])
    share = Fraction(tree["share"])
    at_least = tree["compare"] == "at_least"
    half = share == Fraction(1, 2)
    beyond = "以上" if at_least else "（不含）以上"
    zh_share = "过半数" if half and not at_least else share_zh(share) + beyond
    en_share = f"{'at least' if at_least else 'more than'} {share.numerator}/{share.denominator}"
    base, count = (tree["base"].replace("_", " "), tree["count"].replace("_", " "))
    return Text(f"{base}{zh_share}（{count}）", f"{en_share} of {base} ({count})")


def share_zh(share: Fraction) -> str:
    """“三分之二”; figures above ten stay in digits; all of it is “全部”."""
    if share == 1:
        return "全部"
    numerator, denominator = share.numerator, share.denominator
    if numerator <= 10 and denominator <= 10:
        return f"{_DIGITS[denominator]}分之{_DIGITS[numerator]}"
    return f"{denominator}分之{numerator}"
