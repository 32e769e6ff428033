"""The entries (入境人员) as the port's API serves them: JSON with revisions, in the order they were recorded."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from sample.addresses import FORMS, draw_forms, plain_forms, written
from sample.arrivals import HOME_COURSES, Arrival, Event
from sample.dirt import masked, mistyped
from sample.documents import wrong_check
from sample.names import given_part, spaced_pinyin
from sample.people import Streams
from sample.rows import Rows

_SHANGHAI = timezone(timedelta(hours=8))
_OUTSIDE = [
    "上海市徐汇区天钥桥路{}弄{}号{}室",
    "上海市浦东新区川沙新镇新德路{}弄{}号{}室",
    "江苏省苏州市姑苏区平江路{}弄{}号{}室",
]
_NOWHERE = ["上海市浦东新区", "浦东某酒店", "海棠花路{}弄{}号{}室", ""]


# What an entry says of who it is about, by the names that the truth has for it.
_SAID = {
    "full_name": "name_cn",
    "name_latin": "name_latin",
    "number": "document_no",
    "id_number": "id_number",
    "phone": "phone",
    "birth_date": "birth_date",
}


@dataclass(frozen=True)
class _Revision:
    """One version of an entry, with what the truth says about it."""

    entry: dict[str, Any]
    recorded_at: datetime
    person_id: int
    destination: int
    form: str
    level: str
    good_document: bool
    tied: bool
    arrival: int
    fault: str = ""


def write_border(
    streams: Streams, out: Path, dwellings: pl.DataFrame, people: pl.DataFrame, arrivals: list[Arrival]
) -> Rows:
    """Write `border/entries.jsonl` and return its rows, numbered in the order the API serves them."""
    rng = streams.rng(61)
    writer = _Writer(rng, streams.dirt, dwellings, _by_id(people, arrivals), arrivals)
    revisions = [revision for number, arrival in enumerate(arrivals) for revision in writer.revisions(number, arrival)]
    copies = [revisions[i] for i in rng.permutation(len(revisions))[: max(1, len(revisions) // 200)]]
    revisions += [copy for copy in copies if not copy.fault]
    revisions.sort(key=lambda r: (r.recorded_at, str(r.entry["entry_id"]), r.entry["revision"] or 0))
    path = out / "border" / "entries.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(r.entry, ensure_ascii=False) + "\n" for r in revisions), encoding="utf-8")
    return Rows("border_entries", streams.date, path.name, "entry_id", _rows(revisions))


def events(arrivals: Sequence[Arrival], rows: Rows) -> list[Event]:
    """Return the arrivals that were ordered to isolate at home in this street, for the truth."""
    usable = rows.rows.filter((pl.col("fault") == "") & ~pl.col("superseded"))
    good: dict[int, bool] = {}
    origin: dict[int, str | None] = {}
    tied: dict[int, bool] = {}
    facts = usable.select("arrival", "good_document", "tied", "form", "origin_code")
    for number, document, ties, form, country in facts.iter_rows():
        good[number] = good.get(number, True) and document and form == "plain"
        tied[number] = ties
        origin[number] = country
    found = []
    for number, a in enumerate(arrivals):
        if a.broken or a.course in ("central", "transferred_out", "outside_street"):
            continue
        closed = a.closed_at.date() if a.closed_at and a.course in ("home_to_central", "moved_outside") else None
        destination = -1 if a.course in ("unplaced", "moved_outside") else a.destination
        found.append(
            Event(
                a.person_id,
                a.day,
                True,
                True,
                destination,
                "orange",
                "border",
                origin[number],
                a.country.name if origin[number] else None,
                closed,
                good[number],
                tied[number],
            )
        )
    return found


def _by_id(people: pl.DataFrame, arrivals: list[Arrival]) -> dict[int, dict[str, Any]]:
    wanted = people.filter(pl.col("person_id").is_in([a.person_id for a in arrivals]))
    return {row["person_id"]: row for row in wanted.iter_rows(named=True)}


def _rows(revisions: list[_Revision]) -> pl.DataFrame:
    newest: dict[str, tuple[int, int]] = {}
    for position, r in enumerate(revisions):
        if not r.fault:
            key = r.entry["entry_id"]
            newest[key] = max(newest.get(key, (0, -1)), (r.entry["revision"] or 1, position))
    return pl.DataFrame(
        {
            "entry_id": [r.entry["entry_id"] or "" for r in revisions],
            "revision": [r.entry["revision"] for r in revisions],
            "person_id": [r.person_id for r in revisions],
            "dwelling_id": [r.destination for r in revisions],
            "form": [r.form for r in revisions],
            "level": [r.level for r in revisions],
            "arrival": [r.arrival for r in revisions],
            "tied": [r.tied for r in revisions],
            "origin_code": [r.entry["departed_country"] for r in revisions],
            **{said: [r.entry[name] for r in revisions] for said, name in _SAID.items()},
            "good_document": [r.good_document for r in revisions],
            "fault": [r.fault for r in revisions],
            "superseded": [not r.fault and newest[r.entry["entry_id"]][1] != i for i, r in enumerate(revisions)],
        }
    )


class _Writer:
    """Writes the revisions of arrivals; keeps the generator and the persons they draw on."""

    def __init__(
        self,
        rng: np.random.Generator,
        dirt: float,
        dwellings: pl.DataFrame,
        people: dict[int, dict[str, Any]],
        arrivals: Sequence[Arrival],
    ) -> None:
        self._rng, self._dirt = rng, dirt
        at = np.array([max(arrival.destination, 0) for arrival in arrivals])
        at_home = np.array([arrival.course in HOME_COURSES for arrival in arrivals])
        forms = draw_forms(rng, dwellings, at, dirt, unusual=0.14)
        nowhere = np.array([FORMS[form].level in ("outside", "unparsed") for form in forms])
        # Where somebody is outside the street or can't be placed is the arrival's course, not an accident of writing.
        forms = np.where(nowhere | ~at_home, plain_forms(dwellings, at), forms)
        self._forms, self._texts = forms, written(rng, dwellings, at, forms)
        self._people = people
        self._number = 0

    def revisions(self, number: int, arrival: Arrival) -> list[_Revision]:
        """Return what the port recorded about this arrival, oldest first."""
        self._number = number
        form, text = self._destination(arrival)
        person = self._people[arrival.person_id]
        entry, good = self._entry(f"PVG{arrival.entered_at:%Y%m%d}{number + 10_000}", person, arrival)
        entry["destination_address"] = text
        entry["disposition"] = self._first_disposition(arrival)
        if arrival.course == "time_moved":
            moved = arrival.entered_at - timedelta(days=1)
            first = self._revision(entry | {"entered_at": _iso(moved)}, arrival, form, good)
        elif arrival.course == "destination_corrected":
            other, text = ("no_room", text.split("号")[0] + "号") if "号" in text else ("empty", "")
            first = self._revision(entry | {"destination_address": text}, arrival, other, good)
        else:
            first = self._revision(entry, arrival, form, good)
        if arrival.broken:
            return [self._broken(first, arrival.broken)]
        return [first, *self._later(entry, arrival, form, good)]

    def _later(self, entry: dict[str, Any], arrival: Arrival, form: str, good: bool) -> list[_Revision]:
        at = arrival.closed_at
        if at is None:
            # Now and then a second version whose time is spoilt: the first one stays in force.
            if self._rng.random() < 0.002:
                spoilt = self._revision(entry | {"revision": 2, "entered_at": "2020-03-"}, arrival, form, good)
                return [replace(spoilt, fault="unreadable_time", good_document=False)]
            return []
        changed = entry | {"revision": 2}
        if arrival.course == "registered_again":
            changed = entry | {"entry_id": str(entry["entry_id"]).replace("PVG", "SHA")}
        elif arrival.course == "home_to_central":
            changed["disposition"] = "central_isolation"
        elif arrival.course == "central_to_home":
            changed["disposition"] = "home_isolation"
        elif arrival.course == "moved_outside":
            changed["destination_address"], form = self._fill(_OUTSIDE), "other_street"
        later = self._revision(changed, arrival, form, good)
        return [replace(later, recorded_at=at, entry=later.entry | {"recorded_at": _iso(at)})]

    def _revision(self, entry: dict[str, Any], arrival: Arrival, form: str, good: bool) -> _Revision:
        entry = entry | {"recorded_at": _iso(arrival.recorded_at)}
        destination = -1 if form in ("other_street", "nowhere") else arrival.destination
        level = {"nowhere": "unparsed"}.get(form) or FORMS[form].level
        tied = self._ties(entry, self._people[arrival.person_id])
        return _Revision(
            entry, arrival.recorded_at, arrival.person_id, destination, form, level, good, tied, self._number
        )

    def _ties(self, entry: dict[str, Any], person: dict[str, Any]) -> bool:
        """Tell whether the entry carries the very document other feeds have of this person."""
        if person["doc_type"] == "10":
            return bool(entry["id_number"] == person["resident_id"])
        return person["doc_type"] in ("30", "40") and entry["document_type"] in ("H", "T")

    def _broken(self, revision: _Revision, fault: str) -> _Revision:
        entry = dict(revision.entry)
        if fault == "missing_key":
            entry["entry_id"] = None
        elif fault == "no_name_no_document":
            entry |= {"name_latin": "", "name_cn": None, "document_no": "无", "id_number": None}
        else:
            wrong = {
                "unreadable_time": "2020-13-45T25:61:00+08:00",
                "missing_time": "",
                "future_time": "2020-12-24T08:00:00+08:00",
            }
            entry["entered_at"] = wrong[fault]
        return replace(revision, entry=entry, good_document=False, fault=fault)

    def _first_disposition(self, arrival: Arrival) -> str:
        if arrival.course in ("central", "central_to_home"):
            return "central_isolation"
        return "transferred_out" if arrival.course == "transferred_out" else "home_isolation"

    def _destination(self, arrival: Arrival) -> tuple[str, str]:
        """Return the form and the text of the destination."""
        if arrival.course == "outside_street":
            return "other_street", self._fill(_OUTSIDE)
        if arrival.course == "unplaced":
            return "nowhere", self._fill(_NOWHERE)
        return str(self._forms[self._number]), str(self._texts[self._number])

    def _fill(self, texts: list[str]) -> str:
        numbers = self._rng.integers(1, 90, 3).tolist()
        return str(texts[int(self._rng.integers(0, len(texts)))]).format(
            numbers[0] + 100, numbers[1], numbers[2] % 6 * 100 + 101
        )

    def _entry(self, entry_id: str, person: dict[str, Any], arrival: Arrival) -> tuple[dict[str, Any], bool]:
        """Return the entry but for destination and disposition, and whether it carries a document that identifies."""
        draw = self._rng.random(8)
        chinese = person["nationality"] == "CHN"
        resident_id = person["resident_id"] if chinese and draw[0] < 0.85 else None
        kind, number = person["crossing_type"], person["crossing_no"]
        nationality = person["nationality"]
        if chinese and draw[1] < 0.01:
            kind, number, resident_id = "I", person["resident_id"], person["resident_id"]
        if resident_id and kind != "I" and draw[2] < 0.01:
            resident_id = wrong_check(resident_id)
        elif resident_id and kind != "I" and draw[2] < 0.01 + 0.015 * self._dirt:
            resident_id = masked(resident_id)
        good = True
        if kind == "P" and draw[3] < 0.004:
            nationality, good = None, resident_id == person["resident_id"]
        country = None if draw[4] < 0.001 else arrival.country.code
        phone = person["phone"]
        characters = person["full_name"] if person["has_characters"] and draw[5] < 0.94 else None
        if characters and self._rng.random() < 0.008 * self._dirt:
            characters = mistyped(self._rng, characters)
        entry = {
            "entry_id": entry_id,
            "revision": 1,
            "document_type": kind,
            "document_no": number.lower() if draw[6] < 0.01 else number,
            "nationality": nationality,
            "name_latin": self._latin(person),
            "name_cn": characters,
            "sex": "M" if person["sex"] == 1 else "F",
            "birth_date": person["birth_date"].isoformat(),
            "flight_no": arrival.country.flights[int(self._rng.integers(0, len(arrival.country.flights)))],
            "departed_country": country,
            "entry_port": self._port(),
            "entered_at": self._offset(arrival.entered_at),
            "destination_address": "",
            "phone": f"+86 {phone}" if draw[7] < 0.05 and phone else phone or None,
            "id_number": resident_id,
            "disposition": "",
            "recorded_at": "",
        }
        return entry, good

    def _port(self) -> str:
        ports = ["上海浦东国际机场", "上海虹桥国际机场", "北京首都国际机场", "广州白云国际机场", "深圳湾口岸"]
        return ports[int(self._rng.choice(5, p=[0.9, 0.03, 0.03, 0.03, 0.01]))]

    def _latin(self, person: dict[str, Any]) -> str:
        family, given = person["family_latin"], person["given_latin"]
        if family == "lyu":
            family = ["lyu", "lv", "lu"][int(self._rng.integers(0, 3))]
        form = self._rng.random()
        if person["nationality"] == "CHN" and "·" not in person["full_name"] and self._rng.random() < 0.06:
            given = spaced_pinyin(given_part(person["full_name"]))
        if form < 0.7:
            return f"{family}<<{given.replace(' ', '<')}".upper()
        return f"{family} {given}".title() if form < 0.85 else f"{given} {family}".upper()

    def _offset(self, local: datetime) -> str:
        """Return the time with an offset: mostly Shanghai's, at times UTC or the time where the flight began."""
        at = local.replace(tzinfo=_SHANGHAI)
        draw = self._rng.random()
        if draw < 0.05:
            return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return at.astimezone(timezone(timedelta(hours=9))).isoformat() if draw < 0.07 else at.isoformat()


def _iso(local: datetime) -> str:
    return local.replace(tzinfo=_SHANGHAI).isoformat()
