"""A stream that breaks off goes on from another model, and the official SDK sees one answer."""

from __future__ import annotations

from pathlib import Path

import processes
import pytest
from scripted import Call, ScriptedProvider, chunk, usage_chunk

HELLO = [{"role": "user", "content": "Hello"}]


def gateway(directory: Path, provider: ScriptedProvider, servers: list[processes.Server], prefill: bool) -> processes.Server:
    models = {
        "providers": {"scripted": processes.provider(provider.url)},
        "models": {
            "shaky": processes.model("scripted", "first", fallbacks=["steady"]),
            "steady": processes.model("scripted", "second", fallbacks=[], supports_assistant_prefill=prefill),
        },
    }
    server = processes.gateway(directory, models)
    servers.append(server)
    return server


@pytest.mark.parametrize("prefill", [True, False])
def test_a_cut_stream_goes_on(tmp_path: Path, provider: ScriptedProvider, servers: list[processes.Server], prefill: bool) -> None:
    def script(call: Call) -> None:
        if call.body["model"] == "first":
            call.start_stream()
            call.event(chunk({"role": "assistant", "content": "The answer "}))
            return call.cut()
        texts = ["is ", "42."] if prefill else ["The ans", "wer is ", "42."]
        begin = chunk({"role": "assistant", "content": ""}) | {"id": "another"}
        call.stream(begin, *[chunk({"content": text}) | {"id": "another"} for text in texts], chunk({}, "stop"), usage_chunk())

    provider.script = script
    with processes.sdk(gateway(tmp_path, provider, servers, prefill)) as client:
        with client.chat.completions.stream(model="shaky", messages=HELLO, stream_options={"include_usage": True}) as stream:
            chunks = [event.chunk for event in stream if event.type == "chunk"]
            completion = stream.get_final_completion()
    assert completion.choices[0].message.content == "The answer is 42."
    assert completion.choices[0].message.role == "assistant"
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage is not None and completion.usage.total_tokens == 10
    assert {each.id for each in chunks} == {"chatcmpl-scripted"}
    declared = [each.model_extra["quintet"] for each in chunks if "quintet" in (each.model_extra or {})]
    assert declared == [{"resumed": {"model": "steady", "by": "prefill" if prefill else "restart"}}]
    last = provider.calls[-1].body["messages"][-1]
    assert last == ({"role": "assistant", "content": "The answer"} if prefill else HELLO[0])


def test_the_callers_wishes_stay_here(tmp_path: Path, provider: ScriptedProvider, servers: list[processes.Server]) -> None:
    with processes.sdk(gateway(tmp_path, provider, servers, False)) as client:
        wishes = {"quintet": {"on_cut": "error", "deadline_seconds": 30, "timeouts": {"stall_seconds": 5}}}
        answer = client.chat.completions.create(model="shaky", messages=HELLO, extra_body=wishes)
        assert answer.choices[0].message.content == "Hello there."
        assert "quintet" not in provider.calls[-1].body
