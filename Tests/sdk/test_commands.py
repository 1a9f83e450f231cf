"""The commands for people: `quintet chat` and `quintet cache`, as a shell runs them."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import processes
import pytest

SECONDS = 60


def quintet(*arguments: str | Path, url: str, text: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [processes.BINARY, *arguments, "--url", url],
        env=processes.clean_environment() | environment,
        input=text or "",
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


@pytest.fixture
def nobody() -> Iterator[str]:
    """The URL of a port where nobody listens, held so that nobody begins to."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


class Replies(BaseHTTPRequestHandler):
    """Answers every request with what its server holds."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.seen.append((self.path, self.headers.get("authorization"), body))
        kind, reply = self.server.reply(self.path, body)
        status, kind = kind if isinstance(kind, tuple) else (200, kind)
        self.send_response(status)
        self.send_header("content-type", kind)
        for name, value in self.server.more.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    do_GET = do_POST

    def log_message(self, *_: object) -> None:
        pass


class Scripted:
    """A server that is whatever the test makes of it."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Replies)
        self._server.seen, self._server.more = [], {}
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @property
    def seen(self) -> list[tuple[str, str | None, bytes]]:
        return self._server.seen

    def script(self, reply: object, more: dict[str, str] | None = None) -> None:
        self._server.reply, self._server.more = reply, more or {}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    server = Scripted()
    yield server
    server.close()


def stream(*chunks: object) -> bytes:
    events = [chunk if isinstance(chunk, str) else json.dumps(chunk) for chunk in chunks]
    return "".join(f"data: {event}\n\n" for event in events).encode()


def delta(index: int, agent: str, text: str, finish: str | None = None) -> dict[str, object]:
    return {
        "model": "demo",
        "choices": [{"index": index, "delta": {"content": text}, "finish_reason": finish}],
        "quintet": {"agent": agent},
    }


TEAM = stream(
    delta(1, "luna", "Design "),
    delta(0, "dev", "Build "),
    delta(1, "luna", "first.", "stop"),
    delta(0, "dev", "now.", "stop"),
    delta(2, "synthesis", "Design, then build.", "stop"),
    "[DONE]",
)


# --- chat


def test_chat_answers_into_a_pipe(gateway: processes.Server) -> None:
    done = quintet("chat", "--model", "demo-small", "Tell me about lakes", url=gateway.url)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) > 20 and done.stdout.endswith("\n")
    assert "\x1b" not in done.stdout + done.stderr
    assert re.fullmatch(r"demo-small · .*first word \d+\.\d s · total \d+\.\d s.*\n", done.stderr), done.stderr


def test_chat_takes_the_message_from_a_pipe(gateway: processes.Server, scripted: Scripted) -> None:
    asked = quintet("chat", "--model", "demo-small", url=gateway.url, text="Tell me\nabout lakes")
    assert asked.returncode == 0 and len(asked.stdout) > 20, asked.stderr
    scripted.script(lambda path, body: ("text/event-stream", stream(delta(0, "dev", "x", "stop"), "[DONE]")))
    assert quintet("chat", url=scripted.url, text="Tell me\nabout lakes").returncode == 0
    path, key, body = scripted.seen[0]
    assert path == "/v1/chat/completions" and key is None
    assert json.loads(body)["messages"] == [{"role": "user", "content": "Tell me\nabout lakes"}]
    assert json.loads(body)["model"] == "auto" and json.loads(body)["stream"] is True


def test_chat_takes_a_file(scripted: Scripted, tmp_path: Path) -> None:
    scripted.script(lambda path, body: ("text/event-stream", stream(delta(0, "dev", "x", "stop"), "[DONE]")))
    question = tmp_path / "question"
    question.write_text("Tell me")
    with question.open() as file:
        done = subprocess.run(
            [processes.BINARY, "chat", "--url", scripted.url], env=processes.clean_environment(), stdin=file, capture_output=True, timeout=SECONDS
        )
    assert done.returncode == 0, done.stderr
    assert json.loads(scripted.seen[0][2])["messages"][0]["content"] == "Tell me"


def test_chat_with_nothing_to_ask(gateway: processes.Server) -> None:
    done = quintet("chat", url=gateway.url, text=" \n")
    assert done.returncode == 1 and "nothing to ask" in done.stderr


def test_chat_says_what_the_gateway_refuses(gateway: processes.Server) -> None:
    done = quintet("chat", "--model", "no-such-model", "Hello", url=gateway.url)
    assert done.returncode == 1 and done.stdout == ""
    assert "no-such-model" in done.stderr and done.stderr.count("\n") == 1


