"""Six people of a village carry one decision through the pages, from the first idea to the published result.

The village is the demo's smallest, 66 electors in 24 households; the server is the product's own, as
`make run` starts it. MINYI_PICTURES names a folder that keeps what was seen.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from acting import Clock, MeetingRoom, Official, Visitor

from app.demo.walk_server import served

TITLE = "东街硬化及排水"
PLAN = "使用村集体积累28万元硬化东街620米，宽4米，两侧修排水沟；公开招标，不向村民集资。"
OTHERS = (("修订村规民约（红白事从简）", "village_covenant"), ("确定误工补贴标准", "absence_subsidy"))
COMMITTEE = ("tianshuzhen", "donglaishun", "panhongmei", "xiaoxingwang")
SIX = (*COMMITTEE, "yuandezheng", "caiailian")
AGREE = "agree"


@dataclass
class Story:
    """The six, a villager who never signs in, the clock, and where pictures go."""

    people: dict[str, Official]
    villager: Visitor
    clock: Clock
    pictures: Path
    case: str = ""

    def __getitem__(self, username: str) -> Official:
        return self.people[username]

    def do(self, username: str, task: str, **answers: Any) -> None:
        """One person does one task."""
        self[username].do(task, {k.replace("__", "."): v for k, v in answers.items()})

    def time_passes(self) -> None:
        """Until what the case waits for is due."""
        self.clock.pass_what_waits(self["xiaoxingwang"], self.case)


@pytest.fixture
def story(chromium: Any, tmp_path: Path) -> Iterator[Story]:
    """The demo county on a server of its own, and everybody at a browser of their own."""
    pictures = Path(os.environ.get("MINYI_PICTURES") or tmp_path)
    with served() as server:
        people = {name: Official(chromium, server.address, name) for name in SIX}
        yield Story(people, Visitor(chromium, server.address), Clock(server.address), pictures)
        for person in people.values():
            person.context.close()


@pytest.mark.timeout(280)
def test_six_people_carry_a_decision_through_the_pages(story: Story) -> None:
    raise_and_survey(story)
    discuss_in_the_committees(story)
    ask_the_party_members(story)
    vote_in_the_assembly(story)
    post_the_decision(story)
    carry_out_and_accept(story)
    post_the_result(story)
    read_without_sign_in(story)
    complaints = [c for p in story.people.values() for c in p.complaints]
    assert [c for c in complaints if "409" not in c] == []  # the second teller's first count
    assert len(complaints) == 1


def raise_and_survey(story: Story) -> None:
    """The committee raises the matter and asks around; the Party branch proposes it."""
    for title, matter in OTHERS:
        story["panhongmei"].start("村级重大事项", {"title": title, "matter": matter, "text": title})
    for person in story.people.values():
        person.case = TITLE
    story.case = story["panhongmei"].start(
        "村级重大事项", {"title": TITLE, "matter": "collective_money_use", "text": PLAN, "amount": "280000"}
    )
    story.do(
        "panhongmei",
        "调查研究",
        survey_ways=["visits", "site"],
        visited="24",
        findings="东街坑洼，雨天积水，沿线涉及24户。",
        opinions="都盼着修，有三户关心排水。",
    )
    story.do("donglaishun", "民主协商", consultation="同意用集体积累，先修排水沟。", hearing_wanted="no")
    story.do("tianshuzhen", "党组织提议", proposal_decision="yes", text=PLAN)


def discuss_in_the_committees(story: Story) -> None:
    """Papers, time to read, everybody's opinion with the head last, signed minutes."""
    head = story["xiaoxingwang"]
    head.open_task("补齐材料")
    papers = ("survey", "opinions", "adoption_table", "budget")
    head.fill({f"papers.{paper}": "《东街硬化》材料，已附" for paper in papers})
    head.submit("补齐材料")
    story.time_passes()
    story.do("donglaishun", "清点到会与回避")
    story.do("panhongmei", "汇报方案", presentation="方案、预算、工期和资金来源。")
    for _ in COMMITTEE[:-1]:
        speaker = next(name for name in COMMITTEE if _has(story[name], "发表意见"))
        story.do(speaker, "发表意见", statement__opinion=AGREE)
    head.open("/inbox?view=claimable")
    head.picture(story.pictures / "tour-inbox.png", height=520)
    story.do("xiaoxingwang", "主要负责人末位表态", head_statement__opinion=AGREE)
    story.do("donglaishun", "形成会议纪要", minutes="四人到会，逐人发言，一致同意。")
    for name in COMMITTEE:
        story.do(name, "确认并签字", signature__confirmed="yes")


def _has(person: Official, task: str) -> bool:
    return bool(person.tasks(task).count())


