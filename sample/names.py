"""Names: surname frequencies, given names by generation, minority and foreign names, pinyin as passports write it."""

from functools import cache

import numpy as np
from pypinyin import lazy_pinyin

from sample.documents import Ints, Texts

# Share of the population in parts per 10,000, after the 2020 national report on names, with the Yangtze delta's
# 沈 陆 顾 金 朱 徐 raised; only the order of magnitude matters here.
_SURNAMES: dict[str, int] = {
    "王": 640, "李": 560, "张": 600, "陈": 540, "刘": 380, "徐": 320, "朱": 300, "周": 290, "沈": 250, "吴": 280,
    "杨": 260, "黄": 220, "赵": 210, "陆": 210, "顾": 200, "孙": 190, "金": 170, "马": 120, "胡": 150, "林": 140,
    "郭": 110, "何": 120, "高": 120, "罗": 80, "郑": 90, "梁": 60, "谢": 80, "宋": 80, "唐": 110, "许": 90, "韩": 70,
    "冯": 70, "邓": 50, "曹": 90, "彭": 60, "曾": 45, "肖": 60, "田": 50, "董": 60, "潘": 70, "袁": 60, "蔡": 70,
    "蒋": 90, "余": 50, "于": 50, "杜": 50, "叶": 70, "程": 60, "魏": 50, "苏": 50, "吕": 60, "丁": 80, "任": 50,
    "卢": 40, "姚": 80, "钟": 40, "姜": 50, "崔": 30, "谭": 35, "汪": 60, "范": 50, "石": 40, "廖": 25, "贾": 25,
    "夏": 60, "韦": 15, "付": 20, "方": 50, "邹": 25, "熊": 25, "白": 20, "孟": 20, "秦": 40, "邱": 35, "江": 40,
    "薛": 35, "闫": 15, "段": 15, "雷": 15, "侯": 20, "龙": 15, "史": 25, "陶": 45, "黎": 10, "贺": 15, "毛": 30,
    "龚": 45, "邵": 35, "钱": 80, "万": 20, "覃": 6, "武": 15, "戴": 35, "孔": 15, "汤": 35, "庄": 20, "俞": 50,
    "翁": 18, "盛": 18, "倪": 35, "乔": 18, "奚": 15, "瞿": 20, "诸": 6, "褚": 6, "单": 8, "解": 4, "仇": 6,
    "区": 2, "查": 5, "翟": 6, "缪": 6, "朴": 4, "盖": 1, "欧阳": 6, "司马": 1, "诸葛": 2, "上官": 1, "端木": 1,
}  # fmt: skip

# A surname's reading where the character's common one is another; 吕 is LYU, LV or LU in passports.
_SURNAME_PINYIN = {
    "曾": "zeng", "单": "shan", "解": "xie", "仇": "qiu", "区": "ou", "查": "zha", "翟": "zhai", "缪": "miao",
    "任": "ren", "吕": "lyu", "朴": "piao", "盖": "ge", "覃": "qin", "瞿": "qu", "奚": "xi", "俞": "yu",
    "欧阳": "ouyang", "司马": "sima", "诸葛": "zhuge", "上官": "shangguan", "端木": "duanmu",
}  # fmt: skip
_RARE = {"喆": "zhe", "玥": "yue", "璟": "jing", "彧": "yu", "翀": "chong", "堃": "kun", "䶮": "yan", "㛃": "jie",
         "𠮷": "ji", "𬱖": "wei", "𫖯": "fu", "𬭎": "hong"}  # fmt: skip

# Given-name characters by sex (1, 2) and generation: before 1960, 1960-1989, from 1990.
_GIVEN = {
    (1, 0): "国建华明德志荣根林宝福生祥金龙永发兴良忠海康锡阿仁义礼信松柏炳泉鑫大伟成立家正元品耀",
    (1, 1): "伟强军勇斌峰磊涛刚杰俊波辉鹏飞超亮平东宁敏毅骏剑凯健文武晓春新明海民卫红建国志华",
    (1, 2): "浩宇轩子涵梓睿俊杰天泽博文皓晨奕辰铭阳一诺嘉懿昊霖逸凡思远景行乐成煜祺承恩沐言弘",
    (2, 0): "秀英兰珍凤玉芳桂梅美菊香翠莲妹宝娣金银云月娥素琴惠瑞根巧林阿彩素雅淑贞静慧珠",
    (2, 1): "丽敏静燕艳娟霞红梅洁萍玲莉琼佳蓓颖芸琳婷雯倩晓春萌薇莹蕾芬群华英慧卫青怡君",
    (2, 2): "梓涵欣怡诗雨子萱思彤可馨语嫣一诺若曦雅静佳琪梦瑶心悦芷宁沐晴艺晨安然乐瑄书瑶知夏",
}
_TRADITIONAL = str.maketrans(
    "国华张陈刘杨黄赵陆顾孙马郑谢许韩冯邓肖叶苏卢钟谭范贾韦邹龙贺龚钱万汤庄伟强军勇锋丽红兰凤云",
    "國華張陳劉楊黃趙陸顧孫馬鄭謝許韓馮鄧蕭葉蘇盧鍾譚範賈韋鄒龍賀龔錢萬湯莊偉強軍勇鋒麗紅蘭鳳雲",
)
_UYGHUR = {1: ["艾力", "买买提", "阿卜杜拉", "吐尔逊", "玉素甫", "卡德尔"],
           2: ["阿依古丽", "古丽娜尔", "热依汗", "帕提古丽", "米日古丽", "祖丽菲亚"]}  # fmt: skip