def test_chat_with_a_key(servers: list[processes.Server], tmp_path: Path) -> None:
    gateway = processes.gateway(tmp_path, environment={"QUINTET_API_KEYS": "the-key"})
    servers.append(gateway)
    without = quintet("chat", "--model", "demo-small", "Hello", url=gateway.url)
    assert without.returncode == 1 and "QUINTET_API_KEY is not set." in without.stderr
    assert "Check QUINTET_API_KEY." in quintet("chat", "Hello", url=gateway.url, QUINTET_API_KEY="other").stderr
    assert quintet("chat", "--model", "demo-small", "Hello", url=gateway.url, QUINTET_API_KEY="the-key").returncode == 0


def test_chat_shows_a_team_in_a_pipe(scripted: Scripted) -> None:
    scripted.script(lambda path, body: ("text/event-stream", TEAM), {"x-quintet-cache": "miss"})
    done = quintet("chat", "--team", "--members", "dev+luna", "What now?", url=scripted.url)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "dev\nBuild now.\n\nluna\nDesign first.\n\nsynthesis\nDesign, then build.\n"
    assert "cache miss" in done.stderr
    assert json.loads(scripted.seen[0][2])["model"] == "team/dev+luna"


def test_chat_asks_a_team_without_names(scripted: Scripted) -> None:
    scripted.script(lambda path, body: ("text/event-stream", TEAM))
    assert quintet("chat", "--team", "What is to be done now?", url=scripted.url).returncode == 0
    body = json.loads(scripted.seen[0][2])
    assert body["model"] == "team" and body["messages"][0]["content"] == "What is to be done now?"


@pytest.mark.parametrize(
    "reply, words",
    [
        (stream(delta(0, "dev", "Half")), "the connection ended before it"),
        (stream(delta(0, "dev", "Half"), {"error": {"message": "All gone."}}), "All gone."),
        (stream({"hello": "world"}), "is not a Quintet"),
    ],
)
def test_chat_tells_a_cut_answer(scripted: Scripted, reply: bytes, words: str) -> None:
    scripted.script(lambda path, body: ("text/event-stream", reply))
    done = quintet("chat", "Hello", url=scripted.url)
    assert done.returncode == 1
    assert words in done.stderr and "total" not in done.stderr
    assert done.stdout in ("Half\n", "")


@pytest.mark.parametrize("command", [["chat", "Hello"], ["cache", "stats"], ["cache", "clear", "--mine"]])
def test_nobody_is_there(nobody: str, command: list[str]) -> None:
    done = quintet(*command, url=nobody)
    assert done.returncode == 1 and done.stdout == ""
    assert f"Nothing answers at {nobody}" in done.stderr and "quintet serve" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("reply", [(("text/html"), b"<html>"), ((404, "text/html"), b"no"), ((404, "application/json"), b'{"detail":"no"}')])
@pytest.mark.parametrize("command", [["chat", "Hello"], ["cache", "stats"], ["cache", "clear", "--mine"]])
def test_somebody_else_is_there(scripted: Scripted, command: list[str], reply: tuple[object, bytes]) -> None:
    scripted.script(lambda path, body: reply)
    done = quintet(*command, url=scripted.url)
    assert done.returncode == 1 and "is not a Quintet" in done.stderr
    assert done.stderr.count("\n") == 1


# --- chat on a terminal


class Terminal:
    """A command on a pseudo-terminal."""

    def __init__(self, *arguments: str, url: str, columns: int = 100, **environment: str) -> None:
        primary, secondary = pty.openpty()
        os.set_blocking(primary, False)
        fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
        self.process = subprocess.Popen(
            [processes.BINARY, *arguments, "--url", url],
            env=processes.clean_environment() | {"TERM": "xterm"} | environment,
            stdin=secondary,
            stdout=secondary,
            stderr=secondary,
            preexec_fn=lambda: (os.setsid(), fcntl.ioctl(0, termios.TIOCSCTTY, 0)),
        )
        os.close(secondary)
        self.primary = primary
        self.text = ""

    def read_until(self, pattern: str) -> re.Match[str]:
        limit = time.monotonic() + SECONDS
        while not (found := re.search(pattern, self.text)):
            assert time.monotonic() < limit, f"no {pattern!r} in {self.text!r}"
            if not self._read():
                found = re.search(pattern, self.text)
                assert found, f"ended without {pattern!r}: {self.text!r}"
                return found
        return found

    def _read(self) -> bool:
        select.select([self.primary], [], [], 1)
        try:
            data = os.read(self.primary, 65536)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self.text += data.decode(errors="replace").replace("\r\n", "\n")
        return bool(data)

    def type(self, text: str) -> None:
        os.write(self.primary, text.encode())

    def wait(self) -> int:
        limit = time.monotonic() + SECONDS
        while self._read():
            assert time.monotonic() < limit, self.text
        return self.process.wait(SECONDS)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.primary)


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.close()


