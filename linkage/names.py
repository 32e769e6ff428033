"""Whether two written names are one person's: characters, traditional or simplified, or romanised in any order.

Source of the rules: docs/rules.md, Person. Middle dots, blanks and a leading `=` do not count. A slip keeps the
surname and is a homophone, a look-alike, or one character of three or more: 王伟 and 王芳 are two people.
"""

import re
import unicodedata
from functools import lru_cache
from itertools import product
from typing import Final

from pypinyin import Style, pinyin

# Characters of names, traditional then simplified; only those that people's names are written with.
_TRADITIONAL: Final = (
    "張张陳陈劉刘楊杨黃黄趙赵吳吴孫孙馬马羅罗鄭郑謝谢韓韩馮冯鄧邓許许曾曾蕭萧葉叶蘇苏呂吕盧卢蔣蒋賈贾閻阎鍾钟鐘钟譚谭鄒邹陸陆"
    "賴赖龍龙萬万錢钱湯汤嚴严齊齐顧顾龔龚倪倪莊庄聶聂瞿瞿關关單单歐欧陽阳蘭兰喬乔賀贺龐庞樊樊閔闵紀纪項项華华車车連连費费靳靳"
    "雲云麗丽國国偉伟強强軍军傑杰濤涛輝辉鵬鹏飛飞紅红豔艳艷艳瑩莹穎颖潔洁靜静慶庆寧宁鳳凤鳴鸣鑫鑫銘铭鋒锋鋼钢錦锦銀银鐵铁"
    "東东來来為为義义書书習习鄉乡專专業业叢丛嚮向喜喜學学實实寶宝審审對对導导將将嶺岭嶽岳師师帶带幹干廣广應应張张彥彦彌弥後后從从"
    "德德恆恒愛爱慧慧憲宪戰战戲戏擇择據据撿捡擁拥啟启敵敌數数斌斌時时曉晓曄晔暉晖會会條条榮荣構构樂乐樹树橋桥機机權权歡欢歲岁歸归"
    "殘残氣气漢汉溫温準准滿满潤润澤泽濱滨灣湾爾尔牽牵獻献環环現现琺珐瑤瑶璽玺畫画異异發发盡尽監监盤盘碩硕祿禄禎祯禮礼禪禅種种積积"
    "穩稳窮穷競竞筆笔節节範范築筑簡简籃篮糧粮純纯納纳紹绍終终組组結结絡络給给統统絲丝綠绿維维綱纲網网綺绮緒绪線线緣缘編编練练縣县"
    "總总績绩繁繁織织繡绣繪绘繼继續续罡罡聖圣聞闻聯联聲声聰聪職职肅肃腳脚膽胆臨临興兴舉举艦舰藝艺蔥葱蓮莲薩萨藍蓝蘊蕴處处虛虚號号"
    "蛻蜕衛卫裝装親亲觀观覺觉計计訓训記记詠咏詩诗詳详誌志認认誠诚語语誼谊調调談谈請请諒谅論论諾诺謙谦證证識识譽誉議议護护變变讓让"
    "豐丰貞贞財财貢贡責责貴贵買买貿贸資资賓宾賜赐賞赏賢贤質质贊赞贏赢趕赶躍跃軒轩載载輔辅輕轻轉转辦办農农邁迈運运過过達达遠远適适"
    "遲迟遷迁選选遺遗邊边鄭郑醫医釋释里里針针鈞钧鈴铃鈺钰鉅钜鉑铂銳锐錄录錚铮鍵键鎮镇鏡镜鏗铿長长門门閃闪開开間间閩闽闊阔陰阴階阶"
    "際际險险隨随隱隐雋隽雙双雜杂雞鸡離离難难電电霽霁靈灵響响頁页頂顶順顺須须預预領领頤颐頻频題题顏颜願愿類类風风養养馥馥馳驰駿骏"
    "騰腾驍骁驕骄驗验驥骥體体魯鲁鮮鲜鴻鸿鵑鹃鶴鹤鷹鹰麥麦點点黨党龜龟瓊琼壽寿劍剑勝胜勳勋勵励協协厲厉員员問问園园圖图圓圆堅坚報报壯壮"
    "奪夺婭娅媽妈嫻娴嬌娇孌娈倫伦偵侦優优億亿儀仪儉俭儒儒兒儿兩两冊册凱凯則则剛刚創创劃划務务動动勢势區区參参吉吉"
)  # fmt: skip
_SIMPLIFIED: Final = str.maketrans(dict(zip(_TRADITIONAL[::2], _TRADITIONAL[1::2], strict=True)))

_LOOK_ALIKE: Final = (
    "己已巳", "未末", "士土", "日曰", "人入", "天夫", "大太犬", "木本术", "王玉", "田由甲申", "千干于", "贝见",
    "午牛", "今令", "鸟乌", "免兔", "析折", "住往佳", "侯候", "晴睛清情", "青责", "辛幸", "宇字", "晨震", "栗粟",
    "恬括", "娟绢", "淑椒", "萍苹", "莹萤", "茵菌", "蓉容", "婷停", "琳淋", "玲铃", "珍诊", "杨扬", "汪江", "涛铸",
    "波坡", "海悔梅", "峰锋蜂", "辉挥晖", "伟讳", "俊竣", "凤风", "成戌戍", "志忘忠", "永水", "民氏", "良艮", "佩珮",
    "颖颍", "瑜谕", "翔翊", "霖霜", "泽择", "浩皓", "妍研", "怡治", "斌赋", "洁浩",
)  # fmt: skip
_ALIKE: Final = frozenset((a, b) for group in _LOOK_ALIKE for a, b in product(group, group) if a != b)