def ask_the_party_members(story: Story) -> None:
    """The Party members deliberate, by show of hands."""
    story.do("tianshuzhen", "召集党员大会", party_venue="党群服务中心", party_agenda="审议东街硬化方案")
    room = MeetingRoom(story["tianshuzhen"], TITLE)
    room.freeze()
    story.clock.until(room.called_for())
    members = room.sheet()
    room.sign_in(story["tianshuzhen"], members[: len(members) - 1])
    votes = {"for": str(len(members) - 1), "against": "0", "abstain": "0", "invalid": "0"}
    room.by_hands(story["caiailian"], votes)
    assert "通过" in room.close()
    story.do("donglaishun", "按审议意见完善方案", text=PLAN, party_opinions="建议公开招标，已采纳。")


def vote_in_the_assembly(story: Story) -> None:
    """Ten days' notice, quorum by household and person, two blind counts that differ once."""
    head = story["xiaoxingwang"]
    story.do(
        "xiaoxingwang",
        "拟定会议",
        agenda="一、说明方案；二、讨论；三、无记名投票",
        motion="是否同意使用集体积累28万元硬化东街620米",
        venue="村文化广场",
        ballot="secret",
    )
    room = MeetingRoom(head, TITLE)
    room.freeze()
    story.clock.until(room.called_for())
    households = sorted({household for _name, household in room.sheet()})
    assert not room.has_quorum(story["panhongmei"])
    for household in households[: len(households) * 2 // 3]:
        room.sign_in_household(story["donglaishun"], household)
    assert room.has_quorum(head)
    head.open(room.path)
    head.picture(story.pictures / "tour-meeting.png")
    present = room.present()
    right = {"for": str(present - 4), "against": "2", "abstain": "1", "invalid": "1"}
    wrong = {**right, "for": str(present - 5), "abstain": "2"}
    room.count(story["panhongmei"], "1", right)
    room.count(story["caiailian"], "2", wrong)
    assert "不一致" in story["caiailian"].words()
    room.count(story["caiailian"], "2", right)
    room.count(story["panhongmei"], "1", right)
    assert "计票一致" in story["panhongmei"].words()
    result = room.close()
    assert "通过" in result
    assert "未通过" not in result
    head.open(f"{room.path}/minutes")
    head.picture(story.pictures / "meeting-minutes.png", whole=True)
    story.do(
        "xiaoxingwang", "形成会议记录并签字", minutes="会议按议程进行。", signers="主持人、记录人、监票人"
    )


def post_the_decision(story: Story) -> None:
    """The decision is up for its whole period; the supervision committee checks."""
    _post(story, by="panhongmei")
    story.villager.open("/portal/notices")
    assert TITLE in story.villager.words()
    _period_over(story)


def carry_out_and_accept(story: Story) -> None:
    """Built, then accepted by the supervision committee, read in English."""
    story.do(
        "donglaishun", "组织实施", contract_no="杏工合1号", spent="279000", implementation="按方案完工。"
    )
    inspector = story["yuandezheng"]
    inspector.open_task("监督验收")
    inspector.speak("English")
    inspector.picture(story.pictures / "tour-task-en.png")
    inspector.speak("中文")
    inspector.fill(
        {
            "acceptance": "yes",
            "acceptance_note": "现场丈量，查验票据，合格。",
            "result_text": "东街620米已硬化，实际支出27.9万元。",
        }
    )
    inspector.submit("监督验收")


def post_the_result(story: Story) -> None:
    """The result is posted in the same way; then the case is over."""
    _post(story, by="donglaishun")
    _period_over(story)
    story["xiaoxingwang"].open(story.case)
    assert story["xiaoxingwang"].page.locator("main .m-tag", has_text="已办结").count()


def read_without_sign_in(story: Story) -> None:
    """Anybody reads what was decided, in both languages."""
    villager = story.villager
    villager.open("/portal/decisions")
    villager.follow("硬化东街")
    assert "通过" in villager.words()
    villager.picture(story.pictures / "tour-decision.png")
    villager.speak("English")
    assert "villagers' assembly" in villager.words().lower().replace("’", "'")
    villager.picture(story.pictures / "tour-decision-en.png")
    assert villager.complaints == []


def _post(story: Story, *, by: str) -> None:
    poster = story[by]
    poster.open_task("核稿并脱敏")
    poster.fill({"redacted": "yes", "channels": ["board", "portal"]})
    poster.submit("核稿并脱敏")
    story.do(by, "张贴并上网", board_place="村务公开栏")


def _period_over(story: Story) -> None:
    story.time_passes()
    story.do("yuandezheng", "期满核查拍照", covered="yes")