def test_chat_talks_on_a_terminal(scripted: Scripted, terminals: list[Terminal]) -> None:
    def reply(path: str, body: bytes) -> tuple[str, bytes]:
        count = len(json.loads(body)["messages"])
        return "text/event-stream", stream(delta(0, "dev", f"answer to {count}\x1b[2J", "stop"), "[DONE]")

    scripted.script(reply)
    terminal = Terminal("chat", url=scripted.url)
    terminals.append(terminal)
    terminal.read_until("> $")
    terminal.type("\n")
    terminal.read_until("> \n> $")
    terminal.type("/help\n")
    terminal.read_until(r"/exit(.|\n)*> $")
    terminal.type("first\n")
    terminal.read_until(r"answer to 1\[2J\n(.|\n)*total(.|\n)*> $")
    terminal.type("second\n")
    terminal.read_until(r"answer to 3")
    terminal.type("/quit\n")
    assert terminal.wait() == 0
    assert [m["content"] for m in json.loads(scripted.seen[1][2])["messages"]] == ["first", "answer to 1\x1b[2J", "second"]
    assert "\x1b[2J" not in terminal.text


def test_chat_ends_with_the_input(gateway: processes.Server, terminals: list[Terminal]) -> None:
    terminal = Terminal("chat", url=gateway.url)
    terminals.append(terminal)
    terminal.read_until("> $")
    terminal.type("\x04")
    assert terminal.wait() == 0


def test_chat_draws_columns(scripted: Scripted, terminals: list[Terminal]) -> None:
    scripted.script(lambda path, body: ("text/event-stream", TEAM))
    terminal = Terminal("chat", "--team", "--members", "dev+luna", "What now?", url=scripted.url, NO_COLOR="1")
    terminals.append(terminal)
    assert terminal.wait() == 0
    assert re.search(r"dev +│ luna\nBuild now\. +│ Design first\.\n", terminal.text), terminal.text
    assert "\nsynthesis\nDesign, then build.\n" in terminal.text
    assert not re.search("\x1b\\[[0-9]*m", terminal.text), "NO_COLOR"


def test_interrupt_ends_the_call(servers: list[processes.Server], tmp_path: Path, terminals: list[Terminal]) -> None:
    demo = processes.demo_provider(tmp_path, "--token-delay-ms", "300")
    servers.append(demo)
    models = {"providers": {"slow": processes.provider(demo.url)}, "models": {"slow": processes.model("slow", "demo-large")}}
    gateway = processes.gateway(tmp_path, models)
    servers.append(gateway)
    terminal = Terminal("chat", "--model", "slow", "Tell me everything", url=gateway.url)
    terminals.append(terminal)
    terminal.read_until(r"\w+ \w+")
    terminal.type("\x03")
    assert terminal.wait() == 130
    assert "rror" not in terminal.text


def test_interrupt_ends_the_prompt(gateway: processes.Server, terminals: list[Terminal]) -> None:
    terminal = Terminal("chat", url=gateway.url)
    terminals.append(terminal)
    terminal.read_until("> $")
    terminal.type("\x03")
    assert terminal.wait() == 130


