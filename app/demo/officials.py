"""The people of the demo county: 66 officials, and admin, designer and supervisor.

One line a person: username | name | woman (w) or man (m) | job | unit | groups, where * marks the head.
A group of another unit is written unit:group.
"""

from collections.abc import Iterator
from dataclasses import dataclass

PASSWORD = "minyi-demo"  # noqa: S105  a demo everybody may enter

_SHORT = {
    "vc": "village_committee",
    "pb": "party_branch",
    "two": "two_committees",
    "sc": "supervision_committee",
    "pm": "party_members",
    "rep": "villagers_representatives",
    "tel": "tellers",
    "hear": "hearing_organisers",
    "to": "township_office",
    "law": "legal_review",
    "co": "county_office",
    "civil": "civil_affairs",
    "farm": "agriculture_office",
    "pet": "petitions_office",
}

_TABLE = """
wangjianguo   | 王建国 | m | 党支部书记、村委会主任       | liushugou   | vc* pb* two* pm* rep
lixiulan      | 李秀兰 | w | 党支部副书记                 | liushugou   | pb two pm hear*
zhangdefu     | 张德福 | m | 村委会副主任                 | liushugou   | vc two pm hear
liuguiying    | 刘桂英 | w | 村委会委员、妇联主席         | liushugou   | vc two rep tel
zhaozhiqiang  | 赵志强 | m | 村务监督委员会主任           | liushugou   | sc* pm rep
sunmeihua     | 孙美华 | w | 村务监督委员会委员           | liushugou   | sc tel* rep*
zhouwenbin    | 周文斌 | m | 村务监督委员会委员           | liushugou   | sc tel rep
wudayong      | 吴大勇 | m | 党支部委员                   | liushugou   | pb two pm hear
zhengxiaomei  | 郑小梅 | w | 村民代表、一组组长           | liushugou   | rep pm
chenyongfu    | 陈永福 | m | 党支部书记                   | shiqiao     | pb* two* pm*
yangchunsheng | 杨春生 | m | 村委会主任                   | shiqiao     | vc* two pm hear
huangyuzhen   | 黄玉珍 | w | 村委会委员、妇联主席         | shiqiao     | vc two rep tel
xulixin       | 徐立新 | m | 党支部副书记、村委会副主任   | shiqiao     | pb vc two pm hear*
maguoqing     | 马国庆 | m | 村务监督委员会主任           | shiqiao     | sc* pm rep
zhufengxia    | 朱凤霞 | w | 村务监督委员会委员           | shiqiao     | sc tel* rep*
huchanghe     | 胡长河 | m | 党支部委员、村民代表         | shiqiao     | pb two pm rep tel
guoshouyi     | 郭守义 | m | 党支部书记、村委会主任       | beizhuang   | vc* pb* two* pm*
heshufen      | 何淑芬 | w | 党支部副书记                 | beizhuang   | pb two pm hear*
gaomingliang  | 高明亮 | m | 村委会副主任                 | beizhuang   | vc two pm pb hear
linyuee       | 林月娥 | w | 村委会委员、妇联主席         | beizhuang   | vc two rep tel
luozhenshan   | 罗振山 | m | 村务监督委员会主任           | beizhuang   | sc* pm rep
liangqiuju    | 梁秋菊 | w | 村务监督委员会委员           | beizhuang   | sc tel* rep*
songtiezhu    | 宋铁柱 | m | 村务监督委员会委员           | beizhuang   | sc tel rep
tangfutian    | 唐福田 | m | 党支部书记、村委会主任       | huaishuling | vc* pb* two* pm*
xuguifang     | 许桂芳 | w | 党支部副书记                 | huaishuling | pb two pm hear*
hanyulin      | 韩玉林 | m | 村委会副主任                 | huaishuling | vc two pm pb hear
dengcaiyun    | 邓彩云 | w | 村委会委员、妇联主席         | huaishuling | vc two rep tel
caoshoutian   | 曹守田 | m | 村务监督委员会主任           | huaishuling | sc* pm rep
penglijuan    | 彭丽娟 | w | 村务监督委员会委员           | huaishuling | sc tel* rep*
zengqingfeng  | 曾庆丰 | m | 村务监督委员会委员           | huaishuling | sc tel rep
xiaoxingwang  | 肖兴旺 | m | 党支部书记、村委会主任       | xinghuayu   | vc* pb* two* pm*
tianshuzhen   | 田淑贞 | w | 党支部副书记                 | xinghuayu   | pb two pm hear*
donglaishun   | 董来顺 | m | 村委会副主任                 | xinghuayu   | vc two pm pb hear
panhongmei    | 潘红梅 | w | 村委会委员、妇联主席         | xinghuayu   | vc two rep tel
yuandezheng   | 袁德正 | m | 村务监督委员会主任           | xinghuayu   | sc* pm rep
caiailian     | 蔡爱莲 | w | 村务监督委员会委员           | xinghuayu   | sc tel* rep*
jiangchenglin | 蒋成林 | m | 村务监督委员会委员           | xinghuayu   | sc tel rep
yuhaibo       | 余海波 | m | 社区党支部书记、居委会主任   | yangguang   | vc* pb* two* pm*
duxiaoyan     | 杜晓燕 | w | 社区党支部副书记             | yangguang   | pb two pm hear*
yejianjun     | 叶建军 | m | 居委会副主任                 | yangguang   | vc two pm pb hear
chengyaqin    | 程雅琴 | w | 居委会委员                   | yangguang   | vc two rep tel
weiguoping    | 魏国平 | m | 居务监督委员会主任           | yangguang   | sc* pm rep
suwanqing     | 苏婉清 | w | 居务监督委员会委员           | yangguang   | sc tel* rep*
lvzhigang     | 吕志刚 | m | 居务监督委员会委员           | yangguang   | sc tel rep
dingxuewen    | 丁学文 | m | 镇长                         | donghe      | to
renjing       | 任静   | w | 副镇长                       | donghe      | to hear*
shenguodong   | 沈国栋 | m | 党政办公室主任               | donghe      | to* hear
yaozhengming  | 姚正明 | m | 司法所所长                   | donghe      | law*
lumin         | 卢敏   | w | 司法助理员                   | donghe      | law hear
jiangtao      | 姜涛   | m | 镇长                         | xiling      | to
cuixuemei     | 崔雪梅 | w | 副镇长                       | xiling      | to hear*
zhongwei      | 钟伟   | m | 党政办公室主任               | xiling      | to* hear
tanlicheng    | 谭立诚 | m | 司法所所长                   | xiling      | law*
lutingting    | 陆婷婷 | w | 司法助理员                   | xiling      | law hear
wangzhiyuan   | 汪志远 | m | 县政府办公室主任             | office      | qinglan:co*
fanxiaodong   | 范晓东 | m | 县政府办公室副主任           | office      | qinglan:co qinglan:hear*
jinhui        | 金慧   | w | 秘书科科长                   | office      | qinglan:co qinglan:hear
shilei        | 石磊   | m | 合法性审查科科长             | justice     | qinglan:law*
liaowenjing   | 廖文静 | w | 合法性审查科副科长           | justice     | qinglan:law qinglan:hear
jiasiyuan     | 贾思远 | m | 合法性审查科科员             | justice     | qinglan:law
xiayu         | 夏雨   | w | 基层政权科科长               | civil       | qinglan:civil*
fangzhiping   | 方志平 | m | 基层政权科副科长             | civil       | qinglan:civil
zoulin        | 邹林   | m | 农村经济指导科科长           | farming     | qinglan:farm*
xiongli       | 熊丽   | w | 农村经济指导科副科长         | farming     | qinglan:farm
mengfanxing   | 孟凡星 | m | 办信科科长                   | petitions   | qinglan:pet*
qinyue        | 秦月   | w | 办信科副科长                 | petitions   | qinglan:pet
"""


