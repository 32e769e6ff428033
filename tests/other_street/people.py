"""Who lives on the street: families, their documents, phones and names in every script."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

    from .ground import Door, Ground

WEIGHTS, CHECKS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), "10X98765432"
AREAS = ("310115", "310101", "310225", "310107", "320503", "330602", "340111", "420106", "421102", "512930", "230102")

SURNAMES = (
    ("王", "WANG", 8),
    ("李", "LI", 8),
    ("张", "ZHANG", 8),
    ("陈", "CHEN", 6),
    ("沈", "SHEN", 3),
    ("陆", "LU", 3),
    ("顾", "GU", 2),
    ("吕", "LYU", 1),
    ("曾", "ZENG", 1),
    ("单", "SHAN", 1),
    ("解", "XIE", 1),
    ("仇", "QIU", 1),
    ("查", "ZHA", 1),
    ("翟", "ZHAI", 1),
    ("缪", "MIAO", 1),
    ("欧阳", "OUYANG", 1),
    ("诸葛", "ZHUGE", 1),
    ("邬", "WU", 1),
)
GIVEN = (
    ("伟", "WEI"),
    ("芳", "FANG"),
    ("建国", "JIANGUO"),
    ("建军", "JIANJUN"),
    ("桂英", "GUIYING"),
    ("秀兰", "XIULAN"),
    ("子涵", "ZIHAN"),
    ("梓轩", "ZIXUAN"),
    ("雨桐", "YUTONG"),
    ("志强", "ZHIQIANG"),
    ("志刚", "ZHIGANG"),
    ("静", "JING"),
    ("丽华", "LIHUA"),
    ("丽娟", "LIJUAN"),
    ("文博", "WENBO"),
    ("文静", "WENJING"),
    ("浩然", "HAORAN"),
    ("若曦", "RUOXI"),
    ("金根", "JINGEN"),
    ("阿毛", "AMAO"),
    ("国平", "GUOPING"),
    ("海燕", "HAIYAN"),
    ("晓东", "XIAODONG"),
    ("敏", "MIN"),
    ("婷婷", "TINGTING"),
    ("鹏飞", "PENGFEI"),
    ("玉珍", "YUZHEN"),
    ("宝珠", "BAOZHU"),
    ("永康", "YONGKANG"),
    ("佩芬", "PEIFEN"),
)
RARE = (("䶮", "YAN"), ("𬭎", "HONG"), ("喆", "ZHE"), ("𤩽", "HUAN"))
DOTTED = (
    ("麦麦提·依明", "MAIMAITI", "YIMING"),
    ("古丽娜尔·买买提", "GULINAER", "MAIMAITI"),
    ("扎西·多吉", "ZHAXI", "DUOJI"),
    ("努尔兰·哈布力", "NUERLAN", "HABULI"),
    ("热依汗·吐尔逊", "REYIHAN", "TUERXUN"),
)
FOREIGN = (
    ("DUPONT", "MARIE CLAIRE", "FRA"),
    ("SMITH", "JOHN WILLIAM", "USA"),
    ("MUELLER", "HANS", "DEU"),
    ("TANAKA", "YUKI", "JPN"),
    ("KIM", "MINJUN", "KOR"),
    ("GARCIA", "LUCIA", "ESP"),
    ("OCONNOR", "SEAN", "IRL"),
    ("IVANOVA", "OLGA", "RUS"),
)
TRADITIONAL = str.maketrans("陈张陆顾单缪国兰丽华军强刚静浩晓东鹏飞宝", "陳張陸顧單繆國蘭麗華軍強剛靜浩曉東鵬飛寶")


def check_digit(body: str) -> str:
    return CHECKS[sum(int(d) * w for d, w in zip(body, WEIGHTS, strict=True)) % 11]


@dataclasses.dataclass
class Person:
    """A true person: `document` is (kind, number), None for who has none; `home` None for who lives elsewhere."""

    no: int
    name: str
    latin: str
    sex: int
    born: dt.date
    document: tuple[str, str] | None
    country: str | None
    phone: str | None
    home: Door | None
    household: str
    relation: str
    residence_type: str
    status: str = "1"
    registered: bool = True
    roles: tuple[str, ...] = ()

    def age(self, on: dt.date) -> int:
        return on.year - self.born.year - ((on.month, on.day) < (self.born.month, self.born.day))

    @property
    def resident_id(self) -> str | None:
        return self.document[1] if self.document and self.document[0] == "resident_id" else None


class Families:
    """Draws households for the doors of a ground until `persons` are there."""

    def __init__(self, ground: Ground, rng: random.Random, day: dt.date) -> None:
        self.ground, self.rng, self.day = ground, rng, day
        self.people: list[Person] = []
        self._used: set[str] = set()
        self._names: set[str] = set()

    def draw(self, persons: int) -> list[Person]:
        doors = list(self.ground.doors)
        self.rng.shuffle(doors)
        vacant = len(doors) // 12
        for number, door in enumerate(doors[vacant:]):
            if len(self.people) >= persons:
                break
            self._household(door, f"HH{number:06}")
        return self.people

    def number(self, born: dt.date, sex: int, area: str | None = None, lead: str = "") -> str:
        """An unused resident ID; `lead` 81 for a residence permit of Hong Kong and so on."""
        while True:
            area_code = f"{lead}0000" if lead else area or self.rng.choice(AREAS)
            body = f"{area_code}{born:%Y%m%d}{self.rng.randrange(5, 499) * 2 + (sex == 1) - 1:03}"
            if body not in self._used:
                self._used.add(body)
                return body + check_digit(body)

    def phone(self) -> str:
        while True:
            drawn = f"1{self.rng.choice('356789')}{self.rng.randrange(10**9):09}"
            if drawn not in self._used:
                self._used.add(drawn)
                return drawn

    def _birth(self, low: int, high: int) -> dt.date:
        return self.day - dt.timedelta(days=self.rng.randrange(int(low * 365.25) + 1, int(high * 365.25)))

    def _person(
        self,
        door: Door | None,
        household: str,
        relation: str,
        surname: tuple[str, str],
        sex: int,
        born: dt.date,
        phone: str | None,
        given: tuple[str, str] | None = None,
        residence_type: str = "1",
    ) -> Person:
        rng = self.rng
        given = given or (rng.choice(RARE) if rng.random() < 0.02 else rng.choice(GIVEN))
        if given[0] in {p[0] for p in GIVEN} and rng.random() < 0.5 and len(given[0]) == 1:
            more = rng.choice([g for g in GIVEN if len(g[0]) == 1])
            given = (given[0] + more[0], given[1] + more[1])
        person = Person(
            len(self.people),
            surname[0] + given[0],
            f"{surname[1]}<<{given[1]}",
            sex,
            born,
            ("resident_id", self.number(born, sex)),
            "CHN",
            phone,
            door,
            household,
            relation,
            residence_type,
        )
        self.people.append(person)
        return person

    def _household(self, door: Door, household: str) -> None:
        rng = self.rng
        surnames = [s[:2] for s in SURNAMES for _ in range(s[2])]
        surname, other = rng.choice(surnames), rng.choice(surnames)
        shared = self.phone() if rng.random() < 0.3 else None
        kind = rng.choices(
            ("alone", "old", "couple", "family", "three", "migrant", "dotted", "foreign", "permit"),
            (14, 10, 14, 34, 8, 10, 3, 4, 3),
        )[0]
        if kind == "alone":
            self._person(
                door, household, "02", surname, rng.choice((1, 2)), self._birth(58, 95), shared or self.phone()
            )
        elif kind in ("old", "couple"):
            low, high = (60, 92) if kind == "old" else (25, 59)
            self._person(door, household, "02", surname, 1, self._birth(low, high), shared or self.phone())
            self._person(door, household, "10", other, 2, self._birth(low, high), shared or self.phone())
        elif kind in ("family", "three", "migrant"):
            self._family(door, household, surname, other, shared, kind)
        elif kind == "dotted":
            name, first, last = rng.choice(DOTTED)
            person = self._person(
                door,
                household,
                "02",
                ("", ""),
                rng.choice((1, 2)),
                self._birth(20, 60),
                self.phone(),
                residence_type="4",
            )
            person.name, person.latin = name, f"{first}<<{last}"
        elif kind == "foreign":
            last, first, country = rng.choice(FOREIGN)
            person = self._person(
                door,
                household,
                "02",
                ("", ""),
                rng.choice((1, 2)),
                self._birth(20, 60),
                self.phone(),
                residence_type="5",
            )
            person.name, person.latin, person.country = f"{last} {first}", f"{last}<<{first.replace(' ', '<')}", country
            person.document = ("passport", f"{rng.choice('CFKLX')}{rng.randrange(10**7, 10**8)}")
        else:
            person = self._person(
                door,
                household,
                "02",
                surname,
                rng.choice((1, 2)),
                self._birth(20, 70),
                self.phone(),
                residence_type="5",
            )
            place = rng.choice(("HKG", "TWN", "permit35"))
            if place == "permit35":
                person.document = (
                    "residence_permit",
                    self.number(person.born, person.sex, lead=rng.choice(("81", "82", "83"))),
                )
                person.country = "HKG"
            elif place == "HKG":
                person.document, person.country = ("hm_permit", f"H{rng.randrange(10**7, 10**8)}"), "HKG"
            else:
                person.document, person.country = ("tw_permit", f"{rng.randrange(10**7, 10**8)}"), "TWN"

    def _family(
        self,
        door: Door,
        household: str,
        surname: tuple[str, str],
        other: tuple[str, str],
        shared: str | None,
        kind: str,
    ) -> None:
        rng = self.rng
        stay = "4" if kind == "migrant" else "1"
        long_given = [g for g in GIVEN if len(g[0]) == 2]
        father = self._person(
            door, household, "02", surname, 1, self._birth(26, 55), shared or self.phone(), residence_type=stay
        )
        self._person(door, household, "10", other, 2, self._birth(24, 52), shared or self.phone(), residence_type=stay)
        for number in range(rng.choice((1, 1, 2))):
            born = self._birth(0, min(20, father.age(self.day) - 19))
            sex = rng.choice((1, 2))
            child = self._person(
                door, household, "20" if sex == 1 else "30", surname, sex, born, shared, rng.choice(long_given), stay
            )
            if number == 0 and rng.random() < 0.1:  # twins: one surname, one day, one door, names one character apart
                first = child.name[len(surname[0])]
                twin = self._person(
                    door, household, child.relation, surname, sex, born, shared, (first + "萱", "XUAN"), stay
                )
                twin.latin = f"{surname[1]}<<{child.latin.partition('<<')[2][:2]}XUAN"
            if child.age(self.day) < 3 and rng.random() < 0.5:
                child.document = None
        if kind == "three":
            old = self._person(
                door,
                household,
                "51",
                surname,
                1,
                self._birth(60, 90),
                shared or self.phone(),
                rng.choice(long_given),
                stay,
            )
            if rng.random() < 0.5:  # father and son, one character apart
                rest = father.name[len(surname[0]) :]
                old.name = surname[0] + rest[:1] + ("福" if not rest.endswith("福") else "寿")
                old.latin = f"{surname[1]}<<{old.latin.partition('<<')[2]}"
