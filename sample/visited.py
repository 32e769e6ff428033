"""The truth about visits: to whom each was made, what it says of where they live, and whom it releases early."""

from collections.abc import Collection, Sequence
from datetime import date

import polars as pl

from sample.attributes import in_force
from sample.rows import Rows

_FACTS = ("visit_no", "visited_at", "kind", "outcome", "temperature", "by", "again")


def visits(feeds: Sequence[Rows], dwellings: pl.DataFrame) -> pl.DataFrame:
    """Return the usable records of visits in order of time: `visited_id`, the true door, and what each says."""
    code = dwellings.select("dwelling_id", "dwelling_code")
    rows = in_force(feeds, "visit_log")
    if rows is None:
        texts = dict.fromkeys(("visit_no", "kind", "outcome", "by", "again"), pl.String)
        numbers = {"visited_id": pl.Int64, "dwelling_id": pl.Int64, "temperature": pl.Float64}
        rows = pl.DataFrame(schema={**texts, **numbers, "visited_at": pl.Datetime})
    joined = rows.join(code, on="dwelling_id", how="left", maintain_order="left")
    return joined.select("visited_id", "dwelling_id", "dwelling_code", *_FACTS).sort("visited_at", "visit_no")


def released_on(visited: pl.DataFrame) -> dict[int, list[date]]:
    """Return on which days a visit released whom."""
    made = visited.filter((pl.col("kind") == "解除隔离") & (pl.col("outcome") == "made"))
    found: dict[int, list[date]] = {}
    for person, at in made.drop_nulls("visited_id").select("visited_id", "visited_at").iter_rows():
        found.setdefault(person, []).append(at.date())
    return found


def homes(residents: pl.DataFrame, visited: pl.DataFrame, dead: Collection[int]) -> pl.DataFrame:
    """Return where everybody lives once the visits have had their say, in the columns of `residents`.

    Whoever was met lives there; whoever was said to have moved doesn't live at that door any more. Of a visit that has
    no document somebody may not be able to tell whom it was made to: where it matters nothing is sure.
    """
    at = {row["person_id"]: row for row in residents.iter_rows(named=True)}
    told = visited.filter((pl.col("outcome") != "attempt") & ~pl.col("visited_id").is_in(list(dead)))
    for person, door, outcome, by in told.select("visited_id", "dwelling_id", "outcome", "by").iter_rows():
        now = at.get(person)
        if outcome == "moved":
            if now is not None and now["dwelling_id"] == door:
                del at[person]
        else:
            sure = now is not None and now["clean"] and (by == "document" or now["dwelling_id"] == door)
            at[person] = {"person_id": person, "dwelling_id": door, "basis": "visit_log", "clean": sure}
    return pl.DataFrame(
        [{name: row[name] for name in ("person_id", "dwelling_id", "basis", "clean")} for row in at.values()],
        schema={name: residents.schema[name] for name in ("person_id", "dwelling_id", "basis", "clean")},
    ).sort("person_id")
