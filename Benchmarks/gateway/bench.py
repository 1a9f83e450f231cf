#!/usr/bin/env python3
"""What Quintet costs, measured against nginx as a plain proxy in the same run.

Everything runs on 127.0.0.1: nginx with a constant answer as the provider, nginx as a proxy and
`quintet serve --loops 1` as the two candidates, wrk as the load. The candidates take turns. The
CPU time of a candidate is utime + stime of its process from /proc, so the load generator and the
provider don't count. Neither candidate logs requests. A second part does the same for event
streams, with a provider and a client written in C beside this file.

    bench.py                     both parts, nginx and Quintet
    bench.py --only nginx        nginx alone, to see what the machine gives
    bench.py --only quintet      Quintet alone, e.g. under perf
    bench.py --dead              Quintet's first model is dead: its breaker is open, another one answers
    bench.py --cache             Quintet's cache is on, and no request is in it: what looking and keeping cost
    bench.py --log               Quintet as it starts by default: a log line for each request
"""

from __future__ import annotations

import argparse
import contextlib
import getpass
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
from dataclasses import asdict, dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
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
    stream_port: int

    def cpu_seconds(self) -> float:
        """User and system time of all its threads so far."""
        stat = Path(f"/proc/{self.pid}/stat").read_text()
        fields = stat.rpartition(")")[2].split()  # from field 3 on: the name may hold spaces
        return (int(fields[11]) + int(fields[12])) / TICKS

    def peak_rss_mb(self) -> float:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
        raise BenchError(f"no VmHWM for {self.name}")


class Children:
    """Starts processes and ends all of them with it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def start(self, name: str, command: list[str], cwd: Path = ROOT) -> subprocess.Popen[bytes]:
        environment = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH") if key in os.environ}
        with open(self.log(name), "wb") as log:
            process = subprocess.Popen(
                command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
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


def start_nginx(group: Children, name: str, template: str, ports: dict[str, int]) -> int:
    """Starts nginx in a directory of its own; returns its worker's pid."""
    prefix = group.directory / name
    prefix.mkdir()
    text = (HERE / template).read_text()
    # As root the worker would become `nobody`, who may not enter the temporary directory.
    text = text.replace("@USER@", f"user {getpass.getuser()};" if os.geteuid() == 0 else "")
    for key, port in ports.items():
        text = text.replace(f"@{key}@", str(port))
    (prefix / "nginx.conf").write_text(text)
    master = group.start(name, [NGINX, "-p", str(prefix), "-e", "error.log", "-c", "nginx.conf"])
    wait_for_port(group, name, master, ports["PORT"])
    workers = [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if parent_of(pid) == master.pid]
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
    group: Children, binary: Path, upstream: int, streams: int, *, log: bool, dead: bool, cache: bool
) -> Candidate:
    if not binary.exists():
        raise BenchError(f"{binary} is missing: run `make build` first")

    def provider(port: int) -> dict[str, str]:
        return {"api": "openai", "base_url": f"http://127.0.0.1:{port}/v1"}

    def model(provider: str) -> dict[str, object]:
        return {"deployments": [{"provider": provider, "model": "bench"}]}

    # Nobody listens on port 1; after five requests the breaker is open and stays so.
    first = model("dead") | {"fallbacks": ["bench-live"]} if dead else model("constant")
    policy = {"probe": "off", "breaker": {"open_seconds": 300}}

    config = group.directory / "models.json"
    config.write_text(
        json.dumps(
            {
                "providers": {
                    "constant": provider(upstream),
                    "streaming": provider(streams),
                    "dead": provider(1),
                },
                "models": {
                    "bench": first,
                    "bench-live": model("constant"),
                    "bench-stream": model("streaming"),
                },
                "policy": policy,
            }
        )
    )
    command = ["env", f"QUINTET_CACHE={'on' if cache else 'off'}", str(binary), "serve", "--host", "127.0.0.1", "--port", "0", "--loops", "1"]
    command += ["--models", str(config), "--agents", str(ROOT / "agents")]
    command += ["--state-dir", str(group.directory / "state")]
    if not log:
        command += ["--log-level", "warning"]
    process = group.start("quintet", command)
    port = group.listening_port("quintet", process)
    return Candidate("quintet", process.pid, port, port)


def compile_c(group: Children, name: str) -> str:
    binary = group.directory / name
    subprocess.run(["cc", "-std=c17", "-O2", "-o", str(binary), str(HERE / f"{name}.c")], check=True, timeout=120)
    return str(binary)


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


def plain_round(candidate: Candidate, connections: int, seconds: int) -> Round:
    url = f"http://127.0.0.1:{candidate.port}"
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(HERE / "chat.lua"), url]
    before = candidate.cpu_seconds()
    got = output_of(command, seconds)
    cpu = candidate.cpu_seconds() - before
    if got["bad_status"] or got["socket_errors"] or not got["requests"]:
        raise BenchError(f"{candidate.name}: {got}")
    return Round(
        candidate.name, got["requests"], got["seconds"], cpu * 1e6 / got["requests"], got["p50_us"], got["p99_us"]
    )


