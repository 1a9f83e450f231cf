"""What an answer costs, as an SDK reads it. The demo's prices are made up; what counts is that everything adds up."""

from __future__ import annotations

from pathlib import Path

import httpx
import openai
import processes
import pytest
from scripted import Call, ScriptedProvider, chunk

HELLO = [{"role": "user", "content": "Hello, what does this cost?"}]
ASKED = {"x-quintet-receipt": "1"}


def check(receipt: dict, model: str) -> None:
    """The lines sum to the total exactly, and the tokens of a line to its amount."""
    assert receipt["unit"] == "picodollars"
    assert receipt["complete"] is True
    assert receipt["total"] == sum(line["amount"] for line in receipt["lines"]) > 0
    assert float(receipt["total_usd"]) == pytest.approx(receipt["total"] / 1e12)
    for line in receipt["lines"]:
        assert line["amount"] == sum(item["amount"] for item in line["tokens"])
        assert all(item["amount"] == item["count"] * item["price"] for item in line["tokens"])
    last = receipt["lines"][-1]
    assert (last["kind"], last["model"], last["outcome"], last["basis"]) == ("answer", model, "ok", "reported")
    assert last["price_source"]


def test_a_whole_answer_has_one_if_asked(client: openai.OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(model="demo-small", messages=HELLO, extra_headers=ASKED)
    answer = raw.parse()
    assert answer.choices[0].message.content
    receipt = answer.model_extra["quintet"]["receipt"]
    check(receipt, "demo-small")
    assert raw.headers["x-quintet-cost-usd"] == receipt["total_usd"]
    counts = {item["class"]: item["count"] for item in receipt["lines"][0]["tokens"]}
    assert counts == {"prompt": answer.usage.prompt_tokens, "completion": answer.usage.completion_tokens}
    plain = client.chat.completions.create(model="demo-small", messages=HELLO, extra_headers={"x-quintet-receipt": "0"})
    assert "quintet" not in (plain.model_extra or {})


@pytest.mark.parametrize("options", [{}, {"stream_options": {"include_usage": True}}])
def test_a_stream_ends_with_it(client: openai.OpenAI, options: dict) -> None:
    stream = client.chat.completions.create(model="demo-small", messages=HELLO, stream=True, extra_headers=ASKED, **options)
    chunks = list(stream)
    assert chunks[-1].choices == []
    check(chunks[-1].model_extra["quintet"]["receipt"], "demo-small")
    assert len({chunk.id for chunk in chunks}) == 1
    assert len({chunk.created for chunk in chunks}) == 1
    assert all("quintet" not in (chunk.model_extra or {}) for chunk in chunks[:-1])
    assert (chunks[-2].usage is not None) == bool(options)
    plain = list(client.chat.completions.create(model="demo-small", messages=HELLO, stream=True))
    assert all("quintet" not in (chunk.model_extra or {}) for chunk in plain)


@pytest.mark.parametrize("path", ["optimized", "quick"])
def test_the_native_api_always_has_one(http: httpx.Client, path: str) -> None:
    answer = http.post(f"/api/ai/v4/chat/{path}", json={"message": "Hello", "model": "demo-small"}).json()
    check(answer["quintet"]["receipt"], "demo-small")
    assert answer["cost"] == pytest.approx(answer["quintet"]["receipt"]["total"] / 1e12)


def test_the_native_stream_always_has_one(http: httpx.Client) -> None:
    text = http.post("/api/ai/v4/chat/stream", json={"message": "Hello", "model": "demo-small"}).text
    [done] = [line for line in text.splitlines() if line.startswith("data:") and '"type":"done"' in line]
    check(httpx.Response(200, text=done.removeprefix("data:")).json()["quintet"]["receipt"], "demo-small")


def test_a_limit_is_kept(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as failure:
        client.chat.completions.create(model="demo-large", messages=HELLO, extra_body={"quintet": {"max_cost": 1e-12}})
    assert failure.value.code == "max_cost_exceeded"
    assert failure.value.param == "quintet.max_cost"
    assert "max_cost" in failure.value.message and "demo-small" in failure.value.message
    estimate = failure.value.body["quintet"]["estimate"]
    assert estimate["model"] == "demo-small"
    assert estimate["total"] == sum(item["amount"] for item in estimate["tokens"]) > 1
    assert estimate["total_usd"] in failure.value.message
    answer = client.chat.completions.with_raw_response.create(
        model="auto", messages=HELLO, extra_body={"quintet": {"models": ["demo-large"]}}
    )
    assert answer.headers["x-quintet-model"] == "demo-large"


def test_a_stream_that_breaks_off_tells_what_it_cost(tmp_path: Path, provider: ScriptedProvider, servers: list[processes.Server]) -> None:
    def script(call: Call) -> None:
        call.start_stream()
        call.event(chunk({"role": "assistant", "content": "The answer "}))
        call.cut()

    provider.script = script
    prices = {"input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}
    models = {
        "providers": {"scripted": processes.provider(provider.url)},
        "models": {"shaky": processes.model("scripted", "first", fallbacks=[], **prices)},
    }
    server = processes.gateway(tmp_path, models)
    servers.append(server)
    with processes.sdk(server) as client:
        with pytest.raises(openai.APIError) as failure:
            list(client.chat.completions.create(model="shaky", messages=HELLO, stream=True, extra_headers=ASKED))
    receipt = failure.value.body["quintet"]["receipt"]
    [line] = receipt["lines"]
    counts = {item["class"]: item["count"] for item in line["tokens"]}
    assert (line["outcome"], line["basis"], counts["completion"]) == ("cut", "estimated", 3)
    assert receipt["total"] == counts["prompt"] * 1_000_000 + 3 * 2_000_000
