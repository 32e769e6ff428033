"""Render what is committed but follows from something else: from the contracts dbt's sources, a macro, the privacy
pages and the dictionary; from the scenarios a part of both; from the list of services docker-compose.yml; from the
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

from runtime import person_page
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
from street import catalogue, retention
from street.settings import ROOT
from street.vocabulary import STREET_NAME

SOURCES_FILE = ROOT / "dbt_project/models/staging/_sources.yml"
MACRO_FILE = ROOT / "dbt_project/macros/_contracts.sql"
PRIVACY_FILE = ROOT / "docs/privacy.md"
PRIVACY_FOLDER = ROOT / "docs/privacy"
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
    """Return what models may ask of a contract, as a macro: dbt resolves `ref` while it parses, before any source is
    known.
    """
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
    """Return a value as JSON writes it, which YAML and Jinja read alike, whatever stands in it."""
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
_PRIVACY_NOTE = """<!-- 由 sources/contracts 生成（`make render`）：请改契约，不要改本页。 -->

对所有来源都适用的说明见[个人信息处理说明](../privacy.md)。
"""
_SCENARIO_NOTE = _PRIVACY_NOTE.replace("sources/contracts", "scenarios/*.yaml").replace("改契约", "改场景")
_SCENARIO = "scenario_"
_PRIVACY_ENDS = """## 何时从哪里删除

每天清晨自动删除到期的一切，逐项记下删了多少、依据哪一条。
此后只在数据库的备份里，最多再留 35 天；报送部门自己的名单由其保管。
"""
_PRIVACY_RIGHTS = f"""## 您可以要求什么

- **查阅、复制**（第四十五条）：街道办事处出具一份关于您的一切记录，逐来源、逐字段，凭什么、保存到何时。
- **更正、补充**（第四十六条）：内容不准确的，向街道办事处或报送的部门提出。
- **删除**（第四十七条）：以您的同意为依据的，撤回同意即删除；依法须保存的，到期自动删除，并告知理由和到期日。

请向{STREET_NAME}办事处或您的居民委员会提出。谁为谁办理过查阅和删除，另有记录，其中没有个人信息，保存 3 年。
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
    """Return the page for the people whom the data are about: what is received and what is looked at, on which
    ground, until
    when it lives where.
    """
    feeds = (
        (
            f"[{contract.title_zh}](privacy/{contract.feed}.md)（`{contract.feed}`）",
            contract.department,
            person_page.GROUNDS[contract.ground],
            f"{contract.retention_days} 天",
        )
        for contract in contracts
    )
    scenarios = (
        (
            f"[{scenario.title_zh}](privacy/{_SCENARIO}{scenario.scenario}.md)（`{scenario.scenario}`）",
            scenario.purpose,
            _spell(scenario),
            f"到期后 {scenario.retention_days} 天",
        )
        for scenario in _scenarios()
    )
    places = ((place.title_zh, place.ends_zh) for place in retention.PLACES)
    return "\n".join(
        [
            _PRIVACY_HEAD,
            "## 收到哪些信息\n",
            _table_of(("来源", "从哪里来", "凭什么（第十三条第一款）", "保存多久"), feeds),
            "## 用来看什么\n",
            _table_of(("场景", "用来做什么", "从何时到何时", "保存多久"), scenarios),
            _PRIVACY_ENDS,
            _table_of(("在哪里", "何时删除"), places),
            _PRIVACY_RIGHTS,
        ]
    )


def privacy_pages(contracts: Sequence[Contract]) -> dict[str, str]:
    """Feed or scenario -> its page: what, by what right, for what, until when, who sees it, whom to ask."""
    return {contract.feed: _notice(contract) for contract in contracts} | {
        f"{_SCENARIO}{scenario.scenario}": _scenario_notice(scenario) for scenario in _scenarios()
    }


def _scenarios() -> list[Scenario]:
    return [read(path) for path in register.files()]


def _spell(scenario: Scenario) -> str:
    runs = scenario.runs
    return f"{runs.since:%Y年%-m月%-d日}至{runs.until:%Y年%-m月%-d日}，到期即停"


