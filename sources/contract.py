"""Read the data contracts: one file a feed, in the Open Data Contract Standard, and nothing restated elsewhere.

The raw table, the ingest DAG, the validation suite, dbt's source and the data dictionary are all derived from what
`load` returns. A contract is checked by the JSON schema of the standard first (its Pydantic model drops unknown nested
keys silently), then read by the model. What the standard has no place for stands in `customProperties` and is read
into the closed class `Properties`.
"""

import json
import logging
import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Annotated, Any, Literal, get_args

import yaml
from jsonschema import Draft201909Validator  # type: ignore[import-untyped]
from jsonschema.exceptions import best_match  # type: ignore[import-untyped]
from open_data_contract_standard.model import (
    CustomProperty,
    DataQuality,
    OpenDataContractStandard,
    SchemaObject,
    SchemaProperty,
)
from open_data_contract_standard.model import Server as DeclaredServer
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError, field_validator
from pydantic.alias_generators import to_camel

_log = logging.getLogger(__name__)

LoadMode = Literal["snapshot", "increment", "events"]
Severity = Literal["quarantine", "flag"]
Role = Literal[
    "person_name",
    "person_name_latin",
    "document_number",
    "document_type",
    "document_country",
    "resident_id",
    "document_or_phone",
    "person_key",
    "dwelling_key",
    "birth_date",
    "sex",
    "phone",
    "body_temperature",
    "address",
    "registered_address",
    "compound",
    "building",
    "room",
    "event_time",
    "revision",
    "recorded_at",
    "person_no",
    "household_no",
    "serial_no",
]
DocumentKind = Literal[
    "resident_id",
    "residence_permit",
    "passport",
    "hm_permit",
    "tw_permit",
    "foreign_permit",
    "disability_certificate",
]
Classification = Literal["public", "internal", "personal", "sensitive"]
LogicalType = Literal["string", "date", "timestamp", "integer", "number"]
ServerType = Literal["local", "api", "custom"]
"""The kinds of servers that can be connected to: each has its connector in `sources.connectors`."""
Ground = Literal["consent", "contract", "duty", "emergency", "news", "published", "law"]
"""The seven grounds on which a person's data may be handled at all (个人信息保护法 art. 13 (1), items 1 to 7)."""
Format = Literal["csv", "xlsx"]
"""The formats of files that can be read: each has its reader in `sources.readers.worker`."""

DRAINED = ("ops.visit_inbox",)
"""The tables of the warehouse that a custom server may name."""

IDENTIFIER = re.compile(r"^[a-z][a-z0-9_]*$")
# PostgreSQL cuts a name after 63 bytes without a word: two partitions of a feed would then be one.
_LONGEST_NAME = 63
FEED_LIMIT = _LONGEST_NAME - len(f"__{2**63 - 1}")
"""How long a feed's name may be: the longest name derived from it is `<feed>__<batch_id>`, its partition in raw."""
COLUMN_LIMIT = _LONGEST_NAME - len("_masked")
"""How long a column's name may be: the longest name derived from it is `<column>_masked`, in staging."""
# Columns of raw and quarantine beside the contract's, and those that every PostgreSQL table has.
_RESERVED = {"batch_id", "row_no", "rules", "quarantined_at"} | {"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"}

UNFINISHED = "待填写"
"""What a skeleton says where only people know (sources.skeleton); a contract that still says so can't be used."""
_ITEM = re.compile(r"个人信息保护法》第十三条第一款第([一二三四五六七])项")
_UNNAMED = re.compile(r"^column_\d+$")
_DRAFT = re.compile(r"^status:\s*([\"']?)draft\1\s*(#.*)?$", re.MULTILINE)


class ContractError(ValueError):
    """A contract that can't be used; the message names the file, the path inside it, and what is wrong."""


class DraftError(ContractError):
    """A contract that is still a draft: nobody uses it, and it holds nobody."""


Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
"""A text that says something."""


