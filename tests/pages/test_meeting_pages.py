"""The pages of a meeting without JavaScript: roll, door, tellers, screen, minutes; and what is refused."""

from pathlib import Path

import pytest
from browsing import Visitor
from holding_meetings import Hall, entry, hall, villagers


def visitor(place: Hall, username: str, language: str = "en") -> Visitor:
    """This person at a browser."""
    return Visitor(place.app, username, language=language)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_meeting_on_its_pages(tmp_path: Path, language: str) -> None:
    with hall(tmp_path, villagers(20)) as place, place.app.app_context():
        meeting = place.call_meeting()
        head, amei, abao = (visitor(place, name, language) for name in ("head", "amei", "abao"))
        head.get("/meetings")
        head.get(f"/meetings/{meeting}")
        head.send(head.form_to(f"/meetings/{meeting}/freeze"))
        place.go_to(meeting)
        head.get(f"/meetings/{meeting}/door?q=001")
        whole = head.page.xpath("//form[count(input[@name='present'])=2]")[0]
        head.send(whole)
        for n in range(2, 14):
            head.get(f"/meetings/{meeting}/door?q=村民{n:03d}")
            head.send(head.form_to(f"/meetings/{meeting}/door"), press=("present", _value(head, "present")))
        head.get(f"/meetings/{meeting}/screen")
        assert ("14" in head.text(), "There is a quorum" in head.text()) == (True, language == "en")
        for page in ("sheets", "count", "minutes"):
            head.get(f"/meetings/{meeting}/{page}")
        votes = {"for": "9", "against": "3", "abstain": "1", "invalid": "1"}
        path = f"/meetings/{meeting}/count"
        for who, teller in ((amei, "1"), (abao, "2")):
            who.get(path)
            who.send(who.form_to(path), teller=teller, **votes)
        head.get(f"/meetings/{meeting}")
        head.send(head.form_to(f"/meetings/{meeting}/close"))
        assert ("passed" if language == "en" else "通过") in head.text()
        for page in ("", "/minutes", "/sheets", "/screen"):
            head.get(f"/meetings/{meeting}{page}")


def _value(who: Visitor, name: str) -> str:
    return str(who.page.xpath("//button[@name=$name]/@value", name=name)[0])


def test_two_strokes_find_a_person_and_nonsense_finds_nobody(tmp_path: Path) -> None:
    with hall(tmp_path, villagers(40)) as place, place.app.app_context():
        meeting = place.call_meeting()
        head = visitor(place, "head")
        for q, found in (
            ("07", 1),
            ("村民007", 1),
            ("0007", 1),
            ("%", 0),
            ("_", 0),
            ("x" * 500, 0),
            ("'", 0),
        ):
            head.get(f"/meetings/{meeting}/door?q={q}" if q != "%" else f"/meetings/{meeting}/door?q=%25")
            rows = head.page.xpath("//li[contains(@class, 'm-door') and not(ancestor::template)]")
            assert (len(rows) >= found) if found else rows == [], q
        head.get(f"/meetings/{meeting}/door?q=%00", status=400)
        head.get("/meetings/99999999999999999999999/door", status=404)
        listed = head.client.get(f"/meetings/{meeting}/door/roll").json["people"]
        assert len(listed) == 40
        assert listed[0][1:] == ["村民000", "001", "0000", False]


def test_a_refusal_stands_on_the_page_where_it_belongs(tmp_path: Path) -> None:
    with hall(tmp_path, villagers(20)) as place, place.app.app_context():
        meeting = place.call_meeting()
        head, amei, abao = (visitor(place, name) for name in ("head", "amei", "abao"))
        head.get(f"/meetings/{meeting}/door?q=村民003")
        head.send(
            head.form_to(f"/meetings/{meeting}/door"), press=("present", _value(head, "present")), status=409
        )
        assert "Freeze the roll first" in head.errors()[0]
        place.open(meeting, 12)
        head.get(f"/meetings/{meeting}")
        head.send(head.form_to(f"/meetings/{meeting}/adjourn"), reason=" ", status=422)
        assert head.errors() == ["Say why the meeting is adjourned."]
        head.send(head.form_to(f"/meetings/{meeting}/close"), status=409)
        assert "Not counted yet" in head.errors()[0]
        path = f"/meetings/{meeting}/count"
        amei.get(path)
        amei.send(
            amei.form_to(path), **{"for": "x", "against": "", "abstain": "-1", "invalid": "0"}, status=422
        )
        assert len(amei.errors()) == 3
        amei.send(amei.form_to(path), **{"for": "99", "against": "0", "abstain": "0"}, status=422)
        amei.send(amei.form_to(path), **{"for": "12", "against": "0", "abstain": "0", "invalid": "0"})
        abao.get(path)
        assert "12" not in abao.page.xpath("//main//form")[0].text_content()
        abao.send(
            abao.form_to(path), **{"for": "11", "against": "1", "abstain": "0", "invalid": "0"}, status=409
        )
        assert "for, against" in abao.errors()[0]


def test_recusals_and_proxies_at_the_door(tmp_path: Path) -> None:
    with hall(tmp_path, villagers(12, each=3)) as place, place.app.app_context():
        meeting = place.call_meeting("asset_shares")
        ids = place.open(meeting, 1)
        head, amei = visitor(place, "head"), visitor(place, "amei")
        door = f"/meetings/{meeting}/door"
        head.get(f"{door}?q=村民001")
        by_proxy = head.page.xpath("//form[.//input[@name='proxy']]")[0]
        head.send(by_proxy, proxy="村民004", status=422)
        assert "same household" in head.errors()[0]
        head.send(head.page.xpath("//form[.//input[@name='proxy']]")[0], proxy="村民000")
        assert "by proxy: 村民000" in head.text()
        head.send(head.form_to(f"/meetings/{meeting}/recusals"))
        assert "Recused: 1" in head.text()
        amei.get(f"{door}?q=村民001")
        assert not amei.page.xpath("//input[@name='recused']")
        place.who("amei").post(f"/meetings/{meeting}/recusals", {"id": ids[0]}, 403)


def test_without_a_register_the_page_asks_for_a_file(tmp_path: Path) -> None:
    with hall(tmp_path, []) as place, place.app.app_context():
        meeting = place.call_meeting()
        head = visitor(place, "head")
        head.get(f"/meetings/{meeting}")
        assert "Load their list as a file" in head.text()
        assert not head.page.xpath(f"//form[@action='/meetings/{meeting}/freeze']")
        head.send(head.form_to(f"/meetings/{meeting}/roll"), status=422)
        head.get(f"/meetings/{meeting}/sheets")
        place.who("amei").post(f"/meetings/{meeting}/ballots", entry(1, (0, 0, 0, 0)), 409)


def test_another_village_sees_no_page(tmp_path: Path) -> None:
    with hall(tmp_path, villagers(4)) as place, place.app.app_context():
        meeting = place.call_meeting()
        zhao = visitor(place, "zhao")
        for page in ("", "/door", "/door/roll", "/screen", "/sheets", "/minutes", "/count"):
            zhao.get(f"/meetings/{meeting}{page}", status=404)
