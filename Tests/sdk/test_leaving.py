"""Callers who leave, in thousands, at any moment: nothing of theirs stays behind.

The gateway and the provider are processes of their own, so what they hold can be counted exactly, from /proc.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import socket
import struct
import time
from pathlib import Path

import httpx
import processes

AT_ONCE = 40
WARM_UP = 2_000
CALLERS = 10_000
MEMORY_LIMIT = 8 << 20
"""What 10,000 callers may add: a leak of 1 KB each would show."""


def descriptors(server: processes.Server) -> int:
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def status(server: processes.Server, field: str) -> int:
    text = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(rf"^{field}:\s+(\d+)", text, re.MULTILINE)[1])


class Crowd:
    """Callers who each ask for something and leave at a moment of their own; a seed repeats them."""

    def __init__(self, gateway: processes.Server, seed: int) -> None:
        self.host, port = gateway.url.removeprefix("http://").split(":")
        self.port = int(port)
        self.random = random.Random(seed)
        self.saw_an_answer: set[str] = set()

    async def come(self, count: int, name: str) -> None:
        places = asyncio.Semaphore(AT_ONCE)

        async def one(number: int) -> None:
            async with places:
                await asyncio.wait_for(self.caller(f"{name}-{number}"), 60)

        await asyncio.gather(*(one(number) for number in range(count)))

    async def caller(self, name: str) -> None:
        chance = self.random
        model = chance.choice(["silent", "headers", "stalls", "well", "well"])
        body = json.dumps({"model": model, "stream": chance.random() < 0.6, "messages": [{"role": "user", "content": "Hi"}]})
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nX-Request-Id: {name}\r\nContent-Type: application/json\r\n"
        request = f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()
        moment = chance.choice(["sending", "sent", "soon", "soon", "answered", "later"])
        if moment == "sending":
            request = request[: chance.randrange(1, len(request))]
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            writer.write(request)
            match moment:
                case "sent":
                    await writer.drain()
                case "soon":
                    await asyncio.sleep(chance.uniform(0, 0.02))
                case "answered" | "later":
                    await self.read(reader, name, times=1 if moment == "answered" else chance.randrange(1, 20))
            if chance.random() < 0.5:
                # Half of them vanish with a reset.
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        finally:
            writer.close()
            try:
                await writer.wait_closed()
            except OSError:
                pass

    async def read(self, reader: asyncio.StreamReader, name: str, times: int) -> None:
        """Reads a few times; a model that stays silent is waited for a little."""
        for _ in range(times):
            try:
                data = await asyncio.wait_for(reader.read(4096), 0.05)
            except TimeoutError:
                return
            if not data:
                return
            self.saw_an_answer.add(name)


def settle(http: httpx.Client, gateway: processes.Server, demo: processes.Server) -> tuple[list[int], dict[str, object]]:
    """What the two hold, idle connections between them apart, once nothing is under way."""
    deadline = time.monotonic() + 20
    held: list[int] = []
    while time.monotonic() < deadline:
        # Always over the same connection: asking must not change what is counted.
        board = http.get("/ai/circuit-breaker").json()
        pool = board["providers"][0]["pool"]
        before, held = held, [descriptors(gateway) - pool["idle"], descriptors(demo) - pool["idle"]]
        if pool["in_use"] == pool["waiting"] == 0 and held == before:
            return held, board
        time.sleep(0.2)
    raise AssertionError(f"it does not come to rest: {pool}, {held}")


def test_ten_thousand_callers_leave_nothing_behind(tmp_path: Path, servers: list[processes.Server]) -> None:
    demo = processes.demo_provider(tmp_path, "--faults", "--token-delay-ms", "3")
    servers.append(demo)
    names = {"well": "demo-small", "silent": "fault-hang", "headers": "fault-headers-only", "stalls": "fault-stall"}
    gateway = processes.gateway(
        tmp_path,
        {
            "providers": {"demo": processes.provider(demo.url)},
            "models": {name: processes.model("demo", model, fallbacks=[]) for name, model in names.items()},
        },
    )
    servers.append(gateway)
    crowd = Crowd(gateway, seed=20_261_121)
    with httpx.Client(base_url=gateway.url, timeout=30) as http:
        asyncio.run(crowd.come(WARM_UP, "early"))
        held, _ = settle(http, gateway, demo)
        memory, threads = status(gateway, "VmRSS"), status(gateway, "Threads")

        asyncio.run(crowd.come(CALLERS, "late"))
        held_after, board = settle(http, gateway, demo)
        assert held_after == held, "file descriptors of the gateway and of the provider"
        assert status(gateway, "Threads") <= threads + 1
        assert (status(gateway, "VmRSS") - memory) << 10 <= MEMORY_LIMIT, "memory"
        # Nobody was blamed for them: no fault was counted, no breaker moved.
        for breaker in board["breakers"]:
            assert (breaker["state"], breaker["total_faults"], breaker["transitions"]) == ("closed", 0, []), breaker
        question = {"model": "well", "messages": [{"role": "user", "content": "Still there?"}]}
        assert http.post("/v1/chat/completions", json=question).status_code == 200

    # Each request ended once: one line each, and one for everybody who saw something of an answer.
    gateway.stop()
    log = gateway.log.read_text()
    assert " error " not in log, "leaving is no error of the gateway"
    ended = re.findall(r"\b(?:early|late)-\d+\b", log)
    assert len(ended) == len(set(ended)), "a request ended twice"
    assert crowd.saw_an_answer <= set(ended)
    assert len(ended) > CALLERS / 2