class Closed(BaseModel):
    """Unknown keys are errors; values don't change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)


class Properties(Closed):
    """What a feed must say and the standard has no place for (`customProperties` of the contract; R-PRIV-1).

    `due_at` is the local time (Asia/Shanghai) of the day, month or week's delivery, `late_after` the hours after it
    at which the feed counts as late, `row_floor` the share of the last accepted snapshot's rows below which a snapshot
    is rejected, `version_by` the column that tells a newer version of a key from an older one (else the later row).
    `legal_basis` names, beside the special laws, the item of article 13 on which the feed stands.
    `mentions_persons`: a record may name somebody known from other feeds; it makes nobody and tells nobody's facts.
    """

    legal_basis: tuple[Said, ...] = Field(min_length=1)
    load_mode: LoadMode
    cadence: Literal["hourly", "daily", "weekly", "monthly"]
    due_at: str = Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    late_after: float = Field(default=0, ge=0)
    sources: Literal["one", "file_name"] = "one"
    row_floor: float = Field(default=0.7, ge=0, le=1)
    about_person: bool
    about_arrival: bool = False
    mentions_persons: bool = False
    version_by: str | None = None

    @field_validator("legal_basis")
    @classmethod
    def _names_its_ground(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not _ITEM.search("".join(value)):
            raise ValueError("must name its ground: 《中华人民共和国个人信息保护法》第十三条第一款第…项")
        return value


class Server(Closed):
    """Where a feed comes from (`servers` of the contract): `type` chooses the connector.

    `local`: files in the inbox, by `path`, `format` and `encoding`. `api`: pages of `page_size` entries from the path
    of `location`, at the address that the settings of `name` give (`street.settings.Settings.access`). `custom`: what
    is recorded one at a time in the warehouse's own database, in the table `location`.
    """

    name: str = Field(pattern=IDENTIFIER.pattern)
    type: ServerType
    path: str | None = None
    format: Format | None = None
    encoding: Literal["utf-8", "gb18030"] = "utf-8"
    location: str | None = None
    page_size: int

    @property
    def is_packed(self) -> bool:
        """Whether its files are gzipped, as their names say."""
        return (self.path or "").endswith(".gz")

    @property
    def ending(self) -> str:
        """How the names of its files end, in lower case."""
        return f".{self.format}" + (".gz" if self.is_packed else "")


class ServerProperties(Closed):
    """What a server may say beyond the standard (`customProperties` of the server)."""

    page_size: int = Field(default=500, ge=1)


class ColumnProperties(Closed):
    """What a column may say beyond the standard: its part in linkage, and whether a later date is natural in it."""

    role: Role | None = None
    document_kind: DocumentKind | None = None
    may_be_future: bool = False


class EnumProperties(Closed):
    """What a code may say beyond the standard: the kind of document that it announces."""

    document_kind: DocumentKind | None = None


class Present(Closed):
    """At least one of the columns must say something."""

    kind: Literal["present"]
    columns: tuple[str, ...] = Field(min_length=1)


class Between(Closed):
    """The number, where it can be read, lies within these bounds."""

    kind: Literal["between"]
    columns: tuple[str] = Field()
    minimum: float | None = None
    maximum: float | None = None


class Ordered(Closed):
    """The first date isn't after the second."""

    kind: Literal["ordered"]
    columns: tuple[str, str]


class CertificateAgrees(Closed):
    """Type and level agree with digits 19 and 20 of the disability certificate's number (in this order)."""

    kind: Literal["certificate_agrees"]
    columns: tuple[str, str, str]


Check = Present | Between | Ordered | CertificateAgrees
_CHECK: TypeAdapter[Check] = TypeAdapter(Check)


class Rule(Closed):
    """A rule over columns that the contract states itself; those of single columns follow from their declaration."""

    name: str
    severity: Severity
    check: Check


class Code(Closed):
    """One allowed value of a column."""

    value: str
    label: str
    document_kind: DocumentKind | None = None


class Column(Closed):
    """One field of a feed: `name` in the warehouse, `header` and `synonyms` as the department writes it."""

    name: str
    header: str
    synonyms: tuple[str, ...]
    description: str
    required: bool
    logical_type: LogicalType
    pattern: str | None
    max_length: int | None
    enum: tuple[Code, ...]
    classification: Classification
    role: Role | None
    document_kind: DocumentKind | None
    may_be_future: bool


