"""Why a record is the person's it is, in one Chinese sentence without any value."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from linkage import persons
from linkage.evidence import How
from street.vocabulary import labels

_WHAT: Final = labels("evidence")
_HOW: Final = labels("name_likeness")
# What holds a finer place says the coarser one too.
_WITHIN: Final = {"building": "door", "compound": "building"}
_FLAGS: Final = {
    "document_of_another": "所写证件属于另一人，暂按单独一人，待核实。",
    "document_conflict": "所写证件会把两个有效身份证并为一人，没有采用，待核实。",
}


def _named(whats: Iterable[str], besides: Iterable[str] = ()) -> str:
    held = {*whats, *besides}
    return "、".join(_WHAT[what] for what in whats if what in _WHAT and _WITHIN.get(what) not in held)


def of_pair(how: How, agreed: Sequence[str], differed: Sequence[str], people: int) -> str:
    """Return what two records have in common, what sets them apart, and how rare the name is."""
    told = f"{_HOW[how]}，{_named(agreed)}一致"
    apart = _named([what for what in differed if what not in ("building", "compound")])
    rarity = f"全街道已知同名 {people} 人" if people > 1 else "全街道没有已知的同名人"
    return f"{told}；{f'{apart}不同；' if apart else ''}{rarity}"


@dataclass(frozen=True)
class Reasons:
    """What a row of `linkage.record_link` says of itself."""

    method: str
    agreed: Sequence[str]
    differed: Sequence[str] | None
    name_likeness: How | None
    namesakes: int | None
    flags: Sequence[str]


def of_link(link: Reasons) -> str:
    """Return the sentence of a link (R-PERSON-8)."""
    if link.flags:
        return _FLAGS[link.flags[0]]
    if link.method == "manual":
        return "由人裁定。"
    if link.method == "provisional":
        return "没有证据说明是哪位已知的人，暂按单独一人。"
    if link.name_likeness is not None:
        told = of_pair(link.name_likeness, link.agreed, link.differed or (), link.namesakes or 0)
        return f"{told}；可靠度 {persons.SCORE}。"
    also = _named([what for what in link.agreed if what not in ("document", "number")])
    number = _WHAT["number" if "number" in link.agreed else "document"]
    return f"{number}有效且一致{f'，{also}也一致' if also else ''}。"
