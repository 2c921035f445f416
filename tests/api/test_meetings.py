"""The life of a meeting over HTTP, with the process, the rules and the effects that are shipped."""

import io
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from building_app import statements
from holding_meetings import Hall, Villager, entry, hall, villagers
from sqlalchemy import update

from app.identity.identity_numbers import check_place
from app.models import Person
from app.runtime.transaction import transaction
from workflows.services.calendar import legal_day

HEADERS = "姓名,身份证号,户号\n"


def identity(n: int) -> str:
    """A number nobody has: 99 is no province."""
    first = f"99000019800131{n:03d}"
    return first + check_place(first)


def listed(count: int) -> bytes:
    """A CSV list of so many people."""
    return (
        HEADERS + "".join(f"代表{chr(0x4E00 + n)},{identity(n)},{n:03d}\n" for n in range(count))
    ).encode()


def send(place: Hall, meeting: str, content: bytes, status: int = 200, *, by: str = "head") -> Any:
    """Send a list as the roll."""
    file = {"file": (io.BytesIO(content), "roll.csv")}
    return place.who(by).post(f"/meetings/{meeting}/roll", None, status, data=file)


def code_of(problem: Any) -> str:
    """The code at the end of a problem's type."""
    return str(problem["type"]).rsplit("/", 1)[-1]


def test_a_meeting_from_roll_to_result(database: str, tmp_path: Path) -> None:
    with hall(tmp_path, villagers(21), database=database) as place:
        meeting, head = place.call_meeting(), place.who("head")
        planned = head.get(f"/meetings/{meeting}")
        assert (planned["state"], planned["roll_size"], planned["body"]) == (
            "planned",
            21,
            "villagers_assembly",
        )
        assert planned["eligible"]["ballots"] == ["abao", "amei"]
        assert head.post(f"/meetings/{meeting}/freeze")["state"] == "roll_frozen"
        place.go_to(meeting)
        ids = [e["id"] for e in place.roll(meeting)]
        short = head.post(f"/meetings/{meeting}/attendance", {"present": ids[:10]})
        assert (short["present"], short["quorum_met"]) == (10, False)  # 10 of 21 is less than a half
        assert head.post(f"/meetings/{meeting}/attendance", {"present": ids[:11]})["quorum_met"] is True
        place.count(meeting, (6, 3, 1, 1))
        result = head.post(f"/meetings/{meeting}/close")
        assert (result["state"], result["passed"], result["quorum_met"]) == ("closed", True, True)
        majority = result["tests"][-1]
        assert (majority["needed"], majority["got"], majority["met"]) == (6, 6, True)
        assert "第二十六条" in majority["article"]
        tasks = head.get(f"/tasks?view=claimable&case={place.case}")["items"]
        assert [t["element"] for t in tasks] == ["minutes"]
        kinds = [e["kind"] for e in head.get(f"/cases/{place.case}/history")["items"]]
        assert "meeting.closed" in kinds


def test_half_of_those_present_is_not_a_majority(tmp_path: Path) -> None:
    with hall(tmp_path, villagers(21)) as place:
        meeting = place.call_meeting()
        place.open(meeting, 12)
        place.count(meeting, (6, 0, 6, 0))
        assert place.who("head").post(f"/meetings/{meeting}/close")["passed"] is False


def test_everybody_counts_once_and_can_be_taken_back(database: str, tmp_path: Path) -> None:
    with hall(tmp_path, villagers(20), database=database) as place:
        meeting, head = place.call_meeting(), place.who("head")
        ids = place.open(meeting, 12)
        attendance = f"/meetings/{meeting}/attendance"
        assert head.post(attendance, {"present": [ids[0], *ids[:5], ids[0]]})["present"] == 12
        assert head.post(attendance, {"absent": ids[:2]})["present"] == 10
        assert head.post(attendance, {"absent": ids[:2]})["present"] == 10
        refused = head.post(attendance, {"present": ids[:1], "absent": ids[:1]}, 422)
        assert refused["errors"][0]["path"] == "absent"
        assert head.get(f"/meetings/{meeting}")["present"] == 10


