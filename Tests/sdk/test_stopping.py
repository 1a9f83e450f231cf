"""How a gateway starts where it cannot, and how it stops."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import processes
import pytest

LINE = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (info|notice|warning|error) quintet: [^=\n]+( [a-z_]+=([^\s\"]+|\"[^\n]*\"))*$")


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        yield held.getsockname()[1]


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [processes.BINARY, *arguments], cwd=processes.ROOT, env=processes.clean_environment() | environment, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("command", ["serve", "demo-provider"])
def test_a_port_in_use_is_one_line(taken: int, tmp_path: Path, command: str) -> None:
    state = ["--state-dir", tmp_path / "state"] if command == "serve" else []
    done = run(command, "--port", str(taken), *state)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"127.0.0.1:{taken} is in use. Stop what listens there, or choose another --port.\n"


@pytest.mark.parametrize(
    ("host", "words"), [("192.0.2.1", "192.0.2.1 is no address of this machine."), ("nosuch.invalid", "The host nosuch.invalid is not known.")]
)
@pytest.mark.parametrize("command", ["serve", "check"])
def test_a_host_that_is_not_here_is_one_line(tmp_path: Path, command: str, host: str, words: str) -> None:
    done = run(command, "--state-dir", tmp_path / "state", QUINTET_HOST=host, QUINTET_API_KEYS="a-key-of-16-letters")
    assert done.returncode == 1 and done.stderr.startswith(words) and done.stderr.count("\n") == 1, done.stderr


@pytest.mark.parametrize("command", ["serve", "check"])
def test_a_state_directory_that_cannot_be_is_one_line(command: str) -> None:
    done = run(command, "--port", "0", "--state-dir", "/proc/quintet")
    assert done.returncode == 1 and "/proc/quintet" in done.stderr and "No such file or directory" in done.stderr, done.stderr
    assert done.stderr.count("\n") == 1


def test_check_takes_a_port_in_use_for_a_note(taken: int, tmp_path: Path) -> None:
    done = run("check", "--port", str(taken), "--state-dir", tmp_path / "state")
    assert done.returncode == 0, done.stderr
    assert f"note: 127.0.0.1:{taken} is in use" in done.stdout


def test_a_clean_stop_says_so_and_nothing_else(tmp_path: Path) -> None:
    gateway = processes.gateway(tmp_path, environment={"QUINTET_CACHE": "on"})
    with processes.sdk(gateway) as client:
        client.chat.completions.create(model="demo-small", messages=[{"role": "user", "content": "Hi"}])
        client.chat.completions.create(model="demo-small", messages=[{"role": "user", "content": "Hi"}])
        with httpx.Client(base_url=gateway.url) as http:
            assert http.post("/v1/chat/completions", json={"model": "demo-small"}).status_code == 400
            assert http.post("/v1/chat/completions", json={"model": "nobody", "messages": [{"role": "user", "content": "Hi"}]}).status_code == 404
    gateway.stop()
    lines = gateway.log.read_text().splitlines()
    assert all(LINE.match(line) for line in lines), lines
    assert [re.sub(r" id=.*", "", line[21:]) for line in lines if " notice " not in line] == [
        "info quintet: answered", "info quintet: answered", "info quintet: refused: missing_required_field", "info quintet: refused: model_not_found",
    ]
    assert sum("model=demo-small" in line for line in lines) == 2 and sum("cache=hit(L1)" in line for line in lines) == 1
    assert [line.split("quintet: ")[1] for line in lines if " notice " in line] == ["stopping"]


@pytest.fixture
def hanging(tmp_path: Path, servers: list[processes.Server]) -> dict[str, object]:
    demo = processes.demo_provider(tmp_path, "--faults", "--token-delay-ms", "200")
    servers.append(demo)
    return {
        "providers": {"demo": processes.provider(demo.url)},
        "models": {"hangs": processes.model("demo", "fault-hang"), "slow": processes.model("demo", "demo-large")},
    }


@pytest.mark.parametrize("cache", ["on", "off"])
@pytest.mark.parametrize("is_hasty", [False, True])
def test_what_the_end_of_the_drain_cuts_is_told_so(
    tmp_path: Path, hanging: dict[str, object], cache: str, is_hasty: bool
) -> None:
    seconds = "600" if is_hasty else "0.5"
    gateway = processes.gateway(tmp_path, hanging, environment={"QUINTET_DRAIN_SECONDS": seconds, "QUINTET_CACHE": cache})
    answers: dict[str, tuple[httpx.Response, str]] = {}
    begun = {name: threading.Event() for name in ("stream", "native")}

    def ask(name: str, path: str, body: dict[str, object]) -> None:
        text = ""
        with httpx.stream("POST", gateway.url + path, json=body, timeout=60, headers={"x-request-id": name}) as answer:
            for part in answer.iter_text():
                text += part
                if '"content"' in text and name in begun:
                    begun[name].set()
        answers[name] = answer, text

    messages = [{"role": "user", "content": "Tell me everything"}]
    asks = {
        "plain": ("/v1/chat/completions", {"model": "hangs", "messages": messages}),
        "stream": ("/v1/chat/completions", {"model": "slow", "messages": messages, "stream": True}),
        "native": ("/api/ai/v4/chat/stream", {"model": "slow", "message": "Tell me all"}),
    }
    threads = [threading.Thread(target=ask, args=(name, *what)) for name, what in asks.items()]
    for thread in threads:
        thread.start()
    with httpx.Client(base_url=gateway.url) as http:
        while http.get("/ai/circuit-breaker").json()["providers"][0]["pool"]["in_use"] < 3:
            assert gateway.runs
    assert all(event.wait(30) for event in begun.values())
    gateway.process.send_signal(signal.SIGTERM)
    if is_hasty:
        while "stopping; 3 answers have 600 s" not in gateway.log.read_text():
            assert gateway.runs
        gateway.process.send_signal(signal.SIGINT)
    for thread in threads:
        thread.join()
    assert gateway.process.wait(20) == 0, gateway.report()
    plain, text = answers["plain"]
    assert plain.status_code == 503 and json.loads(text)["error"]["code"] == "draining", text
    assert "x-should-retry" not in plain.headers
    last = answers["stream"][1].rstrip().split("\n")[-1]
    assert json.loads(last.removeprefix("data: "))["error"]["code"] == "draining", last
    last = answers["native"][1].rstrip().split("\n")[-2:]
    assert last[0] == "event: error" and '"draining"' in last[1], last
    log = gateway.log.read_text()
    for name in asks:
        assert re.search(rf"warning quintet: failed: draining id={name} .*", log), log
    assert " error " not in log, log
