"""The board in a real Chromium: three clicks to a home, the keyboard, the phone without a network, nothing refused by
its own policy, nothing that axe-core calls serious."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, Playwright, expect, sync_playwright

from tests.board.conftest import OURS, Server, chromium

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.skipif(chromium() is None, reason="no Chromium: set STREET_CHROMIUM, or install chromium")

DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    options = ["--no-sandbox"] if os.getuid() == 0 else []  # Chromium's sandbox refuses root
    started = playwright.chromium.launch(executable_path=chromium(), args=options)
    yield started
    started.close()


@pytest.fixture
def seat(browser: Browser, server: Server) -> Iterator[Callable[..., Page]]:
    """Gives a page of somebody who has logged in; whatever the policy refuses fails the test."""
    opened: list[BrowserContext] = []
    complaints: list[str] = []

    def sit(account: str, viewport: dict[str, int] = DESK) -> Page:
        context = browser.new_context(viewport=viewport, base_url=server.url, locale="zh-CN")  # type: ignore[arg-type]
        opened.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto("/login")
        page.get_by_label("账户").fill(account)
        page.get_by_label("口令").fill(server.passwords[account])
        page.get_by_role("button", name="登录").click()
        expect(page.get_by_role("button", name="退出")).to_be_visible()
        return page

    yield sit
    for context in opened:
        context.close()
    assert complaints == []


def axe(page: Page) -> list[str]:
    """Return what axe-core calls serious or critical on the page as it is."""
    # Playwright evaluates outside the page's policy, which lets no foreign script in.
    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found if each["impact"] in ("serious", "critical")
    ]


def test_from_the_map_to_a_home_in_three_clicks(seat: Callable[..., Page]) -> None:
    page = seat("street")
    assert axe(page) == []
    page.locator("svg.map a[aria-label^='银泰小区']").click()
    expect(page.get_by_role("heading", name="银泰小区")).to_be_visible()
    assert axe(page) == []
    page.locator(".tiles a", has=page.locator(".no", has_text="30")).click()
    expect(page.get_by_role("heading", name="银泰小区30号")).to_be_visible()
    assert axe(page) == []
    page.locator("svg.elevation a").first.click()
    expect(page.get_by_role("heading", name="房屋")).to_be_visible()
    assert page.title() == "一房一图 · 街道治理看板"
    assert axe(page) == []


@pytest.mark.parametrize("address", ["/?wall=1", "/?layer=living_alone_elderly", f"/committee/{OURS}", "/today", "/me",
                                     "/about", "/health", "/nowhere"])  # fmt: skip
def test_nothing_serious_on_any_page_at_the_desk_or_on_the_phone(seat: Callable[..., Page], address: str) -> None:
    page = seat("ours")
    for viewport in (DESK, PHONE):
        page.set_viewport_size(viewport)  # type: ignore[arg-type]
        page.goto(address)
        assert axe(page) == []
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{address} is wider than {viewport['width']}"


def test_the_login_and_the_auditor_s_page_have_nothing_serious(seat: Callable[..., Page]) -> None:
    page = seat("audit")
    expect(page.get_by_role("heading", name="查阅记录")).to_be_visible()
    assert axe(page) == []
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("button", name="登录")).to_be_visible()
    assert axe(page) == []


def test_the_keyboard_alone_reaches_a_home(seat: Callable[..., Page]) -> None:
    page = seat("ours")

    def press_until(inside: str) -> None:
        for _ in range(200):
            page.keyboard.press("Tab")
            if page.evaluate("(inside) => document.activeElement.matches(inside)", inside):
                page.keyboard.press("Enter")
                return
        raise AssertionError(f"Tab never reaches {inside}")

    press_until("svg.map a")
    page.wait_for_url("**/compound/*")
    press_until(".tiles a")
    page.wait_for_url("**/building/*")
    press_until("svg.elevation a")
    page.wait_for_url("**/dwelling/*")


def _until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 25
    while not done():
        assert time.monotonic() < deadline, "it doesn't happen"
        time.sleep(0.1)


@pytest.fixture
def inbox(server: Server) -> Iterator[Callable[[], int]]:
    server.do("delete from ops.visit_inbox")
    yield lambda: int(server.rows("select count(*) as n from ops.visit_inbox")[0]["n"])
    server.do("delete from ops.visit_inbox")


def test_visits_recorded_without_a_network_arrive_once(
    server: Server, seat: Callable[..., Page], inbox: Callable[[], int]
) -> None:
    page = seat("ours", PHONE)
    page.goto("/today")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.goto("/today")  # now through the worker, which keeps it
    page.context.set_offline(True)
    page.reload()
    expect(page.get_by_role("heading", name="今日上门")).to_be_visible()
    for count in range(1, 4):
        form = page.locator("form.visit").first
        if form.locator("[name=temperature]").count():
            form.locator("[name=temperature]").fill("36.6")
        form.locator("button").first.dblclick()
        expect(page.locator("#queue")).to_contain_text(f"待上传 {count}")  # only then the form has gone
    assert inbox() == 0
    page.reload()  # the phone is put away and taken out again
    expect(page.locator("#queue")).to_contain_text("待上传 3")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="退出").click()  # refused while visits wait
    expect(page.get_by_role("heading", name="今日上门")).to_be_visible()
    # The network is back and the server dies as the visits reach it.
    server.kill()
    page.context.set_offline(False)
    time.sleep(1)
    expect(page.locator("#queue")).to_contain_text("待上传 3")
    server.start()
    _until(lambda: inbox() == 3)
    expect(page.locator("#queue")).to_be_hidden(timeout=20_000)
    page.reload()
    expect(page.locator("#queue")).to_be_hidden()
    assert inbox() == 3
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("button", name="登录")).to_be_visible()
    kept = page.evaluate("caches.keys().then(async names => (await Promise.all(names.map(async name =>"
                         " (await (await caches.open(name)).keys()).map(key => key.url)))).flat())")  # fmt: skip
    assert not [address for address in kept if "/today" in address]


def test_a_visit_waits_while_the_session_is_ended_and_never_goes_under_another_account(
    server: Server, seat: Callable[..., Page], inbox: Callable[[], int]
) -> None:
    page = seat("ours", PHONE)
    page.goto("/today")
    server.do("update ops.board_session set ended_at = now() where ended_at is null")
    page.locator("form.visit button").first.click()
    expect(page.locator("#queue")).to_contain_text("待上传 1")
    expect(page.locator("#queue")).to_contain_text("重新登录")
    page.goto("/login?next=/today")
    page.get_by_label("账户").fill("street")
    page.get_by_label("口令").fill(server.passwords["street"])
    page.get_by_role("button", name="登录").click()
    expect(page.locator("#queue")).to_contain_text("属于其他账户")
    assert inbox() == 0
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_label("账户")).to_be_visible()
    page.goto("/login?next=/today")
    page.get_by_label("账户").fill("ours")
    page.get_by_label("口令").fill(server.passwords["ours"])
    page.get_by_role("button", name="登录").click()
    _until(lambda: inbox() == 1)


def test_pictures_for_the_documentation(seat: Callable[..., Page], server: Server, tmp_path: Path) -> None:
    """Taken into the folder BOARD_PICTURES, docs/images, else into one that goes."""
    folder = os.environ.get("BOARD_PICTURES", str(tmp_path))
    building = server.rows("select building_key from marts.building_overview order by isolating desc, residents desc")[
        0
    ]
    page = seat("street")
    for name, address in {
        "board-map": "/", "board-wall": "/?wall=1", "board-building": f"/building/{building['building_key']}",
    }.items():  # fmt: skip
        page.goto(address)
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
    phone = seat("ours", PHONE)
    phone.goto("/today")
    phone.screenshot(path=f"{folder}/board-today.png")
