"""What the caller and the provider say reaches the other side unchanged, and while it is being said."""

from __future__ import annotations

import json
import threading
import time

import httpx
import openai
import pytest
from scripted import Call, ScriptedProvider, chunk, completion, usage_chunk

HELLO = [{"role": "user", "content": "Hello"}]


def events(text: str) -> list[object]:
    """The JSON of a stream's events; the last one must be [DONE]."""
    data = [line.removeprefix("data:").strip() for line in text.splitlines() if line.startswith("data:")]
    assert data[-1] == "[DONE]"
    return [json.loads(item) for item in data[:-1]]


def without_model(value: dict[str, object]) -> dict[str, object]:
    """The gateway may write its own name of the model, and nothing else."""
    return {name: content for name, content in value.items() if name != "model"}


def post(http: httpx.Client, **body: object) -> httpx.Response:
    response = http.post("/v1/chat/completions", json={"model": "scripted", "messages": HELLO, **body})
    assert response.status_code == 200, response.text
    return response


def test_request_passes_through(scripted_client: openai.OpenAI, provider: ScriptedProvider) -> None:
    messages = [
        {"role": "developer", "content": "Answer in Norwegian: blåbærsyltetøy \u2028 \U0001f600 \\ \""},
        {
            "role": "user",
            "name": "ada",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo=", "detail": "low"}},
            ],
        },
    ]
    fields = {"temperature": 0.25, "seed": 2**53, "logit_bias": {"50256": -100}, "service_tier": "flex", "metadata": {"a": "b"}}
    unknown = {"x_not_in_any_spec": {"deep": [1, 2.5, None, True, {"1e3": 1e3}]}}
    scripted_client.chat.completions.create(model="scripted", messages=messages, **fields, extra_body=unknown)

    [call] = provider.calls
    assert call.path == "/v1/chat/completions"
    assert call.body == {"model": "scripted-upstream", "messages": messages, **fields, **unknown}


def test_secrets_and_private_headers_stay_here(scripted_client: openai.OpenAI, provider: ScriptedProvider) -> None:
    scripted_client.chat.completions.create(
        model="scripted", messages=HELLO, extra_headers={"Cookie": "session=1", "X-Private": "yes", "Authorization": "Bearer of-the-gateway"}
    )
    [call] = provider.calls
    names = {name.lower() for name in call.headers.keys()}
    assert names.isdisjoint({"cookie", "x-private", "authorization"})
    assert not any("of-the-gateway" in value or "x-stainless" in name.lower() for name, value in call.headers.items())


def test_answer_passes_through(scripted_http: httpx.Client, provider: ScriptedProvider) -> None:
    token = {"token": "Hei", "logprob": -0.1, "bytes": [72, 101, 105], "top_logprobs": []}
    answer = completion({"content": "Hei", "refusal": None, "annotations": [], "x_thoughts": "none"}, service_tier="flex", x_extra=[1.0, "ø", None])
    answer["choices"][0]["logprobs"] = {"content": [token], "refusal": None}
    provider.script = lambda call: call.answer(answer)
    assert without_model(post(scripted_http).json()) == without_model(answer)


def test_numbers_keep_their_digits(scripted_http: httpx.Client, provider: ScriptedProvider) -> None:
    provider.script = lambda call: call.answer(completion({"content": "1"}, x_big=12345678901234567890, x_small=1e-7))
    text = post(scripted_http).text
    assert "12345678901234567890" in text
    assert json.loads(text)["x_small"] == 1e-7


def test_stream_passes_through(scripted_http: httpx.Client, provider: ScriptedProvider) -> None:
    sent = [
        chunk({"role": "assistant", "content": "", "refusal": None}, system_fingerprint="fp_1", obfuscation="aZ"),
        chunk({"content": "Blåbær \U0001f600\n\n"}, service_tier="flex"),
        chunk({"content": 'data: [DONE] is only "text" here'}),
        chunk({"x_thoughts": {"deep": [1, None]}}),
        chunk({}, "stop"),
    ]
    provider.script = lambda call: call.stream(*sent, *([usage_chunk()] if call.wants_usage else []))
    got = events(post(scripted_http, stream=True).text)
    assert [without_model(item) for item in got] == [without_model(item) for item in sent]


