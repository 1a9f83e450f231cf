from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import make_gguf
import openai
import processes
import pytest

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[processes.Server]:
    """llama.cpp's own HTTP server on a model that was made just now."""
    directory = tmp_path_factory.mktemp("llama")
    make_gguf.write(directory / "tiny.gguf")
    server = processes.Server("llama.cpp", [sys.executable, HERE / "llama_server.py", directory / "tiny.gguf"], directory)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def gateway(llama: processes.Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[processes.Server]:
    models = {
        "providers": {"llamacpp": processes.provider(llama.url)},
        "models": {"tiny": processes.model("llamacpp", "quintet-tiny")},
    }
    server = processes.gateway(tmp_path_factory.mktemp("gateway"), models)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def direct(llama: processes.Server) -> Iterator[openai.OpenAI]:
    """The SDK without a gateway between; it needs its retries, as its own pool holds dead connections too."""
    with processes.sdk(llama, max_retries=2) as client:
        yield client


@pytest.fixture(scope="session")
def client(gateway: processes.Server) -> Iterator[openai.OpenAI]:
    with processes.sdk(gateway) as client:
        yield client


@pytest.fixture(scope="session")
def http(gateway: processes.Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=gateway.url, timeout=60) as client:
        yield client
