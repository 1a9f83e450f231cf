"""The breaker page as a person sees it: in a browser, live, on a desk and on a phone."""

from __future__ import annotations

import json
from pathlib import Path

import browser
import httpx
import processes
import pytest
from conftest import TOKEN, models

PATH = "/ai/circuit-breaker"
LIVE = "document.getElementById('link').dataset.link === 'live'"


def ask(gateway: processes.Server, model: str, stream: bool = False, **headers: str) -> int:
    body = {"model": model, "stream": stream, "messages": [{"role": "user", "content": "Hello"}]}
    return httpx.post(f"{gateway.url}/v1/chat/completions", json=body, headers=headers, timeout=60).status_code


def break_it(gateway: processes.Server, model: str) -> None:
    """Until its breaker opens: five faults, at most two a request."""
    for _ in range(5):
        ask(gateway, model)


def state(deployment: str) -> str:
    return f"document.querySelector('[data-deployment=\"{deployment}\"].card')?.dataset.state"


def check_quiet(page: browser.Page) -> None:
    assert page.console == [], "the page complained"


def test_goes_live_and_shows_what_happens(chromium: browser.Browser, gateway: processes.Server) -> None:
    page = chromium.page()
    page.open(gateway.url + PATH)
    page.wait_for(LIVE)
    assert page.evaluate(state("demo/fault-500")) == "closed"
    page.evaluate("window.isStillTheSamePage = true")
    # What a person has opened stays open while the page changes.
    ask(gateway, "broken")
    page.wait_for("document.querySelector('[data-deployment=\"demo/fault-500\"].card details') !== null")
    page.evaluate("document.querySelector('[data-deployment=\"demo/fault-500\"].card details').open = true")
    ask(gateway, "broken")
    page.wait_for("document.querySelectorAll('[data-deployment=\"demo/fault-500\"].card tbody tr').length === 4")
    assert page.evaluate("document.querySelector('[data-deployment=\"demo/fault-500\"].card details').open")

    break_it(gateway, "broken")
    page.wait_for(state("demo/fault-500") + " === 'open'")
    page.wait_for("document.getElementById('news').textContent.startsWith('demo/fault-500: closed → open')")
    card = page.evaluate("document.querySelector('[data-deployment=\"demo/fault-500\"].card').innerText")
    assert "5 provider faults in a row" in card
    assert "Next probe in" in card
    assert "req_" in card
    assert page.evaluate("document.querySelector('.tiles [data-state=open] b').textContent") == "1"
    assert "demo/fault-500 rests until" in page.evaluate("document.querySelector('.rest').innerText")
    # Trouble comes first, and nothing was loaded anew.
    assert page.evaluate("document.querySelector('.card').dataset.deployment") == "demo/fault-500"
    assert page.evaluate("window.isStillTheSamePage")
    check_quiet(page)
    page.close()


def test_ages_run_without_traffic(chromium: browser.Browser, gateway: processes.Server) -> None:
    break_it(gateway, "broken")
    page = chromium.page()
    page.open(gateway.url + PATH)
    page.wait_for(LIVE)
    before = page.evaluate("document.querySelector('.next').textContent")
    page.wait_for(f"document.querySelector('.next').textContent !== {json.dumps(before)}")
    page.close()


def test_filters(chromium: browser.Browser, gateway: processes.Server) -> None:
    page = chromium.page()
    page.open(gateway.url + PATH)
    page.wait_for(LIVE)
    assert page.evaluate("document.querySelectorAll('.card').length") == 5
    page.evaluate("(q => { q.value = 'LARGE'; q.dispatchEvent(new Event('input', {bubbles: true})) })(document.querySelector('[name=q]'))")
    page.wait_for("document.querySelectorAll('.card').length === 1")
    assert page.evaluate("document.querySelector('.card').dataset.deployment") == "demo/demo-large"
    assert page.evaluate("location.search") == "?q=LARGE"
    # It stays while the page lives, and is there again for who opens the address.
    page.open(gateway.url + PATH + "?state=open")
    page.wait_for(LIVE)
    assert page.evaluate("document.querySelector('[name=state]').value") == "open"
    assert page.evaluate("document.querySelectorAll('.card').length") == 0
    break_it(gateway, "limited")
    page.wait_for("document.querySelectorAll('.card').length === 1")
    check_quiet(page)
    page.close()


