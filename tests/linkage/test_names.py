"""When two written names are one person's."""

import pytest

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
