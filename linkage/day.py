"""The records of a day: those that are linked anew, and those that stand as they were linked (linkage.standing)."""

from collections.abc import Mapping
from typing import NamedTuple

import polars as pl
import psycopg

from linkage import memory, persons, record_places, records, standing
from linkage.standing import Mark, Parted


class Day(NamedTuple):
    """The records that are linked `anew`, and those that `stand`; what is remembered and was decided of the former.

    anew: the columns of records.load and record_places.PLACED. stand: these, and what came of linking them.
    """

    anew: pl.DataFrame
    stand: pl.DataFrame
    memory: memory.Memory
    decisions: list[memory.Decision]

    def with_placed(self, placed: pl.DataFrame) -> "Day":
        """Return the day on which these records are linked anew as well."""
        anew, stand = ([] if rows.is_empty() else [rows] for rows in (self.anew, self.stand))
        return self._replace(
            anew=pl.concat([placed, *(rows.select(placed.columns) for rows in anew)]),
            stand=pl.concat([placed.clear(), *stand], how="diagonal"),
        )

    def without(self, conn: psycopg.Connection, stood: Parted) -> "Day":
        """Return the day on which those of `stood` that are to be linked anew don't stand. Raises DatabaseError."""
        if stood.anew.is_empty():
            return self
        return self._replace(
            anew=pl.concat([self.anew, stood.anew.select(self.anew.columns)]),
            stand=stood.stand,
            memory=memory.together(self.memory, memory.load(conn, stood.anew)),
        )

    def placed_again(self, conn: psycopg.Connection, at: record_places.Places, names: Mapping[str, str]) -> "Day":
        """Return the day with the records placed anew that these new names of compounds could concern.

        Who stood so far is linked anew with them. Raises DatabaseError.
        """
        could = standing.mention(self.stand, names)
        stood = standing.parted(self.stand.filter(~could), self.stand.filter(could))
        day = self.without(conn, Parted(pl.concat([self.stand.filter(could), stood.anew]), stood.stand))
        concerned = standing.mention(day.anew, names)
        again = record_places.placed(day.anew.filter(concerned).drop(record_places.PLACED), at)
        return day._replace(anew=pl.concat([day.anew.filter(~concerned), again.select(day.anew.columns)]))


def begun(
    conn: psycopg.Connection, said: records.Records, at: record_places.Places, made_by: Mark
) -> tuple[pl.DataFrame, Day]:
    """Return the records that are to be placed and linked anew, and the day as it is without them.

    They have changed, are placed otherwise, people decided about them, or something of their person was forgotten.
    Raises DatabaseError.
    """
    decisions, unsettled = memory.decisions(conn), standing.unsettled(conn)
    if said.standing.is_empty():
        return said.read, Day(said.read.clear(), said.standing, memory.load(conn), decisions)
    renamed = standing.renamed(conn, at, made_by)
    is_changed = standing.decided(conn, said.standing) | standing.placed_otherwise(said.standing, at, renamed)
    anew = pl.concat([said.read, said.standing.filter(is_changed).select(said.read.columns)])
    no_document = dict.fromkeys(("document", "second_document"), pl.lit(None, pl.String))
    sides = persons.sides(decisions).with_columns(**no_document)
    remembered = memory.load(conn, pl.concat([anew.select(sides.columns), sides]))
    stood = said.standing.filter(~is_changed) if is_changed.any() else said.standing
    changed = pl.concat([standing.with_persons(anew, remembered), said.gone, unsettled], how="diagonal")
    unplaced, placed = standing.at_places_of(anew, said.gone, renamed)
    day = Day(placed, stood, remembered, decisions)
    return unplaced, day.without(conn, standing.parted(stood, changed))