def test_usage_of_the_stream(scripted_http: httpx.Client, provider: ScriptedProvider) -> None:
    got = events(post(scripted_http, stream=True, stream_options={"include_usage": True}).text)
    assert got[-1]["choices"] == []
    assert got[-1]["usage"] == {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    assert all(item["choices"] for item in got[:-1])


def test_usage_that_was_not_asked_for(scripted_http: httpx.Client, provider: ScriptedProvider) -> None:
    got = events(post(scripted_http, stream=True).text)
    assert all(item["choices"] for item in got)


def test_tool_calls_of_a_stream_interleave(scripted_client: openai.OpenAI, provider: ScriptedProvider) -> None:
    def fragment(index: int, **more: object) -> dict[str, object]:
        return chunk({"tool_calls": [{"index": index, **more}]})

    def start(index: int, name: str) -> dict[str, object]:
        return fragment(index, id=f"call_{index}", type="function", function={"name": name, "arguments": ""})

    provider.script = lambda call: call.stream(
        chunk({"role": "assistant", "content": None}),
        start(0, "get_weather"),
        fragment(0, function={"arguments": '{"city":'}),
        start(1, "get_time"),
        fragment(1, function={"arguments": '{"zone":"'}),
        fragment(0, function={"arguments": '"Oslo"}'}),
        fragment(1, function={"arguments": 'CET"}'}),
        chunk({}, "tool_calls"),
    )
    calls: dict[int, list[str]] = {}
    for item in scripted_client.chat.completions.create(model="scripted", messages=HELLO, stream=True):
        for part in item.choices[0].delta.tool_calls or []:
            name, arguments = calls.get(part.index, ["", ""])
            calls[part.index] = [name + (part.function.name or ""), arguments + (part.function.arguments or "")]
    assert calls == {0: ["get_weather", '{"city":"Oslo"}'], 1: ["get_time", '{"zone":"CET"}']}


def test_choices_of_a_stream_interleave(scripted_http: httpx.Client, provider: ScriptedProvider) -> None:
    sent = [chunk({"role": "assistant", "content": f"{index}"}, index=index) for index in (0, 1)]
    sent += [chunk({"content": f" of {index}"}, index=index) for index in (1, 0)]
    sent += [chunk({}, "stop", index=1), chunk({}, "length", index=0)]
    provider.script = lambda call: call.stream(*sent)
    got = events(post(scripted_http, stream=True, n=2).text)
    assert [without_model(item) for item in got] == [without_model(item) for item in sent]


def test_json_schema_passes_through(scripted_client: openai.OpenAI, provider: ScriptedProvider) -> None:
    schema = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"], "additionalProperties": False}
    wanted = {"type": "json_schema", "json_schema": {"name": "page", "strict": True, "schema": schema}}
    provider.script = lambda call: call.answer(completion({"content": '{"title": "Home"}'}))
    answer = scripted_client.chat.completions.create(model="scripted", messages=HELLO, response_format=wanted)
    assert provider.calls[0].body["response_format"] == wanted
    assert answer.choices[0].message.content == '{"title": "Home"}'


def test_first_chunk_comes_while_the_provider_still_talks(scripted_client: openai.OpenAI, provider: ScriptedProvider) -> None:
    heard = threading.Event()

    def script(call: Call) -> None:
        call.start_stream()
        call.event(chunk({"role": "assistant", "content": "First"}))
        assert heard.wait(10), "the client did not get the first chunk while the stream was open"
        call.event(chunk({"content": ", second"}))
        call.event(chunk({}, "stop"))
        call.end_stream()

    provider.script = script
    text = ""
    for item in scripted_client.chat.completions.create(model="scripted", messages=HELLO, stream=True):
        text += item.choices[0].delta.content or ""
        if text == "First":
            heard.set()
    assert text == "First, second"


@pytest.mark.parametrize("after_content", [False, True])
def test_hanging_up_reaches_the_provider(scripted_http: httpx.Client, provider: ScriptedProvider, after_content: bool) -> None:
    asked, left_at = threading.Event(), []

    def script(call: Call) -> None:
        call.start_stream()
        call.event(chunk({"role": "assistant", "content": "Once upon a time" if after_content else ""}))
        asked.set()
        if call.caller_leaves(within=10):
            left_at.append(time.monotonic())

    provider.script = script
    body = {"model": "scripted", "messages": HELLO, "stream": True}
    hung_up_at = []

    def leave(client: httpx.Client) -> None:
        assert asked.wait(10)
        hung_up_at.append(time.monotonic())
        client.close()

    with httpx.Client(base_url=scripted_http.base_url, timeout=httpx.Timeout(20, read=2)) as client:
        if after_content:
            with client.stream("POST", "/v1/chat/completions", json=body) as response:
                next(response.iter_lines())
                leave(client)
        else:
            # No content yet, so no answer has begun: the client gives up waiting.
            with pytest.raises(httpx.ReadTimeout):
                client.post("/v1/chat/completions", json=body)
            leave(client)
    deadline = time.monotonic() + 10
    while not left_at and provider.failure is None and time.monotonic() < deadline:
        time.sleep(0.005)
    assert left_at, "the provider's connection stayed open after the client had left"
    # The goal is 100 ms; the rest is for a busy machine.
    assert left_at[0] - hung_up_at[0] < 0.5


def test_a_stream_that_breaks_off_is_an_error(scripted_client: openai.OpenAI, provider: ScriptedProvider) -> None:
    """Never a short answer that looks like a whole one."""

    def script(call: Call) -> None:
        call.start_stream()
        call.event(chunk({"role": "assistant", "content": "The answer is"}))
        call.cut()

    provider.script = script
    with pytest.raises(openai.APIError) as caught:
        list(scripted_client.chat.completions.create(model="scripted", messages=HELLO, stream=True))
    assert caught.value.message


def test_a_providers_refusal_passes_through(scripted_client: openai.OpenAI, provider: ScriptedProvider) -> None:
    error = {"message": "x_heat must be at most 2", "type": "invalid_request_error", "param": "x_heat", "code": "too_hot"}
    provider.script = lambda call: call.answer({"error": error}, status=400)
    with pytest.raises(openai.BadRequestError) as caught:
        scripted_client.chat.completions.create(model="scripted", messages=HELLO, extra_body={"x_heat": 3})
    assert caught.value.param == "x_heat"
    assert "at most 2" in caught.value.message
    assert len(provider.calls) == 1, "nobody else would answer differently"