def test_the_door_opens_on_the_day_and_the_ballot_at_the_hour(tmp_path: Path) -> None:
    with hall(tmp_path, villagers(20)) as place:
        meeting, head = place.call_meeting(), place.who("head")
        ids = [e["id"] for e in place.roll(meeting)]
        attendance = f"/meetings/{meeting}/attendance"
        assert code_of(head.post(attendance, {"present": ids}, 409)) == "roll_not_frozen"
        head.post(f"/meetings/{meeting}/roll/freeze")
        place.go_to(meeting, before=timedelta(hours=12))
        assert code_of(head.post(attendance, {"present": ids}, 409)) == "too_early"
        place.go_to(meeting, before=timedelta(minutes=40))
        assert head.post(attendance, {"present": ids})["present"] == 20
        early = place.who("amei").post(f"/meetings/{meeting}/ballots", entry(1, (20, 0, 0, 0)), 409)
        assert code_of(early) == "case_not_there"
        assert code_of(head.post(f"/meetings/{meeting}/close", status=409)) == "case_not_there"
        place.go_to(meeting)
        place.count(meeting, (20, 0, 0, 0))


def test_a_meeting_is_never_earlier_than_its_notice_allows(tmp_path: Path) -> None:
    with hall(tmp_path, villagers(6)) as place:
        today = place.who("admin").get("/sandbox/clock")["now"]
        place.call_meeting(wish_date=today[:10], wish_time="10:00")
        days = _days_between(today, place.meeting()["scheduled_at"])
        assert 10 <= days < 16  # ten days' notice; an end on a rest day moves on (民法典 203)


def _days_between(first: str, second: str) -> float:
    return (datetime.fromisoformat(second) - datetime.fromisoformat(first)) / timedelta(days=1)


def test_tellers_are_blind_and_a_difference_is_counted_again(database: str, tmp_path: Path) -> None:
    with hall(tmp_path, villagers(21), database=database) as place:
        meeting = place.call_meeting()
        place.open(meeting, 15)
        amei, abao, ballots = place.who("amei"), place.who("abao"), f"/meetings/{meeting}/ballots"
        item = amei.post(ballots, entry(1, (9, 4, 1, 1)))["items"][0]
        assert (item["entered"], item["count"]) == ([1], None)
        assert code_of(amei.post(ballots, entry(1, (9, 4, 1, 1)), 409)) == "already_entered"
        assert code_of(amei.post(ballots, entry(2, (9, 4, 1, 1)), 403)) == "tellers_must_differ"
        told = str(abao.get(f"/meetings/{meeting}")["items"])
        assert "9" not in told
        differs = abao.post(ballots, entry(2, (8, 5, 1, 1)), 409)
        assert [e["path"] for e in differs["errors"]] == ["for", "against"]
        assert "8" not in differs["detail"] + str(differs["errors"])
        recount = abao.get(f"/meetings/{meeting}")["items"][0]
        assert (recount["round"], recount["entered"], recount["count"]) == (2, [], None)
        assert (
            code_of(place.who("head").post(f"/meetings/{meeting}/close", status=409)) == "items_not_counted"
        )
        abao.post(ballots, entry(2, (9, 4, 1, 1)))
        agreed = amei.post(ballots, entry(1, (9, 4, 1, 1)))["items"][0]
        assert agreed["count"] == {"for": 9, "against": 4, "abstain": 1, "invalid": 1}
        assert code_of(abao.post(ballots, entry(1, (9, 4, 1, 1)), 409)) == "item_counted"


