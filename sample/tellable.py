"""What the fields as sent could tell of who is who, whatever links them: by brute force over the truth.

Two records of one person can be told to be one's when they agree in name and in something else that they say (number,
part of a number, birth date, phone, door, building), and nobody else's records show all of that to either of them. What
a clerk may have made of a name (sample.dirt) counts as the name. Whoever is told by a third record is told.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import polars as pl

from sample.dirt import could_be_mistyped
from sample.documents import check_character
from sample.names import simplified

RECORD = ["feed", "business_date", "file", "row_no"]
_EVIDENCE = ("number", "travel_number", "mask", "birth_date", "phone", "door", "building")
_BITS = {kind: 1 << place for place, kind in enumerate(_EVIDENCE)}
_MARK = "?"


def tellable(truth: Path) -> pl.DataFrame:
    """Return the records in force about persons: RECORD, `true_person_id`, `told`, `number`, `travel_number`, `dirt`.

    Records of one person and one `told` can be told to be one person's. The numbers are a resident ID and a travel
    document, null unless valid. `dirt` lists what is wrong with a record's identity and place, nothing for a clean one.
    """
    persons = pl.read_parquet(truth / "persons.parquet")
    records = (
        pl.read_parquet(truth / "records.parquet")
        .filter(~pl.col("is_quarantined"), ~pl.col("is_superseded"), pl.col("true_person_id").is_not_null())
        .join(persons.select("true_person_id", "full_name", "family_latin", "given_latin", "resident_id", "phone",
                             "nationality"), on="true_person_id")
        .with_row_index("index")
    )  # fmt: skip
    said = _read(records)
    pairs = _alike(said, _sharing(said))
    told = _components(said.height, _told(said, pairs))
    return records.select(
        *RECORD,
        "true_person_id",
        told=pl.Series(told),
        number=said["number"],
        travel_number=said["travel_number"],
        dirt=pl.Series([list(_dirt(record)) for record in said.iter_rows(named=True)], dtype=pl.List(pl.String)),
    )


def _read(records: pl.DataFrame) -> pl.DataFrame:
    """Return what each record says, read as a person reads it."""
    numbers = [
        _numbers(*given) for given in records.select("said_number", "said_second_number").iter_rows()
    ]  # fmt: skip
    whole = pl.Series([number for number, _, _ in numbers], dtype=pl.String)
    certain = pl.col("expected_level") == "dwelling"
    names = [_name(name) for name in records["said_name"]]
    latin = [
        _letters(said or (name if name and name.isascii() else None))
        for said, name in zip(records["said_name_latin"], names, strict=True)
    ]
    return records.with_columns(
        number=whole,
        travel_number=pl.Series([travel for _, travel, _ in numbers], dtype=pl.String),
        masked=pl.Series([mask for _, _, mask in numbers], dtype=pl.String),
        name=pl.Series([None if name and name.isascii() else name for name in names], dtype=pl.String),
        latin=pl.Series(latin, dtype=pl.List(pl.String)),
        # A title behind a surname says nothing of the letters of the name.
        true_latin=pl.Series(
            [
                _letters(f"{family} {given}")
                if name and _is_one_in_characters(*sorted((name, _name(full) or "")))
                else None
                for name, full, family, given in zip(
                    names, *records.select("full_name", "family_latin", "given_latin"), strict=True
                )
            ],
            dtype=pl.List(pl.String),
        ),
        family=pl.col("family_latin").str.replace("lyu|lv", "lu"),
        phone_true="phone",
        phone=pl.Series([_phone(phone) for phone in records["said_phone"]], dtype=pl.String),
        birth_date=pl.coalesce(
            whole.str.slice(6, 8), pl.Series([_day(day) for day in records["said_birth_date"]], dtype=pl.String)
        ),
        door=pl.when(certain).then("true_dwelling_code"),
        building=pl.when(pl.col("expected_level").is_in(["dwelling", "building"])).then(
            pl.col("true_building_id").cast(pl.String)
        ),
    ).with_columns(mask=pl.coalesce("masked", pl.col("number")).pipe(_ends))


def _ends(number: pl.Expr) -> pl.Expr:
    """Return the three digits before and the four behind that every mask leaves."""
    return number.str.head(3) + number.str.tail(4)


def _numbers(*written: str | None) -> tuple[str | None, str | None, str | None]:
    """Return the resident ID, travel document and masked ID among what is written."""
    whole = travel = mask = None
    for text in written:
        number = re.sub(r"[^0-9A-Z*:]", "", unicodedata.normalize("NFKC", text or "").upper())
        if re.fullmatch(r"\d{3}(\d{3})?\*{8,11}\d{3}[\dX]", number):
            mask = number
        elif found := re.match(r"\d{17}[\dX]", number):
            whole = found.group() if check_character(found.group()) == found.group()[17] else whole
        elif re.fullmatch(r"\d{15}", number):
            first = f"{number[:6]}19{number[6:]}"
            whole = first + check_character(first)
        elif re.fullmatch(r"[A-Z0-9]{7,12}", number) and sum(map(str.isdigit, number)) >= 7:
            travel = re.sub(r"^([HM]\d{8})\d\d$", r"\1", number)
    return whole, travel, mask


def _name(text: str | None) -> str | None:
    """Return a name without what stands around it, simplified, `?` for what couldn't be written."""
    bare = re.sub(r"[\s\u200b=]", "", unicodedata.normalize("NFKC", text or ""))
    if bare.isascii():
        return " ".join((text or "").upper().split()) or None
    return re.sub(r"[?●、*_-]", _MARK, simplified(bare)).replace("·", "")


