"""Render what is committed but follows from something else: from the contracts dbt's sources, a macro, the privacy
page and the dictionary; from the scenarios a part of both pages; from the list of services docker-compose.yml; from the
marts the bundle of Superset.

`python -m runtime.render` writes it; a test renders it anew and compares.
"""

import json
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import yaml

from runtime.compose import compose
from runtime.superset import bundle
from scenarios import register
from scenarios.model import Scenario, read
from scenarios.vocabulary import groups, standing_tags
from sources.contract import (
    Closed,
    Column,
    ColumnProperties,
    Contract,
    EnumProperties,
    Properties,
    Rule,
    Server,
    all_contracts,
)
from street import catalogue
from street.settings import ROOT

SOURCES_FILE = ROOT / "dbt_project/models/staging/_sources.yml"
MACRO_FILE = ROOT / "dbt_project/macros/_contracts.sql"
PRIVACY_FILE = ROOT / "docs/privacy.md"
DICTIONARY_FILE = ROOT / "docs/data_dictionary.md"
COMPOSE_FILE = ROOT / "docker-compose.yml"
SUPERSET_FOLDER = ROOT / "reports/superset"
MODELS = ROOT / "dbt_project/models"
HEADER = "# Rendered from sources/contracts by `python -m runtime.render`: edit the contracts instead.\n"


def dbt_sources(contracts: Sequence[Contract]) -> str:
    """dbt's sources `raw` (every feed) and `quarantine` (feeds about arrivals, whose broken rows are listed)."""
    lines = ["sources:", *_source("raw", "Rows as received, one partition a batch")]
    for contract in contracts:
        lines += _table(contract)
    arrivals = [contract for contract in contracts if contract.about_arrival]
    if arrivals:
        lines += _source("quarantine", "Rows of arrivals that cannot be used, with every broken rule")
        for contract in arrivals:
            lines += _table(contract)
    return HEADER + "\n".join(lines) + "\n"


def _source(name: str, description: str) -> list[str]:
    return [f"  - name: {name}", f"    schema: {name}", f"    description: {description}", "    tables:"]


def _table(contract: Contract) -> list[str]:
    lines = [
        f"      - name: {contract.feed}",
        f"        description: {_text(f'{contract.title_zh} | {contract.grain}')}",
        f"        config: {{meta: {{contract_version: {contract.version}, load_mode: {contract.load_mode}}}}}",
        "        columns:",
    ]
    for column in contract.columns:
        lines += _column(column)
    return lines


def _column(column: Column) -> list[str]:
    meta = {"classification": column.classification, **({"role": column.role} if column.role else {})}
    said = ", ".join(f"{key}: {value}" for key, value in meta.items())
    return [
        f"          - name: {column.name}",
        f"            description: {_text(f'{column.header} | {column.description}')}",
        f"            config: {{meta: {{{said}}}}}",
    ]


def dbt_macro(contracts: Sequence[Contract]) -> str:
    """What models may ask of a contract, as a macro: dbt resolves `ref` while it parses, before any source is known."""
    lines = [f"        {_text(contract.feed)}: {_text(_asked(contract))}," for contract in contracts]
    return "\n".join(
        [
            "{#- Rendered from sources/contracts by `make render`: edit the contracts instead. -#}",
            "{% macro contracts() -%}",
            "    {{ return({",
            *lines,
            "    }) }}",
            "{%- endmacro %}",
            "",
        ]
    )


def _asked(contract: Contract) -> dict[str, Any]:
    return {
        "about_person": contract.about_person,
        "about_arrival": contract.about_arrival,
        "load_mode": contract.load_mode,
        "business_key": contract.business_key,
        "roles": contract.roles,
        "codes": {
            column.name: {code.value: code.document_kind or "" for code in column.enum}
            for column in contract.columns
            if column.enum
        },
        "labels": {
            column.name: {code.value: code.label for code in column.enum}
            for column in contract.columns
            if any(code.label != code.value for code in column.enum)
        },
        "patterns": {column.name: column.pattern for column in contract.columns if column.pattern is not None},
    }


def _text(value: object) -> str:
    """A value as JSON writes it, which YAML and Jinja read alike, whatever stands in it."""
    return json.dumps(value, ensure_ascii=False)


# ---------------------------------------------------------------- for people

_CADENCES = {"hourly": "每小时", "daily": "每天", "weekly": "每周", "monthly": "每月"}
_TRANSPORTS = {"local": "文件报送", "api": "接口拉取", "custom": "看板登记"}
_LOAD_MODES = {"snapshot": "全量", "increment": "增量", "events": "事件"}
_CLASSIFICATIONS = {"public": "公开", "internal": "内部", "personal": "个人信息", "sensitive": "敏感个人信息"}
_READERS = {"dashboard_reader": "看板", "committee_reader": "居委会", "street_reader": "街道"}

