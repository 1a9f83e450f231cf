"""The cache as the official SDK and the commands see it, at a gateway as it is started: on."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import processes
import pytest
from scripted import Call, ScriptedProvider, chunk, completion, usage_chunk

TOKEN = "cache-test-admin-token"
ADMIN = {"Authorization": f"Bearer {TOKEN}"}
# USD for each of the 7 and the 3 tokens of an answer.
PRICES = {"input_cost_per_token": 0.001, "output_cost_per_token": 0.002}
COST = 7 * 0.001 + 3 * 0.002
HELLO = [{"role": "user", "content": "Hello"}]
TOOLS = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]


class Rig:
    def __init__(self, directory: Path, provider: ScriptedProvider) -> None:
        self.provider = provider
        self.directory = directory
        self.models = directory / "models.json"
        self.agents = directory / "agents"
        self.agents.mkdir()
        for file in (processes.ROOT / "agents").glob("*.md"):
            (self.agents / file.name).write_text(file.read_text())
        self.write("upstream")
        command = [processes.BINARY, "serve", "--port", "0", "--state-dir", directory / "state"]
        command += ["--models", self.models, "--agents", self.agents]
        self.server = processes.Server("gateway", command, directory, {"QUINTET_ADMIN_TOKEN": TOKEN})
        self.client = processes.sdk(self.server)
        self.http = httpx.Client(base_url=self.server.url, timeout=30)

    def write(self, upstream: str) -> None:
        """`model` leads to that name at the provider; `other` stays where it is."""
        models = {"model": upstream, "other": "elsewhere"}
        self.models.write_text(
            json.dumps(
                {
                    "providers": {"scripted": processes.provider(self.provider.url)},
                    "models": {name: processes.model("scripted", place, **PRICES) for name, place in models.items()},
                }
            )
        )

    def reload(self) -> None:
        assert self.http.post("/admin/reload", headers=ADMIN).status_code == 200

    def ask(self, text: str = "Hello", **more: object):
        """The raw answer: headers and what `parse()` makes of the body."""
        more = {"model": "model", "messages": [{"role": "user", "content": text}]} | more
        return self.client.chat.completions.with_raw_response.create(**more)

    def stats(self) -> dict:
        answer = self.http.get("/api/cache/stats", headers=ADMIN)
        assert answer.status_code == 200
        return answer.json()

    def command(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [processes.BINARY, "cache", *arguments, "--url", self.server.url],
            env=processes.clean_environment() | {"QUINTET_ADMIN_TOKEN": TOKEN},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )


@pytest.fixture
def rig(tmp_path: Path, servers: list[processes.Server]) -> Iterator[Rig]:
    provider = ScriptedProvider()
    rig = Rig(tmp_path, provider)
    servers.append(rig.server)
    yield rig
    rig.client.close()
    rig.http.close()
    provider.close()
    assert provider.failure is None, f"the test's own provider failed: {provider.failure!r}"


def test_a_hit_says_so_and_costs_nothing(rig: Rig) -> None:
    first = rig.ask()
    assert first.headers["x-quintet-cache"] == "miss"
    assert first.headers["cache-status"] == "quintet; fwd=miss; stored"
    assert float(first.headers["x-quintet-cost-usd"]) == pytest.approx(COST)
    assert "age" not in first.headers
    hit = rig.ask()
    assert hit.headers["x-quintet-cache"] == "hit"
    assert re.fullmatch(r"quintet; hit; ttl=(300|2\d\d); detail=L1", hit.headers["cache-status"])
    assert int(hit.headers["age"]) < 60
    assert hit.headers["x-quintet-cost-usd"] == "0"
    assert hit.parse() == first.parse()
    assert len(rig.provider.calls) == 1
    saved = rig.stats()["saved"]["usd"]
    assert saved == pytest.approx(COST)


def test_a_plain_answer_serves_a_stream(rig: Rig) -> None:
    plain = rig.ask().parse()
    chunks = list(rig.ask(stream=True, stream_options={"include_usage": True}).parse())
    assert "".join(part.choices[0].delta.content or "" for part in chunks if part.choices) == plain.choices[0].message.content
    assert {part.id for part in chunks} == {plain.id} and {part.created for part in chunks} == {plain.created}
    assert [part.choices[0].finish_reason for part in chunks if part.choices][-1] == "stop"
    assert chunks[-1].choices == [] and chunks[-1].usage == plain.usage
    bare = list(rig.ask(stream=True).parse())
    assert all(part.usage is None for part in bare)
    assert len(rig.provider.calls) == 1


def test_a_stream_serves_a_plain_request(rig: Rig) -> None:
    chunks = list(rig.ask(stream=True).parse())
    plain = rig.ask()
    assert plain.headers["x-quintet-cache"] == "hit"
    answer = plain.parse()
    assert answer.choices[0].message.content == "".join(part.choices[0].delta.content or "" for part in chunks if part.choices)
    assert answer.choices[0].message.role == "assistant" and answer.choices[0].finish_reason == "stop"
    # The gateway asks for the usage whether the caller does or not.
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (7, 3)
    assert len(rig.provider.calls) == 1


CALLS = [
    {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"at": "the \\"sea\\""}'}},
    {"id": "call_2", "type": "function", "function": {"name": "look", "arguments": "{}"}},
]


def tool_calls(call: Call) -> None:
    """Two tool calls, as a stream in pieces."""
    if not call.body.get("stream"):
        return call.answer(completion({"content": None, "tool_calls": CALLS}, "tool_calls"))
    deltas = [{"role": "assistant", "content": None}]
    for index, item in enumerate(CALLS):
        deltas.append({"tool_calls": [{**item, "index": index, "function": {"name": "look", "arguments": ""}}]})
        text = item["function"]["arguments"]
        for piece in (text[:3], text[3:]):
            deltas.append({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    call.stream(*[chunk(delta) for delta in deltas], chunk({}, "tool_calls"), usage_chunk())


@pytest.mark.parametrize("stream_first", [False, True])
def test_tool_calls_and_usage_survive(rig: Rig, stream_first: bool) -> None:
    rig.provider.script = tool_calls
    first = rig.ask(tools=TOOLS, stream=stream_first)
    if stream_first:
        list(first.parse())
    answer = rig.ask(tools=TOOLS)
    assert answer.headers["x-quintet-cache"] == "hit"
    choice = answer.parse().choices[0]
    assert choice.finish_reason == "tool_calls" and choice.message.content is None
    assert [call.model_dump(exclude_none=True) for call in choice.message.tool_calls] == CALLS
    assert answer.parse().usage.total_tokens == 10

    gathered: dict[int, dict] = {}
    for part in rig.ask(tools=TOOLS, stream=True, stream_options={"include_usage": True}).parse():
        for piece in part.choices[0].delta.tool_calls or [] if part.choices else []:
            entry = gathered.setdefault(piece.index, {"id": piece.id, "type": piece.type, "name": piece.function.name, "arguments": ""})
            entry["arguments"] += piece.function.arguments or ""
    assert part.usage.total_tokens == 10
    assert [(entry["id"], entry["name"], entry["arguments"]) for _, entry in sorted(gathered.items())] == [
        (call["id"], "look", call["function"]["arguments"]) for call in CALLS
    ]
    assert len(rig.provider.calls) == 1


def test_the_bodys_cache_field(rig: Rig) -> None:
    def ask(**wishes: object):
        return rig.ask(extra_body={"cache": wishes})

    assert ask(namespace="one", ttl=20, tags=["faq"]).headers["x-quintet-cache"] == "miss"
    hit = ask(namespace="one")
    assert re.search(r"ttl=(20|1\d);", hit.headers["cache-status"])
    assert ask(namespace="two").headers["x-quintet-cache"] == "miss"
    assert ask(**{"no-cache": True}).headers["cache-status"] == "quintet; fwd=request; stored"
    assert ask(**{"s-maxage": 0}).headers["cache-status"] == "quintet; fwd=request; stored"
    assert ask(**{"use-cache": False}).headers["x-quintet-cache"] == "bypass"
    assert len(rig.provider.calls) == 5
    assert all("cache" not in call.body for call in rig.provider.calls)
    with pytest.raises(openai.BadRequestError) as failure:
        ask(ttl="soon")
    assert failure.value.param == "cache.ttl"


def test_the_header(rig: Rig) -> None:
    def ask(directive: str):
        return rig.ask(extra_headers={"Cache-Control": directive})

    with pytest.raises(openai.APIStatusError) as failure:
        ask("only-if-cached")
    assert failure.value.status_code == 504 and "only-if-cached" in failure.value.message
    assert rig.provider.calls == []
    assert ask("no-store").headers["x-quintet-cache"] == "bypass"
    assert ask("no-cache").headers["cache-status"] == "quintet; fwd=request; stored"
    assert ask("only-if-cached").headers["x-quintet-cache"] == "hit"
    assert ask("max-age=60").headers["x-quintet-cache"] == "hit"
    assert ask("max-age=0").headers["x-quintet-cache"] == "miss"
    assert len(rig.provider.calls) == 3


def test_a_reload_forgets_what_it_makes_stale(rig: Rig) -> None:
    for model in ("model", "other", "agent/dev"):
        assert rig.ask(model=model).headers["x-quintet-cache"] == "miss"
    assert rig.stats()["tiers"]["L1"]["entries"] == 3
    rig.reload()
    assert rig.stats()["tiers"]["L1"]["invalidated"] == 0, "nothing has changed"

    dev = rig.agents / "dev.md"
    dev.write_text(dev.read_text() + "\nAnswer in rhymes.\n")
    rig.reload()
    assert rig.stats()["tiers"]["L1"]["invalidated"] == 1
    assert rig.ask(model="agent/dev").headers["x-quintet-cache"] == "miss"
    for model in ("model", "other"):
        assert rig.ask(model=model).headers["x-quintet-cache"] == "hit"

    rig.write("upstream-2")
    rig.reload()
    assert rig.ask().headers["x-quintet-cache"] == "miss"
    assert rig.provider.calls[-1].body["model"] == "upstream-2"
    assert rig.ask(model="other").headers["x-quintet-cache"] == "hit"


# ---------------------------------------------------------------- the commands


def test_stats_and_clear(rig: Rig) -> None:
    for text in ("one", "two", "one"):
        rig.ask(text, user="ann" if text == "one" else "bob", extra_body={"cache": {"tags": ["faq"]}})
    shown = rig.command("stats")
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith("cache    MEMORY, without Redis\nlookups  3: 1 hits, 2 misses (33.33%)\n"), shown.stdout
    assert re.search(r"^L1 +1 +2 +2 .* 2/10000 ", shown.stdout, re.M) and re.search(r"^L3 +off$", shown.stdout, re.M), shown.stdout
    assert re.search(r"^model +1 +2 +33\.33%$", shown.stdout, re.M), shown.stdout
    assert json.loads(rig.command("stats", "--json").stdout) == rig.stats()

    assert rig.command("clear", "--user", "ann").stdout == "Forgot 1: 1 from L1, 0 from L2.\n"
    assert rig.command("clear", "--user", "ann").stdout == "Nothing was there to forget.\n"
    assert rig.ask("one").headers["x-quintet-cache"] == "miss"
    assert rig.ask("two").headers["x-quintet-cache"] == "hit"
    assert rig.command("clear", "--tag", "faq").stdout.startswith("Forgot 1: ")
    assert rig.command("clear", "--model", "model").stdout.startswith("Forgot 1: ")
    rig.ask("three")
    assert rig.command("clear", "--all").returncode == 1, "nobody can be asked"
    assert rig.command("clear", "--all", "--yes").stdout.startswith("Forgot 1: ")
    assert rig.stats()["tiers"]["L1"]["entries"] == 0


def warm_file(rig: Rig, *texts: str) -> Path:
    file = rig.directory / "requests.jsonl"
    lines = [json.dumps({"model": "model", "stream": True, "messages": [{"role": "user", "content": text}]}) for text in texts]
    file.write_text("\n".join(lines) + "\n")
    return file


def test_warm_fills_the_cache(rig: Rig) -> None:
    file = warm_file(rig, "one", "two", "three")
    rig.ask("two")
    done = rig.command("warm", file)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "3 sent: 2 stored, 1 already there, 0 failed; USD 0.026"
    assert rig.command("warm", file).stdout.splitlines()[-1] == "3 sent: 0 stored, 3 already there, 0 failed; USD 0"
    for text in ("one", "two", "three"):
        assert rig.ask(text).headers["x-quintet-cache"] == "hit"
    assert len(rig.provider.calls) == 3


def test_warm_keeps_its_cap(rig: Rig) -> None:
    file = warm_file(rig, *(f"question {number}" for number in range(10)))
    done = rig.command("warm", file, "--max-cost", "0.03", "--concurrency", "1")
    assert done.stdout.splitlines()[-1] == "3 sent: 3 stored, 0 already there, 0 failed; USD 0.039"
    assert "Stopped at the cap of USD 0.03." in done.stderr
    assert len(rig.provider.calls) == 3
    # What is there costs nothing, so the next run gets further.
    again = rig.command("warm", file, "--max-cost", "0.03", "--concurrency", "1")
    assert again.stdout.splitlines()[-1] == "6 sent: 3 stored, 3 already there, 0 failed; USD 0.039"
