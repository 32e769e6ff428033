from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, milp  # type: ignore[import-untyped]

from reports.suppression import UNBOUNDED, Cell, Mark, Row, suppress

LEVELS = {"yellow": (5, 9), "orange": (10, 19), "red": (20, 10**6)}


def level_of(total: int) -> tuple[int, int]:
    return next((bounds for bounds in LEVELS.values() if bounds[0] <= total <= bounds[1]), (0, 10**6))


def known(cell: Cell, bounds: tuple[int, int], *, knows_the_method: bool) -> tuple[int, int]:
    low, high = bounds
    if cell.mark is Mark.SHOWN:
        return cell.value, cell.value
    if cell.mark is Mark.SMALL:
        return max(low, 1), min(high, 4)
    return max(low, 5) if knows_the_method else low, high


def printed_sums(table: list[list[Cell]]) -> LinearConstraint:
    """Each row's counts make its total; each column makes the street's line."""
    height, width = len(table), len(table[0])
    rows, columns = np.zeros((height, height, width)), np.zeros((width, height, width))
    for number in range(height):
        rows[number, number, :] = [*[1] * (width - 1), -1]
    for column in range(width):
        columns[column, :, column] = 1
    street = [sum(cells[column].value for cells in table) for column in range(width)]
    right = [*[0] * height, *street]
    return LinearConstraint(np.concatenate([rows, columns]).reshape(height + width, -1), right, right)


def solve(rows: list[Row], table: list[list[Cell]], *, knows_the_method: bool) -> list[tuple[Cell, float, float]]:
    """Bounds of each hidden cell, from what is printed, the street's line and the levels alone.

    A reader who knows the method also knows that a dash stands for 5 and more.
    """
    cells, bounds = [], []
    for row, line in zip(rows, table, strict=True):
        for column, cell in enumerate(line):
            given_bounds = row.known_total if column == len(line) - 1 else (0, 10**6)
            cells.append(cell)
            bounds.append(known(cell, given_bounds, knows_the_method=knows_the_method))
    sums, (low, high) = printed_sums(table), zip(*bounds, strict=True)

    def end(place: int, sign: int) -> float:
        goal = np.zeros(len(cells))
        goal[place] = sign
        found = milp(goal, constraints=sums, bounds=(low, high), integrality=np.ones(len(cells)))
        assert found.success, "what is printed contradicts itself"
        return float(sign * found.fun)

    hidden = [place for place, cell in enumerate(cells) if cell.mark is not Mark.SHOWN]
    return [(cells[place], end(place, 1), end(place, -1)) for place in hidden]


def rows_of(*counts: tuple[int, ...]) -> list[Row]:
    *named, rest = counts
    return [*(Row(row, level_of(sum(row))) for row in named), Row(rest)]


def withholds_small(table: list[list[Cell]]) -> bool:
    return any(cell.mark is Mark.WITHHELD and cell.value < 5 for row in table for cell in row)


small_or_large = st.one_of(st.integers(0, 6), st.integers(0, 40))
named_rows = st.lists(st.tuples(*[small_or_large] * 3).filter(lambda row: sum(row) >= 5), min_size=1, max_size=5)


@settings(max_examples=50, deadline=None)
@given(named_rows, st.tuples(*[small_or_large] * 3))
def test_no_hidden_cell_can_be_solved_for(named: list[tuple[int, ...]], rest: tuple[int, ...]) -> None:
    rows = rows_of(*named, rest)
    table = suppress(rows)
    assume(table is not None)
    assert table is not None
    for knows_the_method in [False] if withholds_small(table) else [False, True]:
        for cell, low, high in solve(rows, table, knows_the_method=knows_the_method):
            assert low <= cell.value <= high
            assert round(high) > round(low), f"{cell} follows from what is printed"


@settings(max_examples=200, deadline=None)
@given(named_rows, st.tuples(*[small_or_large] * 3))
def test_counts_from_one_to_four_are_never_printed(named: list[tuple[int, ...]], rest: tuple[int, ...]) -> None:
    table = suppress(rows_of(*named, rest))
    for row in table or []:
        for cell in row:
            assert cell.printed not in range(1, 5)
            assert (cell.mark is Mark.SMALL) <= (0 < cell.value < 5)
            assert cell.mark is Mark.SHOWN or isinstance(cell.printed, str)


@settings(max_examples=200, deadline=None)
@given(named_rows, st.tuples(*[small_or_large] * 3))
def test_where_one_cell_of_a_row_or_column_is_hidden_another_is_too(
    named: list[tuple[int, ...]], rest: tuple[int, ...]
) -> None:
    table = suppress(rows_of(*named, rest)) or []
    for line in [*table, *zip(*table, strict=True)]:
        hidden = [cell for cell in line if cell.mark is not Mark.SHOWN]
        large_shown = [cell for cell in line if cell.mark is Mark.SHOWN and cell.value >= 5]
        assert len(hidden) != 1 or not large_shown


def test_the_next_smallest_is_hidden_beside_a_single_small_count() -> None:
    table = suppress(rows_of((30, 9, 2), (30, 8, 3), (300, 80, 70)))
    assert table is not None
    assert [cell.printed for cell in table[0]] == [30, "—", "<5", 41]
    assert [cell.printed for cell in table[1]] == [30, "—", "<5", 41]
    assert [cell.printed for cell in table[2]] == [300, 80, 70, 450]


def test_two_fours_that_only_one_sum_allows_hide_their_total_too() -> None:
    # 8 = 4 + 4 has one solution when both are known to be below 5.
    table = suppress(rows_of((0, 4, 4), (9, 4, 4), (90, 40, 50), (80, 60, 70)))
    assert table is not None
    assert table[0][-1].mark is Mark.WITHHELD


def test_a_table_without_small_counts_is_printed_whole() -> None:
    table = suppress(rows_of((20, 0, 9), (12, 7, 0), (200, 50, 60)))
    assert table is not None
    assert all(cell.mark is Mark.SHOWN for row in table for cell in row)


def test_a_hidden_total_prints_the_range_of_its_printed_level_and_no_more() -> None:
    table = suppress(rows_of((0, 4, 4), (9, 4, 4), (90, 40, 50), (80, 60, 70)))
    assert table is not None
    assert table[0][-1].printed == "5-9"
    hidden = [cell.printed for row in table for cell in row[:-1] if cell.mark is Mark.WITHHELD]
    assert set(hidden) <= {"—"}
    assert Cell(25, Mark.WITHHELD, (20, UNBOUNDED)).printed == "≥20"


def test_a_street_too_small_to_hide_anybody_gets_no_table() -> None:
    # The only people of the street: its printed line would be theirs, cell by cell.
    assert suppress([Row((4, 0, 1), (5, 9)), Row((0, 0, 0))]) is None


def test_an_empty_table_stays_empty() -> None:
    assert suppress([]) == []


def test_a_count_below_zero_is_an_error() -> None:
    with pytest.raises(ValueError, match="row 0"):
        suppress([Row((5, -1))])


def test_a_whole_street_takes_a_blink() -> None:
    generator = np.random.default_rng(5)
    named = [tuple(int(n) for n in row) for row in generator.poisson([8, 0.7, 1.1], size=(90, 3)) if row.sum() >= 5]
    table = suppress(rows_of(*named, (310, 14, 23)))
    assert table is not None
    shown = sum(cell.mark is Mark.SHOWN for row in table for cell in row)
    assert shown > len(table), "hardly anything is left to read"