def test_interrupt_ends_a_piped_question(servers: list[processes.Server], tmp_path: Path) -> None:
    demo = processes.demo_provider(tmp_path, "--token-delay-ms", "300")
    servers.append(demo)
    models = {"providers": {"slow": processes.provider(demo.url)}, "models": {"slow": processes.model("slow", "demo-large")}}
    gateway = processes.gateway(tmp_path, models)
    servers.append(gateway)
    process = subprocess.Popen(
        [processes.BINARY, "chat", "--model", "slow", "Tell me everything", "--url", gateway.url],
        env=processes.clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    process.stdout.read(1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 130 and errors == ""


# --- cache


def test_cache_off_is_said(scripted: Scripted) -> None:
    error = {"message": "This gateway has no cache.", "type": "not_found_error", "param": None, "code": "cache_off"}
    scripted.script(lambda path, body: ((404, "application/json"), json.dumps({"error": error}).encode()))
    done = quintet("cache", "stats", url=scripted.url)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "This gateway has no cache.\n")


def test_cache_stats_is_a_table_or_json(scripted: Scripted) -> None:
    tier = {"hits": 2, "misses": 1, "stores": 1, "entries": 1, "entryLimit": 10, "bytes": 100}
    figures = {"type": "MEMORY", "stats": {"totalHits": 2, "totalMisses": 1, "hitRate": "66.67%"}, "tiers": {"L1": tier, "L2": None}}
    text = json.dumps(figures)
    scripted.script(lambda path, body: ("application/json", text.encode()))
    done = quintet("cache", "stats", url=scripted.url, QUINTET_ADMIN_TOKEN="token", QUINTET_API_KEY="key")
    assert done.returncode == 0, done.stderr
    assert "lookups  3: 2 hits, 1 misses (66.67%)\n" in done.stdout
    assert re.search(r"^L1 +2 +1 +1 .* 1/10 +100 B$", done.stdout, re.M) and re.search("^L2 +off$", done.stdout, re.M), done.stdout
    assert scripted.seen[0][:2] == ("/api/cache/stats", "Bearer token")
    assert quintet("cache", "stats", "--json", url=scripted.url).stdout == text + "\n"


def test_cache_clear_shows_the_secret_that_fits(scripted: Scripted) -> None:
    gone = json.dumps({"removed": {"L1": 2, "L2": 0, "L3": None}, "total": 2, "remote_pending": False}).encode()
    scripted.script(lambda path, body: ("application/json", gone))
    both = {"QUINTET_API_KEY": "key", "QUINTET_ADMIN_TOKEN": "token"}
    assert quintet("cache", "clear", "--user", "u", url=scripted.url, **both).stdout == "Forgot 2: 2 from L1, 0 from L2.\n"
    assert quintet("cache", "clear", "--agent", "dev", url=scripted.url, **both).returncode == 0
    assert scripted.seen == [
        ("/api/cache/invalidate", "Bearer key", b'{"user":"u"}'),
        ("/api/cache/invalidate", "Bearer token", b'{"agent":"dev"}'),
    ]


def test_cache_clear_all_wants_a_yes(scripted: Scripted, terminals: list[Terminal]) -> None:
    gone = json.dumps({"removed": {"L1": 2, "L2": 0, "L3": 1}, "total": 3, "remote_pending": False}).encode()
    scripted.script(lambda path, body: ("application/json", gone))
    piped = quintet("cache", "clear", "--all", url=scripted.url)
    assert piped.returncode == 1 and "--yes" in piped.stderr
    for answer, status in [("n", 1), ("", 1), ("yes", 0)]:
        terminal = Terminal("cache", "clear", "--all", url=scripted.url)
        terminals.append(terminal)
        terminal.read_until(r"\[y/N\] $")
        terminal.type(answer + "\n")
        assert terminal.wait() == status
    assert len(scripted.seen) == 1
    assert quintet("cache", "clear", "--all", "--yes", url=scripted.url).returncode == 0


def test_cache_warm_asks_every_line(gateway: processes.Server, tmp_path: Path) -> None:
    def line(text: str) -> str:
        return json.dumps({"model": "demo-small", "stream": True, "messages": [{"role": "user", "content": text}]})

    file = tmp_path / "requests.jsonl"
    file.write_text("\n".join([line("one"), "", line("two"), line("three")]) + "\n")
    done = quintet("cache", "warm", file, "--concurrency", "2", url=gateway.url)
    assert done.returncode == 0, done.stderr
    found = re.search(r"^3 sent: \d stored, \d already there, 0 failed; USD (0\.\d+)\n$", done.stdout, re.M)
    assert found and float(found[1]) > 0, done.stdout
    file.write_text("\n".join([line("one"), "nonsense", json.dumps({"model": "no-such-model", "messages": []})]))
    done = quintet("cache", "warm", file, url=gateway.url)
    assert done.returncode == 1
    assert "line 2: it is not valid JSON" in done.stderr and "line 3: " in done.stderr
    assert "2 sent" in done.stdout and "1 failed, 1 bad line skipped" in done.stdout


def test_cache_warm_stops_at_the_cap(scripted: Scripted, tmp_path: Path) -> None:
    scripted.script(
        lambda path, body: ("application/json", b"{}"),
        {"x-quintet-cost-usd": "0.4", "x-quintet-cache": "miss", "cache-status": "quintet; fwd=miss; stored"},
    )
    file = tmp_path / "requests.jsonl"
    file.write_text('{"messages":[],"stream":true}\n' * 10)
    done = quintet("cache", "warm", file, "--max-cost", "1", "--concurrency", "1", url=scripted.url)
    assert done.returncode == 0
    assert "3 sent: 3 stored, 0 already there, 0 failed; USD 1.2" in done.stdout
    assert "Stopped at the cap of USD 1." in done.stderr
    assert [body for _, _, body in scripted.seen] == [b'{"messages":[],"stream":false}'] * 3


def test_interrupt_ends_warming(servers: list[processes.Server], tmp_path: Path) -> None:
    demo = processes.demo_provider(tmp_path, "--token-delay-ms", "300")
    servers.append(demo)
    models = {
        "providers": {"demo": processes.provider(demo.url)},
        "models": {"slow": processes.model("demo", "demo-large")},
    }
    gateway = processes.gateway(tmp_path, models)
    servers.append(gateway)
    file = tmp_path / "requests.jsonl"
    slow = json.dumps({"model": "slow", "messages": [{"role": "user", "content": "Tell me everything"}]})
    file.write_text("\n".join(["nonsense", slow, slow]))
    process = subprocess.Popen(
        [processes.BINARY, "cache", "warm", file, "--url", gateway.url],
        env=processes.clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    assert process.stderr.readline().startswith("line 1: ")
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 130 and errors == ""
    assert output == "0 sent: 0 stored, 0 already there, 0 failed, 1 bad line skipped; USD 0\n"


def test_cache_warm_reads_standard_input(scripted: Scripted) -> None:
    scripted.script(lambda path, body: ("application/json", b"{}"), {"x-quintet-cost-usd": "0", "x-quintet-cache": "miss"})
    for name in ("-", "/dev/stdin"):
        done = quintet("cache", "warm", name, url=scripted.url, text='{"messages":[]}\n' * 20)
        assert done.returncode == 0 and done.stdout.startswith("20 sent") and done.stdout.count("\n") == 1, done
        assert done.stderr == "", "progress is for terminals"


@pytest.mark.parametrize("command", [["cache", "stats", "--json"], ["cache", "warm", "-"], ["chat", "Hello"]])
def test_output_that_cannot_be_written(scripted: Scripted, command: list[str]) -> None:
    answer = stream(delta(0, "dev", "x", "stop"), "[DONE]")
    scripted.script(lambda path, body: ("text/event-stream", answer) if command[0] == "chat" else ("application/json", b"{}"))

    def run(output: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [processes.BINARY, *command, "--url", scripted.url],
            env=processes.clean_environment(), input='{"messages":[]}', stdout=output, stderr=subprocess.PIPE, text=True, timeout=SECONDS,
        )

    with open("/dev/full", "wb") as full:
        done = run(full)
    assert (done.returncode, done.stderr) == (1, "The output cannot be written (No space left on device).\n")
    reader, writer = os.pipe()
    os.close(reader)
    done = run(writer)
    os.close(writer)
    assert done.returncode in (1, -signal.SIGPIPE) and done.stderr == "", done


def test_tls_where_there_is_none(gateway: processes.Server) -> None:
    done = quintet("chat", "Hello", url=gateway.url.replace("http:", "https:"))
    assert done.returncode == 1 and f"answers without TLS. Use {gateway.url}." in done.stderr and done.stderr.count("\n") == 1, done.stderr


def test_an_admin_has_no_answers(nobody: str) -> None:
    done = quintet("cache", "clear", "--mine", url=nobody, QUINTET_ADMIN_TOKEN="token")
    assert done.returncode == 1 and done.stderr == "An admin has no answers of their own; set QUINTET_API_KEY, or use --all.\n"


def test_version() -> None:
    done = subprocess.run([processes.BINARY, "--version"], capture_output=True, text=True, timeout=SECONDS)
    assert re.fullmatch(r"quintet \d+\.\d+\.\d+\n", done.stdout)


def test_cache_warm_of_a_folder(tmp_path: Path, nobody: str) -> None:
    done = quintet("cache", "warm", tmp_path, url=nobody)
    assert done.returncode == 1 and done.stderr == f"{tmp_path} cannot be read (Is a directory).\n"


def test_cache_warm_without_a_file(gateway: processes.Server, tmp_path: Path) -> None:
    done = quintet("cache", "warm", tmp_path / "nothing", url=gateway.url)
    assert done.returncode == 1 and "cannot be read" in done.stderr and done.stderr.count("\n") == 1
