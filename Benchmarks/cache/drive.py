"""Requests in a given order, each once, over a number of connections: what wrk cannot do."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Workload:
    """Prompts drawn by Zipf's law with exponent 1: the n-th is asked 1/n times as often as the first."""

    prompts: int
    requests: int
    seed: int

    @cached_property
    def draws(self) -> list[int]:
        weights = list(itertools.accumulate(1 / rank for rank in range(1, self.prompts + 1)))
        return random.Random(self.seed).choices(range(self.prompts), cum_weights=weights, k=self.requests)

    @property
    def distinct(self) -> int:
        return len(set(self.draws))

    def bodies(self) -> Iterator[bytes]:
        return map(self.body, self.draws)

    def body(self, prompt: int, **fields: object) -> bytes:
        text = f"Question {prompt}: " + "what does the quick brown fox do after it has jumped over the lazy dog? " * 18
        question = {"model": "bench", "messages": [{"role": "user", "content": text}], "temperature": 0.2, "max_tokens": 256}
        return json.dumps(question | fields).encode()


def drive(port: int, bodies: Iterable[bytes], connections: int) -> float:
    """Posts all bodies, each when a connection is free; the seconds that took. Any answer but 200 is an error."""

    async def run() -> float:
        queue = iter(bodies)
        started = time.monotonic()
        await asyncio.gather(*(post_in_turn(port, queue) for _ in range(connections)))
        return time.monotonic() - started

    return asyncio.run(run())


async def post_in_turn(port: int, queue: Iterator[bytes]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for body in queue:
            head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            status, _, fields = answer.partition(b"\r\n")
            length = next(line for line in fields.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.partition(b":")[2]))
            if b" 200 " not in status:
                raise OSError(f"a request was answered with {status.decode()}")
    finally:
        writer.close()
