from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import processes
import pytest
from scripted import ScriptedProvider


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[processes.Server]:
    """The gateway as a newcomer starts it: no key, so with the demo provider inside."""
    server = processes.gateway(tmp_path_factory.mktemp("gateway"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def client(gateway: processes.Server) -> Iterator[openai.OpenAI]:
    with processes.sdk(gateway) as client:
        yield client


@pytest.fixture(scope="session")
def http(gateway: processes.Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=gateway.url, timeout=60) as client:
        yield client


@pytest.fixture(scope="session")
def scripted_pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ScriptedProvider, processes.Server]]:
    provider = ScriptedProvider()
    models = {
        "providers": {"scripted": processes.provider(provider.url)},
        "models": {"scripted": processes.model("scripted", "scripted-upstream")},
    }
    server = processes.gateway(tmp_path_factory.mktemp("scripted"), models)
    yield provider, server
    server.stop()
    provider.close()


@pytest.fixture
def provider(scripted_pair: tuple[ScriptedProvider, processes.Server]) -> Iterator[ScriptedProvider]:
    """The provider behind `scripted_client`, with nothing left from the test before."""
    provider = scripted_pair[0]
    provider.reset()
    yield provider
    assert provider.failure is None, f"the test's own provider failed: {provider.failure!r}"


@pytest.fixture(scope="session")
def scripted_client(scripted_pair: tuple[ScriptedProvider, processes.Server]) -> Iterator[openai.OpenAI]:
    with processes.sdk(scripted_pair[1]) as client:
        yield client


@pytest.fixture(scope="session")
def scripted_http(scripted_pair: tuple[ScriptedProvider, processes.Server]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=scripted_pair[1].url, timeout=60) as client:
        yield client


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[list[processes.Server]]:
    """A list that a test puts its own servers on; those that still run are stopped at its end."""
    started: list[processes.Server] = []
    yield started
    failures = []
    for server in reversed(started):
        if server.runs:
            try:
                server.stop()
            except AssertionError as error:
                failures.append(str(error))
    assert not failures, "\n".join(failures)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """A failed test shows what its servers logged."""
    outcome = yield
    report = outcome.get_result()
    if report.failed and hasattr(item, "funcargs"):
        for value in item.funcargs.values():
            for server in value if isinstance(value, (list, tuple)) else [value]:
                if isinstance(server, processes.Server):
                    report.sections.append((server.name, server.report()))
