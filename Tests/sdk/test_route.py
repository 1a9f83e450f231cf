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