def stream_round(candidate: Candidate, client: str, connections: int, seconds: int) -> Round:
    before = candidate.cpu_seconds()
    got = output_of([client, str(candidate.stream_port), str(connections), str(seconds)], seconds)
    cpu = candidate.cpu_seconds() - before
    if got["errors"] or not got["events"]:
        raise BenchError(f"{candidate.name}: {got}")
    return Round(candidate.name, got["events"], got["seconds"], cpu * 1e6 / got["events"])


def check_answer(candidate: Candidate) -> None:
    """Whether it passes the provider's answer on, before its speed means anything."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{candidate.port}/v1/chat/completions",
        json.dumps(QUESTION).encode(),
        {"Content-Type": "application/json"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=10) as response:
        answer = json.load(response)
    if not answer["choices"][0]["message"]["content"].startswith("Quintet is a gateway."):
        raise BenchError(f"{candidate.name} gave another answer than the provider: {answer}")


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
    print(f"  {r.candidate:8} {r.cpu_us_per_unit:7.2f} us CPU a {unit}  {r.per_second:9.0f} {unit}s/s{latency}", flush=True)


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


# ---------------------------------------------------------------- main


def measure(arguments: argparse.Namespace) -> list[Part]:
    parts = []
    with children() as group:
        upstream, proxy, stream_proxy = free_ports(3)
        start_nginx(group, "upstream", "nginx-upstream.conf.in", {"PORT": upstream})
        streams_process = group.start("streams", [compile_c(group, "stream_upstream")])
        streams = group.listening_port("streams", streams_process)
        client = compile_c(group, "stream_client")

        candidates = []
        if arguments.only != "quintet":
            ports = {"PORT": proxy, "STREAM_PORT": stream_proxy, "UPSTREAM": upstream, "STREAMS": streams}
            worker = start_nginx(group, "nginx", "nginx-proxy.conf.in", ports)
            candidates.append(Candidate("nginx", worker, proxy, stream_proxy))
        if arguments.only != "nginx":
            candidates.append(start_quintet(
                    group, arguments.binary, upstream, streams, log=arguments.log, dead=arguments.dead, cache=arguments.cache
                ))
        names = [candidate.name for candidate in candidates]
        print(machine(), flush=True)
        for candidate in candidates:
            check_answer(candidate)

        def run(part: Part, turn: Callable[[Candidate, int], Round]) -> None:
            print(f"\n{part.title}", flush=True)
            for candidate in candidates:
                turn(candidate, 2)  # warm-up, not counted
            for _ in range(arguments.rounds):
                for candidate in candidates:
                    group.check()
                    part.rounds.append(turn(candidate, arguments.seconds))
                    say_round(part.rounds[-1], part.unit)
            part.peak_rss_mb = {candidate.name: candidate.peak_rss_mb() for candidate in candidates}
            say_medians(part, names)
            parts.append(part)

        connections = arguments.connections
        if arguments.part != "streams":
            run(
                Part(f"Plain answers: {connections} connections, 1.5 KB requests, {arguments.seconds} s a round", "request"),
                lambda candidate, seconds: plain_round(candidate, connections, seconds),
            )
        if arguments.part != "plain":
            run(
                Part(f"Streams: {connections} at a time, 100 chunks 5 ms apart, {arguments.seconds} s a round", "chunk"),
                lambda candidate, seconds: stream_round(candidate, client, connections, seconds),
            )
    return parts


def bounded(low: int, high: int) -> Callable[[str], int]:
    def check(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"must be {low} to {high}")
        return value

    return check


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=["nginx", "quintet"], help="measure one candidate")
    parser.add_argument("--part", choices=["plain", "streams"], help="measure one part")
    parser.add_argument("--rounds", type=bounded(1, 50), default=5)
    parser.add_argument("--seconds", type=bounded(1, 600), default=6, help="length of a round")
    parser.add_argument("--connections", type=bounded(1, 512), default=64)
    parser.add_argument("--binary", type=Path, default=ROOT / ".build/release/quintet")
    parser.add_argument("--log", action="store_true", help="let Quintet log every request; nginx logs none")
    parser.add_argument("--dead", action="store_true", help="Quintet's first model is dead, its breaker open")
    parser.add_argument("--cache", action="store_true", help="with the cache on, which every request misses")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every round to FILE")
    arguments = parser.parse_args()

    def stop(number: int, frame: object) -> None:
        raise SystemExit(128 + number)  # unwinds through children(), which ends every process

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGHUP, stop)
    try:
        parts = measure(arguments)
    except KeyboardInterrupt:
        return 130
    except (BenchError, OSError, subprocess.SubprocessError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": machine(), "parts": [asdict(p) for p in parts]}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