def test_nobody_signs_in_once_counting_has_begun(tmp_path: Path) -> None:
    with hall(tmp_path, villagers(21)) as place:
        meeting = place.call_meeting()
        ids = place.open(meeting, 12)
        place.who("amei").post(f"/meetings/{meeting}/ballots", entry(1, (12, 0, 0, 0)))
        late = place.who("head").post(f"/meetings/{meeting}/attendance", {"present": ids}, 409)
        assert code_of(late) == "counting_has_begun"
        recusal = place.who("head").post(f"/meetings/{meeting}/recusals", {"id": ids[0]}, 409)
        assert code_of(recusal) == "counting_has_begun"


def test_no_ballots_without_a_quorum_and_closing_adjourns(database: str, tmp_path: Path) -> None:
    with hall(tmp_path, villagers(21, each=1), database=database) as place:
        meeting, head = place.call_meeting(), place.who("head")
        place.open(meeting, 10)
        refused = place.who("amei").post(f"/meetings/{meeting}/ballots", entry(1, (10, 0, 0, 0)), 409)
        assert (code_of(refused), "10/11" in refused["detail"]) == ("no_quorum", True)
        result = head.post(f"/meetings/{meeting}/close")
        assert (result["state"], result["passed"], result["quorum_met"]) == ("adjourned", False, False)
        assert [t["element"] for t in head.get(f"/tasks?view=claimable&case={place.case}")["items"]] == [
            "reconvene"
        ]


def test_a_meeting_called_again_keeps_its_quorum_and_full_notice(tmp_path: Path) -> None:
    with hall(tmp_path, villagers(21, each=1)) as place:
        first, head = place.call_meeting(), place.who("head")
        rule = head.get(f"/meetings/{first}")["rule"]
        place.open(first, 10)
        head.post(f"/meetings/{first}/close")
        (task,) = head.get(f"/tasks?view=claimable&case={place.case}")["items"]
        again = {"venue": "村委会", "reconvene_reason": "人数不足", "wish_date": None, "wish_time": None}
        head.post(f"/tasks/{task['id']}/complete", {"data": again})
        now, second = place.who("admin").get("/sandbox/clock")["now"], place.meeting()
        assert (second["round"], second["present"], second["state"]) == (2, 0, "planned")
        assert _days_between(now, second["scheduled_at"]) >= 10
        assert [t["needed"] for t in second["rule"]["tests"]] == [t["needed"] for t in rule["tests"]]
        assert second["rule"]["sources"] == rule["sources"]


def test_an_adjourned_meeting_says_why_and_decides_nothing(tmp_path: Path) -> None:
    with hall(tmp_path, villagers(21)) as place:
        meeting, head = place.call_meeting(), place.who("head")
        place.open(meeting, 21)
        head.post(f"/meetings/{meeting}/adjourn", {"reason": ""}, 422)
        head.post(f"/meetings/{meeting}/adjourn", {"reason": "x" * 2001}, 422)
        head.post(f"/meetings/{meeting}/adjourn", {"reason": "暴雨", "reconvene_at": "tomorrow"}, 422)
        ended = head.post(f"/meetings/{meeting}/adjourn", {"reason": "暴雨，广场积水"})
        assert (ended["state"], ended["passed"], ended["items"]) == ("adjourned", False, {})
        assert head.get(f"/meetings/{meeting}")["result"]["adjourn_reason"] == "暴雨，广场积水"


def test_a_meeting_that_is_over_refuses_everything(tmp_path: Path) -> None:
    with hall(tmp_path, villagers(21)) as place:
        meeting, head = place.call_meeting(), place.who("head")
        ids = place.open(meeting, 21)
        place.count(meeting, (21, 0, 0, 0))
        head.post(f"/meetings/{meeting}/close")
        for path, body in (
            ("roll", {}),
            ("freeze", None),
            ("attendance", {"present": ids}),
            ("recusals", {"id": ids[0]}),
            ("close", None),
            ("adjourn", {"reason": "再议"}),
        ):
            refused = head.post(f"/meetings/{meeting}/{path}", body, 409)
            assert code_of(refused) == "meeting_over", path
        over = place.who("amei").post(f"/meetings/{meeting}/ballots", entry(1, (1, 1, 0, 0)), 409)
        assert code_of(over) == "meeting_over"
        assert set(map(tuple, head.get(f"/meetings/{meeting}")["eligible"].values())) == {()}