def _scenario_notice(scenario: Scenario) -> str:
    rows = {
        "看谁": f"`{scenario.population}`（词义见[数据字典](../data_dictionary.md)）；无法判断的人单独列出，不安排任务",
        "凭什么": scenario.legal_basis,
        "用来做什么": scenario.purpose,
        "做什么": "、".join(duty.label_zh for duty in scenario.duties) or "不安排任务",
        "从何时到何时": _spell(scenario),
        "保存多久": f"到期后 {scenario.retention_days} 天",
        "谁能看到": "居委会（本居委会的人）、街道；看板只见计数",
        "向谁问": f"{STREET_NAME}办事处，或您的居民委员会",
    }
    table = _table_of(("事项", "说明"), rows.items())
    return f"# 场景：{scenario.title_zh}（`{scenario.scenario}`）\n\n{_SCENARIO_NOTE}\n{table}"


def _notice(contract: Contract) -> str:
    fields = [
        f"{label}：{'、'.join(column.header for column in contract.columns if column.classification == name)}"
        for name, label in _CLASSIFICATIONS.items()
        if any(column.classification == name for column in contract.columns)
    ]
    transports = "、".join(_TRANSPORTS[server.type] for server in contract.servers)
    origin = f"{contract.department}；{_CADENCES[contract.cadence]}{transports}"
    is_free = contract.ground == "consent"
    rows = {
        "收什么": "<br>".join(fields),
        "从哪里来": f"{origin}，{_LOAD_MODES[contract.load_mode]}",
        "凭什么": "<br>".join(contract.legal_basis),
        "用来做什么": contract.purpose,
        "怎么用": contract.usage,
        "限制": contract.limits,
        "保存多久": (
            f"每份名单自其业务日期起 {contract.retention_days} 天，到期自动删除"
            + ("；一直没有更新的名单时，最近一份继续使用" if contract.load_mode == "snapshot" else "")
        ),
        "能否要求删除": (
            "可以：依据的是您的同意，您可以撤回"
            if is_free
            else f"到期之前不删除：{person_page.GROUNDS[contract.ground]}"
        ),
        "谁能看到": (
            "居委会（本居委会的人）、街道；看板只见计数"
            if contract.about_person or contract.properties.mentions_persons
            else "居委会（本居委会的行）、街道；看板只见计数和房屋状态"
        ),
        "向谁问": f"{STREET_NAME}办事处，或您的居民委员会；内容不准确的，也可向{contract.department}提出更正",
    }
    return f"# {contract.title_zh}（`{contract.feed}`）\n\n{_PRIVACY_NOTE}\n{_table_of(('事项', '说明'), rows.items())}"


def data_dictionary(contracts: Sequence[Contract], models: Path = MODELS) -> str:
    """Return the fields of every feed, and the columns of every published table with who may read it."""
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
    """Return the blocks of documentation that descriptions refer to."""
    return {
        name: text.strip()
        for file in sorted(models.rglob("*.md"))
        for name, text in re.findall(r"{% docs (\w+) %}(.*?){% enddocs %}", file.read_text(encoding="utf-8"), re.S)
    }


def superset_bundle(models: Path = MODELS) -> dict[str, str]:
    """Return the files of Superset's bundle by their path below reports/superset."""
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
    """Yield where in a contract which key takes which words, of all keys whose words are a closed list."""
    for where, model in _CLOSED_LISTS.items():
        for name, field in model.model_fields.items():
            kinds = [field.annotation, *get_args(field.annotation)]  # also a word or none
            words = next((get_args(kind) for kind in kinds if get_origin(kind) is Literal), ())
            if words and not (model is Column and name in ColumnProperties.model_fields):
                yield where, f"`{field.alias or name}`", ", ".join(f"`{word}`" for word in words)


def _words() -> Iterator[tuple[str, str, str, str, str]]:
    """Yield the words that a condition may ask, by group."""
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
    shutil.rmtree(PRIVACY_FOLDER, ignore_errors=True)
    PRIVACY_FOLDER.mkdir()
    for feed, text in privacy_pages(contracts).items():
        (PRIVACY_FOLDER / f"{feed}.md").write_text(text, encoding="utf-8")
    DICTIONARY_FILE.write_text(data_dictionary(contracts), encoding="utf-8")
    COMPOSE_FILE.write_text(compose(), encoding="utf-8")
    shutil.rmtree(SUPERSET_FOLDER, ignore_errors=True)
    for path, text in superset_bundle().items():
        file = SUPERSET_FOLDER / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
