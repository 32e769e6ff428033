"""When two written names are one person's."""

import re
import time
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypinyin import Style, pinyin

from linkage import names


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("张晓明", "ZHANG<<XIAOMING"),
        ("张晓明", "Xiaoming Zhang"),
        ("吕伟", "LYU WEI"),
        ("吕伟", "LV<<WEI"),
        ("吕伟", "LU WEI"),
        ("曾志强", "ZENG ZHIQIANG"),
        ("单晓红", "SHAN XIAOHONG"),
        ("仇丽", "QIU LI"),
        ("区国强", "GUOQIANG OU"),
        ("查理", "ZHA LI"),
        ("翟明", "ZHAI MING"),
        ("缪芳", "MIAO FANG"),
        ("解放", "XIE FANG"),
        ("欧阳娜娜", "NANA OUYANG"),
        ("張曉明", "张晓明"),
        ("=张 晓明", "张晓明"),
        ("阿依·古丽", "阿依古丽"),
        ("ZHANG<<XIAOMING", "XIAOMING ZHANG"),
        pytest.param("阿依古丽?卡德尔", "阿依古丽·卡德尔", id="V3-question-mark"),
        pytest.param("阿依古丽-卡德尔", "阿依古丽·卡德尔", id="V3-hyphen"),
        pytest.param("阿依古丽、卡德尔", "阿依古丽·卡德尔", id="V3-comma"),
        pytest.param("阿依古丽●卡德尔", "阿依古丽·卡德尔", id="V3-bullet"),
        pytest.param("阿依古丽*卡德尔", "阿依古丽·卡德尔", id="V3-star"),
        pytest.param("阿依古丽_卡德尔", "阿依古丽·卡德尔", id="V3-underscore"),
        ("阿依古丽？？卡德尔", "阿依古丽卡德尔"),
        ("阿依\ufffd古丽", "阿依·古丽"),
        pytest.param("买买提·吐尔逊", "MAIMAITI<<TUERXUN", id="V4-pinyin"),
        ("买买提·吐尔逊", "TUERXUN MAIMAITI"),
        ("买买提·吐尔逊", "Mai mai ti Tu er xun"),
        ("买买提吐尔逊", "TUERXUN, MAIMAITI"),
        ("迪丽热巴·迪力木拉提", "DILIREBA DILIMULATI"),
        pytest.param('="张三"', "张三", id="F10-formula"),
        ("张三(租客)", "张三"),
        ("张三 139****0000", "张三"),
        ("张三电话13916000000", "张三"),
        ("张三先生", "张三"),
        ("MR. ZHANG SAN", "张三"),
        ("张三 ZHANG SAN", "张三"),
        ("錢鍾書", "钱钟书"),
        ("蕭紅", "萧红"),
        ("葛\U000e0100城", "葛城"),
    ],
)
def test_one_name_written_two_ways_agrees(one, other) -> None:
    assert names.agree(one, other)
    assert names.agree(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("王伟", "王芳"),
        ("张晓明", "李晓明"),
        ("张晓明", "ZHANG LI"),
        ("王小明", "王大伟"),
        ("", "张三"),
        ("SMITH JOHN", "王伟"),
    ],
)
def test_two_names_are_two(one, other) -> None:
    assert not names.same(one, other)


