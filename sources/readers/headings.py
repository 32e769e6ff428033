"""Which column of the contract stands where (docs/rules.md, R-FILE-7)."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sources.contract import Contract

Cell = str | None
Row = Sequence[Cell]
Merge = tuple[tuple[int, int], tuple[int, int]]
"""The first and the last (row, column) of cells merged into one, both included, from 0."""

HEADING_ROWS_SEARCHED = 20
LONGEST_HEADING = 200


@dataclass(frozen=True)
class Headings:
    """Where the headings stand: rows `top` to `below` (the first row of records), what they name, what they read.

    `known` gives name -> position, `unknown` heading as received -> position, `texts` the (position, heading key) of
    every cell of the heading rows.
    """

    top: int
    below: int
    width: int
    known: dict[str, int]
    unknown: dict[str, int]
    texts: frozenset[tuple[int, str]]


def heading_key(heading: str) -> str:
    """Return a heading without what departments vary: width of characters, white space, invisible characters, case,
    quotes.
    """
    folded = unicodedata.normalize("NFKC", heading[:LONGEST_HEADING]).casefold()
    return "".join(c for c in folded if not (c.isspace() or c == '"' or unicodedata.category(c) in ("Cc", "Cf")))


def written(contract: Contract) -> dict[str, str]:
    """Heading key -> name of the column, for every way the contract knows to write a heading."""
    names: dict[str, str] = {}
    for column in contract.columns:
        for heading in (column.header, *column.synonyms, column.name):
            names.setdefault(heading_key(heading), column.name)
    return names


def names_of(contract: Contract, cells: Row) -> tuple[dict[str, int], dict[str, int]]:
    """Tell which column of the contract stands where.

    Returns the known columns (name -> position) and the unknown headings (as received -> position). A heading that
    comes twice counts where it comes first.
    """
    names = written(contract)
    known: dict[str, int] = {}
    unknown: dict[str, int] = {}
    for position, cell in enumerate(cells):
        heading = (cell or "").strip().replace("\x00", "")
        name = names.get(heading_key(heading))
        if name is not None and name not in known:
            known[name] = position
        elif heading:
            unknown[heading if heading not in unknown else f"{heading} ({position + 1})"] = position
    return known, unknown


def find(contract: Contract, rows: Sequence[Row]) -> int | None:
    """Return the row, of the leading ones, that names most columns; or, before it, the first that names half as many.

    The headings may stand in two rows at the top and in one further down, where they are repeated.
    """
    counts = [len(names_of(contract, row)[0]) for row in rows[:HEADING_ROWS_SEARCHED]]
    best = max(counts, default=0)
    return next((at for at, count in enumerate(counts) if count * 2 >= best), None) if best else None


def lacking(contract: Contract, known: dict[str, int]) -> str | None:
    """Return the sentence about required columns that aren't there, if any."""
    headings = [column.header for column in contract.columns if column.required and column.name not in known]
    return f"缺少必需列:{'、'.join(headings)}" if headings else None


def locate(contract: Contract, rows: Sequence[Row], merges: Sequence[Merge] = (), start: int = 0) -> Headings | None:
    """Find the headings from row `start` on; they may stand in two rows, the upper merged over several columns."""
    at = find(contract, rows[start:])
    if at is None:
        return None
    at += start
    names = written(contract)
    spread = {
        number: _spread(rows[number], number, merges)
        for number in range(max(at - 1, start), at + 2)
        if number < len(rows)
    }
    below = at + 1
    if below in spread and _continues(rows[below], spread[at], names):
        below += 1
    width = max(len(rows[number]) for number in range(at, below))
    layers = [spread[number] for number in sorted(spread) if number < below]
    own = len([number for number in spread if at <= number < below])
    composed = [_composed([_at(layer, c) for layer in layers], own, names) for c in range(width)]
    known, unknown = names_of(contract, composed)
    top = at - 1 if at - 1 in spread and _names_any(rows[at - 1], names) else at
    texts = frozenset(
        (position, heading_key(cell))
        for number in range(top, below)
        for position, cell in enumerate(rows[number])
        if cell
    )
    return Headings(top, below, width, known, unknown, texts)


def repeats(contract: Contract, headings: Headings, row: Row) -> bool:
    """Return whether a later row is made of headings: two at least, and half of what it says."""
    names = written(contract)
    cells = [(position, heading_key(cell)) for position, cell in enumerate(row) if cell and cell.strip()]
    hits = sum(cell in headings.texts or cell[1] in names for cell in cells)
    return hits >= min(2, len(headings.texts)) and hits * 2 >= len(cells) > 0


def _names_any(row: Row, names: dict[str, str]) -> bool:
    return any(heading_key(cell) in names for cell in row if cell)


def _continues(row: Row, above: Sequence[str], names: dict[str, str]) -> bool:
    """Return whether a row below the headings goes on with them: all it says are headings, none under one known
    already.
    """
    cells = [(position, cell) for position, cell in enumerate(row) if cell and cell.strip()]
    return bool(cells) and all(
        (heading_key(cell) in names and heading_key(_at(above, position)) not in names)
        or heading_key(_at(above, position) + cell) in names
        for position, cell in cells
    )


def _spread(row: Row, number: int, merges: Sequence[Merge]) -> list[str]:
    """Return the texts of a row, a text merged over several columns standing in each of them."""
    texts = [cell or "" for cell in row]
    for (top, left), (bottom, right) in merges:
        if top <= number <= bottom and left < len(texts) and number == top:
            texts[left : right + 1] = [texts[left]] * (min(right + 1, len(texts)) - left)
    return texts


def _composed(stack: Sequence[str], own: int, names: dict[str, str]) -> str:
    """Return one heading from what stands above each other; `own` of the texts, the lowest, belong to the heading
    rows.
    """
    said = [text for text in stack if text.strip()]
    if not said:
        return ""
    for candidate in _candidates(said):
        if heading_key(candidate) in names:
            return candidate
    return next((text for text in reversed(stack[-own:]) if text.strip()), "")


def _candidates(said: Sequence[str]) -> Iterator[str]:
    if len(said) > 1:
        yield said[-2] + said[-1]  # 监护人 over 姓名 is no 姓名
    yield from reversed(said)


def _at(texts: Sequence[str], position: int) -> str:
    return texts[position] if position < len(texts) else ""