def test_a_case_that_stands_still_or_ends_takes_its_meeting_along(database: str, tmp_path: Path) -> None:
    with hall(tmp_path, villagers(21), database=database) as place:
        meeting, head = place.call_meeting(), place.who("head")
        ids = place.open(meeting, 15)
        head.post(f"/cases/{place.case}/suspend", {"reason": "有人举报，先核实"})
        for path, body in (
            ("attendance", {"present": ids}),
            ("close", None),
            ("adjourn", {"reason": "暂停"}),
        ):
            assert code_of(head.post(f"/meetings/{meeting}/{path}", body, 409)) == "case_not_there", path
        place.who("amei").post(f"/meetings/{meeting}/ballots", entry(1, (15, 0, 0, 0)), 409)
        head.post(f"/cases/{place.case}/resume", {})
        assert head.post(f"/meetings/{meeting}/attendance", {"present": ids})["present"] == 21
        head.post(f"/cases/{place.case}/cancel", {"reason": "撤回提议"})
        assert head.get(f"/meetings/{meeting}")["state"] == "cancelled"
        assert code_of(head.post(f"/meetings/{meeting}/attendance", {"present": ids}, 409)) == "meeting_over"


def test_each_step_belongs_to_its_group(tmp_path: Path) -> None:
    with hall(tmp_path, villagers(21)) as place:
        meeting = place.call_meeting()
        amei, head, party = place.who("amei"), place.who("head"), place.who("party")
        assert code_of(amei.post(f"/meetings/{meeting}/freeze", status=403)) == "not_of_this_meeting"
        place.open(meeting, 20)
        assert amei.post(f"/meetings/{meeting}/attendance", {"present": []})["present"] == 20
        for path, body in (("attendance", {}), ("close", None), ("adjourn", {"reason": "别"}), ("roll", {})):
            assert code_of(party.post(f"/meetings/{meeting}/{path}", body, 403)) == "not_of_this_meeting"
        refused = head.post(f"/meetings/{meeting}/ballots", entry(1, (20, 0, 0, 0)), 403)
        assert code_of(refused) == "not_of_this_meeting"
        place.who("mayor").get(f"/meetings/{meeting}")
        place.who("mayor").post(f"/meetings/{meeting}/close", status=403)


def test_another_village_does_not_know_of_it(tmp_path: Path) -> None:
    with hall(tmp_path, villagers(6)) as place:
        meeting, zhao = place.call_meeting(), place.who("zhao")
        assert zhao.get("/meetings")["items"] == []
        for path in ("", "/roll"):
            zhao.get(f"/meetings/{meeting}{path}", 404)
        for path, body in (
            ("roll", {}),
            ("freeze", None),
            ("attendance", {"present": []}),
            ("recusals", {"id": "1"}),
            ("ballots", entry(1, (0, 0, 0, 0))),
            ("close", None),
            ("adjourn", {"reason": "x"}),
        ):
            assert code_of(zhao.post(f"/meetings/{meeting}/{path}", body, 404)) == "no_such_meeting", path


