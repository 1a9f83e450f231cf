#!/usr/bin/env python3
"""Measures teams: the gateway's CPU for five members against one request, its memory with many teams in flight, the time a team
takes against its slowest member and its synthesis, and how soon its calls end when nobody wants them any more.

    python3 Benchmarks/team/bench.py [--binary .build/release/quintet] [--part cpu memory time end] [--cache on]
        [--requests 200] [--teams 200] [--chunks 100] [--rounds 50]

Provider and clients are this process; the gateway is another, and only that is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import re
import socket
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

MEMBERS = ["m1", "m2", "m3", "m4", "m5"]
PRICE = 0.00001
SYNTHESIS = b"You write the final answer of a team"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def chunk(delta: dict, finish: str | None = None, tokens: int | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    event = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "there", "choices": [choice]}
    if tokens:
        event["usage"] = {"prompt_tokens": 400, "completion_tokens": tokens, "total_tokens": 400 + tokens}
    data = b"data: " + json.dumps(event).encode() + b"\n\n"
    return b"%x\r\n%s\r\n" % (len(data), data)


class Provider:
    """Streams `chunks` chunks; waits before the last of them as long as `delays` says for the model, or until `hold` is set."""

    def __init__(self, chunks: int) -> None:
        self.chunks = chunks
        # As a model speaks: each by itself.
        self.pause = 0.002
        self.delays: dict[str, float] = {}
        self.hold: asyncio.Event | None = None
        self.open = 0
        # Models that are not held; what they say they used; when the last of them ended.
        self.free: set[str] = set()
        self.tokens: int | None = None
        self.ended = 0.0
        # When each call was closed that was held.
        self.closed: list[float] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(re.search(rb"content-length: (\d+)", head, re.IGNORECASE).group(1))
                body = await reader.readexactly(length)
                await self.answer(body, head.split(b"/", 2)[1].decode(), reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def answer(self, body: bytes, model: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        writer.write(chunk({"role": "assistant", "content": ""}))
        for _ in range(self.chunks):
            writer.write(chunk({"content": "some words of it "}))
            if self.pause:
                await asyncio.sleep(self.pause)
        await writer.drain()
        self.open += 1
        try:
            if self.hold and model not in self.free:
                await self.wait(self.hold, reader)
            elif self.hold:
                while self.open < len(MEMBERS):
                    await asyncio.sleep(0.001)
        finally:
            self.open -= 1
        await asyncio.sleep(self.delays.get("synthesis" if SYNTHESIS in body else model, 0))
        data = b"data: [DONE]\n\n"
        writer.write(chunk({}, "stop", self.tokens) + b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data))
        self.ended = time.monotonic()
        await writer.drain()

    async def wait(self, hold: asyncio.Event, reader: asyncio.StreamReader) -> None:
        """Until the call is let go on, or closed."""
        byte, go = asyncio.ensure_future(reader.read(1)), asyncio.ensure_future(hold.wait())
        await asyncio.wait({byte, go}, return_when=asyncio.FIRST_COMPLETED)
        go.cancel()
        if byte.done():
            self.closed.append(time.monotonic())
            raise ConnectionError
        byte.cancel()
        await asyncio.gather(byte, return_exceptions=True)


# No request is another's equal: none is answered from the cache, or joins a call.
numbers = itertools.count()


def request(model: str, own: dict | None = None) -> bytes:
    # The limit keeps what an answer is expected to cost small, whatever those before it did.
    content = f"{next(numbers)} " + "word " * 300
    body = {"model": model, "stream": True, "max_tokens": 500, "messages": [{"role": "user", "content": content}]}
    data = json.dumps(body | ({"quintet": own} if own else {})).encode()
    return (
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(data), data)
    )


async def ask(port: int, model: str, own: dict | None = None) -> float:
    """Reads a streamed answer to its end; the seconds that it took."""
    started = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request(model, own))
    answer = await reader.read(-1)
    writer.close()
    assert b" 200 " in answer[:20] and b"[DONE]" in answer[-60:], answer[:300]
    return time.monotonic() - started


def cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def megabytes(pid: int) -> float:
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()).group(1)) / 1024


async def cpu_of(pid: int, port: int, count: int, model: str, own: dict | None = None) -> float:
    """CPU milliseconds of the gateway for one request, 8 at a time."""
    before = cpu(pid)
    places = asyncio.Semaphore(8)

    async def one() -> None:
        async with places:
            await ask(port, model, own)

    await asyncio.gather(*(one() for _ in range(count)))
    return (cpu(pid) - before) / count * 1000


TEAM = {"members": MEMBERS, "combine": "list"}


async def measure_cpu(options: argparse.Namespace, pid: int, port: int, provider: Provider) -> None:
    await cpu_of(pid, port, 20, "team", TEAM)
    for pause, name in ((0.002, "one by one"), (0, "in bursts")):
        provider.pause = pause
        single = await cpu_of(pid, port, options.requests * 5, "m1")
        five = await cpu_of(pid, port, options.requests, "team", TEAM)
        print(
            f"CPU: one request {single:.2f} ms, a team of five {five:.2f} ms: {five / single:.2f} x ({options.chunks} chunks each, {name})"
        )
    provider.pause = 0.002


async def measure_memory(options: argparse.Namespace, pid: int, port: int, provider: Provider) -> None:
    idle = megabytes(pid)
    provider.hold = asyncio.Event()
    waiting = [asyncio.create_task(ask(port, "team", TEAM)) for _ in range(options.teams)]
    while provider.open < options.teams * len(MEMBERS):
        await asyncio.sleep(0.05)
    await asyncio.sleep(1)
    print(f"memory: {megabytes(pid):.0f} MB with {options.teams} teams of five in flight ({idle:.0f} MB before)")
    provider.hold.set()
    await asyncio.gather(*waiting)
    provider.hold = None


async def measure_time(options: argparse.Namespace, pid: int, port: int, provider: Provider) -> None:
    provider.chunks = 1
    provider.delays = {"m1": 0.4, "m2": 0.8, "m3": 1.2, "m4": 1.6, "m5": 2.0, "synthesis": 1.0}
    seconds = await ask(port, "team", {"members": MEMBERS, "combine": "synthesis"})
    print(f"time: {seconds:.3f} s, where the slowest member takes 2.0 s and the synthesis 1.0 s: {seconds / 3.0 - 1:+.1%}")
    provider.delays = {}


async def measure_end(options: argparse.Namespace, pid: int, port: int, provider: Provider) -> None:
    """From what ends a team to the moment when its provider sees the last of its calls closed."""
    provider.chunks, provider.pause = 3, 0
    deadline = 0.3
    for cause, own, free in (
        ("the caller leaves", {}, set()),
        ("the deadline is over", {"deadline_seconds": deadline}, set()),
        ("one has won the race", {"combine": "race"}, {"m1"}),
        ("one breaks the ceiling", {"max_cost": 1}, {"m1"}),
    ):
        provider.free, provider.tokens = free, 1_000_000 if "max_cost" in own else None
        took = []
        for _ in range(options.rounds):
            provider.hold, provider.closed = asyncio.Event(), []
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            started = time.monotonic()
            writer.write(request("team", TEAM | own))
            if cause == "the caller leaves":
                while provider.open < len(MEMBERS):
                    await asyncio.sleep(0.001)
                started = time.monotonic()
                writer.close()
            while len(provider.closed) < len(MEMBERS) - len(free):
                await asyncio.sleep(0.001)
                assert time.monotonic() < started + 5, f"{cause}: {provider.open} calls are still open"
            cause_at = provider.ended if free else started + own.get("deadline_seconds", 0)
            took.append((max(provider.closed) - cause_at) * 1000)
            writer.close()
            provider.hold.set()
        print(f"end: {cause}: all calls closed after {statistics.median(took):.1f} ms (median), {max(took):.1f} ms (slowest of {len(took)})")
    provider.hold, provider.free, provider.tokens = None, set(), None


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", default=".build/release/quintet")
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--teams", type=int, default=200)
    parser.add_argument("--chunks", type=int, default=100)
    parser.add_argument("--cache", choices=["on", "off"], default="off")
    parser.add_argument("--rounds", type=int, default=50)
    parts = {"cpu": measure_cpu, "memory": measure_memory, "time": measure_time, "end": measure_end}
    parser.add_argument("--part", nargs="+", choices=parts, default=list(parts))
    options = parser.parse_args()
    provider, port = Provider(options.chunks), free_port()
    server = await asyncio.start_server(provider.serve, "127.0.0.1", 0, backlog=2048)
    there = server.sockets[0].getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        models = {
            "providers": {
                name: {"base_url": f"http://127.0.0.1:{there}/{name}", "max_in_flight": 1000} for name in MEMBERS
            },
            "models": {
                name: {
                    "deployments": [{"provider": name, "model": "there"}],
                    "timeouts": {"stall_seconds": 120},
                    "input_cost_per_token": 0,
                    "output_cost_per_token": PRICE,
                }
                for name in MEMBERS
            },
        }
        Path(folder, "models.json").write_text(json.dumps(models))
        command = [options.binary, "serve", "--models", f"{folder}/models.json", "--state-dir", f"{folder}/state"]
        environment = os.environ | {"QUINTET_CACHE": options.cache}
        arguments = [*command, "--port", str(port), "--log-level", "error", "--loops", "1"]
        gateway = subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL)
        try:
            for _ in range(200):
                try:
                    (await asyncio.open_connection("127.0.0.1", port))[1].close()
                    break
                except ConnectionError:
                    await asyncio.sleep(0.05)
            for part in options.part:
                await parts[part](options, gateway.pid, port, provider)
        finally:
            gateway.terminate()
            gateway.wait()


if __name__ == "__main__":
    asyncio.run(main())