_PRIVACY_HEAD = """# 个人信息处理说明

<!-- 由 sources/contracts 生成（`make render`）：请改契约，不要改本页。 -->

街道办事处从哪些部门收到哪些信息，凭什么、为什么、保存多久、谁能看到，逐一列明；依据《中华人民共和国个人信息保护法》第七条（公开、透明）和第十七条（告知）。
以下各项适用于所有来源：

- **原始记录**只有数据处理程序能读取；任何人不能整表导出。
- **证件号码**离开原始库时只有两种形式：打了掩码的（如 `310115********1234`），或带密钥的散列，用来认出是不是同一个人。
- **看板**只有计数，没有姓名；**居委会**各用各的账号，数据库只让其看到本居委会的行；**街道**可看全部数据集市。
- **邮件**只发汇总：街道以下 1–4 人的数写作 `<5`。日志、告警和校验结果里没有任何姓名、号码、电话和地址。
"""

_DICTIONARY_HEAD = """# Data dictionary

<!-- Rendered from sources/contracts and dbt_project/models by `make render`: edit those instead. -->

What arrives, feed by feed, and what leaves, table by table. Each label is the one people see; the same texts are
comments in the database. What the figures mean stands in [the rules](rules.md).
"""


_CONTRACT_HEAD = "The keys whose words are a closed list: any other word is an error that names these.\n"
_WORDS_HEAD = (
    "The words of conditions (`scenarios/vocabulary.yaml`; every tag is a word too: `is_<tag>`). A word that no"
    " connected feed tells can't be used.\n"
)
_WORDS_HEADINGS = ("Word", "Type", "Label", "One of", "Told by")
_CLOSED_LISTS: Mapping[str, type[Closed]] = {
    "servers": Server,
    "customProperties": Properties,
    "schema.properties": Column,
    "schema.properties.customProperties": ColumnProperties,
    "schema.properties.enum.customProperties": EnumProperties,
    "schema.quality": Rule,
}


def privacy(contracts: Sequence[Contract]) -> str:
    """The page for the people whom the data are about: per feed what, from whom, by what right, for what, how long; per
    scenario whom it looks at, by what right, for what, until when.
    """
    scenarios = [read(path) for path in register.files()]
    return "\n".join([_PRIVACY_HEAD, *map(_notice, contracts), *map(_scenario_notice, scenarios)])


def _scenario_notice(scenario: Scenario) -> str:
    runs, tasks = scenario.runs, "、".join(duty.label_zh for duty in scenario.duties)
    rows = {
        "看谁": f"`{scenario.population}`（词义见[数据字典](data_dictionary.md)）；无法判断的人单独列出，不安排任务",
        "凭什么": scenario.legal_basis,
        "用来做什么": scenario.purpose,
        "做什么": tasks or "不安排任务",
        "从何时到何时": f"{runs.since:%Y年%-m月%-d日}至{runs.until:%Y年%-m月%-d日}，到期即停",
        "保存多久": f"到期后 {scenario.retention_days} 天",
        "谁能看到": "居委会（本居委会的人）、街道；看板只见计数",
    }
    return f"## 场景：{scenario.title_zh}（`{scenario.scenario}`）\n\n{_table_of(('事项', '说明'), rows.items())}"


def _notice(contract: Contract) -> str:
    fields = [
        f"{label}：{'、'.join(column.header for column in contract.columns if column.classification == name)}"
        for name, label in _CLASSIFICATIONS.items()
        if any(column.classification == name for column in contract.columns)
    ]
    said = contract.properties
    transports = "、".join(_TRANSPORTS[server.type] for server in contract.servers)
    origin = f"{contract.department}；{_CADENCES[contract.cadence]}{transports}"
    rows = {
        "收什么": "<br>".join(fields),
        "从哪里来": f"{origin}，{_LOAD_MODES[contract.load_mode]}",
        "凭什么": "<br>".join(contract.legal_basis),
        "用来做什么": contract.purpose,
        "怎么用": contract.usage,
        "限制": contract.limits,
        "保存多久": f"原始记录 {contract.retention_days} 天",
        "谁能看到": (
            "居委会（本居委会的人）、街道；看板只见计数"
            if said.about_person
            else "居委会（本居委会的行）、街道；看板只见计数和房屋状态"
        ),
    }
    table = _table_of(("事项", "说明"), rows.items())
    return f"## {contract.title_zh}（`{contract.feed}`）\n\n{table}"


def data_dictionary(contracts: Sequence[Contract], models: Path = MODELS) -> str:
    """The fields of every feed, and the columns of every published table with who may read it."""
    texts = _texts(models)
    products = catalogue.read(models.resolve())
    published = [
        model
        for folder in ("marts", "core")
        for file in sorted((models / folder).rglob("*.yml"), key=lambda path: path.name)
        for model in yaml.safe_load(file.read_text(encoding="utf-8"))["models"]
        if model["name"] in products
    ]
    parts = ["## What arrives\n", *map(_feed_entry, contracts)]
    parts += ["## What a contract may say\n", _CONTRACT_HEAD, _table_of(("Where", "Key", "One of"), _allowed())]
    parts += ["## What scenarios and tags may ask\n", _WORDS_HEAD, _table_of(_WORDS_HEADINGS, _words())]
    parts += ["## What leaves\n", *(_model_entry(model, products[model["name"]], texts) for model in published)]
    return "\n".join([_DICTIONARY_HEAD, *parts])