# fmt: off
_LATIN_FAMILY = {
    "JPN": ["Sato", "Suzuki", "Takahashi", "Tanaka", "Watanabe", "Ito", "Yamamoto", "Nakamura"],
    "KOR": ["Kim", "Lee", "Park", "Choi", "Jung", "Kang", "Cho", "Yoon"],
    "DEU": ["Mueller", "Schmidt", "Schneider", "Fischer", "Weber", "Becker"],
    "FRA": ["Martin", "Bernard", "Dubois", "Durand", "Leroy", "Moreau"],
    "":    ["Smith", "Johnson", "Williams", "Brown", "Taylor", "Wilson", "Evans", "Walker", "Clarke", "Murphy"],
}
_LATIN_GIVEN = {
    ("JPN", 1): ["Kenji", "Takashi", "Hiroshi", "Yuta"], ("JPN", 2): ["Yuko", "Keiko", "Sakura", "Haruka"],
    ("KOR", 1): ["Minjun", "Jihoon", "Sungmin", "Dongwoo"], ("KOR", 2): ["Seoyeon", "Jiwoo", "Minji", "Hyejin"],
    ("", 1): ["John", "Michael", "David", "Thomas", "Paul", "Peter", "Daniel", "Oliver", "Lukas", "Antoine"],
    ("", 2): ["Mary", "Anna", "Emma", "Laura", "Sophie", "Julia", "Alice", "Sarah", "Claire", "Lena"],
}
# fmt: on


def surnames(rng: np.random.Generator, n: int) -> Texts:
    """Draw n surnames by frequency."""
    weights = np.array(list(_SURNAMES.values()), dtype=float)
    return np.array(list(_SURNAMES), dtype=object)[rng.choice(len(weights), n, p=weights / weights.sum())]


def given_names(rng: np.random.Generator, sex: Ints, birth_year: Ints) -> Texts:
    """Draw given names of one or two characters that fit sex and generation; 0.4 % carry a rare character."""
    n = len(sex)
    generation = np.digitize(birth_year, [1960, 1990])
    first, second = np.empty(n, dtype=object), np.empty(n, dtype=object)
    for (of_sex, of_generation), characters in _GIVEN.items():
        mine = np.flatnonzero((sex == of_sex) & (generation == of_generation))
        pool = np.array(list(dict.fromkeys(characters)), dtype=object)
        first[mine] = pool[rng.integers(0, len(pool), len(mine))]
        second[mine] = pool[rng.integers(0, len(pool), len(mine))]
    rare = rng.random(n) < 0.004
    second[rare] = np.array(list(_RARE), dtype=object)[rng.integers(0, len(_RARE), int(rare.sum()))]
    second[(rng.random(n) < 0.15) & ~rare] = ""
    return first + second


def uyghur_name(rng: np.random.Generator, sex: int) -> tuple[str, str]:
    """Return the two halves of a name that is written with a middle dot."""
    return str(rng.choice(_UYGHUR[sex])), str(rng.choice(_UYGHUR[1]))


def latin_name(rng: np.random.Generator, country: str, sex: int) -> tuple[str, str]:
    """Return family and given name of a foreigner of this country (ISO 3166-1 alpha-3)."""
    family = _LATIN_FAMILY.get(country, _LATIN_FAMILY[""])
    given = _LATIN_GIVEN.get((country, sex), _LATIN_GIVEN[("", sex)])
    return str(rng.choice(family)), str(rng.choice(given))


def traditional(name: str) -> str:
    """Return the name as Hong Kong, Macao and Taiwan write it."""
    return name.translate(_TRADITIONAL)


def simplified(name: str) -> str:
    """Return the name as the mainland writes it."""
    return name.translate({after: before for before, after in _TRADITIONAL.items()})


@cache
def _syllable(character: str) -> str:
    return _RARE.get(character) or str(lazy_pinyin(character, v_to_u=False)[0]).replace("ü", "v")


@cache
def surname_pinyin(surname: str) -> str:
    """Return the passport spelling of a surname, lower case."""
    return _SURNAME_PINYIN.get(surname) or "".join(map(_syllable, surname))


def given_pinyin(given: str) -> str:
    """Return the passport spelling of a given name, lower case, syllables joined."""
    return "".join(map(_syllable, given))


@cache
def _heard() -> dict[str, str]:
    """Return the characters of given names by the syllable that they are read as."""
    everyone = sorted({character for characters in _GIVEN.values() for character in characters})
    heard: dict[str, str] = {}
    for character in everyone:
        heard[_syllable(character)] = heard.get(_syllable(character), "") + character
    return heard


@cache
def homophones(character: str) -> str:
    """Return the other characters of given names that sound like this one."""
    return _heard().get(_syllable(character), "").replace(character, "")


def spaced_pinyin(given: str) -> str:
    """Return the passport spelling of a given name with its syllables apart, lower case."""
    return " ".join(map(_syllable, given))


def given_part(full_name: str) -> str:
    """Return a Chinese name without its surname."""
    return full_name[2:] if full_name[:2] in _SURNAMES else full_name[1:]
