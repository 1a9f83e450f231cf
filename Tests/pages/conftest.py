from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import browser
import processes
import pytest

TOKEN = "of-the-admin-only"


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[browser.Browser]:
    chromium = browser.Browser(tmp_path_factory.mktemp("chromium"))
    yield chromium
    chromium.stop()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[processes.Server]:
    server = processes.demo_provider(tmp_path_factory.mktemp("demo"), "--faults", "--token-delay-ms", "2")
    yield server
    server.stop()


@pytest.fixture
def gateway(demo: processes.Server, tmp_path: Path) -> Iterator[processes.Server]:
    """A gateway of the test's own, with models that are well and models that are not."""
    server = processes.gateway(tmp_path, models(demo), environment={"QUINTET_ADMIN_TOKEN": TOKEN})
    yield server
    server.stop()


def models(demo: processes.Server) -> dict[str, object]:
    def model(name: str) -> dict[str, object]:
        return processes.model("demo", name, fallbacks=[])

    return {
        "providers": {
            "demo": processes.provider(demo.url),
            "elsewhere": {"base_url": "https://llm.example.com/v1", "api_key_env": "ELSEWHERE_API_KEY"},
        },
        "models": {
            "small": model("demo-small"),
            "large": model("demo-large"),
            "broken": model("fault-500"),
            "unreachable": model("fault-reset"),
            "limited": model("fault-429-long"),
            "away": processes.model("elsewhere", "a-model-with-a-rather-long-name-2026-11-21-preview"),
        },
    }
