"""Sets what the warehouse built beside what the oracle expects; each difference is a position and a kind, no value."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from .ground import UNSAID, Place
from .lists import NOBODY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .lists import Batch, Record
    from .oracle import Oracle
    from .street import Built

ARRIVAL_FEEDS = ("returnees", "border_entries")


@dataclasses.dataclass(frozen=True)
class Difference:
    """`where`: feed, batch, row, or a count's name; `kinds`: how it was written; `what`: expected and built."""

    where: str
    kinds: tuple[str, ...]
    what: str

    def __str__(self) -> str:
        return f"{self.where} [{' '.join(self.kinds)}] {self.what}"


class Comparison:
    """The checks: each gives its differences, none where the two agree."""

    def __init__(self, oracle: Oracle, built: Built) -> None:
        self.oracle, self.built = oracle, built
        self.batch_id = {id(b): built.ids.get((b.feed, b.on, b.source)) for b in oracle.drawn.batches}
        #: Batches of which another number of rows was read: their rows can't be set beside each other.
        self.misread = {id(b) for b in oracle.drawn.batches if self._received(b) != len(b.records)}
        self.lost = {r.person for b, _, r in oracle.records if id(b) in self.misread or self._is_rejected(b)}
        rows = built.rows(
            "select link.feed, link.batch_id, link.row_no, person_key, person_method, place_level, dwelling_code,"
            " link.dwelling_key is not null as has_door"
            " from build.record_link as link left join build.dim_dwelling using (dwelling_key)"
        )
        self.link = {(r["feed"], r["batch_id"], r["row_no"]): r for r in rows}
        self.keys: dict[int, set[Any]] = defaultdict(set)
        self.persons: dict[Any, set[int]] = defaultdict(set)
        for batch, row_no, record in oracle.in_force:
            link = self._link(batch, row_no)
            if link and record.person != NOBODY and id(batch) not in self.misread:
                self.persons[link["person_key"]].add(record.person)
                if record.identifies or batch.feed == "household_registry":
                    self.keys[record.person].add(link["person_key"])

    def _received(self, batch: Batch) -> int | None:
        row = self.built.of_batch.get(self.batch_id[id(batch)])
        return row["rows_received"] if row else None

    def _is_rejected(self, batch: Batch) -> bool:
        row = self.built.of_batch.get(self.batch_id[id(batch)])
        return row is None or row["status"] not in ("accepted", "repeated")

    def _link(self, batch: Batch, row_no: int) -> dict[str, Any] | None:
        return self.link.get((batch.feed, self.batch_id[id(batch)], row_no))

    def _at(self, batch: Batch, row_no: int, record: Record, what: str) -> Difference:
        source = f"/{batch.source}" if batch.source else ""
        return Difference(f"{batch.feed} {batch.on}{source} row {row_no}", record.kinds, what)

    def _comparable(self) -> Iterable[tuple[Batch, int, Record]]:
        return [
            e
            for e in self.oracle.records
            if id(e[0]) not in self.misread and not e[0].repeats and not self._is_rejected(e[0])
        ]

    def _firm(self, no: int) -> bool:
        return (
            no in self.oracle.firm
            and no not in self.lost
            and len(self.keys[no]) == 1
            and self.persons[next(iter(self.keys[no]))] == {no}
        )

    # -- files and rows -----------------------------------------------------------------------------------------

    def batches(self) -> list[Difference]:
        """received = accepted + quarantined + superseded, each as meant."""
        found = []
        for batch in self.oracle.drawn.batches:
            fates = Counter(record.fate for record in batch.records)
            total = len(batch.records)
            meant = (total, fates["accepted"], fates["quarantined"], fates["superseded"], "accepted")
            if batch.repeats:
                meant = (total, 0, 0, total, "repeated")
            row = self.built.of_batch.get(self.batch_id[id(batch)])
            built = (
                tuple(
                    row[n] for n in ("rows_received", "rows_accepted", "rows_quarantined", "rows_superseded", "status")
                )
                if row
                else None
            )
            if built != meant:
                shape = tuple(sorted(set(batch.shape.values())))
                found.append(
                    Difference(f"{batch.feed} {batch.on} {batch.source}", shape, f"expected {meant} built {built}")
                )
        return found

    def fates(self) -> list[Difference]:
        """Each row is accepted, quarantined or superseded as meant."""
        out: dict[tuple[str, int | None, int], str] = {}
        for feed in {b.feed for b in self.oracle.drawn.batches}:
            out |= {
                (feed, r["batch_id"], r["row_no"]): "quarantined"
                for r in self.built.rows(f"select batch_id, row_no from quarantine.{feed}")
            }
        out |= {
            (r["feed"], r["batch_id"], r["row_no"]): "superseded"
            for r in self.built.rows("select feed, batch_id, row_no from ops.superseded_row")
        }
        found = []
        for batch, row_no, record in self._comparable():
            fate = out.get((batch.feed, self.batch_id[id(batch)], row_no), "accepted")
            if fate != record.fate:
                found.append(self._at(batch, row_no, record, f"expected {record.fate} built {fate}"))
        return found

    # -- places -------------------------------------------------------------------------------------------------

    def places(self) -> list[Difference]:
        """Each record's place is as fine as its text makes certain, and no finer."""
        found = []
        for batch, row_no, record in self.oracle.in_force:
            link = self._link(batch, row_no)
            if link is None or record.place == UNSAID or id(batch) in self.misread:
                continue
            built = Place(link["place_level"], frozenset([link["dwelling_code"]] if link["has_door"] else []))
            if not self._agrees(record.place, built):
                wrong = (
                    "A WRONG DOOR"
                    if built.level == "dwelling" and record.place.level == "dwelling"
                    else f"built {built.level}"
                )
                found.append(self._at(batch, row_no, record, f"expected {record.place.level or 'no door'} {wrong}"))
        return found

    @staticmethod
    def _agrees(true: Place, built: Place) -> bool:
        if true.level is None:
            return built.level != "dwelling"
        if true.level == "consistent":
            return built.level != "outside" and (built.level != "dwelling" or built.codes == true.codes)
        return true.level == built.level and (true.level != "dwelling" or true.codes == built.codes)

    # -- persons ------------------------------------------------------------------------------------------------

    def merged(self) -> list[Difference]:
        """Two persons are never one key."""
        found = []
        for batch, row_no, record in self.oracle.in_force:
            link = self._link(batch, row_no)
            if (
                link
                and record.person != NOBODY
                and id(batch) not in self.misread
                and len(self.persons[link["person_key"]]) > 1
            ):
                found.append(
                    self._at(
                        batch,
                        row_no,
                        record,
                        f"one of {len(self.persons[link['person_key']])} persons of a key, by {link['person_method']}",
                    )
                )
        return found

    def split(self) -> list[Difference]:
        """Records with one valid document are one person."""
        found = []
        for batch, row_no, record in self.oracle.in_force:
            link = self._link(batch, row_no)
            if link and record.identifies and id(batch) not in self.misread and batch.feed != "community_roles":
                keys = {
                    other["person_key"]
                    for b, r, x in self.oracle.of_person[record.person]
                    if x.identifies and (other := self._link(b, r)) and id(b) not in self.misread
                }
                if len(keys) > 1:
                    found.append(
                        self._at(
                            batch, row_no, record, f"one of {len(keys)} keys of one person, by {link['person_method']}"
                        )
                    )
        return found

    def linked(self) -> list[Difference]:
        """Every accepted record in force has a link."""
        found = []
        for batch, row_no, record in self.oracle.in_force:
            if (
                record.person == NOBODY
                or id(batch) in self.misread
                or self._is_rejected(batch)
                or batch.feed == "housing_registry"
            ):
                continue
            again = any(
                x is not record and x.person == record.person and b.feed == batch.feed
                for b, _, x in self.oracle.of_person[record.person]
            )
            if self._link(batch, row_no) is None and not (batch.feed == "returnees" and again):
                found.append(self._at(batch, row_no, record, "not in record_link"))
        return found

    def described(self) -> list[Difference]:
        """Everybody is told by name, birth date, phone and mask, whatever list knows them."""
        found = []
        rows = {r["person_key"]: r for r in self.built.rows("select * from build.dim_person")}
        for no, person in self.oracle.people.items():
            if not self._firm(no):
                continue
            row = rows[next(iter(self.keys[no]))]
            origin = tuple(sorted({b.feed for b, _, _ in self.oracle.of_person[no]}))
            wrong = [] if row["full_name"] else ["name"]
            if any(
                b.feed in {"border_entries", "household_registry"} or person.resident_id
                for b, _, _ in self.oracle.of_person[no]
            ):
                wrong += [] if row["birth_date"] == person.born else ["birth_date"]
            wrong += [] if person.document and row["id_masked"] == _masked(person.document[1]) else ["id_masked"]
            if wrong:
                found.append(Difference(f"person {no}", origin, f"wrong: {', '.join(wrong)}"))
        return found

    # -- isolation ----------------------------------------------------------------------------------------------

    def _episodes(self) -> dict[Any, list[dict[str, Any]]]:
        rows = defaultdict(list)
        for row in self.built.rows(
            "select person_key, started_on, release_on, status, colour, dwelling_code, episode.dwelling_key"
            " from build.isolation_episode as episode"
            " left join build.dim_dwelling using (dwelling_key)"
        ):
            rows[row["person_key"]].append(row)
        return rows

    def episodes(self) -> list[Difference]:
        """Who is certain isolates from the right day to the right day, in the right colour, behind the right door."""
        built, found = self._episodes(), []
        recent = self.oracle.day - dt.timedelta(13)
        for no, arrivals in self.oracle.arrivals.items():
            if not self._firm(no) or arrivals.is_open:
                continue
            meant = [e for e in arrivals.episodes if e.release >= recent]
            rows = [r for r in built[next(iter(self.keys[no]))] if r["release_on"] >= recent]
            kinds = tuple(sorted({k for _, _, r in self.oracle.of_person[no] if r.arrival for k in r.kinds}))
            for name, one, other in (
                (
                    "start, release, status",
                    sorted(f"{e.start} {e.release} {e.status}" for e in meant),
                    sorted(f"{r['started_on']} {r['release_on']} {r['status']}" for r in rows),
                ),
                ("colour", sorted(e.colour for e in meant), sorted(r["colour"] for r in rows)),
            ):
                if one != other:
                    found.append(
                        Difference(
                            f"person {no}",
                            kinds,
                            f"{name}: expected {one} built {other}",
                        )
                    )
                    break
            else:
                if not all(
                    any(r["dwelling_code"] in e.doors for r in rows if r["started_on"] == e.start) for e in meant
                ):
                    found.append(
                        Difference(
                            f"person {no}",
                            kinds,
                            f"door: expected {meant[0].place.level}, built {'another' * bool(rows[0]['dwelling_key'])}",
                        )
                    )
        return found

    def drawn(self) -> list[Difference]:
        """A home's colour is no paler than that of anybody who certainly isolates there."""
        found = []
        colours = {
            r["dwelling_code"]: r["isolation_colour"]
            for r in self.built.rows(
                "select dwelling_code, isolation_colour from build.building_view"
                " inner join build.dim_dwelling using (dwelling_key)"
            )
        }
        gravity = ["orange", "yellow", "blue", None]
        for no, arrivals in self.oracle.arrivals.items():
            newest = arrivals.episodes[-1] if arrivals.episodes else None
            if not self._firm(no) or arrivals.is_open or newest is None or newest.status != "isolating":
                continue
            [door, *others] = newest.doors
            if door and not others and gravity.index(colours[door]) > gravity.index(newest.colour):
                found.append(Difference(f"person {no}", (newest.colour,), f"built {colours[door]}"))
        return found

    def arrivals_kept(self) -> list[Difference]:
        """Every accepted arrival that isolates at home is in an episode of its person's, or listed."""
        built, listed, found = self._episodes(), self._listed(), []
        for batch, row_no, record in self.oracle.in_force:
            link = self._link(batch, row_no)
            if not record.arrival or not record.arrival["day"] or id(batch) in self.misread or link is None:
                continue
            day = record.arrival["day"]
            if record.arrival["disposition"] != "home" or not day <= self.oracle.day < day + dt.timedelta(14):
                continue
            known = self.oracle.arrivals[record.person]
            overruling = [
                self._link(other, no)
                for other, no, r in self.oracle.of_person[record.person]
                if r.arrival and r.arrival["day"] == day and r.arrival["disposition"] in ("central", "transfer")
            ]
            # Whoever can't be told for sure is overruled only where the build has tied the two.
            tied = any(each is not None and each["person_key"] == link["person_key"] for each in overruling)
            if tied or (overruling and self._firm(record.person)):
                continue
            inside = any(
                r["started_on"] <= day < r["started_on"] + dt.timedelta(14) or r["started_on"] > day
                for r in built[link["person_key"]]
            )
            if not inside and not listed.get((batch.feed, self.batch_id[id(batch)], row_no)):
                found.append(
                    self._at(batch, row_no, record, f"in no episode and not listed ({len(known.episodes)} expected)")
                )
        return found

    def _listed(self) -> dict[tuple[Any, ...], set[str]]:
        listed = defaultdict(set)
        for row in self.built.rows("select feed, batch_id, row_no, kind, reason from build.unresolved"):
            listed[row["feed"], row["batch_id"], row["row_no"]].add(row["reason"])
        return listed

    def listed(self) -> list[Difference]:
        """Arrivals that can't be used, go elsewhere or have no certain door are listed; what was put right isn't."""
        listed, found = self._listed(), []
        recent = self.oracle.day - dt.timedelta(13)
        episodes = self._episodes()
        outside = {id(r) for a in self.oracle.arrivals.values() for r in (*a.outside, *a.after_central)}
        for batch, row_no, record in self._comparable():
            if batch.feed not in ARRIVAL_FEEDS or record.arrival is None:
                continue
            reasons = listed.get((batch.feed, self.batch_id[id(batch)], row_no), set())
            if record.fate == "quarantined" and record.arrival["day"] is None and batch.on >= recent:
                put_right = record.arrival.get("repaired") or record.arrival.get("corrected")
                if record.arrival.get("corrected") and not self._firm(record.person):
                    continue
                if bool(reasons) == bool(put_right):
                    found.append(
                        self._at(
                            batch,
                            row_no,
                            record,
                            "quarantined: " + ("listed, though put right" if put_right else "not listed"),
                        )
                    )
            elif record.fate == "accepted" and id(record) in outside and not reasons and self._firm(record.person):
                found.append(self._at(batch, row_no, record, "to hand over or to look at, and not listed"))
        for no, arrivals in self.oracle.arrivals.items():
            current = [e for e in arrivals.episodes if e.status == "isolating" and None in e.doors]
            if not current or not self._firm(no):
                continue
            if all(r["dwelling_key"] for r in episodes[next(iter(self.keys[no]))] if r["status"] == "isolating"):
                continue
            entries = [(b, n, r) for b, n, r in self.oracle.of_person[no] if r.arrival]
            if not any(listed.get((b.feed, self.batch_id[id(b)], n)) for b, n, _ in entries):
                found.append(self._at(*entries[-1], f"isolates at {current[-1].place.level}, no door, not listed"))
        return found

    def sums(self) -> list[Difference]:
        """Committees and unplaced are the street; a compound's level follows from who isolates there."""
        found = []
        for figure in (
            "arrivals",
            "arrivals_abroad",
            "isolating",
            "released",
            "residents",
            "living_alone_elderly",
            "unresolved",
        ):
            for row in self.built.rows(
                f"select business_date, sum({figure}) filter (where committee_code <> '310115016') as parts,"
                f" sum({figure}) filter (where committee_code = '310115016') as whole"
                " from build.governance_daily group by business_date"
            ):
                if row["parts"] != row["whole"]:
                    found.append(
                        Difference(
                            f"governance_daily {row['business_date']} {figure}",
                            (),
                            f"expected {row['parts']} built {row['whole']}",
                        )
                    )
        for row in self.built.rows(
            "select compound_key, isolating, isolating_orange + isolating_yellow + isolating_blue as coloured, level,"
            " dwellings, owner_occupied + rented + vacant + unknown_occupancy as states"
            " from build.compound_overview"
        ):
            count = row["isolating"]
            level = (
                "none"
                if count == 0
                else "blue"
                if count < 5
                else "yellow"
                if count < 10
                else "orange"
                if count < 20
                else "red"
            )
            if row["level"] != level or row["coloured"] != count or row["states"] != row["dwellings"]:
                found.append(
                    Difference(
                        f"compound_overview {row['compound_key']}",
                        (),
                        f"level {row['level']} of {count} isolating, {row['coloured']} coloured,"
                        f" {row['states']} states of {row['dwellings']}",
                    )
                )
        return found

    def arrivals_a_day(self) -> list[Difference]:
        """One person's arrivals of one day are one; between the persons and the records where that isn't certain."""
        rows = self.built.rows(
            "select business_date, arrivals from build.governance_daily where committee_code = '310115016'"
        )
        built, found = {r["business_date"]: r["arrivals"] for r in rows}, []
        for back in range(2):
            day = self.oracle.day - dt.timedelta(back)
            here = [
                r
                for b, _, r in self.oracle.in_force
                if r.arrival and r.arrival["day"] == day and id(b) not in self.misread and not self._is_rejected(b)
            ]
            least = len({r.person for r in here})
            most = len({r.person if self._firm(r.person) else id(r) for r in here})
            if (
                day in built
                and not least <= built[day] <= most
                and not any(id(b) in self.misread for b in self.oracle.drawn.batches)
            ):
                found.append(Difference(f"arrivals of {day}", (), f"expected {least} to {most} built {built[day]}"))
        return found

    # -- homes and tags -----------------------------------------------------------------------------------------

    def _known_doors(self) -> tuple[dict[str, set[int]], set[str]]:
        residents, is_open = self.oracle.homes()
        for no in self.lost:
            if no != NOBODY and (home := self.oracle.people[no].home):
                is_open.add(home.code)
        return residents, is_open

    def residents(self) -> list[Difference]:
        """Behind each certain door lives who must, nobody else, nobody twice."""
        meant, is_open = self._known_doors()
        built = defaultdict(list)
        for row in self.built.rows(
            "select person_key, dwelling_code from build.household_view join build.dim_dwelling using (dwelling_key)"
        ):
            built[row["dwelling_code"]].append(row["person_key"])
        found = []
        for door in self.oracle.drawn.ground.doors:
            if door.code in is_open:
                continue
            there = [frozenset(self.persons[key]) for key in built[door.code]]
            expected = [frozenset([no]) for no in meant.get(door.code, ())]
            if Counter(there) != Counter(expected):
                missing, extra = Counter(expected) - Counter(there), Counter(there) - Counter(expected)
                nos = {no for group in (*missing, *extra) for no in group}
                kinds = tuple(
                    sorted(
                        {
                            f"{b.feed}:{k}"
                            for no in nos
                            for b, _, r in self.oracle.of_person[no]
                            for k in r.kinds
                            if "household" in b.feed or r.arrival
                        }
                    )
                )
                found.append(
                    Difference(
                        f"door {door.code}",
                        kinds,
                        f"{len(meant.get(door.code, ()))} expected, {missing.total()} missing, {extra.total()} more;"
                        f" persons {sorted(nos)}",
                    )
                )
        return found

    def occupancy(self) -> list[Difference]:
        """Each home is occupied, rented or vacant as the newest list says."""
        built = {
            r["dwelling_code"]: r["occupancy"]
            for r in self.built.rows(
                "select dwelling_code, occupancy from build.building_view join build.dim_dwelling using (dwelling_key)"
            )
        }
        return [
            Difference(
                f"door {code}", (self.oracle.drawn.ground.kind[code],), f"expected {state} built {built.get(code)}"
            )
            for code, state in self.oracle.occupancy().items()
            if built.get(code) != state
        ]

    def tags(self) -> list[Difference]:
        """Tags of age, of benefits, certificates and roles, and of living alone, of everybody who is certain."""
        built = defaultdict(set)
        for row in self.built.rows("select person_key, tag from build.person_tag"):
            built[row["tag"]].add(row["person_key"])
        meant, is_open = self._known_doors()
        given = (
            "disabled",
            "severe_disability",
            "low_income",
            "meal_service",
            "home_care",
            "party_member",
            "volunteer",
            "building_leader",
        )
        listed = {tag: self.oracle.tagged(tag) for tag in given}
        found = []
        for door, people in meant.items():
            if door in is_open:
                continue
            for no in people:
                if not self._firm(no):
                    continue
                person, key = self.oracle.people[no], next(iter(self.keys[no]))
                expected = {tag: self.oracle.aged(tag, person) for tag in ("elderly", "oldest_old", "infant", "minor")}
                expected["living_alone_elderly"] = len(people) == 1 and expected["elderly"]
                expected |= {tag: no in listed[tag] for tag in given[:5]}
                expected |= {tag: True for tag in given[5:] if no in listed[tag]}
                kinds = tuple(k for b, _, r in self.oracle.of_person[no] for k in r.kinds if "household" in b.feed)
                for tag, holds in expected.items():
                    if (key in built[tag]) != holds:
                        found.append(Difference(f"person {no} {tag}", kinds, f"expected {holds}"))
        return found


def _masked(number: str) -> str:
    if len(number) == 18:
        return f"{number[:6]}********{number[14:]}"
    return (
        number[:2] + "*" * (len(number) - 4) + number[-2:]
        if len(number) >= 10
        else number[0] + "*" * (len(number) - 2) + number[-1]
    )