def test_one_slip_keeps_the_surname_and_is_heard_seen_or_one_of_three() -> None:
    assert names.one_slip("王伟", "王炜")
    assert names.one_slip("王晴", "王睛")
    assert names.one_slip("王小伟", "王小芳")
    assert not names.one_slip("王伟", "王芳")
    assert not names.one_slip("王小伟", "汪小伟")
    assert not names.one_slip("王小伟", "王大芳")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("王?", "王伟", id="V3-mark-proves-nothing"),
        pytest.param("刘?", "刘䶮", id="V3-rare-character"),
        pytest.param("刘YAN", "刘䶮", id="V3-pinyin-for-a-character"),
        ("王?", "王？"),
        ("王小?", "王小伟"),
        ("张*三", "张小三"),
        ("张**", "张晓明"),
        ("张某某", "张晓明"),
        ("张先生", "张晓明"),
        ("欧阳女士", "欧阳娜娜"),
        ("小王", "王伟"),
        ("刘", "刘䶮"),
        ("刘(上龙下天)", "刘䶮"),
        ("刘⿱龙天", "刘䶮"),
        ("刘\ue863", "刘䶮"),
        ("?", "张三"),
        ("阿依古?卡德尔", "阿依古丽·卡德尔"),
        ("张三A", "张三"),
        ("王?", "WANG WEI"),
        ("吕伟", "L? WEI"),
        ("吉𠮷", "JI WEI"),
        ("买买提·吐尔逊", "MEMET TURSUN"),
        ("玛丽·史密斯", "MARY SMITH"),
        ("-", "张三"),
        ("", "张三"),
    ],
)
def test_what_cannot_be_told_neither_agrees_nor_contradicts(one, other) -> None:
    for a, b in ((one, other), (other, one)):
        assert not names.same(a, b)
        assert not names.contradict(a, b)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("王?", "李伟"),
        ("王?", "LI WEI"),
        ("张**", "李晓明"),
        ("张先生", "李伟"),
        ("刘YAN", "李䶮"),
        ("阿依古丽?卡德尔", "阿依古丽·买买提"),
        ("买买提·吐尔逊", "WANG WEI"),
        ("SMITH JOHN", "王伟"),
        ("王伟", "王芳"),
        ("张三", "张三丰"),
        ("於伟", "于伟"),
        ("仝伟", "同伟"),
        ("李娜之子", "李娜"),
        ("李娜的女儿", "李娜"),
        ("婴儿", "李娜"),
        ("王奶奶", "王秀英"),
    ],
)
def test_names_that_cannot_be_one_persons_contradict(one, other) -> None:
    for a, b in ((one, other), (other, one)):
        assert not names.same(a, b)
        assert names.contradict(a, b)


WRITTEN = st.text("张三王伟阿依古丽·?*-ZHANGWEI 先生(子)a1", max_size=12)


@given(WRITTEN, WRITTEN)
def test_two_names_never_both_agree_and_contradict_whatever_their_order(one, other) -> None:
    assert names.same(one, other) == names.same(other, one)
    assert names.contradict(one, other) == names.contradict(other, one)
    assert not (names.same(one, other) and names.contradict(one, other))
    assert not names.contradict(one, one)


@given(st.text("张王李晓明伟??", min_size=2, max_size=6), st.text("张王李晓明伟", min_size=2, max_size=6))
def test_a_mark_contradicts_only_what_no_writing_of_it_makes_equal(marked, whole) -> None:
    if len(marked.replace("?", "")) >= 2 and "?" in marked:
        could_be = re.fullmatch(re.sub(r"\\\?+", ".*", re.escape(marked)), whole) is not None
        assert names.contradict(marked, whole) != could_be


@given(st.text("重阳曾乐单行长朝华朴吕女热古", min_size=5, max_size=6), st.data())
def test_pinyin_that_is_walked_is_pinyin_that_is_spelled_out(written, data) -> None:
    readings = [pinyin(c, style=Style.NORMAL, heteronym=True, v_to_u=False)[0] for c in written]
    spelled = data.draw(st.sampled_from(["".join(parts) for parts in product(*readings)]))
    assert names.agree(written, spelled)
    assert not names.agree(written, spelled + "a")
    assert not names.agree(written, spelled[:-1])


def test_a_name_of_any_length_is_compared_at_once() -> None:
    long = "行长乐重" * 40
    started = time.perf_counter()
    assert not names.agree(long, "XINGZHANGLEZHONG" * 39)
    assert names.agree(long[:40], "XINGZHANGLEZHONG" * 10)
    assert not names.contradict("?行" * 90 + "?", "?长" * 90 + "?")
    assert time.perf_counter() - started < 2
