"""`quintet check`: what it says, and that it leaves no trace."""

from __future__ import annotations

import subprocess
from pathlib import Path

import processes
import pytest


def check(directory: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [processes.BINARY, "check", "--state-dir", directory / "state"],
        cwd=processes.ROOT,
        env=processes.clean_environment() | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_good_configuration(tmp_path: Path) -> None:
    result = check(tmp_path, REDIS_URL="redis://cache.invalid:7000/2")
    assert result.returncode == 0, result.stderr
    assert result.stdout.endswith("configuration is good\n")
    assert "cache: shared by tenant, memory 10000, sessions 5000, Redis at cache.invalid:7000" in result.stdout
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("name", "content", "mode", "words"),
    [
        ("cache-salts.json", "{", 0o600, "is damaged"),
        ("cache-secret", "short\n", 0o600, "is damaged"),
        ("cache-secret", "k" * 64, 0o644, "chmod 600"),
    ],
)
def test_state_that_serve_would_refuse(tmp_path: Path, name: str, content: str, mode: int, words: str) -> None:
    file = tmp_path / "state" / name
    file.parent.mkdir()
    file.write_text(content)
    file.chmod(mode)
    result = check(tmp_path)
    assert result.returncode == 1 and name in result.stderr and words in result.stderr, result.stderr
    assert check(tmp_path, QUINTET_CACHE="off").returncode == 0
