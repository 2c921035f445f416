"""The units and groups of the demo county. Qinglan 青澜县 does not exist.

Its place code CN-370799 lies in Weifang (3707) and Shandong (37), so that the province's rules hold; 99 is
no county there.
"""

from dataclasses import dataclass

COUNTY_PLACE = "CN-370799"


@dataclass(frozen=True, slots=True)
class Place:
    """A unit of the demo; `parent` is the code of the unit above."""

    code: str
    name: str
    name_en: str
    kind: str
    parent: str = ""
    community: str = "village"


PLACES = (
    Place("qinglan", "青澜县", "Qinglan County", "county"),
    Place("office", "县政府办公室", "County Government Office", "department", "qinglan"),
    Place("justice", "县司法局", "County Justice Bureau", "department", "qinglan"),
    Place("civil", "县民政局", "County Civil Affairs Bureau", "department", "qinglan"),
    Place("farming", "县农业农村局", "County Agriculture Bureau", "department", "qinglan"),
    Place("petitions", "县信访局", "County Petitions Bureau", "department", "qinglan"),
    Place("donghe", "东河镇", "Donghe Township", "township", "qinglan"),
    Place("xiling", "西岭镇", "Xiling Township", "township", "qinglan"),
    Place("liushugou", "柳树沟村", "Liushugou Village", "village", "donghe"),
    Place("shiqiao", "石桥村", "Shiqiao Village", "village", "donghe"),
    Place("beizhuang", "北庄村", "Beizhuang Village", "village", "donghe"),
    Place("huaishuling", "槐树岭村", "Huaishuling Village", "village", "xiling"),
    Place("xinghuayu", "杏花峪村", "Xinghuayu Village", "village", "xiling"),
    Place("yangguang", "阳光社区", "Yangguang Community", "village", "xiling", "residents"),
)

GroupNames = dict[str, tuple[str, str]]

VILLAGE_GROUPS: GroupNames = {
    "village_committee": ("村民委员会", "Villagers' committee"),
    "party_branch": ("村党支部", "Party branch"),
    "two_committees": ("村两委", "Two committees"),
    "supervision_committee": ("村务监督委员会", "Supervision committee"),
    "party_members": ("党员", "Party members"),
    "villagers_representatives": ("村民代表", "Villagers' representatives"),
    "tellers": ("计票人", "Tellers"),
    "hearing_organisers": ("听证组织", "Hearing organisers"),
}
COMMUNITY_GROUPS: GroupNames = VILLAGE_GROUPS | {
    "village_committee": ("社区居民委员会", "Residents' committee"),
    "party_branch": ("社区党支部", "Party branch"),
    "two_committees": ("社区两委", "Two committees"),
    "supervision_committee": ("居务监督委员会", "Supervision committee"),
    "villagers_representatives": ("居民代表", "Residents' representatives"),
}
TOWNSHIP_GROUPS: GroupNames = {
    "township_office": ("镇政府办公室", "Township office"),
    "legal_review": ("合法性审查", "Legal review"),
    "hearing_organisers": ("听证组织", "Hearing organisers"),
}
COUNTY_GROUPS: GroupNames = {
    "county_office": ("县政府办公室", "County office"),
    "legal_review": ("合法性审查", "Legal review"),
    "hearing_organisers": ("听证组织", "Hearing organisers"),
    "civil_affairs": ("民政", "Civil affairs"),
    "agriculture_office": ("农业农村", "Agriculture"),
    "petitions_office": ("信访", "Petitions"),
}


def groups_of(place: Place) -> GroupNames:
    """The groups of a unit. Departments have none: a case looks in its unit and upwards, never sideways."""
    if place.kind == "village":
        return COMMUNITY_GROUPS if place.community == "residents" else VILLAGE_GROUPS
    return {"township": TOWNSHIP_GROUPS, "county": COUNTY_GROUPS}.get(place.kind, {})