def _letters(text: str | None) -> list[str] | None:
    """Return a name's letters, begun at each of its words."""
    words = re.sub("LYU|LV", "LU", (text or "").upper())
    parts = re.findall("[A-Z]+", words)
    return sorted({"".join(parts[i:] + parts[:i]) for i in range(len(parts))}) or None


def _phone(text: str | None) -> str | None:
    written = re.sub(r"\.0$|\s", "", text or "")
    if spelled := re.fullmatch(r"(1)\.(\d{10})E\+10", written):
        written = "".join(spelled.groups())
    digits = re.sub(r"^86", "", re.sub(r"\D", "", written))
    return digits if re.fullmatch(r"1\d{10}", digits) and "e" not in written else None


def _day(text: str | None) -> str | None:
    written = re.sub("-", "", text or "")
    if re.fullmatch(r"\d{5}", written):
        return (date(1899, 12, 30) + timedelta(days=int(written))).strftime("%Y%m%d")
    return written if re.fullmatch(r"(19|20)\d\d(0[1-9]|1[0-2])([0-2][1-9]|[123]0|31)", written) else None


def _sharing(said: pl.DataFrame) -> pl.DataFrame:
    """Return (one, other, evidence): records of one family name that say the same of something, `evidence` as _BITS."""
    parts = []
    for kind, bit in _BITS.items():
        values = said.select("index", "family", value=kind).drop_nulls("value")
        parts.append(
            values.join(values, on=["family", "value"])
            .filter(pl.col("index") < pl.col("index_right"))
            .select(one="index", other="index_right", evidence=pl.lit(bit, dtype=pl.Int64))
        )
    return pl.concat(parts).group_by("one", "other").agg(pl.col("evidence").bitwise_or())


