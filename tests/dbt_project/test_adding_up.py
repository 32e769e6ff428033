"""Who isolates on a day is who did the day before, with who came and without who left: three mornings told by hand."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from expectations.marts import check
from linkage.run import link
from reports import daily, figures
from reports.figures import Balance
from sources.contract import all_contracts
from street import batch, dbt, publish
from street.settings import as_of_at

from .conftest import AS_OF, ENTRY, land

if TYPE_CHECKING:
    import psycopg

DAYS = [AS_OF + dt.timedelta(days=n) for n in range(3)]
NAMES = ("AI XUE", "BAI MEI", "CAO LAN", "DENG JU", "FANG ZHU", "GAO SONG", "HE LIAN", "JIA TAO")


def entered(who: int, day: int, **more: str) -> dict[str, str]:
    """The entry of a traveller who arrived on this day of March and isolates at home."""
    times = {"entered_at": f"2020-03-{day}T10:00:00+08:00", "recorded_at": f"2020-03-{day}T12:00:00+08:00"}
    whose = {"document_no": f"E1000000{who}", "name_latin": NAMES[who], "birth_date": f"19{60 + 5 * who}-0{who + 1}-11"}
    return ENTRY | {"entry_id": f"H{who}"} | whose | times | more


def run(conn: psycopg.Connection, as_of: dt.date) -> figures.Figures:
    conn.commit()
    version = publish.start_version(conn, as_of, as_of_at(as_of))
    dbt.build(dbt.STAGING, as_of, as_of_at(as_of), version)
    link(as_of, all_contracts())
    dbt.build(dbt.MARTS, as_of, as_of_at(as_of), version)
    check(version)
    publish.publish(conn, version)
    return figures.read(conn, as_of)


def test_two_following_reports_add_up_by_hand_line_by_line(street_in_raw: psycopg.Connection) -> None:
    conn = street_in_raw
    # Two of the small street isolate from 20 March to 3 April, whatever happens here.
    land(conn, "border_entries", [entered(0, 14), entered(1, 15), entered(2, 25)])
    wrong = land(conn, "border_entries", [entered(3, 26)])
    run(conn, DAYS[0])  # 27 March: the two, 0, 1, 2 and 3

    land(conn, "border_entries", [
        entered(4, 28), entered(5, 28),
        entered(6, 24),  # late: four days on the way
        entered(2, 25, revision="2", disposition="central_isolation", recorded_at="2020-03-28T16:00:00+08:00"),
    ], on=DAYS[1])  # fmt: skip
    second = run(conn, DAYS[1])  # 28 March: 0 was released, 2 transferred

    batch.withdraw(conn, wrong, "值班员", "送来的是邻街的名单")
    land(conn, "border_entries", [entered(7, 29)], on=DAYS[2])
    third = run(conn, DAYS[2])  # 29 March: 1 was released, 3 never came

    of_28 = Balance(DAYS[0], before=6, started=2, released=1, transferred=1, corrected=1, isolating=7)
    of_29 = Balance(DAYS[1], before=7, started=1, released=1, transferred=0, corrected=-1, isolating=6)
    of_30 = Balance(DAYS[2], before=6, started=0, released=0, transferred=0, corrected=0, isolating=6)
    assert second.balance[1] == of_28
    assert third.balance == [of_30, of_29, of_28]
    assert third.isolating_total == of_30.isolating
    told = daily.text(third)
    assert "3月28日：上一日 6，加新增 2，减解除 1，减转出 1，更正 +1，在居家隔离 7\n" in told
    assert "3月29日：上一日 7，加新增 1，减解除 1，减转出 0，更正 -1，在居家隔离 6\n" in told
