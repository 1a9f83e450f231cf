"""The official SDK against the gateway as a newcomer starts it: with the demo provider."""

from __future__ import annotations

import asyncio

import openai
import processes
import pytest
from openai.types.chat import ChatCompletionChunk

HELLO = [{"role": "user", "content": "Hello, who answers here?"}]
AGENTS = ["dev", "luna", "atlas", "quinn", "sage"]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def text_of(chunks: list[ChatCompletionChunk]) -> str:
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


def check_stream(chunks: list[ChatCompletionChunk]) -> None:
    """What every stream of one choice must be."""
    assert len(chunks) > 3
    assert len({chunk.id for chunk in chunks}) == 1
    assert len({chunk.created for chunk in chunks}) == 1
    assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}
    with_choices = [chunk for chunk in chunks if chunk.choices]
    assert with_choices[0].choices[0].delta.role == "assistant"
    finishes = [chunk.choices[0].finish_reason for chunk in with_choices]
    assert finishes[-1] == "stop"
    assert set(finishes[:-1]) == {None}


def test_plain(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="demo-small", messages=HELLO)
    assert answer.object == "chat.completion"
    assert answer.id
    assert answer.choices[0].message.role == "assistant"
    assert "demo" in answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0


def test_headers(client: openai.OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(model="demo-small", messages=HELLO)
    assert raw.headers["x-request-id"]
    assert raw.headers["x-quintet-model"] == "demo-small"
    assert int(raw.headers["x-quintet-attempts"]) == 1
    assert float(raw.headers["x-quintet-cost-usd"]) > 0
    assert "application/json" in raw.headers["content-type"]


def test_request_ids_are_the_sdks_and_differ(client: openai.OpenAI) -> None:
    ids = [client.chat.completions.create(model="demo-small", messages=HELLO)._request_id for _ in range(3)]
    assert all(ids)
    assert len(set(ids)) == 3


def test_stream(client: openai.OpenAI) -> None:
    with client.chat.completions.create(model="demo-small", messages=HELLO, stream=True) as stream:
        chunks = list(stream)
    check_stream(chunks)
    assert "demo" in text_of(chunks)
    assert all(chunk.choices for chunk in chunks), "usage was not asked for"


def test_stream_and_plain_say_the_same(client: openai.OpenAI) -> None:
    plain = client.chat.completions.create(model="demo-small", messages=HELLO)
    streamed = list(client.chat.completions.create(model="demo-small", messages=HELLO, stream=True))
    assert text_of(streamed) == plain.choices[0].message.content


def test_stream_headers(client: openai.OpenAI) -> None:
    with client.chat.completions.with_streaming_response.create(model="demo-small", messages=HELLO, stream=True) as raw:
        assert raw.headers["content-type"].startswith("text/event-stream")
        assert raw.headers["x-request-id"]
        assert raw.headers["x-quintet-model"] == "demo-small"
        lines = [line for line in raw.iter_lines() if line]
    assert lines[-1] == "data: [DONE]"


def test_stream_with_usage(client: openai.OpenAI) -> None:
    chunks = list(
        client.chat.completions.create(model="demo-small", messages=HELLO, stream=True, stream_options={"include_usage": True})
    )
    check_stream(chunks)
    *before, last = chunks
    assert last.choices == []
    assert last.usage.total_tokens > 0
    assert all(chunk.choices and chunk.usage is None for chunk in before)


def test_stream_of_the_sdks_helper(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(model="demo-small", messages=HELLO) as stream:
        stream.until_done()
        final = stream.get_final_completion()
    assert final.choices[0].finish_reason == "stop"
    assert "demo" in final.choices[0].message.content


def test_a_left_stream_leaves_the_gateway_well(client: openai.OpenAI) -> None:
    for _ in range(5):
        with client.chat.completions.create(model="demo-large", messages=HELLO, stream=True) as stream:
            next(iter(stream))
    assert client.chat.completions.create(model="demo-small", messages=HELLO).choices[0].message.content


def test_auto(client: openai.OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(model="auto", messages=HELLO)
    assert raw.headers["x-quintet-agent"] in AGENTS
    assert raw.headers["x-quintet-model"].startswith("demo-")
    assert raw.parse().choices[0].message.content


@pytest.mark.parametrize("agent", AGENTS)
def test_agent(client: openai.OpenAI, agent: str) -> None:
    raw = client.chat.completions.with_raw_response.create(model=f"agent/{agent}", messages=HELLO)
    assert raw.headers["x-quintet-agent"] == agent
    assert raw.parse().choices[0].message.content


def test_agent_streams(client: openai.OpenAI) -> None:
    with client.chat.completions.with_streaming_response.create(model="agent/dev", messages=HELLO, stream=True) as raw:
        assert raw.headers["x-quintet-agent"] == "dev"
        check_stream(list(raw.parse()))


def test_a_named_model_has_no_agent(client: openai.OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(model="demo-small", messages=HELLO)
    assert "x-quintet-agent" not in raw.headers
    assert "no system prompt" in raw.parse().choices[0].message.content


def test_tool_call(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="demo-medium",
        messages=[{"role": "user", "content": "Call get_weather for Oslo"}],
        tools=[WEATHER],
        tool_choice={"type": "function", "function": {"name": "get_weather"}},
    )
    choice = answer.choices[0]
    assert choice.finish_reason in ("tool_calls", "stop")
    call = choice.message.tool_calls[0]
    assert call.id
    assert call.function.name == "get_weather"
    assert "city" in call.function.arguments

    follow_up = client.chat.completions.create(
        model="demo-medium",
        messages=[
            {"role": "user", "content": "Call get_weather for Oslo"},
            choice.message.model_dump(exclude_none=True),
            {"role": "tool", "tool_call_id": call.id, "content": "Rain, 8 degrees"},
        ],
        tools=[WEATHER],
    )
    assert "Rain, 8 degrees" in follow_up.choices[0].message.content


def test_tool_call_streamed(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(
        model="demo-medium",
        messages=[{"role": "user", "content": "Call get_weather for Oslo"}],
        tools=[WEATHER],
        tool_choice={"type": "function", "function": {"name": "get_weather"}},
    ) as stream:
        final = stream.get_final_completion()
    call = final.choices[0].message.tool_calls[0]
    assert call.function.name == "get_weather"
    assert "city" in call.function.arguments


def test_json_schema(client: openai.OpenAI) -> None:
    from pydantic import BaseModel

    class Step(BaseModel):
        title: str
        minutes: int

    answer = client.chat.completions.parse(model="demo-medium", messages=HELLO, response_format=Step)
    assert isinstance(answer.choices[0].message.parsed, Step)


def test_two_choices(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="demo-small", messages=HELLO, n=2)
    assert [choice.index for choice in answer.choices] == [0, 1]
    assert all(choice.message.content for choice in answer.choices)


def test_two_choices_streamed(client: openai.OpenAI) -> None:
    texts = {0: "", 1: ""}
    finished = set()
    for chunk in client.chat.completions.create(model="demo-small", messages=HELLO, n=2, stream=True):
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
            if choice.finish_reason:
                finished.add(choice.index)
    assert finished == {0, 1}
    assert all(texts.values())


def test_twenty_streams_at_once(gateway: processes.Server) -> None:
    async def one(client: openai.AsyncOpenAI, number: int) -> list[ChatCompletionChunk]:
        stream = await client.chat.completions.create(
            model="demo-small", messages=[{"role": "user", "content": f"I am caller {number}."}], stream=True
        )
        return [chunk async for chunk in stream]

    async def all_of_them() -> list[list[ChatCompletionChunk]]:
        async with openai.AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key="not-needed", max_retries=0, timeout=60) as client:
            return await asyncio.gather(*(one(client, number) for number in range(20)))

    streams = asyncio.run(all_of_them())
    for number, chunks in enumerate(streams):
        check_stream(chunks)
        assert f"I am caller {number}." in text_of(chunks)
    assert len({chunks[0].id for chunks in streams}) == 20