class Contract(Closed):
    """A feed as its department and the street office agreed on it."""

    feed: str
    title_zh: str
    department: str
    version: str
    purpose: Said
    usage: Said
    limits: Said
    grain: str
    retention_days: int = Field(ge=1)
    column_days: dict[str, Annotated[int, Field(ge=1)]]
    business_key: tuple[str, ...]
    servers: tuple[Server, ...]
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...]
    properties: Properties

    @property
    def server(self) -> Server:
        """Where the department delivers: the first of its servers."""
        return self.servers[0]

    @property
    def legal_basis(self) -> tuple[str, ...]:
        """The laws that allow the street office to hold this."""
        return self.properties.legal_basis

    @property
    def ground(self) -> Ground:
        """On which ground its data may be handled at all."""
        item = _ITEM.search("".join(self.legal_basis))
        assert item is not None  # noqa: S101 -- a contract without one isn't read
        grounds: tuple[Ground, ...] = get_args(Ground)
        return grounds["一二三四五六七".index(item.group(1))]

    @property
    def load_mode(self) -> LoadMode:
        """Whether a delivery replaces the one before (`snapshot`) or adds to it."""
        return self.properties.load_mode

    @property
    def cadence(self) -> str:
        """How often a delivery is due."""
        return self.properties.cadence

    @property
    def due_at(self) -> str:
        """The hour (Asia/Shanghai, `HH:MM`) at which a delivery is due."""
        return self.properties.due_at

    @property
    def about_person(self) -> bool:
        """Whether each record is about a person."""
        return self.properties.about_person

    @property
    def about_arrival(self) -> bool:
        """Whether each record registers an arrival: its quarantined rows are listed until resolved."""
        return self.properties.about_arrival

    @property
    def mentions_persons(self) -> bool:
        """Whether a record names somebody known from other feeds, and makes nobody."""
        return self.properties.mentions_persons

    def column(self, name: str) -> Column:
        """Return the column of this name.

        Raises:
            KeyError: the feed has no such column.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.feed} has no column {name}")

    def with_role(self, role: Role) -> Column | None:
        """Return the first column that plays this role, if any."""
        return next((column for column in self.columns if column.role == role), None)

    @property
    def roles(self) -> dict[str, str]:
        """Role -> name of the first column that plays it."""
        return {column.role: column.name for column in reversed(self.columns) if column.role}


@cache
def load(feed: str) -> Contract:
    """Read the contract of a feed.

    Raises:
        DraftError: it is still a draft.
        ContractError: there is no such contract, or it breaks the standard or this project's additions to it.
    """
    file = resources.files("sources") / "contracts" / f"{feed}.yaml"
    if not file.is_file():
        raise ContractError(f"there is no contract {feed}.yaml in sources/contracts")
    # A byte that isn't UTF-8 becomes a character that no YAML may hold.
    contract = parse(file.read_bytes().decode(errors="surrogateescape"), name=f"{feed}.yaml")
    if contract.feed != feed:
        raise ContractError(f"{feed}.yaml: the contract's id is {contract.feed}; id and file name must be the feed's")
    return contract


def all_contracts() -> list[Contract]:
    """Return every contract of the project, in order of feed; a draft is skipped with a word in the log.

    Raises:
        ContractError: one of them can't be used, and is no draft.
    """
    folder = resources.files("sources") / "contracts"
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".yaml"))
    found = []
    for name in names:
        try:
            found.append(load(name.removesuffix(".yaml")))
        except DraftError as draft:
            _log.warning("%s; skipped", draft)
    return found


def parse(text: str, *, name: str) -> Contract:
    """Check and read a contract's text; `name` is what an error calls it.

    Raises:
        DraftError: its status is draft; the message names everything that is still to be filled in.
        ContractError: the text isn't YAML in UTF-8, breaks the standard, or breaks this project's additions.
    """
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        told = f"{name}: not YAML in UTF-8: {error}"
        # What can't be parsed says what it is by its line alone.
        raise (DraftError(f"{told}; it is a draft") if _DRAFT.search(text) else ContractError(told)) from error
    left = list(_unfinished(document, "$"))
    is_draft = isinstance(document, dict) and document.get("status") == "draft"
    if left:
        told = f"{name}: still to be filled in ({len(left)}): {', '.join(left)}"
        raise DraftError(f"{told}; it is a draft") if is_draft else ContractError(told)
    if is_draft:
        raise DraftError(f"{name}: it is a draft: with status active it is used")
    worst = best_match(_standard().iter_errors(document))
    if worst is not None:
        raise ContractError(f"{name}: {worst.json_path}: {worst.message}")
    standard = OpenDataContractStandard(**document)
    try:
        return _read(standard)
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(part) for part in first["loc"])
        raise ContractError(f"{name}: {error.title}.{path}: {first['msg']}") from error
    except ContractError as error:
        raise ContractError(f"{name}: {error}") from error


def unfinished(text: str) -> list[str]:
    """Return the paths of a contract's text at which only people know what to say."""
    return list(_unfinished(yaml.safe_load(text), "$"))