def test_the_roll_comes_from_a_file_whole_or_not_at_all(database: str, tmp_path: Path) -> None:
    with hall(tmp_path, villagers(6), database=database) as place:
        meeting = place.call_meeting()
        wrong = listed(3) + "张三,99000019800131001X,004\n李四,123,\n".encode()
        refused = send(place, meeting, wrong, 422)
        assert {e["path"].split(":")[0] for e in refused["errors"]} == {"5", "6"}
        assert len(place.roll(meeting)) == 6
        assert send(place, meeting, listed(9))["roll_size"] == 9
        assert send(place, meeting, _workbook(listed(7)))["roll_size"] == 7
        for nonsense in (b"", b"\x00\xff" * 400, "姓名,电话\n张三,1\n".encode(), b"PK\x03\x04junk"):
            send(place, meeting, nonsense, 422)
        assert len(place.roll(meeting)) == 7
        assert place.who("head").post(f"/meetings/{meeting}/roll", {})["roll_size"] == 6
        place.who("head").post(f"/meetings/{meeting}/roll", {"from_unit": str(place.other)}, 422)
        place.who("head").post(f"/meetings/{meeting}/freeze")
        assert code_of(send(place, meeting, listed(9), 409)) == "roll_is_frozen"


def _workbook(content: bytes) -> bytes:
    book = openpyxl.Workbook()
    for line in content.decode().splitlines():
        book.active.append(line.split(","))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_whoever_comes_of_age_by_the_day_of_the_meeting_is_on_its_roll(tmp_path: Path) -> None:
    with hall(tmp_path, villagers(4)) as place:
        meeting = place.call_meeting()
        planned = place.who("head").get(f"/meetings/{meeting}")["scheduled_at"]
        day = legal_day(datetime.fromisoformat(planned))
        for born, status in ((day, 200), (day + timedelta(days=1), 422)):
            first = f"990000{born.year - 18}{born:%m%d}001"
            line = f"王小明,{first}{check_place(first)},1\n"
            answer = send(place, meeting, (HEADERS + line).encode(), status)
        assert "18" in answer["errors"][0]["message"]


def test_a_body_that_no_register_knows_needs_a_file(tmp_path: Path) -> None:
    with hall(tmp_path, []) as place:
        meeting, head = place.call_meeting(), place.who("head")
        assert code_of(head.post(f"/meetings/{meeting}/freeze", status=409)) == "roll_is_empty"
        assert code_of(head.post(f"/meetings/{meeting}/roll", {}, 422)) == "roll_refused"
        send(place, meeting, listed(9))
        assert head.post(f"/meetings/{meeting}/freeze")["roll_size"] == 9


def test_the_assembly_takes_no_proxies(tmp_path: Path) -> None:
    with hall(tmp_path, villagers(20)) as place:
        meeting = place.call_meeting()
        ids = place.open(meeting, 1)
        refused = place.who("head").post(
            f"/meetings/{meeting}/attendance", {"proxies": {ids[1]: "村民000"}}, 422
        )
        assert refused["errors"][0]["path"] == "proxies"


def test_collective_members_give_a_written_proxy_to_their_own_household(
    database: str, tmp_path: Path
) -> None:
    register = [*villagers(12, each=3), Villager("娃", "001", marks={"collective_member": True})]
    with hall(tmp_path, register, database=database) as place:
        meeting, head = place.call_meeting("asset_shares"), place.who("head")
        attendance = f"/meetings/{meeting}/attendance"
        shown = head.get(f"/meetings/{meeting}")
        assert (shown["body"], shown["roll_size"]) == ("collective_members_assembly", 12)  # not the child
        ids = place.open(meeting, 0)
        absent = head.post(attendance, {"proxies": {ids[1]: "村民000"}}, 422)["errors"][0]
        assert "村民000" in absent["message"]  # who stands in must be here
        assert head.post(attendance, {"present": [ids[0]], "proxies": {ids[1]: "村民000"}})["present"] == 2
        assert head.get(f"/meetings/{meeting}/roll?q=村民001")["items"][0]["by_proxy"] == "村民000"
        for proxy in ("村民003", "村民001", "无此人"):  # another household, themself, nobody
            head.post(attendance, {"proxies": {ids[1]: proxy}}, 422)
        chain = head.post(attendance, {"proxies": {ids[2]: "村民001"}}, 422)["errors"][0]
        assert chain["path"] == f"proxies.{ids[2]}"  # a proxy is here in person
        assert head.post(attendance, {"absent": [ids[0]]})["present"] == 0  # leaves with the proxy


