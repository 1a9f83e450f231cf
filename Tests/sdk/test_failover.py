"""When a provider fails, the answer comes from the next one, and the breakers say so."""

from __future__ import annotations

from pathlib import Path

import httpx
import openai
import processes
import pytest

HELLO = [{"role": "user", "content": "Hello"}]


def breaker(server: processes.Server, deployment: str) -> dict[str, object]:
    """The breaker of one deployment, as an admin sees it."""
    page = httpx.get(f"{server.url}/ai/circuit-breaker", headers={"accept": "application/json"})
    assert page.status_code == 200
    [found] = [entry for entry in page.json()["breakers"] if entry["deployment"] == deployment]
    return found


def two_providers(directory: Path, servers: list[processes.Server], first_model: str) -> processes.Server:
    """A gateway whose model `shaky` lives on a first provider and falls back to `steady` on a second one."""
    faulty = processes.demo_provider(directory, "--faults", "--token-delay-ms", "5", name="faulty")
    servers.append(faulty)
    healthy = processes.demo_provider(directory, "--token-delay-ms", "5", name="healthy")
    servers.append(healthy)
    models = {
        "providers": {"faulty": processes.provider(faulty.url), "healthy": processes.provider(healthy.url)},
        "models": {
            "shaky": processes.model("faulty", first_model, fallbacks=["steady"]),
            "steady": processes.model("healthy", "demo-medium"),
        },
    }
    gateway = processes.gateway(directory, models)
    servers.append(gateway)
    return gateway


def test_fallback_and_breaker(tmp_path: Path, servers: list[processes.Server]) -> None:
    gateway = two_providers(tmp_path, servers, "fault-500")
    assert breaker(gateway, "faulty/fault-500")["state"] == "closed"
    with processes.sdk(gateway) as client:
        first = client.chat.completions.with_raw_response.create(model="shaky", messages=HELLO)
        assert "demo-medium" in first.parse().choices[0].message.content
        assert first.headers["x-quintet-model"] == "steady"
        assert int(first.headers["x-quintet-attempts"]) >= 2

        for number in range(6):
            answer = client.chat.completions.create(model="shaky", messages=[{"role": "user", "content": f"Try {number}"}])
            assert "demo-medium" in answer.choices[0].message.content

        opened = breaker(gateway, "faulty/fault-500")
        assert opened["state"] == "open"
        assert opened["model"] == "shaky"
        assert breaker(gateway, "healthy/demo-medium")["state"] == "closed"

        # The open breaker is not even asked.
        later = client.chat.completions.with_raw_response.create(model="shaky", messages=HELLO)
        assert int(later.headers["x-quintet-attempts"]) == 1
        assert later.headers["x-quintet-model"] == "steady"


def test_fallback_of_a_stream(tmp_path: Path, servers: list[processes.Server]) -> None:
    gateway = two_providers(tmp_path, servers, "fault-500")
    with processes.sdk(gateway) as client:
        with client.chat.completions.with_streaming_response.create(model="shaky", messages=HELLO, stream=True) as raw:
            assert raw.headers["x-quintet-model"] == "steady"
            assert int(raw.headers["x-quintet-attempts"]) >= 2
            chunks = list(raw.parse())
    assert len({chunk.id for chunk in chunks}) == 1
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert "demo-medium" in text
    assert chunks[-1].choices[0].finish_reason == "stop"


@pytest.mark.parametrize("stream", [False, True])
def test_rate_limit_falls_back(tmp_path: Path, servers: list[processes.Server], stream: bool) -> None:
    gateway = two_providers(tmp_path, servers, "fault-429")
    with processes.sdk(gateway) as client:
        answer = client.chat.completions.with_raw_response.create(model="shaky", messages=HELLO, stream=stream)
        assert answer.headers["x-quintet-model"] == "steady"


def test_killed_provider(tmp_path: Path, servers: list[processes.Server]) -> None:
    gateway = two_providers(tmp_path, servers, "demo-small")
    faulty = servers[0]
    with processes.sdk(gateway) as client:
        for _ in range(3):
            before = client.chat.completions.with_raw_response.create(model="shaky", messages=HELLO)
            assert before.headers["x-quintet-model"] == "shaky"
            assert int(before.headers["x-quintet-attempts"]) == 1

        faulty.kill()
        missed = client.chat.completions.with_raw_response.create(model="shaky", messages=HELLO)
        assert missed.headers["x-quintet-model"] == "steady"
        assert int(missed.headers["x-quintet-attempts"]) >= 2
        for stream in (True, False, True):
            after = client.chat.completions.with_raw_response.create(model="shaky", messages=HELLO, stream=stream)
            assert after.headers["x-quintet-model"] == "steady"
            if stream:
                assert list(after.parse())[-1].choices[0].finish_reason == "stop"

        for number in range(3):
            client.chat.completions.create(model="shaky", messages=[{"role": "user", "content": f"Try {number}"}])
        assert breaker(gateway, "faulty/demo-small")["state"] == "open"


def test_provider_killed_in_the_middle_of_a_stream(tmp_path: Path, servers: list[processes.Server]) -> None:
    """The text is one whole answer or ends with an error; it is never silently short."""
    gateway = two_providers(tmp_path, servers, "demo-large")
    whole = False
    with processes.sdk(gateway) as client:
        stream = client.chat.completions.create(model="shaky", messages=HELLO, stream=True)
        seen = 0
        try:
            for chunk in stream:
                seen += 1
                if seen == 5:
                    servers[0].kill()
                whole = whole or any(choice.finish_reason for choice in chunk.choices)
        except openai.APIError as error:
            assert error.message
            assert not whole
        else:
            assert whole
        assert seen >= 5


def test_all_down(tmp_path: Path, servers: list[processes.Server]) -> None:
    gateway = two_providers(tmp_path, servers, "fault-500")
    servers[1].kill()
    with processes.sdk(gateway) as client:
        for _ in range(8):
            with pytest.raises(openai.InternalServerError) as caught:
                client.chat.completions.create(model="shaky", messages=HELLO)
        # By now both breakers are open, and the gateway knows when one of them may be asked again.
        assert caught.value.status_code == 503
        assert 0 < float(caught.value.response.headers["retry-after"]) <= 120
        assert set(caught.value.body) == {"message", "type", "param", "code", "attempts"}
        assert {each["deployment"] for each in caught.value.body["attempts"]} == {"faulty/fault-500", "healthy/demo-medium"}
        assert {each["fault"] for each in caught.value.body["attempts"]} == {"breaker_open"}