def _unfinished(node: object, path: str) -> Iterator[str]:
    """Yield the paths at which a skeleton is still open."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _unfinished(value, f"{path}.{key}")
    elif isinstance(node, list):
        for position, value in enumerate(node):
            yield from _unfinished(value, f"{path}[{position}]")
    elif isinstance(node, str) and (UNFINISHED in node or _UNNAMED.match(node)):
        yield path


@cache
def _standard() -> Draft201909Validator:
    schema = resources.files("open_data_contract_standard") / "schema.json"
    return Draft201909Validator(json.loads(schema.read_text(encoding="utf-8")))


def _read(standard: OpenDataContractStandard) -> Contract:
    table = _only_table(standard)
    columns = tuple(_column(declared) for declared in table.properties or [])
    key = sorted((p for p in table.properties or [] if p.primaryKey), key=lambda p: p.primaryKeyPosition or 0)
    description = standard.description
    contract = Contract.model_validate(
        {
            "feed": standard.id,
            "titleZh": standard.name,
            "department": _team_description(standard),
            "version": standard.version,
            "purpose": description and description.purpose,
            "usage": description and description.usage,
            "limits": description and description.limitations,
            "grain": table.dataGranularityDescription,
            "retentionDays": _retention_days(standard),
            "columnDays": _column_days(standard),
            "businessKey": tuple(p.name for p in key),
            "servers": _servers(standard),
            "columns": columns,
            "rules": tuple(_rule(check) for check in table.quality or []),
            "properties": Properties.model_validate(_custom(standard.customProperties)),
        }
    )
    _check_names(contract)
    return contract


def check_feed_name(feed: str) -> None:
    """Raise ContractError when tables and partitions can't be named after a feed (docs/rules.md, R-BATCH-12)."""
    _check_identifier(feed, FEED_LIMIT, "feed")
    if "__" in feed:
        raise ContractError(f"the feed {feed!r} has two underscores in a row, as only the names of partitions have")


def _check_identifier(name: str, limit: int, kind: str) -> None:
    if not IDENTIFIER.fullmatch(name):
        raise ContractError(f"{name!r} is no identifier (lower-case ASCII letters, digits, underscores)")
    if len(name) > limit:
        raise ContractError(
            f"the {kind} {name!r} has {len(name)} characters; at most {limit} leave room for the names"
            " that are derived from it"
        )


def _check_names(contract: Contract) -> None:
    names = [column.name for column in contract.columns]
    check_feed_name(contract.feed)
    for name in names:
        _check_identifier(name, COLUMN_LIMIT, "column")
        if name in _RESERVED:
            raise ContractError(f"the column {name!r} has a name that the warehouse's own tables use")
    if len(set(names)) != len(names):
        raise ContractError("two columns have the same name")
    mentioned = [*contract.column_days, *(name for rule in contract.rules for name in rule.check.columns)]
    if contract.properties.version_by:
        mentioned.append(contract.properties.version_by)
    for name in mentioned:
        if name not in names:
            raise ContractError(f"a rule or a retention mentions the column {name}, which the contract doesn't declare")
    if contract.about_arrival and contract.with_role("event_time") is None:
        raise ContractError("a feed about arrivals needs a column with the role event_time")