# Readings as surnames: pypinyin has no surname mode.
_SURNAMES: Final = {
    "曾": "zeng", "单": "shan", "解": "xie", "仇": "qiu", "区": "ou", "查": "zha", "翟": "zhai", "缪": "miao",
    "任": "ren", "朴": "piao", "盖": "ge gai", "乐": "yue le", "谌": "chen shen", "覃": "qin tan", "种": "chong",
    "冼": "xian", "洗": "xian", "黑": "he hei", "员": "yun", "折": "she", "秘": "bi", "召": "shao", "繁": "po",
    "隗": "wei kui", "重": "chong", "逄": "pang", "牟": "mou mu", "郇": "xun huan", "句": "gou", "柏": "bai bo",
    "薄": "bo", "祭": "zhai", "宓": "mi fu", "过": "guo", "相": "xiang", "颉": "xie", "幺": "yao", "那": "na",
    "长": "zhang", "尉": "wei yu", "万": "wan", "石": "shi", "车": "che", "纪": "ji", "葛": "ge", "燕": "yan",
    "沈": "shen", "曲": "qu", "宁": "ning", "应": "ying", "吕": "lv", "华": "hua", "叶": "ye", "余": "yu",
    "贾": "jia", "强": "qiang", "卜": "bu", "阚": "kan", "撒": "sa", "哈": "ha", "晁": "chao", "藏": "zang",
    "尉迟": "yuchi", "万俟": "moqi", "长孙": "zhangsun", "澹台": "tantai", "单于": "chanyu", "欧阳": "ouyang",
    "司马": "sima", "上官": "shangguan", "诸葛": "zhuge", "东方": "dongfang", "皇甫": "huangfu", "令狐": "linghu",
    "慕容": "murong", "司徒": "situ", "夏侯": "xiahou", "公孙": "gongsun", "轩辕": "xuanyuan", "宇文": "yuwen",
    "南宫": "nangong", "端木": "duanmu", "闻人": "wenren", "钟离": "zhongli", "申屠": "shentu", "太史": "taishi",
}  # fmt: skip


@lru_cache(maxsize=200_000)
def plain(name: str) -> str:
    """A name as it is compared: NFKC, simplified, capitals, without blanks, dots and what guards a spreadsheet."""
    text = unicodedata.normalize("NFKC", name).lstrip("=+-@'\" \t")
    return re.sub(r"[\s·•・‧∙⋅・.。\u200b-\u200f\ufeff]", "", text).translate(_SIMPLIFIED).upper()


def agree(one: str, other: str) -> bool:
    """Whether two names are the same name, in characters or romanised, surname first or last."""
    a, b = plain(one), plain(other)
    if not a or not b:
        return False
    if a == b:
        return True
    latin = [_is_latin(a), _is_latin(b)]
    if all(latin):
        return bool(_orders(one) & _orders(other))
    if any(latin):
        return _letters(a) in _romanised(b) if latin[0] else _letters(b) in _romanised(a)
    return False


def one_slip(one: str, other: str) -> bool:
    """Whether two names in characters differ by one slip of the pen, the ear or the eye, the surname kept."""
    a, b = plain(one), plain(other)
    if len(a) != len(b) or len(a) < 2 or a[0] != b[0] or _is_latin(a) or _is_latin(b):
        return False
    different = [(x, y) for x, y in zip(a, b, strict=True) if x != y]
    if len(different) != 1:
        return False
    x, y = different[0]
    return len(a) >= 3 or (x, y) in _ALIKE or bool(_readings(x) & _readings(y))


def same(one: str, other: str) -> bool:
    """Whether two names can be one person's: they agree, or differ by one slip."""
    return agree(one, other) or one_slip(one, other)


def _is_latin(name: str) -> bool:
    return bool(re.search(r"[A-Z]", name)) and not re.search(r"[\u3400-\u9fff\U00020000-\U0003ffff]", name)


def _letters(name: str) -> str:
    decomposed = unicodedata.normalize("NFD", name.replace("Ü", "V"))
    return re.sub(r"[^A-Z]", "", decomposed)


def _orders(name: str) -> set[str]:
    """The letters of a romanised name, begun at each of its words."""
    words = [letters for word in re.split(r"[^A-Z]+", unicodedata.normalize("NFKC", name).upper()) if (letters := word)]
    return {"".join(words[i:] + words[:i]) for i in range(len(words))}


@lru_cache(maxsize=20_000)
def _readings(character: str) -> frozenset[str]:
    readings = pinyin(character, style=Style.NORMAL, heteronym=True, v_to_u=False)[0]
    return frozenset(spelling for reading in readings for spelling in _spellings(reading))


def _spellings(reading: str) -> set[str]:
    """Passports write ü as YU, V or U: LYU, LV, LU."""
    letters = reading.upper()
    if letters.startswith(("LV", "NV")):
        return {letters, letters.replace("V", "YU"), letters.replace("V", "U")}
    return {letters}


@lru_cache(maxsize=20_000)
def _romanised(name: str) -> frozenset[str]:
    """Every way to write a name of characters in letters: readings of the given name, surname first or last."""
    spelled = set()
    for length in (1, 2):
        surname, given = name[:length], name[length:]
        if not given or (length == 2 and surname not in _SURNAMES):
            continue
        if surname in _SURNAMES:
            heads = {s for reading in _SURNAMES[surname].split() for s in _spellings(reading)}
        else:
            heads = set(_readings(surname))
        # A long foreign name in characters has too many readings to spell out, and is no pinyin anyway.
        tails = {"".join(parts) for parts in product(*map(_readings, given))} if len(given) <= 4 else set()
        spelled |= {head + tail for head in heads for tail in tails} | {tail + head for head in heads for tail in tails}
    return frozenset(spelled)
