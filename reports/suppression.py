"""Small counts in a table that leaves the office (docs/rules.md, R-PRIV-6).

A table below street level has one row per place, one column per class and a column of row totals; the street's own
totals stand beneath it and are always printed. A count of 1-4 prints `<5`; where one cell of a row or column is
hidden, the next smallest is hidden too, and further cells until no hidden cell follows from what is printed.

What is printed is a set of sums over a network: a cell joins its row to its column, a row total joins its row to the
column of totals. A hidden cell can take another value exactly when the hidden cells leave a cycle through it along
which one person can be moved, so the proof is a walk over a graph of a few dozen nodes and needs no solver. The tests
solve for the hidden cells with one all the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

SMALL = 5
"""Person counts from 1 to one below this are hidden."""

NOTE = f"1-{SMALL - 1}人记作 <{SMALL}；— 为防止推算而不列，合计不列时写该级别的人数范围"
"""What a reader must know of hidden counts."""

UNBOUNDED = 10**9
"""More persons than any place has."""

Range = tuple[int, int]
"""The least and the most that a count can be, by what a reader knows of it."""
ANY: Range = (0, UNBOUNDED)
_TOTALS = -1  # the node of the column of totals; columns are -2, -3, ... and rows 0, 1, ...


class Mark(Enum):
    """What stands in a cell: its value, `<5`, or no more than is known of it anyway."""

    SHOWN = auto()
    SMALL = auto()
    WITHHELD = auto()


@dataclass(frozen=True)
class Cell:
    """A count below street level and how it is printed."""

    value: int
    mark: Mark
    known: Range = ANY

    @property
    def printed(self) -> int | str:
        """The number; `<5`; of a count withheld to protect another what is known anyway, `10-19`, or `—`."""
        low, high = self.known
        match self.mark:
            case Mark.SHOWN:
                return self.value
            case Mark.SMALL:
                return f"<{SMALL}"
            case _ if self.known == ANY:
                return "—"
            case _:
                return f"≥{low}" if high == UNBOUNDED else f"{low}-{high}"


@dataclass(frozen=True)
class Row:
    """One place: a count per class and the range its total is known to lie in (by its printed level), both included."""

    counts: tuple[int, ...]
    known_total: Range = ANY


@dataclass(eq=False)
class _Entry:
    """A cell of the network: its two sums, its value, how it is printed, and what a reader knows of it."""

    row: int
    column: int
    value: int
    known: Range
    mark: Mark = Mark.SHOWN
    bare: bool = False  # withheld without even saying whether the count is small

    @property
    def bounds(self) -> Range:
        low, high = self.known
        if self.bare:
            return low, high
        return (max(low, 1), min(high, SMALL - 1)) if self.mark is Mark.SMALL else (max(low, SMALL), high)

    @property
    def arc(self) -> tuple[int, int]:
        """The direction in which the cell adds: a total feeds its row, a count takes from the row for its column."""
        return (_TOTALS, self.row) if self.column == _TOTALS else (self.row, self.column)

    def residual(self) -> Iterator[tuple[int, int]]:
        """Yield the moves of one person that the cell's bounds leave open."""
        low, high = self.bounds
        tail, head = self.arc
        if self.value < high:
            yield tail, head
        if self.value > low:
            yield head, tail


def suppress(rows: Sequence[Row]) -> list[list[Cell]] | None:
    """Decide for each row's counts, and its total as the last cell, what may be printed beside the columns' sums.

    Every row has the same number of counts, none below 0, and its total is their sum; the sums of the columns and of
    the totals are taken to be printed. In the result no hidden cell can be worked out; None when the sums alone give a
    small count away (a street with hardly anybody to count), so that the whole table has to stay in the office.
    """
    entries = [entry for number, row in enumerate(rows) for entry in _entries(number, row)]
    for entry in entries:
        if 0 < entry.value < SMALL:
            entry.mark = Mark.SMALL
    while _hide_next_smallest(entries) or _protect(entries):
        pass
    if _exposed(entries):
        return None
    table: list[list[Cell]] = [[] for _ in rows]
    for entry in entries:
        table[entry.row].append(Cell(entry.value, entry.mark, entry.known))
    return table


def _entries(number: int, row: Row) -> Iterator[_Entry]:
    for column, count in enumerate(row.counts):
        if count < 0:
            raise ValueError(f"row {number} has a count below zero")
        yield _Entry(number, -2 - column, count, ANY)
    yield _Entry(number, _TOTALS, sum(row.counts), row.known_total)


def _hide_next_smallest(entries: list[_Entry]) -> bool:
    """Hide a second cell wherever a row or column has just one; tell whether anything was hidden."""
    changed = False
    for line in _lines(entries):
        if sum(entry.mark is not Mark.SHOWN for entry in line) == 1:
            changed |= _withhold_smallest(line)
    return changed


def _protect(entries: list[_Entry]) -> bool:
    """Hide one more cell in a line of each hidden cell that can be worked out; tell whether anything changed."""
    exposed = _exposed(entries)
    lines = _lines(entries)
    changed = False
    for entry in exposed:
        own = [line for line in lines if entry in line]
        changed |= any(_withhold_smallest(line) for line in own)
    if exposed and not changed:
        # Nothing large is left to hide: say no longer which hidden cells are small, and withhold the zeros too.
        for line in lines:
            if any(entry in line for entry in exposed):
                changed |= _withhold_bare(line)
    return changed


def _lines(entries: list[_Entry]) -> list[list[_Entry]]:
    nodes = dict.fromkeys(node for entry in entries for node in (entry.row, entry.column))
    return [[entry for entry in entries if node in (entry.row, entry.column)] for node in nodes]


def _withhold_smallest(line: list[_Entry]) -> bool:
    shown = [entry for entry in line if entry.mark is Mark.SHOWN and entry.value >= SMALL]
    if not shown:
        return False
    min(shown, key=lambda entry: (entry.value, entry.column == _TOTALS)).mark = Mark.WITHHELD
    return True


def _withhold_bare(line: list[_Entry]) -> bool:
    open_entries = [entry for entry in line if not entry.bare]
    for entry in open_entries:
        entry.mark, entry.bare = Mark.WITHHELD, True
    return bool(open_entries)


def _exposed(entries: list[_Entry]) -> list[_Entry]:
    """Return the hidden cells that have one possible value: no cycle of open moves runs through them."""
    hidden = [entry for entry in entries if entry.mark is not Mark.SHOWN]
    moves: dict[int, set[int]] = {}
    for entry in hidden:
        for tail, head in entry.residual():
            moves.setdefault(tail, set()).add(head)
    return [entry for entry in hidden if not any(_returns(moves, *move) for move in entry.residual())]


def _returns(moves: dict[int, set[int]], tail: int, head: int) -> bool:
    """Return whether moves lead from head back to tail without undoing the move itself."""
    seen, waiting = {head}, [head]
    while waiting:
        node = waiting.pop()
        for following in moves.get(node, ()):
            if (node, following) == (head, tail):
                continue
            if following == tail:
                return True
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    return False
