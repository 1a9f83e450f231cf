"""A client's mistake is answered with an error that names what is wrong, in OpenAI's shape."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import openai
import processes
import pytest

HELLO = [{"role": "user", "content": "Hello"}]
MIB = 1 << 20


def check_error(response: httpx.Response, status: int) -> dict[str, object]:
    assert response.status_code == status, response.text
    assert response.headers["x-request-id"]
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"message", "type", "param", "code"}
    assert body["error"]["message"]
    assert body["error"]["type"]
    return body["error"]


def test_unknown_model(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="no-such-model", messages=HELLO)
    assert caught.value.code == "model_not_found"
    assert caught.value.param == "model"
    assert "no-such-model" in caught.value.message
    assert caught.value.request_id


def test_unknown_model_before_a_stream(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="no-such-model", messages=HELLO, stream=True)


def test_unknown_agent(client: openai.OpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model="agent/nobody", messages=HELLO)
    assert caught.value.status_code in (400, 404)
    assert caught.value.param == "model"
    assert "nobody" in caught.value.message


def test_unknown_role(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="demo-small", messages=[*HELLO, {"role": "wizard", "content": "Hello"}])
    assert caught.value.param == "messages[1].role"
    assert "wizard" in caught.value.message


def test_no_messages(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="demo-small", messages=[])
    assert caught.value.param == "messages"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"model": "demo-small"}, "messages"),
        ({"model": "demo-small", "messages": "Hello"}, "messages"),
        ({"model": "demo-small", "messages": {"role": "user"}}, "messages"),
        ({"model": "demo-small", "messages": ["Hello"]}, "messages[0]"),
        ({"model": "demo-small", "messages": [{"content": "Hello"}]}, "messages[0].role"),
        ({"model": "demo-small", "messages": [{"role": 1, "content": "Hello"}]}, "messages[0].role"),
        ({"model": 5, "messages": HELLO}, "model"),
        ({"model": "demo-small", "messages": HELLO, "stream": "yes"}, "stream"),
    ],
)
def test_wrong_fields(http: httpx.Client, body: dict[str, object], param: str) -> None:
    assert check_error(http.post("/v1/chat/completions", json=body), 400)["param"] == param


@pytest.mark.parametrize("text", ["", "{", '{"model": "demo-small",}', "[]", "null", '"text"', '{"model": "\xff"}', "{} {}"])
def test_broken_json(http: httpx.Client, text: str) -> None:
    response = http.post("/v1/chat/completions", content=text.encode("latin-1"), headers={"content-type": "application/json"})
    check_error(response, 400)


def test_deeply_nested_json(http: httpx.Client) -> None:
    depth = 100_000
    text = '{"model":"demo-small","messages":' + "[" * depth + "]" * depth + "}"
    check_error(http.post("/v1/chat/completions", content=text, headers={"content-type": "application/json"}), 400)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/chat/completions"), ("POST", "/v1/models"), ("DELETE", "/api/ai/v4/chat/quick"), ("POST", "/api/health")],
)
def test_wrong_method(http: httpx.Client, method: str, path: str) -> None:
    response = http.request(method, path)
    check_error(response, 405)
    assert response.headers["allow"]


def test_unknown_path(http: httpx.Client) -> None:
    check_error(http.get("/v1/no-such-thing"), 404)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/api/ai/v4/chat/optimized"])
def test_wrong_media_type(http: httpx.Client, path: str) -> None:
    check_error(http.post(path, content="model=demo-small", headers={"content-type": "application/x-www-form-urlencoded"}), 415)


def test_media_type_with_a_charset(http: httpx.Client) -> None:
    body = json.dumps({"model": "demo-small", "messages": HELLO})
    response = http.post("/v1/chat/completions", content=body, headers={"content-type": "Application/JSON; charset=UTF-8"})
    assert response.status_code == 200


def test_large_body_that_fits(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="demo-small", messages=[{"role": "user", "content": "x" * (2 * MIB)}])
    assert answer.choices[0].message.content


def test_too_large_body(client: openai.OpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model="demo-small", messages=[{"role": "user", "content": "x" * (21 * MIB)}])
    assert caught.value.status_code == 413


def test_too_large_body_of_unknown_length(http: httpx.Client) -> None:
    def parts() -> Iterator[bytes]:
        yield b'{"model":"demo-small","messages":[{"role":"user","content":"'
        for _ in range(21):
            yield b"x" * MIB
        yield b'"}]}'

    check_error(http.post("/v1/chat/completions", content=parts(), headers={"content-type": "application/json"}), 413)


def raw_answer(server: processes.Server, head: bytes) -> bytes:
    """What comes back for bytes as they are, up to the end of the answer's head."""
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.sendall(head)
        answer = b""
        while b"\r\n\r\n" not in answer:
            got = connection.recv(65536)
            if not got:
                break
            answer += got
    return answer


def test_too_large_body_is_refused_unread(gateway: processes.Server) -> None:
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (21 * MIB)
    assert raw_answer(gateway, head).startswith(b"HTTP/1.1 413")


def test_too_large_head(gateway: processes.Server) -> None:
    head = b"GET /v1/models HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"y" * 1000) for n in range(100)) + b"\r\n"
    assert raw_answer(gateway, head).startswith(b"HTTP/1.1 431")


def test_errors_do_not_harm(client: openai.OpenAI) -> None:
    assert client.chat.completions.create(model="demo-small", messages=HELLO).choices[0].message.content
