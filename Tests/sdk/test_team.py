"""Teams through the official SDK, with the demo provider: five agents in one stream, and the whole answer."""

from __future__ import annotations

from pathlib import Path

import httpx
import openai
import processes
import pytest
from scripted import ScriptedProvider

AGENTS = ["dev", "luna", "atlas", "quinn", "sage"]
TEAM = "team/" + "+".join(AGENTS)
QUESTION = [{"role": "user", "content": "How do we ship a login page this week?"}]


def note_of(item: object) -> dict:
    return (getattr(item, "model_extra", None) or {}).get("quintet") or {}


def test_the_interleaved_stream(client: openai.OpenAI) -> None:
    texts: dict[int, str] = {}
    speakers: dict[int, str] = {}
    finishes: dict[int, str] = {}
    order: list[int] = []
    last: dict = {}
    usage = None
    stream = client.chat.completions.create(
        model=TEAM, messages=QUESTION, stream=True, max_tokens=60, stream_options={"include_usage": True}
    )
    ids = set()
    for chunk in stream:
        ids.add(chunk.id)
        note = note_of(chunk)
        usage = chunk.usage or usage
        last = note or last
        for choice in chunk.choices:
            if choice.delta.content:
                order.append(choice.index)
                speakers[choice.index] = note["agent"]
                texts[choice.index] = texts.get(choice.index, "") + choice.delta.content
            if choice.finish_reason:
                finishes[choice.index] = choice.finish_reason
    assert len(ids) == 1
    assert [speakers[index] for index in range(6)] == [*AGENTS, "synthesis"]
    assert all(texts[index] for index in range(6))
    assert set(finishes) == set(range(6))
    # They speak at once: somebody goes on after somebody else has begun.
    members = [index for index in order if index < 5]
    changes = sum(1 for left, right in zip(members, members[1:]) if left != right)
    assert changes > 5
    # The synthesis hears them out.
    assert order.index(5) > max(place for place, index in enumerate(order) if index < 5)
    assert last["answer"] == 5
    assert last["degraded"] is False
    assert usage is not None and usage.total_tokens > 0


def test_the_sdks_own_accumulation(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(model="team/dev+luna", messages=QUESTION) as stream:
        for _ in stream:
            pass
        answer = stream.get_final_completion()
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    assert all(choice.message.content for choice in answer.choices)


def test_a_whole_answer(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="team/dev+luna", messages=QUESTION, max_tokens=40)
    assert [note_of(choice)["agent"] for choice in answer.choices] == ["synthesis", "dev", "luna"]
    assert note_of(answer)["answer"] == answer.choices[0].index == 2
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0


@pytest.mark.parametrize("combine", ["list", "vote", "cascade", "race", "sequential"])
@pytest.mark.parametrize("stream", [False, True])
def test_every_way(client: openai.OpenAI, combine: str, stream: bool) -> None:
    own = {"quintet": {"combine": combine, "members": ["demo-small", "demo-medium", "demo-large"]}}
    answer = client.chat.completions.create(model="team", messages=QUESTION, max_tokens=30, extra_body=own, stream=stream)
    if stream:
        texts: dict[int, str] = {}
        for chunk in answer:
            for choice in chunk.choices:
                texts[choice.index] = texts.get(choice.index, "") + (choice.delta.content or "")
        count = len(texts)
        assert all(texts.values())
    else:
        count = len(answer.choices)
    assert count == (3 if combine in ("list", "sequential") else 1)


def test_the_receipt_sums_exactly(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="team/dev+luna", messages=QUESTION, max_tokens=40, extra_headers={"x-quintet-receipt": "1"}
    )
    receipt = note_of(answer)["receipt"]
    assert sum(line["amount"] for line in receipt["lines"]) == receipt["total"] > 0
    assert [line["member"] for line in receipt["lines"]] == ["dev", "luna", "synthesis"]


def test_the_native_api(http: httpx.Client) -> None:
    answer = http.post("/api/ai/v4/chat/multi-agent", json={"message": "Plan a login page", "agents": ["dev", "luna"]})
    assert answer.status_code == 200
    body = answer.json()
    assert body["agents_used"] == ["dev", "luna"]
    assert body["synthesized_response"]
    assert body["failed_agents"] == []
    assert body["total_cost"] > body["synthesis"]["cost"] > 0


def test_a_mistake_names_its_field(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refusal:
        client.chat.completions.create(model="team/dev+nobody", messages=QUESTION)
    assert refusal.value.param == "model"
    assert "nobody" in str(refusal.value)


@pytest.mark.parametrize(("is_on", "agents"), [(True, ["luna", "quinn"]), (False, ["quinn"])])
def test_auto_becomes_a_team_where_the_policy_says_so(tmp_path: Path, is_on: bool, agents: list[str]) -> None:
    provider = ScriptedProvider()
    models = {
        "providers": {"scripted": processes.provider(provider.url)},
        "models": {"scripted": processes.model("scripted", "scripted-upstream")},
        "policy": {"auto_teams": is_on},
    }
    server = processes.gateway(tmp_path, models)
    try:
        with processes.sdk(server) as client:
            asked = client.chat.completions.with_raw_response.create(
                model="auto", messages=[{"role": "user", "content": "design and test the login page"}]
            )
            assert asked.headers["x-quintet-agent"].split(",")[: len(agents)] == agents
            assert len(asked.parse().choices) == (3 if is_on else 1)
            # One task is for one agent.
            plain = client.chat.completions.with_raw_response.create(
                model="auto", messages=[{"role": "user", "content": "Fix this Python bug"}]
            )
            assert len(plain.parse().choices) == 1
    finally:
        server.stop()
        provider.close()