def _texts(models: Path) -> dict[str, str]:
    """The blocks of documentation that descriptions refer to."""
    return {
        name: text.strip()
        for file in sorted(models.rglob("*.md"))
        for name, text in re.findall(r"{% docs (\w+) %}(.*?){% enddocs %}", file.read_text(encoding="utf-8"), re.S)
    }


def superset_bundle(models: Path = MODELS) -> dict[str, str]:
    """The files of Superset's bundle by their path below reports/superset."""
    texts = _texts(models)
    return bundle.files(
        {
            model["name"]: [
                bundle.Described(column["name"], column["data_type"], *_label_and_meaning(column, texts))
                for column in model["columns"]
            ]
            for file in sorted(models.glob("marts/*.yml"))
            for model in yaml.safe_load(file.read_text(encoding="utf-8"))["models"]
        }
    )


def _allowed() -> Iterator[tuple[str, str, str]]:
    """Where in a contract which key takes which words, of all keys whose words are a closed list."""
    for where, model in _CLOSED_LISTS.items():
        for name, field in model.model_fields.items():
            kinds = [field.annotation, *get_args(field.annotation)]  # also a word or none
            words = next((get_args(kind) for kind in kinds if get_origin(kind) is Literal), ())
            if words and not (model is Column and name in ColumnProperties.model_fields):
                yield where, f"`{field.alias or name}`", ", ".join(f"`{word}`" for word in words)


def _words() -> Iterator[tuple[str, str, str, str, str]]:
    """The words that a condition may ask, by group."""
    for words in groups().values():
        for name, word in words.items():
            yield f"`{name}`", word.type, word.title_zh, ", ".join(word.values), ", ".join(word.feeds)
    for tag in standing_tags():
        yield f"`is_{tag.tag}`", "flag", f"标签：{tag.label_zh}", "", ", ".join(tag.feeds)


def _feed_entry(contract: Contract) -> str:
    rows = [
        (
            f"`{column.name}`",
            "、".join((column.header, *column.synonyms)),
            column.logical_type,
            _CLASSIFICATIONS[column.classification],
            "; ".join(filter(None, (column.description, _codes(column)))),
        )
        for column in contract.columns
    ]
    key = ", ".join(f"`{name}`" for name in contract.business_key) or "none"
    about = f"{contract.department} · {contract.grain} · key: {key} · version {contract.version}"
    table = _table_of(("Column", "Heading", "Type", "Classification", "Meaning"), rows)
    return f"### `{contract.feed}` {contract.title_zh}\n\n{about}\n\n{table}"


def _codes(column: Column) -> str:
    return ", ".join(f"{code.value} {code.label}" if code.value != code.label else code.value for code in column.enum)


def _model_entry(model: dict[str, Any], product: catalogue.Product, texts: dict[str, str]) -> str:
    label, _, meaning = _resolved(model["description"], texts).partition(" | ")
    readers = "、".join(_READERS[role] for role in product.readers) or "the pipeline alone"
    rows = [
        (f"`{column['name']}`", column.get("data_type", ""), *_label_and_meaning(column, texts))
        for column in model["columns"]
    ]
    table = _table_of(("Column", "Type", "Label", "Meaning"), rows)
    return f"### `{product.schema}.{model['name']}` {label}\n\n{meaning}. Readers: {readers}\n\n{table}"


def _label_and_meaning(column: dict[str, Any], texts: dict[str, str]) -> tuple[str, str]:
    label, _, meaning = _resolved(column.get("description", ""), texts).partition(" | ")
    return label, meaning


def _resolved(description: str, texts: dict[str, str]) -> str:
    return re.sub(r"""{{ doc\(['"](\w+)['"]\) }}""", lambda found: texts[found.group(1)], description)


def _table_of(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def main() -> None:
    """Write every rendered file."""
    contracts = all_contracts()
    SOURCES_FILE.write_text(dbt_sources(contracts), encoding="utf-8")
    MACRO_FILE.write_text(dbt_macro(contracts), encoding="utf-8")
    PRIVACY_FILE.write_text(privacy(contracts), encoding="utf-8")
    DICTIONARY_FILE.write_text(data_dictionary(contracts), encoding="utf-8")
    COMPOSE_FILE.write_text(compose(), encoding="utf-8")
    shutil.rmtree(SUPERSET_FOLDER, ignore_errors=True)
    for path, text in superset_bundle().items():
        file = SUPERSET_FOLDER / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
