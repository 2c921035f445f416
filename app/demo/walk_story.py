"""What people answer in the walk: the real case of Mengzhuang village (2012), retold by the demo county.

Published: 800 m of main road hardened, 350,000 yuan planned, from collective savings and a subsidy from
above, and the order of the steps. Everything else here is filled in, and the walk says so. Each step is
keyed by the shape of its diagram. Not for doing anything: `walk` does.
"""

from typing import Any, NamedTuple

TITLE = "硬化村内主干道800米"
MATTER = "collective_money_use"
AMOUNT = 350_000
PLAN = "对村内主干道800米进行硬化，计划投资35万元，资金来源为村集体积累和上级补助。"
REVISED = PLAN + "路东侧同步修建排水边沟，不增加总投资。"
RESULT = "主干道800米硬化完工并修建排水边沟，经村务监督委员会验收合格，实际支出34.8万元。"
OBJECTION = "方案没有排水沟，硬化后路面高于我家院子，下雨会倒灌。"
WANTS_A_DRAIN = "liuguiying"
REPLY = "经到现场核实，异议成立：原方案未考虑东侧住户排水。公示撤下，决议撤销，退回两委重新商议。"

PUBLISHED = (
    ("硬化主干道800米，计划投资35万元", "800 m of main road, 350,000 yuan planned"),
    ("资金来自村集体积累和上级补助", "paid from collective savings and a subsidy from above"),
    (
        "次序：支部提议→两委商议→党员大会审议→村民代表会议决议→公开",
        "the order: branch proposes → committees → Party members → representatives → made public",
    ),
)
FILLED_IN = (
    ("人物、日期、票数、文字均由演示县补写", "people, dates, votes and wording are the demo county's"),
    (
        "第一次代表会议人数不足、异议成立均为补写，用以展示例外",
        "the meeting without a quorum and the upheld objection are filled in, to show exceptions",
    ),
    ("按现行法律（不是2012年的法律）办理", "played under today's law, not that of 2012"),
)


class Step(NamedTuple):
    """What is said and what is answered when a task of this shape is done."""

    zh: str
    en: str
    answer: dict[str, Any]


STEPS = {
    "survey": Step(
        "入户走访62户、查看现场，汇总调查情况",
        "visits 62 households, looks at the road, sums up",
        {
            "survey_ways": ["visits", "site"],
            "visited": 62,
            "findings": "主干道坑洼严重，雨天难以通行，沿线涉及农户186户。",
            "opinions": "多数群众要求尽快硬化，部分群众关心资金来源。",
        },
    ),
    "consult": Step(
        "组织沿线村民协商，形成共识",
        "consults those along the road",
        {"consultation": "同意使用集体积累，争取上级补助，不向村民集资。", "hearing_wanted": "no"},
    ),
    "propose": Step(
        "村党支部提议",
        "the Party branch proposes it",
        {"proposal_decision": "yes", "text": PLAN, "proposal_note": "支部委员会研究，同意提议。"},
    ),
    "supply": Step(
        "补齐规定的材料",
        "supplies the papers that the rules ask for",
        {
            "papers": {
                "survey": "主干道现状调查报告",
                "opinions": "民主协商记录",
                "adoption_table": "意见采纳情况表",
                "budget": "预算及资金来源说明（35万元）",
            }
        },
    ),
    "present": Step("汇报方案", "presents the proposal", {"presentation": "方案、预算、资金来源、工期。"}),
    "head_opinion": Step(
        "主要负责人末位表态：同意",
        "the head speaks last: agrees",
        {"head_statement": {"opinion": "agree", "reason": ""}},
    ),
    "minutes": Step(
        "形成会议记录，不同意见如实记载",
        "writes the minutes, dissent as it was said",
        {
            "minutes": "会议按议程进行，逐人发言后表决。",
            "dissent": "有人认为应先修排水。",
            "recused": "无。",
            "signers": "主持人、记录人、监票人",
        },
    ),
    "sign": Step("核对并签字", "confirms and signs", {"signature": {"confirmed": "yes", "note": ""}}),
    "party_plan": Step(
        "召集党员大会，草案提前送阅",
        "calls the Party members, the draft sent ahead",
        {"party_venue": "村党群服务中心", "party_agenda": "审议主干道硬化方案"},
    ),
    "party_revise": Step(
        "按党员意见完善方案",
        "revises the plan after the deliberation",
        {"party_opinions": "党员建议公开招标，已采纳。"},
    ),
    "plan_meeting": Step(
        "拟定村民代表会议：议程、表决事项、无记名投票",
        "plans the representatives' meeting, a secret ballot",
        {
            "agenda": "一、说明方案；二、讨论；三、无记名投票",
            "motion": "是否同意使用集体积累硬化主干道800米（计划35万元）",
            "venue": "村文化广场",
            "ballot": "secret",
            "urgent": False,
        },
    ),
    "reconvene": Step(
        "另行召集，重新足期通知",
        "calls it again, with full notice",
        {"venue": "村文化广场", "reconvene_reason": "到会人数不足，另行召集；到会人数要求不变。"},
    ),
    "redact": Step(
        "核稿，隐去个人信息",
        "checks the text, takes personal data out",
        {"redacted": "yes", "channels": ["board", "portal", "group_chat"]},
    ),
    "publish": Step(
        "张贴于村务公开栏，上网，发到村民微信群",
        "posts it on the board, online and in the group chat",
        {"board_place": "村务公开栏"},
    ),
    "verify": Step("期满核查：全程张贴", "checks: up for the whole period", {"covered": "yes"}),
    "answer_objection": Step(
        "按成立的异议修改方案：增设排水边沟",
        "revises the plan as the objection asks: a drain beside the road",
        {"text": REVISED, "objection_answer": "采纳，东侧增设排水边沟。"},
    ),
    "implement": Step(
        "公开招标、组织施工",
        "tenders it and has it built",
        {"contract_no": "柳工合〔补写〕1号", "spent": 348_000, "implementation": "按方案完工。"},
    ),
    "accept": Step(
        "村务监督委员会验收：合格",
        "the supervision committee accepts it",
        {"acceptance": "yes", "acceptance_note": "现场丈量、查验票据。", "result_text": RESULT},
    ),
}

TAKES = {
    "implement": (45, "招标、施工四十五天（补写）", "forty-five days of tender and work (filled in)"),
    "accept": (3, "三天后", "three days later"),
}
"""Days that pass before a task is done, and how that is told."""

TURNS = {"consult": 1, "present": 1, "party_revise": 1, "redact": 1, "publish": 2}
"""Where the turns begin among those who may do a task."""