def test_acts(chromium: browser.Browser, gateway: processes.Server, tmp_path: Path) -> None:
    page = chromium.page()
    page.open(gateway.url + PATH)
    page.wait_for(LIVE)

    def do(act: str, reason: str, token: str | None) -> None:
        page.evaluate(f"document.querySelector('[data-act={act}][data-deployment=\"demo/demo-small\"]').click()")
        page.wait_for("document.getElementById('act').open")
        page.evaluate(f"document.getElementById('act-reason').value = {json.dumps(reason)}")
        if token is not None:
            page.evaluate(f"document.getElementById('act-token').value = {json.dumps(token)}")
        page.evaluate("document.getElementById('act-go').click()")

    do("open", "<b>maintenance</b>", "wrong")
    page.wait_for("document.getElementById('act-error').textContent.includes('not the admin token')")
    assert page.evaluate("sessionStorage.length") == 0
    page.evaluate("document.getElementById('act-cancel').click()")
    # The browser writes each 401 into its console; that is not the page's complaint.
    page.console.clear()

    do("open", "<b>maintenance</b>", TOKEN)
    page.wait_for(state("demo/demo-small") + " === 'open'")
    assert page.evaluate("document.querySelector('.card .why').textContent") == "forced open: <b>maintenance</b>"
    assert ask(gateway, "small") == 503
    # The tab remembers the token, and only the tab.
    do("close", "done", None)
    page.wait_for(state("demo/demo-small") + " === 'closed'")
    assert ask(gateway, "small") == 200
    assert page.evaluate("localStorage.length + document.cookie.length") == 0
    lines = [json.loads(line) for line in (tmp_path / "gateway-state" / "audit.jsonl").read_text().splitlines()]
    assert [(line["action"], line["reason"]) for line in lines] == [("open", "<b>maintenance</b>"), ("close", "done")]
    check_quiet(page)
    page.close()


def test_asks_for_the_password_where_clients_need_keys(
    chromium: browser.Browser, demo: processes.Server, tmp_path: Path
) -> None:
    environment = {"QUINTET_ADMIN_TOKEN": TOKEN, "QUINTET_API_KEYS": "of-the-client"}
    gateway = processes.gateway(tmp_path, models(demo), environment=environment)
    page = chromium.page()
    page.sign_in("admin", TOKEN)
    page.open(gateway.url + PATH)
    page.wait_for(LIVE)
    for _ in range(5):
        ask(gateway, "broken", Authorization="Bearer of-the-client")
    page.wait_for(state("demo/fault-500") + " === 'open'")
    page.close()
    gateway.stop()


def test_says_when_it_is_no_longer_live(chromium: browser.Browser, demo: processes.Server, tmp_path: Path) -> None:
    gateway = processes.gateway(tmp_path, models(demo))
    page = chromium.page()
    page.open(gateway.url + PATH)
    page.wait_for(LIVE)
    assert page.evaluate("document.querySelectorAll('[data-act]').length") == 0, "no token, no actions"
    gateway.stop()
    page.wait_for("document.getElementById('link').dataset.link === 'lost'")
    page.close()


def test_reads_without_scripts(chromium: browser.Browser, gateway: processes.Server) -> None:
    break_it(gateway, "broken")
    page = chromium.page()
    page.without_scripts()
    page.open(gateway.url + PATH)
    # Scripts of ours, over DevTools, still run; the page's do not.
    page.wait_for("document.querySelectorAll('.card').length === 5")
    assert page.evaluate("document.documentElement.classList.contains('scripted')") is False
    assert page.evaluate(state("demo/fault-500")) == "open"
    assert page.evaluate("getComputedStyle(document.querySelector('.card .acts')).display") == "none"
    page.close()


@pytest.mark.parametrize(("width", "height", "mobile"), [(1280, 900, False), (390, 844, True), (320, 640, True)])
@pytest.mark.parametrize("dark", [False, True])
def test_fits_and_can_be_read(
    chromium: browser.Browser, gateway: processes.Server, tmp_path: Path, width: int, height: int, mobile: bool, dark: bool
) -> None:
    for _ in range(3):
        ask(gateway, "small", stream=True)
    break_it(gateway, "broken")
    page = chromium.page(width=width, height=height, mobile=mobile, dark=dark)
    page.open(gateway.url + PATH)
    page.wait_for(LIVE)
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "no scrolling sideways"
    assert page.evaluate("innerWidth") == width, "nothing made the phone zoom out"
    assert page.evaluate(LOW_CONTRASTS) == []
    page.screenshot(tmp_path / "page.png")
    check_quiet(page)
    page.close()


LOW_CONTRASTS = """
(() => {
  const numbers = color => color.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const color = numbers(getComputedStyle(at).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return numbers(getComputedStyle(document.body).backgroundColor);
  };
  const bad = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility()) continue;
    const [one, other] = [numbers(getComputedStyle(element).color), ground(element)].map(luminance).sort((a, b) => b - a);
    const contrast = (one + .05) / (other + .05);
    if (contrast < 4.5) bad.push(`${element.outerHTML.slice(0, 80)}: ${contrast.toFixed(2)}`);
  }
  return bad;
})()
"""
"""WCAG 2.2 §1.4.3: text needs 4.5 to 1."""