def test_who_is_recused_stays_in_the_base_and_does_not_vote(tmp_path: Path) -> None:
    with hall(tmp_path, villagers(20)) as place:
        meeting, head = place.call_meeting(), place.who("head")
        ids = place.open(meeting, 12)
        assert head.post(f"/meetings/{meeting}/recusals", {"id": ids[0]})["recused_present"] == 1
        ballots = f"/meetings/{meeting}/ballots"
        over = place.who("amei").post(ballots, entry(1, (12, 0, 0, 0)), 422)
        assert over["errors"][0]["path"] == "for"
        place.count(meeting, (6, 5, 0, 0))
        result = head.post(f"/meetings/{meeting}/close")
        assert (result["passed"], result["tests"][-1]["needed"]) == (False, 7)  # of the twelve present


def test_women_representatives_are_counted_apart_in_shandong(tmp_path: Path) -> None:
    register = villagers(12, each=1, representative=True)  # six women
    with hall(tmp_path, register, delegated=["collective_money_use"]) as place:
        meeting, head = place.call_meeting(), place.who("head")
        assert place.meeting()["body"] == "representatives_meeting"
        ids = place.open(meeting, 0)
        men, women = ids[0::2], ids[1::2]
        attendance = f"/meetings/{meeting}/attendance"
        stands = head.post(attendance, {"present": [*men, *women[:3]]})
        tests = {t["needed"]: t for t in stands["rule"]["tests"]}
        assert (tests[8]["got"], tests[8]["met"], tests[4]["got"], tests[4]["met"]) == (9, True, 3, False)
        assert stands["quorum_met"] is False
        assert head.post(attendance, {"present": women[:4]})["quorum_met"] is True


def test_residents_decide_in_their_own_assembly(tmp_path: Path) -> None:
    with hall(tmp_path, villagers(20), community="residents") as place:
        place.call_meeting("residents_matter")
        shown = place.meeting()
        assert (shown["body"], shown["roll_size"]) == ("residents_assembly", 20)


def test_a_show_of_hands_only_where_the_vote_is_open(database: str, tmp_path: Path) -> None:
    with hall(tmp_path, villagers(20), database=database) as place:
        hands = {"show_of_hands": True, "for": 15, "against": 3, "abstain": 2}
        secret = place.call_meeting()
        place.open(secret, 20)
        refused = place.who("amei").post(f"/meetings/{secret}/ballots", hands, 409)
        assert code_of(refused) == "hands_not_allowed"
        shown = place.call_meeting(ballot="show_of_hands")
        place.open(shown, 20)
        counted = place.who("amei").post(f"/meetings/{shown}/ballots", hands)
        assert counted["items"][0]["count"]["for"] == 15
        assert place.who("head").post(f"/meetings/{shown}/close")["passed"] is True


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("attendance", {"present": [1]}, 422),
        ("attendance", {"present": "1"}, 422),
        ("attendance", {"present": ["9" * 19]}, 422),
        ("attendance", {"present": ["-1"]}, 422),
        ("attendance", {"present": ["999999999999999999"]}, 422),
        ("attendance", {"present": ["1"] * 5001}, 422),
        ("attendance", {"present": ["\u0000"]}, 400),
        ("attendance", {"proxies": {"1": 5}}, 422),
        ("attendance", {"proxies": {"x": "y"}}, 422),
        ("attendance", {"proxies": ["1"]}, 422),
        ("attendance", {"proxies": {str(n): "x" for n in range(5001)}}, 422),
        ("attendance", [1, 2], 422),
        ("recusals", {"id": None}, 422),
        ("recusals", {}, 422),
        ("recusals", {"id": "999999999999999999"}, 422),
        ("ballots", {"teller": 1, "for": -1, "against": 0}, 422),
        ("ballots", {"teller": 1, "for": "5", "against": 0}, 422),
        ("ballots", {"teller": 1, "for": 1.5, "against": 0}, 422),
        ("ballots", {"teller": 1, "for": True, "against": 0}, 422),
        ("ballots", {"teller": 1, "for": 10**15, "against": 0}, 422),
        ("ballots", {"teller": 3, "for": 1, "against": 0}, 422),
        ("ballots", {"for": 1, "against": 0}, 422),
        ("ballots", {"teller": 1, "for": 12, "against": 1}, 422),
        ("ballots", {"teller": 1, "item": "other", "for": 1, "against": 0}, 422),
        ("ballots", {"teller": 1, "item": "x\u0000", "for": 1, "against": 0}, 400),
        ("adjourn", {"reason": 5}, 422),
        ("adjourn", {"reason": "\u0000"}, 400),
        ("roll", {"from_unit": "x"}, 422),
        ("roll", [], 422),
    ],
)
def test_bad_input_is_refused_and_changes_nothing(
    place_with_meeting: tuple[Hall, str], path: str, body: Any, status: int
) -> None:
    place, meeting = place_with_meeting
    caller = place.who("amei" if path == "ballots" else "head")
    before = place.who("head").get(f"/meetings/{meeting}")
    caller.post(f"/meetings/{meeting}/{path}", body, status)
    assert place.who("head").get(f"/meetings/{meeting}") == before