@dataclass(frozen=True, slots=True)
class Official:
    """One person of the demo; `groups` are (unit code, group key, head)."""

    username: str
    name: str
    woman: bool
    title: str
    unit: str
    groups: tuple[tuple[str, str, bool], ...]
    roles: tuple[str, ...] = ("official",)

    def is_in(self, key: str) -> bool:
        """Whether the person is in a group of this key."""
        return any(k == key for _unit, k, _head in self.groups)


STAFF = (
    Official("admin", "系统管理员", False, "系统管理员", "qinglan", (), ("admin",)),  # noqa: FBT003
    Official("designer", "林书航", False, "流程设计员", "office", (), ("designer",)),  # noqa: FBT003
    Official("supervisor", "顾清源", False, "督查室主任", "qinglan", (), ("supervisor",)),  # noqa: FBT003
)


def officials() -> Iterator[Official]:
    """Every official of the table, in its order."""
    for line in _TABLE.strip().splitlines():
        username, name, sex, title, unit, groups = (cell.strip() for cell in line.split("|"))
        yield Official(
            username, name, sex == "w", title, unit, tuple(_group(word, unit) for word in groups.split())
        )


def _group(word: str, unit: str) -> tuple[str, str, bool]:
    place, _colon, short = word.rpartition(":")
    return place or unit, _SHORT[short.rstrip("*")], short.endswith("*")
