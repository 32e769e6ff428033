"""Which records are one person, where they share a document, a number, a person or a decision with others.

Source of the rules: docs/rules.md, Person.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Generic, NamedTuple, TypeVar

from linkage import names
from linkage.memory import Decision


class Row(NamedTuple):
    """A record as it is compared; `position` is its place among all records."""

    position: int
    feed: str
    record: str
    documents: tuple[tuple[str, str], ...]  # (hash, kind), the resident ID first
    number: str | None
    id_birth_date: date | None
    names: tuple[str, ...]
    birth_date: date | None
    has_birth_date: bool
    leads: bool
    prior: str | None

    @property
    def has_travel_document(self) -> bool:
        """Whether one of its documents is no resident ID."""
        return any(kind != "resident_id" for _, kind in self.documents)

    @property
    def resident_id(self) -> str | None:
        """The resident ID among its documents (hash)."""
        return next((document for document, kind in self.documents if kind == "resident_id"), None)

    @property
    def rank(self) -> tuple[bool, int]:
        """The register of the population speaks first, then the order of arrival."""
        return not self.leads, self.position  # as _RANK

    @property
    def denial(self) -> int:
        """Whether its birth date bears its number out (0), says nothing of it (1) or denies it (2)."""
        if self.birth_date is None or self.id_birth_date is None:
            return 1
        return 0 if self.birth_date == self.id_birth_date else 2


def contradicts(row: Row, other: Row) -> bool:
    """Return whether a shared document can't be both records': name and birth date given and both different
    (R-PERSON-3).

    In a feed without birth dates the name alone decides, and a mistake in it contradicts nothing: fewer digits than a
    number's are enough for such a name (R-PERSON-13). The other's birth date is its number's, if that is valid.
    Names that can't be held against each other (linkage.names) contradict nothing.
    """
    pairs = [(a, b) for a in row.names for b in other.names]
    if any(names.same(a, b) for a, b in pairs) or not any(names.contradict(a, b) for a, b in pairs):
        return False
    if not (row.has_birth_date and other.has_birth_date):
        return not any(names.mistaken(a, b) for a, b in pairs)
    theirs = other.birth_date if other.id_birth_date is None else other.id_birth_date
    return row.birth_date is not None and theirs is not None and row.birth_date != theirs


def _speaks_first(owner: str | None) -> Callable[[Row], tuple[bool, int, tuple[bool, int]]]:
    """Return the order in which the carriers of a document speak for it: its owner's first (R-PERSON-3)."""
    return lambda row: (owner is None or row.prior != owner, row.denial, row.rank)


def _have_one_name(row: Row, other: Row) -> bool:
    return any(names.same(a, b) for a in row.names for b in other.names)


def _agreed(row: Row, other: Row) -> list[str]:
    agreed = ["document"]
    if _have_one_name(row, other):
        agreed.append("name")
    if row.birth_date is not None and row.birth_date == (other.id_birth_date or other.birth_date):
        agreed.append("birth_date")
    return agreed


def _differ(ours: set[str], theirs: set[str]) -> bool:
    """Return whether both have resident IDs, and neither has all that the other has."""
    return bool(ours) and bool(theirs) and not (ours <= theirs or theirs <= ours)


Node = TypeVar("Node", bound=Hashable)


class UnionFind(Generic[Node]):
    """Union-find over records and persons, by whatever tells them from each other.

    It never joins two resident IDs by itself (R-PERSON-5).
    """

    def __init__(self) -> None:
        self._parent: dict[Node, Node] = {}
        self._resident_ids: dict[Node, set[str]] = defaultdict(set)
        self._shown: dict[Node, set[str]] = defaultdict(set)
        self._apart: dict[Node, set[Node]] = defaultdict(set)

    def root(self, node: Node) -> Node:
        """Return the one that stands for all that are one with this."""
        self._parent.setdefault(node, node)
        while self._parent[node] != node:
            self._parent[node] = self._parent[self._parent[node]]
            node = self._parent[node]
        return node

    def holds(self, node: Node, resident_ids: set[str]) -> None:
        """Let it have these resident IDs from the start."""
        self._resident_ids[self.root(node)] |= resident_ids

    def shows(self, node: Node, resident_id: str) -> None:
        """Let it show this resident ID, whether it holds it or it is somebody else's."""
        self._shown[self.root(node)].add(resident_id)

    def show_other_ids(self, one: Node, other: Node) -> bool:
        """Return whether two that aren't one show different resident IDs, of those that they hold or somebody else
        does.
        """
        a, b = self.root(one), self.root(other)
        return a != b and _differ(self._resident_ids[a] | self._shown[a], self._resident_ids[b] | self._shown[b])

    def keep_apart(self, one: Node, other: Node) -> None:
        """Never let these two be one (R-PERSON-7)."""
        self._apart[self.root(one)].add(other)
        self._apart[self.root(other)].add(one)

    def join(self, one: Node, other: Node, *, by_decision: bool = False) -> bool:
        """Return whether the two are one now. Refused: two valid resident IDs, or a decision that they are
        different.
        """
        a, b = self.root(one), self.root(other)
        if a == b:
            return True
        if not by_decision and _differ(self._resident_ids[a], self._resident_ids[b]):
            return False
        if {self.root(n) for n in self._apart[a]} & {b} or {self.root(n) for n in self._apart[b]} & {a}:
            return False
        self._parent[b] = a
        self._resident_ids[a] |= self._resident_ids.pop(b, set())
        self._shown[a] |= self._shown.pop(b, set())
        self._apart[a] |= self._apart.pop(b, set())
        return True


