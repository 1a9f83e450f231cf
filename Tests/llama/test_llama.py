"""A gateway in front of a real inference server.

llama.cpp's server announces keep-alive, closes the connection after each stream, and also after 100 requests or
5 idle seconds: a gateway that pools connections meets dead ones all the time, and no caller may notice.
"""

from __future__ import annotations

import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import openai
import processes

TOKENS = 16


def ask(client: openai.OpenAI, text: str, model: str = "tiny") -> str:
    answer = client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": text}], max_tokens=TOKENS, temperature=0, seed=1
    )
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens == TOKENS
    return answer.choices[0].message.content


def ask_streaming(client: openai.OpenAI, text: str, model: str = "tiny") -> str:
    chunks = list(
        client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": text}], max_tokens=TOKENS, temperature=0, seed=1, stream=True
        )
    )
    assert len(chunks) > TOKENS // 2
    assert len({chunk.id for chunk in chunks}) == 1
    assert all(chunk.choices for chunk in chunks), "usage was not asked for"
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-1].choices[0].finish_reason == "length"
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


def test_the_server_closes_after_a_stream(llama: processes.Server) -> None:
    """What the other tests rely on: were it no longer so, they would test less than they say."""
    address = urlsplit(llama.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=20)
    body = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 2, "stream": True}
    connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
    response = connection.getresponse()
    assert response.headers["Keep-Alive"]
    assert response.headers["Connection"] != "close"
    assert b"[DONE]" in response.read()
    assert connection.sock.recv(1) == b""
    connection.close()


def test_plain(client: openai.OpenAI, direct: openai.OpenAI) -> None:
    assert ask(client, "Hello there") == ask(direct, "Hello there", "quintet-tiny")


def test_streaming(client: openai.OpenAI, direct: openai.OpenAI) -> None:
    assert ask_streaming(client, "Hello there") == ask_streaming(direct, "Hello there", "quintet-tiny")


def test_usage_of_a_stream(client: openai.OpenAI) -> None:
    *before, last = client.chat.completions.create(
        model="tiny",
        messages=[{"role": "user", "content": "Hello"}],
        max_tokens=TOKENS,
        stream=True,
        stream_options={"include_usage": True},
    )
    assert last.choices == []
    assert last.usage.completion_tokens == TOKENS
    assert all(chunk.choices for chunk in before)


def test_alternating(client: openai.OpenAI) -> None:
    """A plain request often gets the connection that the stream before it left dead."""
    for number in range(20):
        assert ask_streaming(client, f"Round {number}")
        assert ask(client, f"Round {number}")


def test_streams_in_a_row(client: openai.OpenAI) -> None:
    for number in range(20):
        assert ask_streaming(client, f"Stream {number}")


def test_more_requests_than_a_connection_serves(client: openai.OpenAI) -> None:
    for number in range(110):
        assert ask(client, f"Request {number}")


def test_connections_that_died_of_idleness(client: openai.OpenAI) -> None:
    assert ask(client, "Before")
    time.sleep(5.5)  # the server's keep-alive limit is 5 s
    assert ask(client, "After")


def test_eight_at_once(client: openai.OpenAI) -> None:
    def both(number: int) -> str:
        return ask_streaming(client, f"Caller {number}") + ask(client, f"Caller {number}")

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(both, range(48)))


def test_a_left_stream_frees_the_server(client: openai.OpenAI) -> None:
    """The server has four slots: if leaving did not cancel, the long answers would hold them."""
    for _ in range(8):
        with client.chat.completions.create(
            model="tiny", messages=[{"role": "user", "content": "Talk on"}], max_tokens=1500, stream=True
        ) as stream:
            next(iter(stream))
    assert ask(client, "Still there?")


def test_no_request_failed(http: httpx.Client) -> None:
    """A dead connection that was retried unseen is no fault of the provider's."""
    [entry] = http.get("/ai/circuit-breaker", headers={"accept": "application/json"}).json()["breakers"]
    assert entry["deployment"] == "llamacpp/quintet-tiny"
    assert entry["state"] == "closed"
