"""What each check says, in Chinese: for duty officers and the documentation."""

from __future__ import annotations

import re
from functools import cache

import yaml

from expectations.marts import STRUCTURE
from sources.contract import Between, CertificateAgrees, Contract, Ordered, Present, Rule
from street.dbt import PROJECT

#: A check of a column is named `<column>__<what is wrong>` (expectations/checks.py).
_OF_A_COLUMN = {
    "blank": "空白",
    "too_long": "过长",
    "unreadable": "读不出",
    "undecodable": "有乱码",
    "unwritten_characters": "有未写出的字",
    "wrong_format": "格式不符",
    "unknown_code": "不在代码表内",
    "incomplete": "不完整",
    "in_future": "晚于名单日期",
    "not_an_identity": "不足以识别本人",
    "lost_digits": "丢失了位数",
    "two_numbers": "一格里有两个号码",
    "read_otherwise": "写法不同，已读出",
}
_OF_A_ROW = {
    "business_key__missing": "缺少业务主键",
    "person__without_name_and_document": "既无姓名也无证件号码",
    "nul_bytes_removed": "含空字节，已去除",
    "wrong_number_of_fields": "列数不对",
    "stray_quote": "引号不成对",
    "undecodable_bytes": "有无法解码的字节",
    "cell_with_error": "单元格是公式错误",
}


def words(rule: str, contract: Contract | None) -> str:
    """Return what a breach of the rule means: of a feed's contract, or (None) of the build.

    A rule that is no longer known, of a batch checked by older code, keeps its name.
    """
    if contract is None:
        return _of_the_build().get(rule, rule)
    if rule in _OF_A_ROW:
        return _OF_A_ROW[rule]
    stated = next((each for each in contract.rules if each.name == rule), None)
    if stated is not None:
        return _stated(contract, stated)
    name, _, wrong = rule.partition("__")
    headers = {column.name: column.header for column in contract.columns}
    other = wrong.removeprefix("contradicts_")
    if name in headers and other in headers:
        return f"{headers[name]}与{headers[other]}矛盾"
    if name in headers and wrong in _OF_A_COLUMN:
        return headers[name] + _OF_A_COLUMN[wrong]
    return rule


def _stated(contract: Contract, rule: Rule) -> str:
    headers = [contract.column(name).header for name in rule.check.columns]
    match rule.check:
        case Present():
            return f"{'、'.join(headers)}{'都' if len(headers) > 1 else ''}没有填写"
        case Between():
            return f"{headers[0]}超出范围"
        case Ordered():
            return f"{headers[0]}晚于{headers[1]}"
        case CertificateAgrees():
            return f"{headers[0]}与{'、'.join(headers[1:])}不符"


@cache
def _of_the_build() -> dict[str, str]:
    found = {each.name: each.sentence for each in STRUCTURE}
    for file in (PROJECT / "models").rglob("check_*.yml"):
        for model in yaml.safe_load(file.read_text(encoding="utf-8"))["models"]:
            found[re.sub("^check_", "", model["name"])] = model["description"].partition(" | ")[0]
    return found
