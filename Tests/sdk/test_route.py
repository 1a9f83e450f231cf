"""`quintet route`: which agent and model a message would get."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import processes

FIELDS = {"agent", "agent_confidence", "complexity", "class", "model", "reason"}


def quintet(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(processes.BINARY), *map(str, arguments)],
        cwd=processes.ROOT,
        env=processes.clean_environment(),
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_message() -> None:
    answer = json.loads(quintet("route", "Our Selenium tests are flaky").stdout)
    assert set(answer) == FIELDS
    assert answer["agent"] == "quinn"
    assert 0.7 < answer["agent_confidence"] <= 1
    assert answer["class"] in ("simple", "medium", "complex")
    assert answer["model"]
    assert "selenium" in answer["reason"]


def test_a_wish_and_a_team() -> None:
    assert json.loads(quintet("route", "ask luna to look at it").stdout)["agent"] == "luna"
    assert "luna + quinn" in json.loads(quintet("route", "design and test the login page").stdout)["reason"]


def test_each_line_of_a_file(tmp_path: Path) -> None:
    messages = ["Plan the sprint with the team", "", "😀", "x" * 1_000_000]
    file = tmp_path / "in.jsonl"
    file.write_text("".join(json.dumps({"id": f"m{i}", "text": text}) + "\n" for i, text in enumerate(messages)))
    lines = [json.loads(line) for line in quintet("route", "--input", file).stdout.splitlines()]
    assert [line["id"] for line in lines] == ["m0", "m1", "m2", "m3"]
    assert lines[0]["agent"] == "sage"
    assert [line["agent"] for line in lines[1:]] == ["dev"] * 3
    assert all("no agent stood out" in line["reason"] for line in lines[1:])


def test_a_bad_line_is_named(tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_text('{"id": "a", "text": "b"}\n{"id": "c"}\n')
    done = quintet("route", "--input", file)
    assert done.returncode != 0
    assert f"{file}:2" in done.stderr and '"text"' in done.stderr
    assert quintet("route").returncode != 0


def test_training_again_gives_the_same_weights_and_they_serve(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    pairs = [("dev", "Parse a zorb string in code"), ("luna", "Colour of a zorb button")] * 20
    file.write_text("".join(json.dumps({"label": label, "text": f"{text} {i}"}) + "\n" for i, (label, text) in enumerate(pairs)))
    for name in ("one", "two"):
        done = quintet("route", "train", "--agents", file, "--out", tmp_path / name)
        assert done.returncode == 0, done.stderr
        assert "100 %" in done.stderr
    weights = (tmp_path / "one" / "agents.weights").read_bytes()
    assert weights == (tmp_path / "two" / "agents.weights").read_bytes()
    routed = json.loads(quintet("route", "--weights", tmp_path / "one", "a zorb string in the code").stdout)
    assert routed["agent"] == "dev"


def test_weights_that_do_not_fit_stop_the_start(tmp_path: Path) -> None:
    done = quintet("route", "--weights", tmp_path, "hello")
    assert done.returncode != 0 and "agents.weights" in done.stderr and "quintet route train" in done.stderr
    (tmp_path / "agents.weights").write_bytes(b"QWEIGHTS and then nothing that fits")
    done = quintet("route", "--weights", tmp_path, "hello")
    assert done.returncode != 0 and "the weights" in done.stderr and "quintet route train" in done.stderr
    # Trained for agents that are not there.
    built_in = processes.ROOT / "Sources/CWeights/agents.weights"
    (tmp_path / "agents.weights").write_bytes(built_in.read_bytes())
    agents = tmp_path / "agents"
    agents.mkdir()
    for name in ("dev", "luna"):
        (agents / f"{name}.md").write_text((processes.ROOT / f"agents/{name}.md").read_text())
    done = quintet("route", "--weights", tmp_path, "--agents", agents, "hello")
    assert done.returncode != 0 and "none who is atlas, quinn, sage" in done.stderr
    # Without --weights the built-in ones serve whom they can.
    assert json.loads(quintet("route", "--agents", agents, "Our Selenium tests are flaky").stdout)["agent"] in ("dev", "luna")


def test_candidates_are_listed_with_reasons() -> None:
    answer = json.loads(quintet("route", "--candidates", "Prove that there are infinitely many primes").stdout)
    assert set(answer) == FIELDS | {"candidates"}
    taken = [candidate for candidate in answer["candidates"] if "taken" in candidate]
    assert taken[0]["model"] == answer["model"]
    assert all(candidate.get("taken") or candidate["passed_over"] for candidate in answer["candidates"])


def price_models(cost_bias: float) -> dict[str, object]:
    def model(name: str, quality: int, price: float) -> dict[str, object]:
        prices = {"input_cost_per_token": price, "output_cost_per_token": price}
        return {"deployments": [{"provider": "p", "model": name}], "quality": quality, **prices}

    return {
        "providers": {"p": {"base_url": "http://127.0.0.1:9", "api_key_env": "NOBODY_HAS_THIS_KEY"}},
        "models": {"cheap": model("cheap", 50, 1e-6), "strong": model("strong", 95, 1e-5)},
        "policy": {"cost_bias": cost_bias},
    }


def test_price_replays_requests_under_another_policy(tmp_path: Path) -> None:
    for name, cost_bias in (("now.json", 0.0), ("then.json", 1.0)):
        (tmp_path / name).write_text(json.dumps(price_models(cost_bias)))
    request = {"model": "auto", "messages": [{"role": "user", "content": "Prove it"}], "usage": {"prompt_tokens": 100, "completion_tokens": 100}}
    log = tmp_path / "requests.jsonl"
    log.write_text("\n".join([json.dumps(request)] * 3) + "\n")
    done = quintet("route", "price", "--log", log, "--models", tmp_path / "now.json", "--policy", tmp_path / "then.json")
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()[:4]}
    assert rows["cheap"] == ["-", "-", "3", "0.000600"]
    assert rows["strong"] == ["3", "0.006000", "-", "-"]
    assert rows["total"] == ["3", "0.006000", "3", "0.000600"]
    assert "90 % less" in done.stdout
    biased = quintet("route", "price", "--log", log, "--models", tmp_path / "now.json", "--cost-bias", "1")
    assert biased.stdout == done.stdout


def test_price_replays_the_gateways_own_log(tmp_path: Path) -> None:
    gateway = processes.gateway(tmp_path)
    try:
        for text in ("Fix the typo", "Prove that the algorithm terminates, and explain why each invariant must hold"):
            processes.sdk(gateway).chat.completions.create(model="auto", messages=[{"role": "user", "content": text}])
    finally:
        gateway.stop()
    done = quintet("route", "price", "--log", gateway.log, "--cost-bias", "0")
    assert done.returncode == 0, done.stderr
    assert "2 requests" in done.stdout
    assert "The log says that 2 of them cost" in done.stdout


def test_price_says_what_is_wrong(tmp_path: Path) -> None:
    log = tmp_path / "log"
    done = quintet("route", "price", "--log", log, "--cost-bias", "1")
    assert done.returncode != 0 and str(log) in done.stderr
    log.write_text("what?\n")
    done = quintet("route", "price", "--log", log, "--cost-bias", "1")
    assert done.returncode != 0 and f"{log}:1" in done.stderr
    assert quintet("route", "price", "--log", log).returncode != 0
    assert quintet("route", "price", "--log", log, "--cost-bias", "2").returncode != 0
