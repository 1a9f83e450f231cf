#!/usr/bin/env python3
"""Measures teams: the gateway's CPU for five members against one request, its memory with many teams in flight, and the time a
team takes against its slowest member and its synthesis.

    python3 Benchmarks/team/bench.py [--binary .build/release/quintet] [--requests 200] [--teams 200] [--chunks 100]

Provider and clients are this process; the gateway is another, and only that is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import socket
import subprocess
import tempfile
import time
from pathlib import Path

MEMBERS = ["m1", "m2", "m3", "m4", "m5"]
SYNTHESIS = b"You write the final answer of a team"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def chunk(delta: dict, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    event = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "there", "choices": [choice]}
    data = b"data: " + json.dumps(event).encode() + b"\n\n"
    return b"%x\r\n%s\r\n" % (len(data), data)


class Provider:
    """Streams `chunks` chunks; waits before the last of them as long as `delays` says for the model, or until `hold` is set."""

    def __init__(self, chunks: int) -> None:
        self.chunks = chunks
        self.delays: dict[str, float] = {}
        self.hold: asyncio.Event | None = None
        self.open = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(re.search(rb"content-length: (\d+)", head, re.IGNORECASE).group(1))
                body = await reader.readexactly(length)
                await self.answer(body, head.split(b"/", 2)[1].decode(), writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def answer(self, body: bytes, model: str, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        writer.write(chunk({"role": "assistant", "content": ""}))
        for _ in range(self.chunks):
            writer.write(chunk({"content": "some words of it "}))
            # As a model speaks: each by itself.
            await asyncio.sleep(0.002)
        await writer.drain()
        self.open += 1
        if self.hold:
            await self.hold.wait()
        await asyncio.sleep(self.delays.get("synthesis" if SYNTHESIS in body else model, 0))
        self.open -= 1
        data = b"data: [DONE]\n\n"
        writer.write(chunk({}, "stop") + b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data))
        await writer.drain()


async def ask(port: int, model: str, own: dict | None = None) -> float:
    """Reads a streamed answer to its end; the seconds that it took."""
    body = {"model": model, "stream": True, "messages": [{"role": "user", "content": "word " * 300}]}
    data = json.dumps(body | ({"quintet": own} if own else {})).encode()
    started = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(data), data)
    )
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


async def measure(options: argparse.Namespace, pid: int, port: int, provider: Provider) -> None:
    team = {"members": MEMBERS, "combine": "list"}
    await cpu_of(pid, port, 20, "team", team)
    single = await cpu_of(pid, port, options.requests * 5, "m1")
    five = await cpu_of(pid, port, options.requests, "team", team)
    print(f"CPU: one request {single:.2f} ms, a team of five {five:.2f} ms: {five / single:.2f} x ({options.chunks} chunks each)")

    idle = megabytes(pid)
    provider.hold = asyncio.Event()
    waiting = [asyncio.create_task(ask(port, "team", team)) for _ in range(options.teams)]
    while provider.open < options.teams * len(MEMBERS):
        await asyncio.sleep(0.05)
    await asyncio.sleep(1)
    print(f"memory: {megabytes(pid):.0f} MB with {options.teams} teams of five in flight ({idle:.0f} MB before)")
    provider.hold.set()
    await asyncio.gather(*waiting)
    provider.hold = None

    provider.chunks = 1
    provider.delays = {"m1": 0.4, "m2": 0.8, "m3": 1.2, "m4": 1.6, "m5": 2.0, "synthesis": 1.0}
    seconds = await ask(port, "team", {"members": MEMBERS, "combine": "synthesis"})
    print(f"time: {seconds:.3f} s, where the slowest member takes 2.0 s and the synthesis 1.0 s: {seconds / 3.0 - 1:+.1%}")


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", default=".build/release/quintet")
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--teams", type=int, default=200)
    parser.add_argument("--chunks", type=int, default=100)
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
                name: {"deployments": [{"provider": name, "model": "there"}], "timeouts": {"stall_seconds": 120}} for name in MEMBERS
            },
        }
        Path(folder, "models.json").write_text(json.dumps(models))
        command = [options.binary, "serve", "--models", f"{folder}/models.json", "--state-dir", f"{folder}/state"]
        environment = os.environ | {"QUINTET_CACHE": "off"}
        gateway = subprocess.Popen(
            [*command, "--port", str(port), "--log-level", "warning", "--loops", "1"], env=environment, stdout=subprocess.DEVNULL
        )
        try:
            for _ in range(200):
                try:
                    (await asyncio.open_connection("127.0.0.1", port))[1].close()
                    break
                except ConnectionError:
                    await asyncio.sleep(0.05)
            await measure(options, gateway.pid, port, provider)
        finally:
            gateway.terminate()
            gateway.wait()


if __name__ == "__main__":
    asyncio.run(main())
