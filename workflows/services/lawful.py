"""Services that ask the rules: who decides, which figures hold, may a time be shortened.

Not for: the rules themselves (`rules`) or counting (`tally`).
"""

from fractions import Fraction
from typing import Any

from workflows.errors import message
from workflows.model import Data, ServiceCall
from workflows.services import arguments as arg
from workflows.services import service
from workflows.services.rule_entries import COMMUNITIES
from workflows.services.rule_words import value_words
from workflows.services.rules import Barred, Figure, Rules
from workflows.services.tally import reckon


@service("rules.matter")
def matter(call: ServiceCall) -> Data:
    """Who decides `matter` and what it needs first.

    Arguments: `matter`; `delegated` (to the representatives, on record; default false); `community`
    (village, residents; default village); `body` (may it decide instead?). Gives `body`, `names`,
    `barred`, `reason`, `route`, `others`, `vital_interest`, `hearing`, `party_study_first`,
    `papers` (codes), `paper_names`, `delegable`, `approvals`, `source`, `confirmed`, `place`, `day`.
    """
    rules = arg.rules_of(call)
    code = arg.text(call, "matter")
    about = rules.matter(code)
    choice = rules.body_for(
        code,
        delegated=arg.flag(call, "delegated", fallback=False),
        community=arg.choice(call, "community", COMMUNITIES, fallback="village"),
        wanted=arg.optional_text(call, "body"),
    )
    barred = isinstance(choice, Barred)
    return {
        "matter": code,
        "matter_names": about["names"],
        "body": None if isinstance(choice, Barred) else choice.body,
        "names": None if isinstance(choice, Barred) else choice.names.as_dict(),
        "others": [] if isinstance(choice, Barred) else list(choice.others),
        "barred": barred,
        "reason": choice.reason.as_dict() if isinstance(choice, Barred) else None,
        "route": choice.route.as_dict() if isinstance(choice, Barred) else None,
        "source": choice.source.as_dict(),
        "vital_interest": about["vital_interest"],
        "hearing": about["hearing"],
        "hearing_source": about["hearing_source"],
        "party_study_first": about["party_study_first"],
        "papers": [p["code"] for p in about["papers"]],
        "paper_names": {p["code"]: p["names"] for p in about["papers"]},
        "delegable": about["delegable"],
        "approvals": about["approvals"],
        "confirmed": about["confirmed"],
        "place": list(rules.place),
        "day": rules.day.isoformat(),
    }


@service("rules.figures")
def figures(call: ServiceCall) -> Data:
    """Every figure of `body` for `matter` (may be absent) as it holds here, to be stored with the act.

    Gives each figure's number under its name (null where no rule speaks; shares as "2/3"), `tests`
    (`quorum`, `majority`), `units`, `texts`, `shortenable`, `unconfirmed`, `sources`, `place`, `day`.
    """
    return figures_of(arg.rules_of(call), arg.text(call, "body"), arg.optional_text(call, "matter"))


def figures_of(rules: Rules, body: str, matter: str | None) -> Data:
    """What `rules.figures` answers, for whoever asks outside a diagram. Raises BodyUnknown."""
    found = rules.figures(body, matter)
    names = rules.body(body)
    result: Data = dict.fromkeys(rules.figure_names())
    result.update({name: _plain(f) for name, f in found.items() if f.unit != "tests"})
    for name in ("quorum", "majority"):
        result.pop(name, None)
    return result | {
        "body": body,
        "names": names["names"],
        "tests": {name: f.value for name, f in found.items() if f.unit == "tests"},
        "units": {name: f.unit for name, f in found.items()},
        "texts": {name: f.text.as_dict() for name, f in found.items()},
        "shortenable": sorted(name for name, f in found.items() if f.shortenable),
        "unconfirmed": sorted(name for name, f in found.items() if not f.confirmed),
        "sources": [
            {"figure": name, "value": _plain(f) if f.unit != "tests" else None, **cited}
            for name, f in found.items()
            for cited in f.sources
        ],
        "ballots": names["ballots"],
        "household_basis": names["household_basis"],
        "proxy": names["proxy"],
        "online": names["online"],
        "place": list(rules.place),
        "day": rules.day.isoformat(),
    }


@service("rules.shortened")
def shortened(call: ServiceCall) -> Data:
    """Whether the urgent procedure may shorten a time of `body`.

    Arguments: `body`, `figure`, `days` (the time wanted), `reason`, `ground` (of law), `approver`, and
    `matter` (may be absent). Gives `allowed`, `days` (to be used: the full time when not allowed),
    `full_days`, `why`. Quorum, majority and every time not marked shortenable never change.
    """
    rules = arg.rules_of(call)
    figure = rules.figure(arg.text(call, "body"), arg.text(call, "figure"), arg.optional_text(call, "matter"))
    if not isinstance(figure.value, int):
        raise arg.refused(call, "figure", message("only a number of days can be shortened"))
    days = arg.whole(call, "days")
    given = [arg.optional_text(call, name) for name in ("reason", "ground", "approver")]
    if days >= figure.value:
        allowed, zh, en = True, "没有缩短法定时间。", "Nothing is shortened."
    elif not figure.shortenable:
        allowed, zh, en = False, "此项时间依法不得缩短。", "This time cannot be shortened."
    elif not all(given):
        allowed, zh, en = (
            False,
            "紧急程序须写明理由、依据和批准人。",
            "The urgent procedure needs a reason, a legal ground and an approver.",
        )
    else:
        allowed, zh, en = True, "按紧急程序缩短，理由公布。", "Shortened as urgent; the reason is published."
    return {
        "allowed": allowed,
        "days": days if allowed else figure.value,
        "full_days": figure.value,
        "unit": figure.unit,
        "shortened": allowed and days < figure.value,
        "why": {"zh": zh, "en": en},
        "source": figure.source.as_dict(),
    }


@service("tally.reckon")
def count(call: ServiceCall) -> Data:
    """Reckon `tests` (as `rules.figures` gives them) against `counts`: `passed` and `lines`."""
    return reckon(arg.table(call, "tests"), arg.table(call, "counts")).as_dict()


def _plain(figure: Figure) -> Any:
    if isinstance(figure.value, Fraction):
        return value_words(figure.value, "share").en
    return figure.value
