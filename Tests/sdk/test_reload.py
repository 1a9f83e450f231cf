"""A changed models.json is swapped in while requests run, by the admin's call or SIGHUP; a broken one changes nothing."""

from __future__ import annotations

import json
import signal
import threading
import time
from pathlib import Path

import httpx
import processes
import pytest
from scripted import ScriptedProvider

TOKEN = "reload-test-token"
ADMIN = {"Authorization": f"Bearer {TOKEN}"}
HELLO = {"messages": [{"role": "user", "content": "Hello"}]}


def catalogue(provider: ScriptedProvider, *names: str) -> dict[str, object]:
    return {
        "providers": {"scripted": processes.provider(provider.url)},
        "models": {name: processes.model("scripted", "upstream") for name in names},
    }


class Rig:
    """A gateway whose models.json the test can change."""

    def __init__(self, directory: Path, provider: ScriptedProvider) -> None:
        self.provider = provider
        self.models = directory / "models.json"
        self.write("first")
        command = [processes.BINARY, "serve", "--port", "0", "--state-dir", directory / "state", "--models", self.models]
        self.server = processes.Server("gateway", command, directory, {"QUINTET_ADMIN_TOKEN": TOKEN})
        self.http = httpx.Client(base_url=self.server.url, timeout=30)

    def write(self, *names: str) -> None:
        self.models.write_text(json.dumps(catalogue(self.provider, *names)))

    def chat(self, model: str) -> int:
        return self.http.post("/v1/chat/completions", json={"model": model, **HELLO}).status_code

    def names(self) -> set[str]:
        return {entry["id"] for entry in self.http.get("/v1/models").json()["data"]}


@pytest.fixture
def rig(tmp_path: Path, servers: list[processes.Server]) -> Rig:
    provider = ScriptedProvider()
    rig = Rig(tmp_path, provider)
    servers.append(rig.server)
    yield rig
    rig.http.close()
    provider.close()


def test_a_changed_file_is_swapped_in_under_traffic(rig: Rig) -> None:
    statuses: list[int] = []
    over = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=rig.server.url, timeout=30) as client:
            while not over.is_set():
                statuses.append(client.post("/v1/chat/completions", json={"model": "first", **HELLO}).status_code)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for round_ in range(10):
            rig.write("first", f"added-{round_}")
            answer = rig.http.post("/admin/reload", headers=ADMIN)
            assert answer.status_code == 200, answer.text
            assert answer.json()["status"] == "reloaded"
            assert f"added-{round_}" in rig.names()
            assert rig.chat(f"added-{round_}") == 200
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert statuses and set(statuses) == {200}


def test_a_broken_file_is_refused_with_the_mend(rig: Rig) -> None:
    broken = catalogue(rig.provider, "first", "second")
    broken["models"]["second"]["qualty"] = 3
    for text, words in [(json.dumps(broken), "models.second.qualty: there is no such key in a model. Did you mean 'quality'?"), ("{", "line 1")]:
        rig.models.write_text(text)
        answer = rig.http.post("/admin/reload", headers=ADMIN)
        assert answer.status_code == 422
        assert answer.json()["error"]["code"] == "invalid_configuration"
        assert "models.json" in answer.json()["error"]["message"]
        assert words in answer.json()["error"]["message"]
        assert rig.chat("first") == 200
        assert "second" not in rig.names()
    rig.models.unlink()
    assert rig.http.post("/admin/reload", headers=ADMIN).status_code == 422
    assert rig.chat("first") == 200


def test_sighup_reloads(rig: Rig) -> None:
    rig.write("first", "second")
    rig.server.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 30
    while "second" not in rig.names():
        assert time.monotonic() < deadline, rig.server.report()
        time.sleep(0.02)
    assert rig.chat("second") == 200
    rig.models.write_text("nonsense")
    rig.server.process.send_signal(signal.SIGHUP)
    while "not reloaded" not in rig.server.log.read_text():
        assert time.monotonic() < deadline, rig.server.report()
        time.sleep(0.02)
    assert rig.chat("second") == 200


def test_only_an_admin_reloads(rig: Rig) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        answer = rig.http.post("/admin/reload", headers=headers)
        assert answer.status_code == 401
        assert TOKEN not in answer.text
    assert TOKEN not in rig.server.report()
