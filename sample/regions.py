"""Public facts about places outside the street: administrative codes, provinces, countries, flights."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Area:
    """A county of another province: the code its IDs begin with (GB/T 2260), its name, how many people it sent."""

    code: int
    address: str
    province: str
    city: str
    migrants: int


@dataclass(frozen=True)
class Country:
    """A country or region: ISO 3166-1 alpha-3, Chinese name, share of foreign residents and of arrivals, flights."""

    code: str
    name: str
    residents: int
    arrivals: int
    flights: tuple[str, ...]


AREAS = [
    Area(340123, "安徽省合肥市肥西县", "安徽省", "合肥", 16),
    Area(341221, "安徽省阜阳市临泉县", "安徽省", "阜阳", 14),
    Area(342401, "安徽省六安市", "安徽省", "六安", 8),
    Area(321023, "江苏省扬州市宝应县", "江苏省", "扬州", 9),
    Area(320626, "江苏省南通市启东市", "江苏省", "南通", 9),
    Area(320925, "江苏省盐城市建湖县", "江苏省", "盐城", 9),
    Area(411522, "河南省信阳市光山县", "河南省", "信阳", 10),
    Area(412728, "河南省周口市郸城县", "河南省", "周口", 7),
    Area(362330, "江西省上饶市鄱阳县", "江西省", "上饶", 9),
    Area(360121, "江西省南昌市南昌县", "江西省", "南昌", 4),
    Area(511322, "四川省南充市营山县", "四川省", "南充", 6),
    Area(330226, "浙江省宁波市宁海县", "浙江省", "宁波", 6),
    Area(420106, "湖北省武汉市武昌区", "湖北省", "武汉", 5),
    Area(421126, "湖北省黄冈市蕲春县", "湖北省", "黄冈", 5),
    Area(420600, "湖北省襄阳市", "湖北省", "襄阳", 3),
    Area(350583, "福建省泉州市南安市", "福建省", "泉州", 5),
    Area(370921, "山东省泰安市宁阳县", "山东省", "泰安", 6),
    Area(430123, "湖南省长沙市浏阳市", "湖南省", "长沙", 4),
    Area(610103, "陕西省西安市碑林区", "陕西省", "西安", 3),
    Area(230103, "黑龙江省哈尔滨市南岗区", "黑龙江省", "哈尔滨", 4),
    Area(500101, "重庆市万州区", "重庆市", "重庆", 4),
    Area(440106, "广东省广州市天河区", "广东省", "广州", 3),
    Area(110108, "北京市海淀区", "北京市", "北京", 2),
    Area(653101, "新疆维吾尔自治区喀什地区喀什市", "新疆维吾尔自治区", "喀什", 1),
]
# Districts of Shanghai that issue or once issued IDs; 卢湾, 南市, 闸北, 南汇 and 川沙 are long abolished.
SHANGHAI_AREAS = [
    310101,
    310102,
    310103,
    310104,
    310105,
    310106,
    310107,
    310108,
    310109,
    310110,
    310112,
    310113,
    310115,
    310119,
    310222,
    310224,
    310225,
]
ELSEWHERE_ROADS = [
    "徐汇区漕溪北路",
    "杨浦区控江路",
    "静安区西康路",
    "虹口区四平路",
    "普陀区长寿路",
    "长宁区仙霞路",
    "闵行区七莘路",
    "浦东新区潍坊新村街道潍坊路",
    "浦东新区塘桥街道浦建路",
    "浦东新区川沙新镇川黄路",
    "宝山区牡丹江路",
]
COUNTRIES = [
    Country("USA", "美国", 14, 22, ("MU588", "UA857", "DL287")),
    Country("GBR", "英国", 5, 24, ("MU552", "VS250")),
    Country("JPN", "日本", 24, 8, ("MU524", "NH919", "JL873")),
    Country("KOR", "韩国", 16, 6, ("MU5042", "KE893")),
    Country("DEU", "德国", 6, 6, ("MU220", "LH728")),
    Country("FRA", "法国", 5, 6, ("MU554", "AF116")),
    Country("ITA", "意大利", 2, 7, ("MU788",)),
    Country("ESP", "西班牙", 1, 5, ("MU710",)),
    Country("AUS", "澳大利亚", 3, 5, ("MU562", "QF129")),
    Country("CAN", "加拿大", 4, 5, ("MU208", "AC25")),
    Country("SGP", "新加坡", 4, 4, ("MU568", "SQ830")),
    Country("HKG", "中国香港", 6, 4, ("MU502", "CX360")),
    Country("MAC", "中国澳门", 1, 1, ("MU2008",)),
    Country("TWN", "中国台湾", 9, 2, ("MU5008", "CI501")),
    Country("THA", "泰国", 1, 2, ("MU548",)),
    Country("RUS", "俄罗斯", 1, 1, ("MU592",)),
]
