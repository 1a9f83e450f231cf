"""A provider that does what a test tells it to: each test hands it a function that plays the answer."""

from __future__ import annotations

import json
import select
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Call:
    """One request as the provider got it, and the means to answer it."""

    def __init__(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        self._handler = handler
        self.path = handler.path
        self.headers = handler.headers
        self.raw = body
        self.body = json.loads(body)

    def answer(self, value: object, status: int = 200, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(value).encode()
        self._handler.send_response(status)
        for name, content in {"Content-Type": "application/json", "Content-Length": str(len(data)), **(headers or {})}.items():
            self._handler.send_header(name, content)
        self._handler.end_headers()
        self._handler.wfile.write(data)

    def start_stream(self) -> None:
        self._handler.send_response(200)
        self._handler.send_header("Content-Type", "text/event-stream")
        self._handler.send_header("Transfer-Encoding", "chunked")
        self._handler.end_headers()

    def event(self, value: object) -> None:
        self._send(f"data: {json.dumps(value)}\n\n")

    def end_stream(self) -> None:
        self._send("data: [DONE]\n\n")
        self._handler.wfile.write(b"0\r\n\r\n")

    def stream(self, *events: object) -> None:
        self.start_stream()
        for event in events:
            self.event(event)
        self.end_stream()

    def cut(self) -> None:
        """Ends the connection in the middle of the answer."""
        self._handler.close_connection = True
        self._handler.connection.shutdown(socket.SHUT_RDWR)

    def caller_leaves(self, within: float) -> bool:
        """Whether the gateway closes its connection within so many seconds."""
        readable, _, _ = select.select([self._handler.connection], [], [], within)
        self._handler.close_connection = True
        if not readable:
            return False
        try:
            return self._handler.connection.recv(1) == b""
        except ConnectionError:
            return True

    @property
    def wants_usage(self) -> bool:
        return bool((self.body.get("stream_options") or {}).get("include_usage"))

    def _send(self, text: str) -> None:
        data = text.encode()
        self._handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self._handler.wfile.flush()


Script = Callable[[Call], None]


class ScriptedProvider:
    """An OpenAI-shaped HTTP server on an ephemeral port. `script` answers; `calls` keeps what came."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.failure: BaseException | None = None
        self.script: Script = plain
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                call = Call(self, self.rfile.read(int(self.headers["Content-Length"])))
                provider.calls.append(call)
                try:
                    provider.script(call)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True
                except BaseException as error:
                    provider.failure = error
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        class Listener(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        self._server = Listener(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def reset(self) -> None:
        self.calls.clear()
        self.failure = None
        self.script = plain

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


# ---------------------------------------------------------------- what providers say


def completion(message: dict[str, object], finish_reason: str = "stop", **more: object) -> dict[str, object]:
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": 1700000000,
        "model": "scripted",
        "choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish_reason}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
        **more,
    }


def chunk(delta: dict[str, object], finish_reason: str | None = None, index: int = 0, **more: object) -> dict[str, object]:
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion.chunk",
        "created": 1700000000,
        "model": "scripted",
        "choices": [{"index": index, "delta": delta, "finish_reason": finish_reason}],
        **more,
    }


def usage_chunk() -> dict[str, object]:
    return chunk({}) | {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}}


def plain(call: Call) -> None:
    """Says hello, as a stream or not, with usage if it is asked for."""
    if not call.body.get("stream"):
        return call.answer(completion({"content": "Hello there."}))
    usage = [usage_chunk()] if call.wants_usage else []
    call.stream(
        chunk({"role": "assistant", "content": ""}), chunk({"content": "Hello"}), chunk({"content": " there."}), chunk({}, "stop"), *usage
    )
