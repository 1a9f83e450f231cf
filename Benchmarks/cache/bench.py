#!/usr/bin/env python3
"""What Quintet's cache costs and saves: hits, misses, memory, and a replay of a workload.

    bench.py                      all parts
    bench.py --part hit           a hit in memory, against nginx's proxy_cache with the same answers
    bench.py --part miss          a miss with the cache on, against the cache off
    bench.py --part store         a hit in Redis alone, against redis-benchmark's GET of the same value
    bench.py --part memory        what an entry takes
    bench.py --part replay        100,000 requests of 10,000 prompts, drawn by Zipf's law
    bench.py --only quintet --part hit      without the yardstick, e.g. under a profiler
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import shutil
import statistics
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import rig  # noqa: E402
from drive import Workload, drive  # noqa: E402
from rig import BenchError, Candidate, Children, Part  # noqa: E402

KNOWN = HERE / "known.lua"
UNKNOWN = HERE.parent / "gateway/chat.lua"
# The same thousand requests as known.lua sends; the warm-up has asked each of them.
KNOWN_COUNT = 1000
NO_MEMORY = {"QUINTET_CACHE_ENTRIES": "0", "QUINTET_CACHE_SESSION_ENTRIES": "0"}


class Bench:
    def __init__(self, group: Children, arguments: argparse.Namespace) -> None:
        self.group = group
        self.arguments = arguments
        self.upstream = rig.free_ports(1)[0]
        rig.start_nginx(group, "upstream", rig.UPSTREAM, {"PORT": self.upstream})
        self.parts: list[Part] = []

    # ------------------------------------------------------------ processes

    def quintet(self, name: str = "quintet", **environment: str) -> Candidate:
        catalogue = {
            "providers": {"constant": rig.openai_provider(self.upstream)},
            "models": {"bench": {"deployments": [{"provider": "constant", "model": "bench"}]}},
            "policy": {"probe": "off"},
        }
        candidate = rig.start_quintet(
            self.group, self.arguments.binary, catalogue, name=name, environment={"QUINTET_CACHE": "on"} | environment
        )
        rig.check_answer(candidate)
        return candidate

    def nginx(self) -> Candidate:
        port = rig.free_ports(1)[0]
        worker = rig.start_nginx(self.group, "nginx", HERE / "nginx-cache.conf.in", {"PORT": port, "UPSTREAM": self.upstream})
        candidate = Candidate("nginx", worker, port)
        rig.check_answer(candidate)
        return candidate

    def redis(self, name: str = "redis") -> int:
        port = rig.free_ports(1)[0]
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        process = self.group.start(name, command + ["--dir", str(self.group.directory)])
        rig.wait_for_port(self.group, name, process, port)
        return port

    def upstream_calls(self) -> int:
        """How many requests the provider has had so far, this one not counted."""
        with rig.ask(self.upstream, "/requests") as response:
            return int(response.read().split()[-7]) - 1 - self.looks()

    def looks(self) -> int:
        self.looked = getattr(self, "looked", -1) + 1
        return self.looked

    # ------------------------------------------------------------ parts

    def compare(self, title: str, candidates: list[Candidate], script: Path) -> Part:
        a = self.arguments
        part = Part(f"{title}: {a.connections} connections, {a.seconds} s a round", "request")
        rig.take_turns(
            self.group, part, candidates, a.rounds, a.seconds,
            lambda who, seconds: rig.plain_round(who, script, a.connections, seconds),
        )  # fmt: skip
        self.parts.append(part)
        return part

    def hit(self) -> None:
        candidates = [self.quintet()] if self.arguments.only == "quintet" else [self.nginx(), self.quintet()]
        part = self.compare("Hits in memory, 1.5 KB requests", candidates, KNOWN)
        self.check_hits(candidates[-1], "L1")
        for candidate in candidates:
            cpu = part.median(candidate.name, "cpu_us_per_unit")
            assert cpu
            print(f"  {candidate.name}: {1e6 / cpu:,.0f} hits for a second of one core's time")

    def miss(self) -> None:
        candidates = [self.quintet("off", QUINTET_CACHE="off"), self.quintet("on")]
        self.compare("Misses, 1.5 KB requests", candidates, UNKNOWN)

    def store(self) -> None:
        redis = self.redis()
        candidate = self.quintet("in-redis", REDIS_URL=f"redis://127.0.0.1:{redis}", **NO_MEMORY)
        a = self.arguments
        part = Part(f"Hits in Redis: {a.connections} connections, one of Quintet's to Redis, {a.seconds} s a round", "request")
        print(f"\n{part.title}", flush=True)
        rig.plain_round(candidate, KNOWN, a.connections, 2)
        keys = self.redis_cli(redis, "--scan", "--pattern", "quintet:answer:*").split()
        if len(keys) < KNOWN_COUNT:
            raise BenchError(f"only {len(keys)} answers are in Redis")
        size = int(self.redis_cli(redis, "STRLEN", keys[0]))
        gets = []
        for _ in range(a.rounds):
            self.group.check()
            gets.append(self.redis_gets(redis, keys[0]))
            print(f"  redis-benchmark GET, {size} bytes: {gets[-1][0]:9.0f} a second  p50 {gets[-1][1]:.2f} ms")
            part.rounds.append(rig.plain_round(candidate, KNOWN, a.connections, a.seconds))
            rig.say_round(part.rounds[-1], "request")
        self.check_hits(candidate, "L3")
        self.parts.append(part)
        rate, p50 = (statistics.median(values) for values in zip(*gets))
        ours, our_p50 = part.median(candidate.name, "per_second"), part.median(candidate.name, "p50_us")
        assert ours and our_p50
        print(f"  medians: GET {rate:,.0f} a second, p50 {p50:.2f} ms; hits {ours:,.0f} a second, p50 {our_p50 / 1000:.2f} ms,", end=" ")
        print(f"{part.median(candidate.name, 'cpu_us_per_unit'):.1f} us CPU; {ours / rate:.2f} of GET's rate")

    def memory(self) -> None:
        candidate = self.quintet("memory")
        prompts = Workload(prompts=20_000, requests=0, seed=1)
        connections = self.arguments.connections
        count = 9_000
        # What the process takes for its connections and calls comes before what is counted.
        drive(candidate.port, (prompts.body(10_000 + i, cache={"no-store": True}) for i in range(count)), connections)
        before = candidate.kilobytes("VmRSS")
        drive(candidate.port, (prompts.body(i) for i in range(count)), connections)
        after = candidate.kilobytes("VmRSS")
        tier = self.stats(candidate)["tiers"]["L1"]
        stored = tier["entries"]
        if stored < count:
            raise BenchError(f"only {stored} of {count} answers were kept")
        print(f"\nMemory, {stored} answers of 0.8 KB:")
        print(f"  {(after - before) * 1024 / stored:,.0f} bytes of resident memory an entry; the tier counts {tier['bytes'] / stored:,.0f}")

    def replay(self) -> None:
        workload = Workload(prompts=10_000, requests=100_000, seed=self.arguments.seed)
        redis = self.redis("replay-redis")
        small = {"QUINTET_CACHE_ENTRIES": "1000", "QUINTET_CACHE_SESSION_ENTRIES": "0", "REDIS_URL": f"redis://127.0.0.1:{redis}"}
        print(f"\nReplay: {workload.requests:,} requests of {workload.prompts:,} prompts, Zipf 1.0, seed {workload.seed}, "
              f"{self.arguments.connections} connections; {workload.distinct:,} prompts are drawn")  # fmt: skip
        for title, name, settings in [("as by default", "default", {}), ("L1 of 1,000 entries, Redis", "small", small)]:
            candidate = self.quintet(f"replay-{name}", **settings)
            calls, cpu, before = self.upstream_calls(), candidate.cpu_seconds(), self.stats(candidate)
            seconds = drive(candidate.port, workload.bodies(), self.arguments.connections)
            calls, cpu, after = self.upstream_calls() - calls, candidate.cpu_seconds() - cpu, self.stats(candidate)
            print(f"  {title}: {seconds:.1f} s, {cpu:.1f} s of CPU")
            for tier in ("L1", "L2", "L3"):
                if after["tiers"][tier] and (hits := after["tiers"][tier]["hits"] - before["tiers"][tier]["hits"]):
                    print(f"    {tier}: {hits:7,} hits, {hits / workload.requests:.1%}")
            joins = after["flights"]["joins"] - before["flights"]["joins"]
            print(f"    {joins:,} joined a call under way; {calls:,} calls upstream, {workload.requests - calls:,} saved, "
                  f"{1 - calls / workload.requests:.1%}")  # fmt: skip

    # ------------------------------------------------------------ figures

    def stats(self, candidate: Candidate) -> dict[str, dict]:
        with rig.ask(candidate.port, "/api/cache/stats") as response:
            return json.load(response)

    def check_hits(self, candidate: Candidate, tier: str) -> None:
        """A round that was not made of hits says nothing about them."""
        stats = self.stats(candidate)
        hits, all_hits, misses = stats["tiers"][tier]["hits"], stats["stats"]["totalHits"], stats["stats"]["totalMisses"]
        if hits != all_hits or misses > hits / 50:
            raise BenchError(f"{candidate.name}: {hits} hits in {tier} of {all_hits} in all, and {misses} misses")

    def redis_gets(self, port: int, key: str) -> tuple[float, float]:
        """A second and p50 in milliseconds of GETs of one key."""
        command = ["redis-benchmark", "-p", str(port), "-c", str(self.arguments.connections), "-P", "1", "-n", "200000", "--csv"]
        result = subprocess.run(command + ["GET", key], capture_output=True, text=True, timeout=120, check=True)
        row = list(csv.DictReader(io.StringIO(result.stdout)))[-1]
        return float(row["rps"]), float(row["p50_latency_ms"])

    def redis_cli(self, port: int, *words: str) -> str:
        return subprocess.run(
            ["redis-cli", "-p", str(port), *words], capture_output=True, text=True, timeout=30, check=True
        ).stdout.strip()


PARTS = {"hit": Bench.hit, "miss": Bench.miss, "store": Bench.store, "memory": Bench.memory, "replay": Bench.replay}


def measure(arguments: argparse.Namespace) -> None:
    missing = [name for name in ("redis-server", "redis-cli", "redis-benchmark", "wrk") if not shutil.which(name)]
    if missing:
        raise BenchError(f"{', '.join(missing)} is missing: install redis-server, redis-tools and wrk")
    print(rig.machine(), flush=True)
    parts: list[Part] = []
    for name in [arguments.part] if arguments.part else PARTS:
        # Each part with processes of its own, so that none burdens the next.
        with rig.children() as group:
            bench = Bench(group, arguments)
            PARTS[name](bench)
            parts += bench.parts
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": rig.machine(), "parts": [asdict(p) for p in parts]}, indent=2) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=list(PARTS))
    parser.add_argument("--only", choices=["quintet"], help="without the yardstick")
    parser.add_argument("--rounds", type=rig.bounded(1, 50), default=5)
    parser.add_argument("--seconds", type=rig.bounded(1, 60), default=4, help="length of a round")
    parser.add_argument("--connections", type=rig.bounded(1, 512), default=64)
    parser.add_argument("--seed", type=int, default=1, help="of the replay")
    parser.add_argument("--binary", type=Path, default=rig.BINARY)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every round to FILE")
    arguments = parser.parse_args()
    return rig.run(lambda: measure(arguments))


if __name__ == "__main__":
    sys.exit(main())
