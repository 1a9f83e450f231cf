"""The native API: its paths, field names and types."""

from __future__ import annotations

import json
from datetime import datetime

import httpx
import pytest

AGENTS = ["dev", "luna", "atlas", "quinn", "sage"]
BASE = "/api/ai/v4"


def post(http: httpx.Client, path: str, **body: object) -> dict[str, object]:
    response = http.post(BASE + path, json=body)
    assert response.status_code == 200, response.text
    assert response.headers["x-request-id"]
    return response.json()


def check_error(response: httpx.Response, status: int) -> dict[str, object]:
    assert response.status_code == status, response.text
    assert set(response.json()["error"]) == {"message", "type", "param", "code"}
    return response.json()["error"]


def test_optimized(http: httpx.Client) -> None:
    response = http.post(f"{BASE}/chat/optimized", json={"message": "Design a database for a library"})
    assert response.status_code == 200, response.text
    answer = response.json()
    assert "demo" in answer["content"]
    assert set(answer["agent"]) == {"id", "name", "role"}
    assert answer["agent"]["id"] in AGENTS
    assert answer["model_used"].startswith("demo-")
    assert answer["usage"]["prompt_tokens"] + answer["usage"]["completion_tokens"] == answer["tokens_used"] > 0
    assert answer["cost"] > 0
    assert answer["response_time"] > 0
    assert answer["cached"] is False
    datetime.fromisoformat(answer["timestamp"])
    assert set(answer["routing"]) >= {"agent_confidence", "complexity", "complexity_class", "reason"}
    assert 0 <= answer["routing"]["agent_confidence"] <= 1
    assert answer["routing"]["complexity_class"] in ("simple", "medium", "complex")
    assert answer["routing"]["reason"]
    [attempt] = answer["attempts"]
    assert set(attempt) >= {"model", "outcome", "seconds"}
    assert answer["request_id"] == response.headers["x-request-id"]
    assert not any("prompt" in name for name in answer), "never the system prompt"


@pytest.mark.parametrize("agent", AGENTS)
def test_optimized_agent(http: httpx.Client, agent: str) -> None:
    assert post(http, "/chat/optimized", message="Hello", agent_type=agent)["agent"]["id"] == agent


def test_optimized_model(http: httpx.Client) -> None:
    assert post(http, "/chat/optimized", message="Hello", model="demo-large")["model_used"] == "demo-large"


def test_optimized_priority_moves_the_choice(http: httpx.Client) -> None:
    assert post(http, "/chat/optimized", message="Hello", priority="premium")["model_used"] == "demo-large"


def test_optimized_context(http: httpx.Client) -> None:
    context = [{"role": "user", "content": "My name is Ada."}, {"role": "assistant", "content": "Hello Ada."}]
    with_context = post(http, "/chat/optimized", message="Who am I?", context=context, agent_type="dev", model="demo-small")
    without = post(http, "/chat/optimized", message="Who am I?", agent_type="dev", model="demo-small")
    assert with_context["usage"]["prompt_tokens"] > without["usage"]["prompt_tokens"]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "message"),
        ({"message": 5}, "message"),
        ({"message": ""}, "message"),
        ({"message": "Hello", "agent_type": "nobody"}, "agent_type"),
        ({"message": "Hello", "priority": "urgent"}, "priority"),
        ({"message": "Hello", "context": "before"}, "context"),
        ({"message": "Hello", "context": [{"role": "wizard", "content": "x"}]}, "context[0].role"),
        ({"message": "Hello", "use_cache": "yes"}, "use_cache"),
    ],
)
@pytest.mark.parametrize("path", ["/chat/optimized", "/chat/stream"])
def test_wrong_fields(http: httpx.Client, path: str, body: dict[str, object], param: str) -> None:
    assert check_error(http.post(BASE + path, json=body), 400)["param"] == param


def test_unknown_model(http: httpx.Client) -> None:
    error = check_error(http.post(f"{BASE}/chat/optimized", json={"message": "Hello", "model": "no-such-model"}), 404)
    assert error["code"] == "model_not_found"


def test_quick(http: httpx.Client) -> None:
    answer = post(http, "/chat/quick", message="Hello")
    assert set(answer) >= {"content", "response_time", "cached", "cost", "model_used"}
    assert "demo" in answer["content"]
    assert answer["model_used"] == "demo-small"
    assert 0 < answer["response_time"] < 5
    assert answer["cost"] > 0


def test_stream(http: httpx.Client) -> None:
    with http.stream("POST", f"{BASE}/chat/stream", json={"message": "Hello", "agent_type": "luna"}) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["x-quintet-agent"] == "luna"
        events = read_events(response)
    names = [name for name, _ in events]
    assert names[0] == "meta"
    assert names[-1] == "done"
    assert set(names[1:-1]) == {"delta"}
    assert len(names) > 5

    meta, done = events[0][1], events[-1][1]
    assert meta["request_id"] == response.headers["x-request-id"]
    assert (meta["agent"] if isinstance(meta["agent"], str) else meta["agent"]["id"]) == "luna"
    assert meta["model"].startswith("demo-")
    assert meta["cached"] is False
    assert "demo" in "".join(data["content"] for name, data in events if name == "delta")
    assert done["finish_reason"] == "stop"
    assert done["usage"]["completion_tokens"] > 0
    assert done["cost"] > 0
    assert done["attempts"]


def read_events(response: httpx.Response) -> list[tuple[str, dict[str, object]]]:
    """Name and JSON of each event. The name stands in the `event:` line or in the JSON's `type`."""
    events, name = [], ""
    for line in response.iter_lines():
        if line.startswith("event:"):
            name = line.removeprefix("event:").strip()
        elif line.startswith("data:"):
            data = json.loads(line.removeprefix("data:"))
            events.append((name or data["type"], data))
            name = ""
    return events


def test_agents(http: httpx.Client) -> None:
    agents = http.get(f"{BASE}/agents/available").json()["agents"]
    assert {agent["id"] for agent in agents} == set(AGENTS)
    for agent in agents:
        assert set(agent) == {"id", "name", "role", "description"}
        assert all(agent.values())


def test_health(http: httpx.Client) -> None:
    for path in ("/api/health", "/health"):
        response = http.get(path)
        assert response.status_code == 200
        assert response.json()["status"] == "healthy"


def test_circuit_breakers(http: httpx.Client) -> None:
    post(http, "/chat/quick", message="Hello")
    page = http.get("/ai/circuit-breaker", headers={"accept": "application/json"}).json()
    for entry in page["breakers"]:
        provider, _, model = entry["deployment"].partition("/")
        assert provider
        assert model
        assert entry["model"]
        assert entry["state"] in ("closed", "open", "half_open")
    assert any(entry["model"] == "demo-small" for entry in page["breakers"])
    assert any(entry["on"] for entry in page["providers"])
    for entry in page["providers"]:
        assert entry["provider"]
        pool = entry["pool"]
        if not entry["on"]:
            assert pool is None
            continue
        assert set(pool) >= {"in_use", "idle", "waiting", "limit"}
        assert all(isinstance(pool[name], int) for name in ("in_use", "idle", "waiting", "limit"))
        assert pool["limit"] > 0