def _alike(said: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs with `same` (one person's) whose names could be one name; one number is one person's by any
    name.
    """
    facts = said.select("index", "true_person_id", "name", "latin", "true_latin", "number", "masked", "birth_date")
    joined = pairs.join(facts.rename({"index": "one"}), on="one").join(
        facts.rename({"index": "other"}), on="other", suffix="_other"
    )
    fits = pl.Series(
        [
            _is_one_name(*given)
            for given in joined.select(
                "name", "latin", "true_latin", "name_other", "latin_other", "true_latin_other"
            ).iter_rows()
        ],
        dtype=pl.Boolean,
    )
    same = pl.col("true_person_id") == pl.col("true_person_id_other")
    numbered = (pl.col("evidence") & _BITS["number"]) > 0
    return joined.with_columns(same=same).filter(fits | (pl.col("same") & numbered))


def _is_one_name(  # noqa: PLR0913, PLR0917 - a name of two records, each as characters and as letters
    name: str | None,
    latin: list[str] | None,
    true_latin: list[str] | None,
    other: str | None,
    other_latin: list[str] | None,
    other_true_latin: list[str] | None,
) -> bool:
    if name and other and _is_one_in_characters(*sorted((name, other))):
        return True
    ours, theirs = latin or (true_latin if other_latin else None), other_latin or (other_true_latin if latin else None)
    return not set(ours or ()).isdisjoint(theirs or ())


@cache
def _is_one_in_characters(one: str, other: str) -> bool:
    if one == other or could_be_mistyped(one, other):
        return True
    if _MARK not in one + other:
        return False
    pattern = re.escape(one if _MARK in one else other).replace(r"\?", ".{0,2}")
    return re.fullmatch(pattern, other if _MARK in one else one) is not None


def _told(said: pl.DataFrame, pairs: pl.DataFrame) -> Iterable[tuple[int, int]]:
    """Return the pairs of one person whose evidence nobody else shows to either of the two."""
    strangers = pairs.filter(~pl.col("same"))
    both = pl.concat(
        [
            strangers.select("one", "evidence", rival="true_person_id_other"),
            strangers.select("evidence", one="other", rival="true_person_id"),
        ],
        how="diagonal",
    )
    shown = both.group_by("one", "rival").agg(pl.col("evidence").bitwise_or())
    shown = shown.join(_contradicted(said, shown), on=["one", "rival"], how="anti")
    mine = pairs.filter("same").select("one", "other", "evidence")
    rivals = shown.rename({"evidence": "shown"})
    taken = pl.concat(
        mine.join(rivals, left_on=side, right_on="one").filter(
            (pl.col("shown") & pl.col("evidence")) == pl.col("evidence")
        ).select("one", "other")
        for side in ("one", "other")
    )  # fmt: skip
    return mine.join(taken, on=["one", "other"], how="anti").select("one", "other").iter_rows()


def _contradicted(said: pl.DataFrame, shown: pl.DataFrame) -> pl.DataFrame:
    """Return (one, rival) where the record says what that person can't be: another number, or another birth date."""
    known = said.group_by("true_person_id").agg(
        whole=pl.col("number").drop_nulls().first(), born=pl.col("birth_date").drop_nulls().unique()
    )
    facts = shown.join(said.select("index", "number", "masked", "birth_date"), left_on="one", right_on="index").join(
        known, left_on="rival", right_on="true_person_id"
    )
    head = pl.col("masked").str.extract(r"^(\d+)")
    masked_out = (_ends(pl.col("masked")) != _ends(pl.col("whole"))) | ~pl.col("whole").str.starts_with(head)
    born = pl.Series(
        [
            bool(day and days) and not any(_could_be_day(day, other) for other in days)
            for day, days in facts.select("birth_date", "born").iter_rows()
        ],
        dtype=pl.Boolean,
    )
    return facts.filter(
        (pl.col("number") != pl.col("whole")).fill_null(value=False) | masked_out.fill_null(value=False) | born
    ).select("one", "rival")


def _could_be_day(one: str, other: str) -> bool:
    """Return whether a birth date (YYYYMMDD) could be the other, mistyped: its parts changed about, or one of them
    wrong.
    """
    if one[:4] == other[:4] and one[4:6] + one[6:] == other[6:] + other[4:6]:
        return True
    return one == other or (one[4:] == other[4:] and abs(int(one[:4]) - int(other[:4])) == 10) or one[6:] == other[6:]


def _components(size: int, edges: Iterable[tuple[int, int]]) -> list[int]:
    """Return the smallest record that each is connected with."""
    parent = list(range(size))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for one, other in edges:
        a, b = sorted((root(one), root(other)))
        parent[b] = a
    return [root(node) for node in range(size)]


def _dirt(record: dict[str, object]) -> Iterator[str]:
    """Yield what is wrong with a record's identity and place."""
    name, true_name = record["name"], _name(str(record["full_name"]))
    if record["masked"] and not record["number"]:
        yield "masked number"
    elif record["number"] and record["number"] != record["resident_id"] and record["nationality"] == "CHN":
        yield "another's number"
    elif not record["number"] and record["resident_id"]:
        yield (
            "travel document only"
            if record["travel_number"]
            else ("no number" if not re.search("[0-9]{6}", str(record["said_number"])) else "mistyped number")
        )
    if isinstance(name, str) and name != true_name:
        yield "marked name" if _MARK in name else "mistyped name"
    elif not name and record["resident_id"]:
        yield "name in letters" if record["latin"] else "no name"
    if record["phone"] != (record["phone_true"] or None):
        yield "strange phone" if record["phone"] else "no phone"
    if record["expected_level"] != "dwelling":
        yield "no door"
