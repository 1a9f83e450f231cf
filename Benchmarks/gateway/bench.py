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
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import rig  # noqa: E402
from rig import BenchError, Candidate, Children, Part, Round  # noqa: E402


def catalogue(upstream: int, streams: int, *, dead: bool) -> dict[str, object]:
    def model(provider: str) -> dict[str, object]:
        return {"deployments": [{"provider": provider, "model": "bench"}]}

    # Nobody listens on port 1; after five requests the breaker is open and stays so.
    first = model("dead") | {"fallbacks": ["bench-live"]} if dead else model("constant")
    return {
        "providers": {
            "constant": rig.openai_provider(upstream),
            "streaming": rig.openai_provider(streams),
            "dead": rig.openai_provider(1),
        },
        "models": {"bench": first, "bench-live": model("constant"), "bench-stream": model("streaming")},
        "policy": {"probe": "off", "breaker": {"open_seconds": 300}},
    }


def compile_c(group: Children, name: str) -> str:
    binary = group.directory / name
    subprocess.run(["cc", "-std=c17", "-O2", "-o", str(binary), str(HERE / f"{name}.c")], check=True, timeout=120)
    return str(binary)


def stream_round(candidate: Candidate, client: str, connections: int, seconds: int) -> Round:
    before = candidate.cpu_seconds()
    got = rig.output_of([client, str(candidate.stream_port), str(connections), str(seconds)], seconds)
    cpu = candidate.cpu_seconds() - before
    if got["errors"] or not got["events"]:
        raise BenchError(f"{candidate.name}: {got}")
    return Round(candidate.name, got["events"], got["seconds"], cpu * 1e6 / got["events"])


def measure(arguments: argparse.Namespace) -> None:
    parts = []
    with rig.children() as group:
        upstream, proxy, stream_proxy = rig.free_ports(3)
        rig.start_nginx(group, "upstream", rig.UPSTREAM, {"PORT": upstream})
        streams_process = group.start("streams", [compile_c(group, "stream_upstream")])
        streams = group.listening_port("streams", streams_process)
        client = compile_c(group, "stream_client")

        candidates = []
        if arguments.only != "quintet":
            ports = {"PORT": proxy, "STREAM_PORT": stream_proxy, "UPSTREAM": upstream, "STREAMS": streams}
            worker = rig.start_nginx(group, "nginx", HERE / "nginx-proxy.conf.in", ports)
            candidates.append(Candidate("nginx", worker, proxy, stream_proxy))
        if arguments.only != "nginx":
            environment = {"QUINTET_CACHE": "on" if arguments.cache else "off"}
            models = catalogue(upstream, streams, dead=arguments.dead)
            candidates.append(rig.start_quintet(group, arguments.binary, models, log=arguments.log, environment=environment))
        print(rig.machine(), flush=True)
        for candidate in candidates:
            rig.check_answer(candidate)

        connections, rounds, seconds = arguments.connections, arguments.rounds, arguments.seconds
        if arguments.part != "streams":
            part = Part(f"Plain answers: {connections} connections, 1.5 KB requests, {seconds} s a round", "request")
            script = HERE / "chat.lua"
            parts.append(rig.take_turns(
                group, part, candidates, rounds, seconds, lambda who, length: rig.plain_round(who, script, connections, length)
            ))
        if arguments.part != "plain":
            part = Part(f"Streams: {connections} at a time, 100 chunks 5 ms apart, {seconds} s a round", "chunk")
            parts.append(rig.take_turns(
                group, part, candidates, rounds, seconds, lambda who, length: stream_round(who, client, connections, length)
            ))
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": rig.machine(), "parts": [asdict(p) for p in parts]}, indent=2) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=["nginx", "quintet"], help="measure one candidate")
    parser.add_argument("--part", choices=["plain", "streams"], help="measure one part")
    parser.add_argument("--rounds", type=rig.bounded(1, 50), default=5)
    parser.add_argument("--seconds", type=rig.bounded(1, 600), default=6, help="length of a round")
    parser.add_argument("--connections", type=rig.bounded(1, 512), default=64)
    parser.add_argument("--binary", type=Path, default=rig.BINARY)
    parser.add_argument("--log", action="store_true", help="let Quintet log every request; nginx logs none")
    parser.add_argument("--dead", action="store_true", help="Quintet's first model is dead, its breaker open")
    parser.add_argument("--cache", action="store_true", help="with the cache on, which every request misses")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every round to FILE")
    arguments = parser.parse_args()
    return rig.run(lambda: measure(arguments))


if __name__ == "__main__":
    sys.exit(main())