def _only_table(standard: OpenDataContractStandard) -> SchemaObject:
    tables = standard.schema_ or []
    if len(tables) != 1 or tables[0].name != standard.id:
        raise ContractError("schema must declare exactly one object, named as the contract's id")
    return tables[0]


def _servers(standard: OpenDataContractStandard) -> tuple[Server, ...]:
    servers = tuple(_server(standard, declared) for declared in standard.servers or [])
    if [server.type == "custom" for server in servers] not in ([False], [False, True]):
        raise ContractError("servers must name exactly one: where the feed comes from, and perhaps a custom one")
    return servers


def _server(standard: OpenDataContractStandard, declared: DeclaredServer) -> Server:
    said = {
        "name": declared.server,
        "type": declared.type,
        "path": declared.path,
        "format": declared.format,
        "location": declared.location,
        "encoding": (declared.encoding or "utf-8").lower(),
        "pageSize": ServerProperties.model_validate(_custom(declared.customProperties)).page_size,
    }
    server = Server.model_validate(said)
    if server.type == "local":
        wanted = f"{standard.id}/{{business_date}}/*{server.ending}"
        if server.format is None or server.path != wanted:
            raise ContractError(f"the path of server {server.name} must be {wanted}: so the inbox is laid out")
    if server.type == "custom" and server.location not in DRAINED:
        raise ContractError(f"the location of server {server.name} must be one of {', '.join(DRAINED)}")
    return server


def _column(declared: SchemaProperty) -> Column:
    options = declared.logicalTypeOptions or {}
    properties = ColumnProperties.model_validate(_custom(declared.customProperties))
    return Column.model_validate(
        {
            "name": declared.name,
            "header": declared.businessName,
            "synonyms": tuple(synonym.synonym for synonym in declared.synonyms or []),
            "description": declared.description,
            "required": bool(declared.required),
            "logicalType": declared.logicalType,
            "pattern": options.get("pattern"),
            "maxLength": options.get("maxLength"),
            "enum": tuple(
                Code.model_validate(
                    {
                        "value": code.value,
                        "label": code.label,
                        "documentKind": EnumProperties.model_validate(_custom(code.customProperties)).document_kind,
                    }
                )
                for code in declared.enum or []
            ),
            "classification": declared.classification,
            "role": properties.role,
            "documentKind": properties.document_kind,
            "mayBeFuture": properties.may_be_future,
        }
    )


def _rule(quality: DataQuality) -> Rule:
    if quality.engine != "street":
        raise ContractError(f"quality {quality.name}: the engine must be street")
    return Rule.model_validate(
        {
            "name": quality.name,
            "severity": quality.severity,
            "check": _CHECK.validate_python(quality.implementation),
        }
    )


def _custom(declared: list[CustomProperty] | None) -> dict[str, Any]:
    return {str(item.property): item.value for item in declared or []}


def _team_description(standard: OpenDataContractStandard) -> str:
    team = standard.team
    if team is None or isinstance(team, list) or not team.name:
        raise ContractError("team.name must name the department that delivers the feed")
    return team.name


def _retention_days(standard: OpenDataContractStandard) -> int:
    for item in standard.slaProperties or []:
        if item.property == "retention" and not item.element and item.unit == "d" and isinstance(item.value, int):
            return item.value
    raise ContractError("slaProperties must state a retention in days (unit: d)")


def _column_days(standard: OpenDataContractStandard) -> dict[str, object]:
    """Return the columns that end before the rest of their row: the retention whose `element` is `<feed>.<column>,
    ...`.
    """
    return {
        name.strip().removeprefix(f"{standard.id}."): item.value
        for item in standard.slaProperties or []
        if item.property == "retention" and item.unit == "d" and item.element
        for name in item.element.split(",")
    }
