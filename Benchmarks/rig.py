"""What the benchmarks share: processes under measurement, wrk as the load, medians of rounds taken in turn.

Everything runs on 127.0.0.1. The CPU time of a candidate is utime + stime of its process from /proc, so the load
generator and the provider don't count. The candidates take turns, so that what else the machine does falls on both.
"""

from __future__ import annotations

import argparse
import contextlib
import getpass
import http.client
import json
import os
import platform
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
BINARY = ROOT / ".build/release/quintet"
UPSTREAM = HERE / "gateway/nginx-upstream.conf.in"
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"  # /usr/sbin is not in everyone's PATH
TICKS = os.sysconf("SC_CLK_TCK")
START_SECONDS = 30
QUESTION = {"model": "bench", "messages": [{"role": "user", "content": "Is anyone there?"}]}


class BenchError(Exception):
    """The measurement can't be made, or would not be a fair one."""


# ---------------------------------------------------------------- processes


@dataclass
class Candidate:
    """A proxy under measurement."""

    name: str
    pid: int  # the process that does the work
    port: int  # plain requests
    stream_port: int = 0

    def cpu_seconds(self) -> float:
        """User and system time of all its threads so far."""
        stat = Path(f"/proc/{self.pid}/stat").read_text()
        fields = stat.rpartition(")")[2].split()  # from field 3 on: the name may hold spaces
        return (int(fields[11]) + int(fields[12])) / TICKS

    def peak_rss_mb(self) -> float:
        return self.kilobytes("VmHWM") / 1024

    def kilobytes(self, name: str) -> int:
        """What /proc says of its memory: VmRSS now, VmHWM at most so far."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1])
        raise BenchError(f"no {name} for {self.name}")


class Children:
    """Starts processes and ends all of them with it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def start(self, name: str, command: list[str], extra: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        environment = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH") if key in os.environ}
        environment |= extra or {}
        with open(self.log(name), "wb") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        self.running.append((name, process))
        return process

    def log(self, name: str) -> Path:
        return self.directory / f"{name}.log"

    def listening_port(self, name: str, process: subprocess.Popen[bytes]) -> int:
        """The port from the line `listening on http://127.0.0.1:PORT` of its output."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            for line in self.log(name).read_text(errors="replace").splitlines():
                if line.startswith("listening on http://"):
                    return int(line.split()[2].rstrip("/").rpartition(":")[2])
            if process.poll() is not None:
                break
            time.sleep(0.05)
        raise BenchError(f"{name} did not start:\n{self.tail(name)}")

    def tail(self, name: str) -> str:
        return "\n".join(self.log(name).read_text(errors="replace").splitlines()[-20:])

    def check(self) -> None:
        for name, process in self.running:
            if process.poll() is not None:
                raise BenchError(f"{name} ended with status {process.returncode}:\n{self.tail(name)}")

    def stop(self) -> None:
        for _, process in self.running:
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + 5
        for _, process in self.running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, deadline - time.monotonic()))
            if process.poll() is None:
                process.kill()
                process.wait()


@contextlib.contextmanager
def children() -> Iterator[Children]:
    directory = Path(tempfile.mkdtemp(prefix="quintet-bench-"))
    group = Children(directory)
    try:
        yield group
    finally:
        group.stop()
        shutil.rmtree(directory, ignore_errors=True)


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def start_nginx(group: Children, name: str, template: Path, ports: dict[str, int]) -> int:
    """Starts nginx in a directory of its own; returns its worker's pid."""
    prefix = group.directory / name
    prefix.mkdir()
    text = template.read_text()
    # As root the worker would become `nobody`, who may not enter the temporary directory.
    text = text.replace("@USER@", f"user {getpass.getuser()};" if os.geteuid() == 0 else "")
    for key, port in ports.items():
        text = text.replace(f"@{key}@", str(port))
    (prefix / "nginx.conf").write_text(text)
    master = group.start(name, [NGINX, "-p", str(prefix), "-e", "error.log", "-c", "nginx.conf"])
    wait_for_port(group, name, master, ports["PORT"])
    children = [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if parent_of(pid) == master.pid]
    # With a cache, it has a manager and a loader too.
    workers = [pid for pid in children if b"worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    if len(workers) != 1:
        raise BenchError(f"expected one worker of {name}, found {len(workers)}")
    return workers[0]


def parent_of(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return None


def wait_for_port(group: Children, name: str, process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise BenchError(f"{name} did not start:\n{group.tail(name)}")


def start_quintet(
    group: Children, binary: Path, catalogue: dict[str, object], *, name: str = "quintet", log: bool = False, environment: dict[str, str]
) -> Candidate:
    """Serves `catalogue` on one event loop, with the cache off unless `environment` says otherwise."""
    if not binary.exists():
        raise BenchError(f"{binary} is missing: run `make build` first")
    config = group.directory / f"{name}.json"
    config.write_text(json.dumps(catalogue))
    command = [str(binary), "serve", "--host", "127.0.0.1", "--port", "0", "--loops", "1", "--models", str(config)]
    command += ["--agents", str(ROOT / "agents"), "--state-dir", str(group.directory / f"{name}-state")]
    if not log:
        command += ["--log-level", "warning"]
    process = group.start(name, command, {"QUINTET_CACHE": "off"} | environment)
    port = group.listening_port(name, process)
    return Candidate(name, process.pid, port, port)


def openai_provider(port: int) -> dict[str, str]:
    return {"api": "openai", "base_url": f"http://127.0.0.1:{port}/v1"}


# ---------------------------------------------------------------- load


@dataclass
class Round:
    """One candidate's turn. A unit is a request or a stream chunk."""

    candidate: str
    units: int
    seconds: float
    cpu_us_per_unit: float
    p50_us: float | None = None
    p99_us: float | None = None

    @property
    def per_second(self) -> float:
        return self.units / self.seconds


@dataclass
class Part:
    title: str
    unit: str
    rounds: list[Round] = field(default_factory=list)
    peak_rss_mb: dict[str, float] = field(default_factory=dict)

    def median(self, candidate: str, attribute: str) -> float | None:
        values = [getattr(r, attribute) for r in self.rounds if r.candidate == candidate]
        return statistics.median(values) if values and None not in values else None


def output_of(command: list[str], seconds: float) -> dict[str, object]:
    """Runs a load generator and returns the JSON on its last line."""
    result = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=False)
    lines = result.stdout.strip().splitlines()
    if not lines or not lines[-1].startswith("{"):
        raise BenchError(f"{command[0]} failed: {result.stderr or result.stdout}")
    return json.loads(lines[-1])


def plain_round(candidate: Candidate, script: Path, connections: int, seconds: int) -> Round:
    url = f"http://127.0.0.1:{candidate.port}"
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script), url]
    before = candidate.cpu_seconds()
    got = output_of(command, seconds)
    cpu = candidate.cpu_seconds() - before
    if got["bad_status"] or got["socket_errors"] or not got["requests"]:
        raise BenchError(f"{candidate.name}: {got}")
    return Round(
        candidate.name, got["requests"], got["seconds"], cpu * 1e6 / got["requests"], got["p50_us"], got["p99_us"]
    )


def check_answer(candidate: Candidate) -> None:
    """Whether it passes the provider's answer on, before its speed means anything."""
    with ask(candidate.port, "/v1/chat/completions", QUESTION) as response:
        answer = json.load(response)
    if not answer["choices"][0]["message"]["content"].startswith("Quintet is a gateway."):
        raise BenchError(f"{candidate.name} gave another answer than the provider: {answer}")


def ask(port: int, path: str, body: object = None) -> http.client.HTTPResponse:
    """GET, or POST of a body, on this machine and through no proxy."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, {"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return opener.open(request, timeout=10)


def take_turns(
    group: Children, part: Part, candidates: list[Candidate], rounds: int, seconds: int, turn: Callable[[Candidate, int], Round]
) -> Part:
    """A warm-up each, which is not counted, and then round after round of one turn each."""
    print(f"\n{part.title}", flush=True)
    for candidate in candidates:
        turn(candidate, 2)
    for _ in range(rounds):
        for candidate in candidates:
            group.check()
            part.rounds.append(turn(candidate, seconds))
            say_round(part.rounds[-1], part.unit)
    part.peak_rss_mb = {candidate.name: candidate.peak_rss_mb() for candidate in candidates}
    say_medians(part, [candidate.name for candidate in candidates])
    return part


# ---------------------------------------------------------------- report


def machine() -> str:
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    nginx = subprocess.run([NGINX, "-v"], capture_output=True, text=True, timeout=10, check=False).stderr.strip()
    return f"{os.cpu_count()} x {model}, Linux {platform.release()}; {nginx.rpartition(': ')[2]}"


def say_round(r: Round, unit: str) -> None:
    latency = f"  p50 {r.p50_us / 1000:6.2f} ms  p99 {r.p99_us / 1000:6.2f} ms" if r.p50_us is not None else ""
    print(f"  {r.candidate:10} {r.cpu_us_per_unit:7.2f} us CPU a {unit}  {r.per_second:9.0f} {unit}s/s{latency}", flush=True)


def say_medians(part: Part, names: list[str]) -> None:
    print(f"  median of {len(part.rounds) // len(names)} rounds:")
    rows = [
        (f"CPU us a {part.unit}", "cpu_us_per_unit", 1, 2),
        (f"{part.unit}s a second", "per_second", 1, 0),
        ("p50 ms", "p50_us", 1000, 2),
        ("p99 ms", "p99_us", 1000, 2),
    ]
    print(f"    {'':18}" + "".join(f"{name:>12}" for name in names) + ("       ratio" if len(names) == 2 else ""))
    for label, attribute, divisor, digits in rows:
        values = [part.median(name, attribute) for name in names]
        if None not in values:
            say_row(label, [v / divisor for v in values], digits)
    say_row("peak RSS MB", [part.peak_rss_mb[name] for name in names], 1)
    print(flush=True)


def say_row(label: str, values: list[float], digits: int) -> None:
    ratio = f"{values[1] / values[0]:12.2f}" if len(values) == 2 and values[0] else ""
    print(f"    {label:18}" + "".join(f"{value:12.{digits}f}" for value in values) + ratio)


# ---------------------------------------------------------------- command line


def bounded(low: int, high: int) -> Callable[[str], int]:
    def check(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"must be {low} to {high}")
        return value

    return check


def run(measure: Callable[[], object]) -> int:
    """Measures; the exit status."""

    def stop(number: int, frame: object) -> None:
        raise SystemExit(128 + number)  # unwinds through children(), which ends every process

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGHUP, stop)
    try:
        measure()
    except KeyboardInterrupt:
        return 130
    except (BenchError, OSError, subprocess.SubprocessError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0