@pytest.fixture(scope="module")
def place_with_meeting(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """An open meeting of twelve that the refusals of bad input share: none of them changes it."""
    with hall(tmp_path_factory.mktemp("meeting"), villagers(12)) as place:
        meeting = place.call_meeting()
        place.open(meeting, 12)
        yield place, meeting


def test_a_body_that_is_no_json_is_not_taken_for_an_empty_one(place_with_meeting: tuple[Hall, str]) -> None:
    place, meeting = place_with_meeting
    sent = {"data": b"{", "content_type": "application/json"}
    place.who("head").post(f"/meetings/{meeting}/roll", None, 400, **sent)


def test_five_thousand_at_once_are_signed_in(database: str, tmp_path: Path) -> None:
    with hall(tmp_path, villagers(5000), database=database) as place:
        meeting = place.call_meeting()
        ids = place.open(meeting, 0)
        assert len(ids) == 5000
        signed = place.who("head").post(f"/meetings/{meeting}/attendance", {"present": ids})
        assert signed["present"] == 5000
        assert place.who("head").post(f"/meetings/{meeting}/attendance", {"absent": ids})["present"] == 0


def test_signing_in_costs_the_same_for_any_roll(tmp_path: Path) -> None:
    sent = {}
    for size in (20, 1500):
        folder = tmp_path / str(size)
        folder.mkdir()
        with hall(folder, villagers(size)) as place:
            meeting = place.call_meeting()
            ids = place.open(meeting, 1)
            with place.app.app_context(), statements() as seen:
                place.who("head").post(f"/meetings/{meeting}/attendance", {"present": [ids[5]]})
            sent[size] = len(seen)
    assert sent[20] == sent[1500] <= 20, sent


def test_a_list_of_meetings_costs_the_same_however_long(tmp_path: Path) -> None:
    with hall(tmp_path, villagers(20)) as place:
        sent = []
        for _ in range(2):
            place.open(place.call_meeting(), 3)
            with place.app.app_context(), statements() as seen:
                place.who("head").get("/meetings")
            sent.append(len(seen))
        assert sent[0] == sent[1], sent


def test_without_tellers_of_its_own_the_committee_counts(tmp_path: Path) -> None:
    with hall(tmp_path, villagers(20)) as place:
        with place.app.app_context(), transaction() as session:
            session.execute(update(Person).where(Person.username == "abao").values(active=False))
        place.call_meeting()
        assert place.meeting()["eligible"]["ballots"] == ["amei", "deputy", "head"]
