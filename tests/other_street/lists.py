"""What the departments send: every row of every feed, with the truth of it beside it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
from collections import Counter
from typing import Any

from .ground import COMMITTEES, UNSAID, Door, Ground, Place, Scribe, at, street_part
from .people import FOREIGN, Families, Person
from .writing import Clerk, Serial, Written

NOBODY = -1
SHANGHAI = dt.timezone(dt.timedelta(hours=8))


@dataclasses.dataclass
class Record:
    """One row as received. `person` NOBODY: nobody that can be told; `fate` is what becomes of it in its own batch."""

    cells: dict[str, Any]
    person: int
    fate: str = "accepted"
    identifies: bool = False
    place: Place = UNSAID
    kinds: tuple[str, ...] = ()
    #: What the rules ask of an arrival: the true day, disposition, origin, entry, revision, recorded on.
    arrival: dict[str, Any] | None = None
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Batch:
    """One delivery: its files by name, each a list of rows; `repeats`: the bytes of an earlier one again."""

    feed: str
    on: dt.date
    files: dict[str, list[Record]]
    source: str = ""
    shape: dict[str, str] = dataclasses.field(default_factory=dict)
    repeats: bool = False

    @property
    def records(self) -> list[Record]:
        return [record for name in sorted(self.files) for record in self.files[name]]


ORIGINS = (
    ("湖北省武汉市", "yellow"),
    ("武汉", "yellow"),
    ("湖北黄冈", "yellow"),
    ("襄阳市", "yellow"),
    ("湖北宜昌", "yellow"),
    ("湖北", "yellow"),
    ("安徽合肥", "blue"),
    ("江苏省", "blue"),
    ("浙江省杭州市", "blue"),
    ("北京", "blue"),
    ("河北石家庄", "blue"),
    ("广东深圳", "blue"),
    ("西藏拉萨", "blue"),
    ("湖南长沙", "blue"),
    ("湖北路", "blue"),
    ("不详", "blue"),
    ("日本", "orange"),
    ("美国纽约", "orange"),
    ("中国香港", "orange"),
    ("香港", "orange"),
    ("澳门", "orange"),
    ("台湾", "orange"),
    ("韩国首尔", "orange"),
    ("英国", "orange"),
    ("吉林长春", "blue"),
    ("黑龙江", "blue"),
)
ID_TYPES = {"resident_id": "10", "passport": "20", "hm_permit": "30", "residence_permit": "35", "tw_permit": "40"}


class Draw:
    """All lists of a street of about `persons` persons as of `day`."""

    def __init__(self, seed: int, persons: int, dirt: float, day: dt.date) -> None:
        self.rng = random.Random(seed)
        self.day, self.dirt = day, dirt
        self.ground = Ground(int(persons / 2.1))
        self.families = Families(self.ground, self.rng, day)
        self.scribe = Scribe(self.ground, self.rng, dirt)
        self.clerk = Clerk(self.rng, dirt)
        self.people = self.families.draw(persons)
        self.occupied = {person.home.code for person in self.people if person.home}
        self.settle()
        self.batches: list[Batch] = []
        self.housing()
        self.registry()
        self.returnees()
        self.border()
        self.occupancy()
        self.welfare()
        self.disability()
        self.community_roles()

    def settle(self) -> None:
        """Say who is in the registry and how; who isn't is known by other lists alone."""
        rng = self.rng
        for person in self.people:
            drawn = rng.random()
            if drawn < 0.03:
                person.registered = False
            elif drawn < 0.05 and person.residence_type == "1":
                person.residence_type = "2"
            elif drawn < 0.06:
                person.status = "3"
            elif drawn < 0.07:
                person.status = "2"
        self.mothers: dict[int, Person] = {}
        for person in self.people:
            family = [p for p in self.people[max(0, person.no - 4) : person.no] if p.household == person.household]
            mother = next((p for p in family if p.relation == "10" and p.resident_id), None)
            if (
                mother
                and mother.name != person.name
                and person.relation in ("20", "30")
                and person.document is None
                and rng.random() < 0.5
            ):
                self.mothers[person.no] = mother

    def number(self, person: Person, *, broken: float = 0.02) -> Written:
        """The person's document as a list carries it."""
        if person.document is None:
            return Written("", False, "no-document")
        kind, number = person.document
        if kind in ("resident_id", "residence_permit"):
            if kind == "resident_id" and self.rng.random() < broken * self.dirt:
                return self.clerk.broken_id(number)
            return self.clerk.resident_id(number)
        return Written(number, False, kind)

    # -- housing ------------------------------------------------------------------------------------------------

    def housing(self) -> None:
        """Two weekly lists; some homes change their use between them."""
        rng = self.rng
        self.tenures: dict[str, tuple[str, str]] = {}
        for door in self.ground.doors:
            now = "3" if door.code not in self.occupied else rng.choices(("1", "2", ""), (75, 22, 3))[0]
            before = now if rng.random() > 0.04 else rng.choice(("1", "2", "3"))
            self.tenures[door.code] = (before, now)
        for place, on in enumerate((self.day - dt.timedelta(9), self.day - dt.timedelta(2))):
            rows = []
            for door in self.ground.doors:
                rows.append(
                    Record(self._dwelling(door, self.tenures[door.code][place]), NOBODY, facts={"door": door.code})
                )
            for _ in range(int(3 * self.dirt)):
                rows.append(
                    Record(
                        self._dwelling(rng.choice(self.ground.doors), "1")
                        | {"房屋编码": rng.choice(("", " ", "\u3000"))},
                        NOBODY,
                        "quarantined",
                        kinds=("housing-no-code",),
                    )
                )
                copied = rng.randrange(len(self.ground.doors))
                rows[copied].fate = "superseded"
                rows.append(dataclasses.replace(rows[copied], fate="accepted", kinds=("housing-copy",)))
            self.batches.append(Batch("housing_registry", on, {"房屋.csv": rows}))

    def _dwelling(self, door: Door, tenure: str) -> dict[str, Any]:
        rng, dirty = self.rng, self.rng.random() < 0.2 * self.dirt
        lane = door.lane + "弄" if dirty and door.lane.isdigit() else door.lane
        building = door.building + "号" if dirty and rng.random() < 0.5 else door.building
        room = door.room + "室" if dirty and rng.random() < 0.5 else door.room
        if dirty and rng.random() < 0.3 and door.room.isdigit():
            room = "".join(chr(ord(c) + 0xFEE0) for c in door.room)
        return {
            "房屋编码": door.code,
            "居委会代码": door.committee,
            "居委会": COMMITTEES[door.committee],
            "小区名称": door.compound,
            "路名": door.road,
            "弄": lane,
            "号": building,
            "室号": room,
            "所在层": str(door.floor),
            "总层数": "6",
            "建筑面积": f"{rng.uniform(35, 140):.1f}",
            "房屋用途": door.usage,
            "使用状况": tenure,
            "产权人": "业主" + door.code[-3:],
            "产权人证件号": "",
            "经度": f"{121.53 + int(door.code[2:]) % 300 / 1e4:.5f}",
            "纬度": f"{31.2 + int(door.code[2:]) % 200 / 1e4:.5f}",
        }

    # -- the registry of persons --------------------------------------------------------------------------------

    def registry(self) -> None:
        rows = [self._registered(person) for person in self.people if person.registered]
        rng = self.rng
        rows += self._registered_again()
        for _ in range(int(6 * self.dirt)):
            old = rng.randrange(len(rows))
            if rows[old].kinds[-1:] == ("version",) or rows[old].fate != "accepted" or "broken" in rows[old].kinds:
                continue
            # An older version of the row, before or after it; or the very same row again, when the later one holds.
            way = rng.choice(("older-after", "older-before", "same", "unreadable-time"))
            cells = dict(rows[old].cells)
            if way != "same":
                cells["更新时间"] = "昨天" if way == "unreadable-time" else "2019-01-01 08:00:00"
                cells["联系电话"] = ""
            other = dataclasses.replace(rows[old], cells=cells, fate="superseded", kinds=("version-" + way, "version"))
            if way == "same":
                rows[old].fate, other.fate = "superseded", "accepted"
            rows.insert(old if way == "older-before" else rng.randrange(old + 1, len(rows) + 1), other)
        stranger = dict(rows[0].cells)
        for cells, kind in (
            ({"姓名": "", "证件号码": "", "人员编号": "Q1"}, "registry-nobody"),
            ({"姓名": "-", "证件号码": "无", "人员编号": "Q2"}, "registry-dash"),
            ({"姓名": "不详", "证件号码": "未知", "人员编号": "Q3"}, "registry-unknown"),
            ({"人员编号": " "}, "registry-no-key"),
        ):
            if self.dirt:
                rows.insert(rng.randrange(len(rows)), Record(stranger | cells, NOBODY, "quarantined", kinds=(kind,)))
        # The day before the list lacked a few; the day before that it came twice.
        often = Counter(row.cells["人员编号"] for row in rows)
        single = [n for n, row in enumerate(rows) if row.fate == "accepted" and often[row.cells["人员编号"]] == 1]
        late = set(rng.sample(single, 5))
        before = [dataclasses.replace(r) for n, r in enumerate(rows) if n not in late]
        self.batches.append(Batch("household_registry", self.day - dt.timedelta(3), {"实有人口.csv.gz": before}))
        self.batches.append(
            Batch("household_registry", self.day - dt.timedelta(2), {"实有人口.csv.gz": before}, repeats=True)
        )
        self.batches.append(Batch("household_registry", self.day, {"实有人口20220415.csv.gz": rows}))

    def _registered_again(self) -> list[Record]:
        """Second rows of the same person under another number: at a former door, or at the one they live at now."""
        rng, rows = self.rng, list[Record]()
        for person in rng.sample(
            [
                p
                for p in self.people
                if p.registered and p.resident_id and p.home and p.status in ("1", "2") and p.residence_type == "1"
            ],
            int(12 * self.dirt),
        ):
            row = self._registered(person)
            other = rng.choice([d for d in self.ground.doors if d.code not in self.occupied and d.compound])
            living, place = self.scribe.clean(other)
            moved_on = "2022-03-30 10:00:00" if person.status == "2" or rng.random() < 0.5 else "2021-01-01 10:00:00"
            row.cells |= {
                "人员编号": f"P9{person.no:07}",
                "户籍地址": living,
                "现住地址": living,
                "更新时间": moved_on,
                "状态": "1",
                "证件号码": person.resident_id,
            }
            rows.append(
                dataclasses.replace(
                    row,
                    place=place,
                    identifies=True,
                    kinds=("registered-again", *row.kinds[:3]),
                    facts=row.facts | {"registered": place, "updated": moved_on},
                )
            )
        return rows

    def _registered(self, person: Person) -> Record:
        rng, clerk = self.rng, self.clerk
        name = clerk.name(person)
        kinds, door = [f"name:{name.kind}"], person.home
        mother = self.mothers.get(person.no)
        number = self.number(person)
        if mother:
            number = Written(mother.resident_id, False, "mothers-number")
        born = clerk.birth(person.born)
        id_born = person.resident_id is not None
        sex = str(person.sex) if rng.random() > 0.1 else "男女"[person.sex - 1]
        if number.good and id_born and rng.random() < 0.01 * self.dirt:
            born = Written(f"{person.born.replace(day=1) - dt.timedelta(40):%Y%m%d}", True, "contradicts-id")
        assert door is not None
        living, place = self.scribe.text(door)
        registered, registered_place = self.scribe.clean(door)
        if person.residence_type != "1":
            registered, registered_place = (
                "安徽省阜阳市颍州区清河路8号2幢101室",
                Place("outside", kind="registered-outside"),
            )
        elif rng.random() < 0.1:
            registered, registered_place = (
                "同现住址" if rng.random() < 0 else "上海市黄浦区南京东路300弄2号501室",
                Place("outside", kind="registered-outside"),
            )
        if person.residence_type == "2":
            living, place = rng.choice(
                (
                    ("苏州工业园区星湖街12号", Place("outside", kind="suzhou-far")),
                    ("上海市徐汇区漕溪路200弄3号401室", Place("outside", kind="xuhui")),
                )
            )
            registered, registered_place = self.scribe.clean(door)
        elif rng.random() < 0.03 * self.dirt:
            living, place = self.scribe.odd(door)
        elif rng.random() < 0.09 * self.dirt:
            living, place = self.scribe.vague(door)
            if place.level == "outside" or (place.level is None):
                registered, registered_place = (
                    "上海市黄浦区南京东路300弄2号501室",
                    Place("outside", kind="registered-outside"),
                )
        elif rng.random() < 0.01 * self.dirt and registered_place.level == "dwelling":
            living, place = rng.choice(("同上", "同户籍地址")), at(door, "same-as-registered")
        kinds += [f"id:{number.kind}", f"birth:{born.kind}", f"place:{place.kind}"]
        return Record(
            {
                "人员编号": f"P{person.no:08}",
                "证件类型": ID_TYPES[person.document[0]] if person.document else ("10" if mother else "90"),
                "证件号码": number.text,
                "姓名": name.text,
                "性别": sex,
                "民族": "05" if "·" in person.name else "01",
                "出生日期": born.text,
                "户号": person.household,
                "与户主关系": person.relation,
                "人口类别": person.residence_type,
                "户籍地址": registered,
                "现住地址": living,
                "联系电话": clerk.phone(person.phone).text,
                "状态": person.status,
                "更新时间": f"2022-03-{1 + person.no % 28:02} 10:00:00",
            },
            person.no,
            identifies=number.good,
            place=place,
            kinds=tuple(kinds),
            facts={
                "registered": registered_place,
                "born": person.born,
                "updated": f"2022-03-{1 + person.no % 28:02} 10:00:00",
            },
        )

    # -- arrivals -----------------------------------------------------------------------------------------------

    def _guest(self) -> Person:
        """Somebody whom no registry knows."""
        person = dataclasses.replace(
            self.rng.choice([p for p in self.people if p.resident_id]),
            no=len(self.people),
            registered=False,
            home=None,
            household="",
            roles=(),
            residence_type="",
            status="1",
        )
        self.people.append(person)
        person.born = self.day - dt.timedelta(self.rng.randrange(7000, 30000))
        person.document = ("resident_id", self.families.number(person.born, person.sex))
        person.phone = self.families.phone()
        surname = self.rng.choice(("鲍", "葛", "穆", "柏"))
        person.name = (
            surname + self.rng.choice(("春", "夏", "秋", "冬")) + self.rng.choice(("山", "川", "江", "河", "湖"))
        )
        person.latin = ""
        return person

    def _destination(self, person: Person) -> Door:
        if person.home and self.rng.random() < 0.85:
            return person.home
        return self.rng.choice(
            [d for d in self.ground.doors if d.compound and self.ground.kind[d.code] in ("plain", "town", "city")]
        )

    def returnees(self) -> None:
        rng = self.rng
        rows: dict[dt.date, list[Record]] = {self.day - dt.timedelta(back): [] for back in range(24)}
        pool = [p for p in self.people if p.registered and p.status == "1" and p.residence_type in ("1", "4")]
        self.travelled = set()
        chosen = rng.sample(pool, len(pool) // 11)
        for person in [*chosen, *(self._guest() for _ in range(len(pool) // 60))]:
            self.travelled.add(person.no)
            door = self._destination(person)
            arrived = self.day - dt.timedelta(rng.randrange(0, 23))
            listed = min(self.day, arrived + dt.timedelta(rng.choice((0, 0, 1))))
            scene = rng.choices(
                (
                    "once",
                    "twice",
                    "later",
                    "both",
                    "central",
                    "none",
                    "after-central",
                    "typo",
                    "lost",
                    "empty",
                    "nameless",
                    "old",
                ),
                (50, 10, 6, 4, 6, 5, 3, 3, 4, 5, 5, 1),
            )[0]
            if scene in ("later", "after-central"):
                arrived = min(arrived, self.day - dt.timedelta(4))
                listed = arrived
            origin = rng.choice(ORIGINS)
            way = (
                {"central": "集中", "none": "无需", "after-central": "集中", "empty": ""}.get(scene)
                if scene in ("central", "none", "after-central", "empty")
                else (rng.choice(("居家", "居家", "居家隔离", "居家健康观察")))
            )
            if scene == "lost":  # the date is wrong, and nobody corrects it
                text, kind = rng.choice(
                    (
                        ("待定", "date-words"),
                        (f"{self.day.year + 1}/3/1", "date-future"),
                        ("2019/1/5", "date-too-old"),
                        ("", "date-empty"),
                        ("2022/2/30", "date-none"),
                    )
                )
                rows[listed].append(
                    self._returnee(person, door, arrived, listed, origin, way, bad=Written(text, False, kind))
                )
                continue
            if scene == "typo" and listed < self.day:  # the date is wrong, and corrected the next day
                rows[listed].append(
                    self._returnee(
                        person, door, arrived, listed, origin, way, bad=Written("不清楚", False, "date-corrected")
                    )
                )
                listed += dt.timedelta(1)
            if (
                scene == "nameless" and rng.random() < 0.3 and person.phone and "·" not in person.name
            ):  # 王? with the family's phone: nobody certain
                row = self._returnee(person, door, arrived, listed, origin, way, document=False)
                row.cells["姓名"] = rng.choice((person.name[0] + "?", person.name[0] + "*", person.name[0] + "先生"))
                stranger = dataclasses.replace(person, no=len(self.people), registered=False, home=None, document=None)
                self.people.append(stranger)
                rows[listed].append(dataclasses.replace(row, person=stranger.no, kinds=("marked-name", *row.kinds[1:])))
                continue
            if scene == "nameless":  # without a document: by name and phone alone
                rows[listed].append(self._returnee(person, door, arrived, listed, origin, way, document=False))
                continue
            first = self._returnee(person, door, arrived, listed, origin, way)
            rows[listed].append(first)
            if scene == "twice":
                again = min(self.day, listed + dt.timedelta(rng.choice((0, 1))))
                rows[again].append(self._returnee(person, door, arrived, again, origin, way))
            elif scene == "both":
                rows[listed].append(self._returnee(person, door, arrived, listed, origin, "集中"))
            elif scene == "later":
                later = arrived + dt.timedelta(rng.randrange(1, 4))
                rows[later].append(self._returnee(person, door, later, later, rng.choice(ORIGINS), way))
            elif scene == "after-central":
                later = arrived + dt.timedelta(rng.randrange(1, 4))
                rows[later].append(self._returnee(person, door, later, later, origin, "居家"))
        for on, listed_rows in rows.items():
            if not listed_rows:
                continue
            rng.shuffle(listed_rows)
            for _ in range(int(self.dirt)):
                copied = rng.randrange(len(listed_rows))
                if listed_rows[copied].fate == "accepted":
                    listed_rows[copied].fate = "superseded"
                    listed_rows.append(dataclasses.replace(listed_rows[copied], fate="accepted"))
            cells = dict(listed_rows[0].cells)
            if rng.random() < 0.3 * self.dirt:
                listed_rows.append(
                    Record(
                        cells | {"姓名": "、", "证件号码": "-"},
                        NOBODY,
                        "quarantined",
                        kinds=("returnee-nobody",),
                        arrival={"day": None},
                    )
                )
            half = len(listed_rows) // 2
            shape = SHAPES[(self.day - on).days % len(SHAPES)] if self.dirt else "plain"
            if shape == "merged-family":
                listed_rows.extend(self._family(pool, on))
            if shape == "two-files":
                files = {"牡丹片.xlsx": listed_rows[:half], "联洋片.xlsx": listed_rows[half:]}
            else:
                files = {"返沪.xlsx": listed_rows}
            self.batches.append(Batch("returnees", on, files, shape=dict.fromkeys(files, shape)))

    def _returnee(
        self,
        person: Person,
        door: Door,
        arrived: dt.date,
        listed: dt.date,
        origin: tuple[str, str],
        way: str | None,
        *,
        bad: Written | None = None,
        document: bool = True,
    ) -> Record:
        rng, clerk = self.rng, self.clerk
        mother = self.mothers.get(person.no)
        name = clerk.name(person)
        if document and len(person.name) == 3 and "·" not in person.name and rng.random() < 0.03 * self.dirt:
            name = clerk.slip(person)
        number = self.number(person) if document else Written(rng.choice(("", "-", "无")), False, "none")
        if number.kind == "scientific" and person.resident_id:
            number = Written(float(person.resident_id[:17] + "0"), False, "numeric-cell")
        if mother and document:
            number = Written(mother.resident_id, False, "mothers-number")
        day = bad or clerk.day(arrived, listed)
        building: str | int | Serial
        room: str | int
        compound, building, room, place = self.scribe.parts(door)
        if rng.random() < 0.05 * self.dirt:
            house, estate = self.ground.houses[door.house], self.ground.estates[door.estate]
            if self.scribe.named_alone(door):
                building, room, compound, place = rng.choice(
                    (
                        (door.building, "", door.compound, Place("building", house, "parts-no-room")),
                        (door.building, "9907", door.compound, Place("building", house, "parts-no-such-room")),
                        ("", "", door.compound, Place("compound", estate, "parts-compound")),
                        ("", "", "", Place("unparsed", kind="parts-empty")),
                        ("", "", "莫须有花苑", Place("unparsed", kind="parts-unknown")),
                    )
                )
        if (
            str(building).isdigit() and str(room).isdigit() and rng.random() < 0.3 * self.dirt
        ):  # numbers as number cells
            building, room = int(str(building)), int(str(room))
            place = dataclasses.replace(place, kind=f"cells/{place.kind}")
        elif rng.random() < 0.01 * self.dirt:  # 3-2 that Excel took for a day
            building, room, place = Serial(dt.date(listed.year, 3, 2)), door.room, Place(None, kind="day-for-house")
        phone = clerk.phone(person.phone)
        disposition = {"居": "home", "集": "central", "无": "none"}.get((way or "")[:1]) or (
            "none" if origin[1] == "blue" else "home"
        )
        return Record(
            {
                "姓名": name.text,
                "证件号码": number.text,
                "手机号码": phone.text,
                "来源地": origin[0],
                "抵沪日期": day.text,
                "交通方式": rng.choice(("火车", "自驾", "飞机")),
                "居住小区": compound,
                "楼号": building,
                "室号": room,
                "隔离方式": way,
                "备注": rng.choice(("", "", "已测温", "体温正常，\n无症状")),
            },
            person.no,
            "quarantined" if bad else "accepted",
            number.good,
            place,
            (
                f"name:{name.kind}",
                f"id:{number.kind}",
                f"day:{day.kind}",
                f"place:{place.kind}",
                f"origin:{origin[0]}",
                f"way:{way}",
            ),
            {
                "day": None if bad else arrived,
                "disposition": disposition,
                "colour": origin[1],
                "listed": listed,
                "corrected": bool(bad and bad.kind == "date-corrected"),
            },
        )

    def _family(self, pool: list[Person], on: dt.date) -> list[Record]:
        """A household that came home together, its common cells written once."""
        homes: dict[str, list[Person]] = {}
        for person in pool:
            if (
                person.no not in self.travelled
                and person.no not in self.mothers
                and person.document
                and person.home
                and person.home.compound
            ):
                homes.setdefault(person.household, []).append(person)
        family = next((people for people in homes.values() if len(people) >= 3), [])
        rows = []
        for person in family:
            assert person.home is not None
            self.travelled.add(person.no)
            row = self._returnee(person, person.home, on, on, ORIGINS[0], "居家")
            compound, building, room, place = (
                person.home.compound,
                person.home.building,
                person.home.room,
                at(person.home, "merged"),
            )
            if not self.scribe.named_alone(person.home):
                compound = street_part(person.home).removesuffix(f"{person.home.building}号")
            row.cells |= {"抵沪日期": Serial(on), "居住小区": compound, "楼号": building, "室号": room}
            rows.append(
                dataclasses.replace(
                    row, place=place, kinds=(*row.kinds, "merged-family"), facts={"family": person.household}
                )
            )
        return rows

    def border(self) -> None:
        """One pull of the port's entries, in the order in which they were recorded."""
        rng, rows = self.rng, list[Record]()
        pool = [
            p
            for p in self.people
            if p.registered
            and p.status == "1"
            and p.residence_type in ("1", "4", "5")
            and p.latin
            and p.document
            and p.document[0] != "residence_permit"
            and p.no not in self.travelled
        ]
        foreign = [p for p in pool if p.document and p.document[0] != "resident_id"]
        locals_ = [p for p in pool if p.resident_id]
        chosen = rng.sample(locals_, len(locals_) // 16) + foreign[: len(foreign) // 2]
        for number, person in enumerate(chosen):
            rows += self._entries(f"EN{number:06}", person)
        for number in range(len(pool) // 80):  # strangers who come to stay, from nowhere the street knows
            last, first, country = rng.choice(FOREIGN)
            person = dataclasses.replace(
                pool[0],
                no=len(self.people),
                registered=False,
                home=None,
                name=f"{last} {first}",
                latin=f"{last}<<{first}",
                country=country,
                document=("passport", f"{rng.choice('PQRS')}{rng.randrange(10**7, 10**8)}"),
                phone=self.families.phone(),
                born=self.day - dt.timedelta(rng.randrange(7000, 30000)),
                sex=rng.choice((1, 2)),
                household="",
                residence_type="",
            )
            self.people.append(person)
            rows += self._entries(f"ES{number:06}", person)
        rows.sort(key=lambda row: row.cells["recorded_at"])
        self.batches.append(Batch("border_entries", self.day, {"entries.jsonl": rows}))

    def _entries(self, entry: str, person: Person) -> list[Record]:
        rng = self.rng
        door = self._destination(person)
        scene = rng.choices(
            (
                "once",
                "to-central",
                "from-central",
                "central",
                "outside",
                "restart",
                "same-flight",
                "moved-day",
                "to-outside",
                "broken-revision",
                "lost",
                "again",
                "moved-door",
                "transferred",
            ),
            (40, 5, 4, 5, 5, 5, 4, 4, 3, 3, 5, 4, 4, 3),
        )[0]
        days = rng.randrange(0, 24)
        if scene in ("to-central", "from-central", "restart", "moved-day", "to-outside", "moved-door"):
            days = max(days, 5)
        on = self.day - dt.timedelta(days)
        home = {"disposition": "home_isolation"}
        one = self._entry(
            entry,
            person,
            door,
            on,
            home
            | (
                {"disposition": "central_isolation"}
                if scene in ("from-central", "central")
                else {"disposition": "transferred_out"}
                if scene == "transferred"
                else {}
            ),
        )
        if scene in ("once", "central", "transferred"):
            return [one]
        if scene == "outside":
            return [
                self._entry(
                    entry,
                    person,
                    door,
                    on,
                    home,
                    to=("江苏省昆山市前进路5号201室", Place("outside", kind="border-outside")),
                )
            ]
        if scene == "lost":
            cells, kind = rng.choice(
                (
                    ({"entered_at": "no time"}, "time-words"),
                    ({"entered_at": f"{self.day:%Y-%m-%d}T21:00:00+08:00"}, "time-future"),
                    ({"entered_at": None}, "time-none"),
                    ({"entry_id": " "}, "entry-no-id"),
                    ({"name_latin": "", "name_cn": None, "document_no": "-", "id_number": None}, "entry-nobody"),
                )
            )
            one.cells |= cells
            return [
                dataclasses.replace(one, fate="quarantined", kinds=(kind,), arrival={"day": None, "listed": self.day})
            ]
        if scene == "again":  # the very same answer twice
            return [dataclasses.replace(one, fate="superseded"), dataclasses.replace(one)]
        later = on + dt.timedelta(rng.randrange(1, 5))
        if scene == "same-flight":
            return [one, self._entry(f"{entry}B", person, door, on, home, flight=one.cells["flight_no"])]
        if scene == "restart":
            return [one, self._entry(f"{entry}R", person, door, later, home)]
        if scene == "broken-revision":
            two = self._entry(entry, person, door, on, home, revision=2, recorded=on)
            two.cells["entered_at"] = "昨晚"
            return [
                one,
                dataclasses.replace(
                    two,
                    fate="quarantined",
                    kinds=("revision-broken",),
                    arrival={"day": None, "repaired": True, "listed": self.day},
                ),
            ]
        one.fate = "superseded"
        if scene == "to-central":
            two = self._entry(
                entry,
                person,
                door,
                on,
                {"disposition": rng.choice(("central_isolation", "transferred_out"))},
                revision=2,
                recorded=later,
            )
        elif scene == "from-central":
            two = self._entry(entry, person, door, on, home, revision=2, recorded=later)
        elif scene == "moved-day":
            two = self._entry(entry, person, door, on - dt.timedelta(1), home, revision=3, recorded=later)
        elif scene == "moved-door":
            two = self._entry(
                entry,
                person,
                self._destination(dataclasses.replace(person, home=None)),
                on,
                home,
                revision=2,
                recorded=later,
            )
        else:
            two = self._entry(
                entry,
                person,
                door,
                on,
                home,
                revision=2,
                recorded=later,
                to=("上海市闵行区七莘路88弄2号101室", Place("outside", kind="border-outside")),
            )
        return [one, two]

    def _entry(
        self,
        entry: str,
        person: Person,
        door: Door,
        on: dt.date,
        facts: dict[str, Any],
        *,
        revision: int = 1,
        recorded: dt.date | None = None,
        flight: str | None = None,
        to: tuple[str, Place] | None = None,
    ) -> Record:
        rng = self.rng
        assert person.document is not None
        kind, number = person.document
        hour, minute = rng.randrange(0, 7), rng.randrange(60)
        entered = dt.datetime(on.year, on.month, on.day, hour, minute, tzinfo=SHANGHAI)
        if on < self.day and rng.random() < 0.5:
            entered = entered.replace(hour=rng.randrange(24))
        told = entered.isoformat()
        if rng.random() < 0.3:
            told = entered.astimezone(dt.UTC).isoformat().replace("+00:00", rng.choice(("Z", "+00:00")))
        noted = max(entered + dt.timedelta(minutes=20), dt.datetime.combine(recorded or on, dt.time(7, 0), SHANGHAI))
        address, place = to or (self.scribe.vague(door) if rng.random() < 0.08 * self.dirt else self.scribe.text(door))
        identifies = True
        given = {"document_type": "P", "document_no": number, "nationality": person.country, "id_number": None}
        if kind == "resident_id":
            seven = int(number[6:17]) % 10**8
            given = {"document_type": "P", "document_no": f"E{seven:08}", "nationality": "CHN", "id_number": number}
            if rng.random() < 0.1:
                given = {
                    "document_type": "I",
                    "document_no": number,
                    "nationality": "CHN",
                    "id_number": rng.choice((None, number)),
                }
            elif rng.random() < 0.06 * self.dirt:
                given["id_number"], identifies = None, False
        elif kind == "hm_permit":
            given |= {"document_type": "H", "document_no": number + rng.choice(("", "01", "02"))}
        elif kind == "tw_permit":
            given |= {"document_type": "T"}
        last, _, first = person.latin.partition("<<")
        first = first.replace("<", " ")
        latin = rng.choice((person.latin, f"{last.title()} {first.title()}", f"{first} {last}", f"{last} {first}"))
        chinese = person.name if not person.name.isascii() and rng.random() < 0.6 else None
        country = rng.choices(
            ("USA", "JPN", "HKG", "MAC", "TWN", "GBR", "KOR", "CHN", None), (20, 15, 10, 5, 5, 10, 10, 4, 4)
        )[0]
        colour = "blue" if country == "CHN" else "orange"
        disposition = {"home_isolation": "home", "central_isolation": "central", "transferred_out": "transfer"}[
            facts["disposition"]
        ]
        cells = {
            "entry_id": entry,
            "revision": revision,
            **given,
            "name_latin": latin,
            "name_cn": chinese,
            "sex": "MF"[person.sex - 1],
            "birth_date": person.born.isoformat(),
            "flight_no": flight or f"MU{rng.randrange(100, 999)}",
            "departed_country": country,
            "entry_port": "浦东机场",
            "entered_at": told,
            "destination_address": address,
            "phone": person.phone,
            "recorded_at": noted.isoformat(),
            **facts,
        }
        return Record(
            cells,
            person.no,
            "accepted",
            identifies,
            place,
            (f"document:{given['document_type']}", f"place:{place.kind}", f"from:{country}"),
            {
                "day": on,
                "disposition": disposition,
                "colour": colour,
                "entry": entry,
                "revision": revision,
                "recorded": noted.date(),
                "flight": cells["flight_no"],
                "listed": self.day,
            },
        )

    # -- homes, benefits, roles ---------------------------------------------------------------------------------

    def occupancy(self) -> None:
        """One list a company; a company manages some compounds, one of them sent nothing this week."""
        rng = self.rng
        companies = ("东海物业", "南汇物业", "锦绣物业", "云山物业", "申花物业", "申花物业(1)")
        names = sorted({d.compound for d in self.ground.doors if d.compound})
        home: dict[str, list[Person]] = {}
        for person in self.people:
            if person.home:
                home.setdefault(person.home.code, []).append(person)
        weeks = [self.day - dt.timedelta(8), self.day - dt.timedelta(1)]
        for place, company in enumerate(companies[:-1]):
            mine = {name for position, name in enumerate(names) if position % (len(companies) - 1) == place}
            doors = [d for d in self.ground.doors if d.compound in mine]
            for week, on in enumerate(weeks):
                if company == "南汇物业" and week == 1:
                    continue
                rows = [self._occupied(door, home.get(door.code, []), on) for door in doors if rng.random() < 0.85]
                if self.dirt:
                    for cells, kind in (
                        ({"小区": ""}, "occupancy-no-compound"),
                        ({"楼号": "", "室号": " "}, "occupancy-no-door"),
                    ):
                        rows.append(
                            Record(rows[0].cells | {"住户姓名": "某人"} | cells, NOBODY, "quarantined", kinds=(kind,))
                        )
                    copied = rng.randrange(len(rows) - 2)
                    rows[copied].fate = "superseded"
                    rows.append(dataclasses.replace(rows[copied], fate="accepted", kinds=("occupancy-copy",)))
                self.batches.append(Batch("property_occupancy", on, {f"{company}.csv": rows}, source=company))
                if company == "申花物业" and week == 1 and self.dirt:
                    shared = [
                        dataclasses.replace(row, kinds=("two-companies",))
                        for row in rows[2:9]
                        if row.fate == "accepted"
                    ]
                    self.batches.append(
                        Batch("property_occupancy", on, {"申花物业(1).csv": shared}, source="申花物业(1)")
                    )

    def _occupied(self, door: Door, people: list[Person], on: dt.date) -> Record:
        rng = self.rng
        compound, building, room, place = self.scribe.parts(door)
        living = [p for p in people if p.status == "1" and p.residence_type != "2"]
        registered_on = on - dt.timedelta(rng.randrange(0, 60))
        person, occupancy = None, rng.choice(("空置", "空置", "装修"))
        if living:
            person, occupancy = rng.choice(living), rng.choice(("自住", "自住", "自住", "出租"))
        cells = {
            "小区": compound,
            "楼号": building,
            "室号": room,
            "入住状态": occupancy,
            "住户姓名": person.name if person else "",
            "手机号": self.clerk.phone(person.phone).text if person else "",
            "入住日期": "2018-05-01",
            "登记日期": rng.choice(("{:%Y-%m-%d}", "{:%Y/%m/%d}", "{:%Y%m%d}")).format(registered_on),
        }
        return Record(
            cells,
            person.no if person else NOBODY,
            place=place,
            kinds=(f"place:{place.kind}",),
            facts={"occupancy": occupancy, "registered_on": registered_on},
        )

    def welfare(self) -> None:
        rng, day = self.rng, self.day
        elders = [p for p in self.people if p.resident_id and p.age(day) >= 65 and p.status == "1"]
        others = [p for p in self.people if p.resident_id and p.status == "1"]
        rows = [self._benefit(p, "老年综合津贴", dt.date(2020, 5, 1), None) for p in elders]
        for benefit, share in (
            ("低保", 40),
            ("低收入", 90),
            ("特困供养", 300),
            ("居家养老服务", 80),
            ("助餐服务", 60),
            ("支出型贫困", 300),
        ):
            for person in rng.sample(others, max(2, len(others) // share)):
                end = rng.choice((None, None, day, day - dt.timedelta(1), dt.date(2023, 12, 31)))
                rows.append(
                    self._benefit(
                        person,
                        benefit,
                        dt.date(2021, 1, 1) if end else rng.choice((day, day + dt.timedelta(1), dt.date(2020, 3, 1))),
                        end,
                    )
                )
        if self.dirt:
            rows.append(
                Record(rows[0].cells | {"姓名": "", "身份证号": " "}, NOBODY, "quarantined", kinds=("welfare-nobody",))
            )
            rows[3].fate = "superseded"
            rows.append(dataclasses.replace(rows[3], fate="accepted"))
        self.batches.append(
            Batch("welfare_list", dt.date(day.year, day.month, 1), {"民政.xlsx": rows}, shape={"民政.xlsx": "titled"})
        )

    def _benefit(self, person: Person, benefit: str, start: dt.date, end: dt.date | None) -> Record:
        name, number = self.clerk.name(person), self.number(person, broken=0.01)
        if self.rng.random() < 0.01 * self.dirt:  # a name alone: no key tells two such rows apart
            number = Written(self.rng.choice(("", "无", "310115********")), False, "no-number")
        home = person.home
        address, place = self.scribe.text(home) if home else ("", Place("unparsed"))
        begins = self.clerk.day(start, self.day)
        if begins.kind in ("month-day", "month-slash-day"):
            begins = Written(Serial(start), True, "cell")
        ends = "" if end is None else Serial(end)
        return Record(
            {
                "姓名": name.text,
                "身份证号": number.text,
                "待遇类别": benefit,
                "开始日期": begins.text,
                "结束日期": ends,
                "月发放金额": 180,
                "居委会": "",
                "居住地址": address,
                "联系电话": self.clerk.phone(person.phone).text,
            },
            person.no,
            "accepted",
            number.good,
            place,
            (f"name:{name.kind}", f"id:{number.kind}", f"day:{begins.kind}", f"place:{place.kind}"),
            facts={"benefit": benefit, "start": start, "end": end},
        )

    def disability(self) -> None:
        rng, day = self.rng, self.day
        people = rng.sample([p for p in self.people if p.resident_id and p.status == "1"], len(self.people) // 30)
        rows = []
        for person in people:
            kind, level = rng.randrange(1, 8), rng.randrange(1, 5)
            until = rng.choice((None, dt.date(2030, 1, 1), day, day - dt.timedelta(1)))
            assert person.resident_id is not None
            reissue = rng.choice(("", "", "B1", "B2"))
            certificate = f"{person.resident_id}{kind}{level}{reissue}"
            contradicts = rng.random() < 0.05 * self.dirt
            name = self.clerk.name(person)
            address, place = self.scribe.text(person.home) if person.home else ("", Place("unparsed"))
            rows.append(
                Record(
                    {
                        "残疾人证号": certificate,
                        "姓名": name.text,
                        "残疾类别": str(kind),
                        "残疾等级": str(level % 4 + 1 if contradicts else level),
                        "发证日期": "2015-06-01",
                        "有效期止": f"{until:%Y-%m-%d}" if until else "",
                        "监护人姓名": "",
                        "监护人电话": "",
                        "住址": address,
                    },
                    person.no,
                    "accepted",
                    True,
                    place,
                    (f"name:{name.kind}", f"place:{place.kind}"),
                    facts={"until": until, "level": level},
                )
            )
        if self.dirt:
            rows.append(Record(rows[0].cells | {"残疾人证号": ""}, NOBODY, "quarantined", kinds=("certificate-none",)))
        self.batches.append(Batch("disability_list", dt.date(day.year, day.month, 2), {"残联.csv": rows}))

    def community_roles(self) -> None:
        rng, rows = self.rng, list[Record]()
        people = [p for p in self.people if p.resident_id and p.status == "1" and p.home and p.age(self.day) > 18]
        for role in ("党员", "志愿者", "楼组长"):
            for person in rng.sample(people, len(people) // 30):
                assert person.home is not None
                assert person.resident_id is not None
                masked = rng.random() < 0.4
                number = f"{person.resident_id[:6]}********{person.resident_id[14:]}" if masked else person.resident_id
                rows.append(
                    Record(
                        {
                            "姓名": person.name,
                            "身份证号": number,
                            "手机号": person.phone or "",
                            "角色": role,
                            "负责小区": person.home.compound or street_part(person.home),
                            "负责楼号": person.home.building,
                            "起始日期": "2019-07-01",
                        },
                        person.no,
                        "accepted",
                        not masked,
                        UNSAID,
                        ("masked" if masked else "full",),
                        facts={"role": role},
                    )
                )
        self.batches.append(
            Batch(
                "community_roles",
                dt.date(self.day.year, self.day.month, 1),
                {"骨干.xlsx": rows},
                shape={"骨干.xlsx": "titled"},
            )
        )


#: How a worksheet looks, one a day in turn.
SHAPES = (
    "titled",
    "plain",
    "total",
    "hidden-first",
    "two-files",
    "sheet-a-committee",
    "headings-again",
    "continued",
    "merged-family",
    "two-row-headings",
    "blank-rows",
    "total-with-words",
)