@dataclass
class Verdict:
    """What was found out about one record."""

    is_tied: bool = False
    is_decided: bool = False
    agreed: list[str] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)


class Resolver:
    """Ties the records that share a document, a number, a person or a decision with others."""

    def __init__(self, rows: list[Row], owners: Mapping[str, str], memory_ids: Mapping[str, set[str]]) -> None:
        self.rows = sorted(rows, key=lambda row: row.rank)
        self.owners = owners
        self.groups: UnionFind[int | str] = UnionFind()
        self.verdicts = {row.position: Verdict() for row in rows}
        self.documents: dict[str, tuple[str, int]] = {}  # unowned document -> (kind, the record it is taken from)
        self._carriers: dict[tuple[str, str], list[Row]] = defaultdict(list)
        self._speaks_for: dict[str, Row] = {}
        for row in self.rows:
            if row.prior is not None:
                self._speaks_for.setdefault(row.prior, row)
            for document in row.documents:
                self._carriers[document].append(row)
        present = set()
        for row in self.rows:
            if row.resident_id is None:
                continue
            self.groups.shows(row.position, row.resident_id)
            if not self._has_anothers_id(row):
                self.groups.holds(row.position, {row.resident_id})
                present.add(row.prior)
        for person in {*owners.values(), *(row.prior for row in rows if row.prior is not None)} - present:
            self.groups.holds(person, memory_ids.get(person, set()))

    def _has_anothers_id(self, row: Row) -> bool:
        """Return whether a record known to be one person's shows the number of another whom it contradicts
        (R-PERSON-3).
        """
        owner = self.owners.get(row.resident_id or "")
        if row.prior is None or owner is None or owner == row.prior:
            return False
        carriers = self._carriers[row.resident_id or "", "resident_id"]
        speaker = min(carriers, key=_speaks_first(owner))
        if speaker.prior != owner:
            speaker = self._speaks_for.get(owner, speaker)
        return contradicts(row, speaker)

    def resolve(self, decisions: list[Decision]) -> None:
        """Make all ties, the surest first."""
        self._obey(decisions)
        self._remember()
        for (document, kind), carriers in sorted(self._carriers.items(), key=lambda item: item[0][1] != "resident_id"):
            self._tie_by_document(document, kind, carriers)
        self._tie_by_number()

    def _obey(self, decisions: list[Decision]) -> None:
        index = {(row.feed, row.record): row.position for row in self.rows}
        known = [(d.same, index[d.left], index[d.right]) for d in decisions if d.left in index and d.right in index]
        for same, left, right in known:
            for side in (left, right):
                self.verdicts[side].is_decided = True
            if not same:
                self.groups.keep_apart(left, right)
        for same, left, right in known:
            if same:
                self.groups.join(left, right, by_decision=True)

    def _remember(self) -> None:
        """Let a record keep its person (R-PERSON-6); of several with different IDs the one whose ID the person has."""
        for row in sorted(self.rows, key=lambda r: all(self.owners.get(d) != r.prior for d, _ in r.documents)):
            if row.prior is not None and not self.groups.join(row.prior, row.position):
                self._doubt(row)

    def _doubt(self, row: Row) -> None:
        verdict = self.verdicts[row.position]
        if not verdict.is_decided:
            verdict.flags.add("document_conflict")

    def _tie_by_document(self, document: str, kind: str, carriers: list[Row]) -> None:
        if len({row.resident_id for row in carriers} - {None}) > 1:
            # It would tie persons with different valid IDs: it ties nothing.
            for row in carriers:
                self._doubt(row)
            return
        owner = self.owners.get(document)
        carriers = sorted(carriers, key=_speaks_first(owner))
        first, target = carriers[0], self.groups.root(owner or carriers[0].position)
        if owner is not None and first.prior != owner:
            first = self._speaks_for.get(owner, first)
        turned_away: list[Row] = []
        for row in carriers:
            if row is not first and contradicts(row, first):
                self.verdicts[row.position].flags.add("document_of_another")
                # Whom two lists have under another's number by one name is one person, not two.
                alike = next((other for other in turned_away if _have_one_name(row, other)), row)
                self.groups.join(alike.position, row.position)
                turned_away.append(row)
            elif self.groups.join(target, row.position):
                verdict = self.verdicts[row.position]
                verdict.is_tied = True
                verdict.agreed = verdict.agreed or (["document"] if len(carriers) == 1 else _agreed(row, first))
            else:
                self._doubt(row)
        if owner is None:
            self.documents[document] = (kind, first.position)

    def _tie_by_number(self) -> None:
        """Tie by a travel document's number without country or kind, beside the birth date or the name (R-DOC-4)."""
        by_number: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows:
            if row.number is not None:
                by_number[row.number].append(row)
        for rows in by_number.values():
            for row in rows:
                if row.has_travel_document:
                    continue
                alike = [other for other in rows if other is not row and _as_good_as_a_document(row, other)]
                sure = {self.groups.root(other.position) for other in alike if other.has_travel_document}
                roots = sure or {self.groups.root(other.position) for other in alike[:1]}
                if (
                    len(roots) > 1
                    # Also a number that was found to be somebody else's: it was refused when the record was new.
                    or any(self.groups.show_other_ids(root, row.position) for root in roots)
                    or not all(self.groups.join(root, row.position) for root in roots)
                ):
                    self._doubt(row)
                elif roots:
                    self.verdicts[row.position].is_tied = True
                    self.verdicts[row.position].agreed = ["number", *_agreed(row, alike[0])[1:]]


def _as_good_as_a_document(row: Row, other: Row) -> bool:
    if row.birth_date is not None and row.birth_date == other.birth_date:
        return True
    return _have_one_name(row, other)
