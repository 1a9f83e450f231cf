"""Starts the programs that the tests talk to, and ends them."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import threading
from pathlib import Path

import openai

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("QUINTET_BINARY", ROOT / ".build/debug/quintet"))
READY = "listening on http://"
START_SECONDS = 60
STOP_SECONDS = 30

# The tests' clients talk to 127.0.0.1 and nowhere else.
for _name in ("http_proxy", "https_proxy", "all_proxy"):
    os.environ.pop(_name, None)
    os.environ.pop(_name.upper(), None)


def clean_environment() -> dict[str, str]:
    """Next to nothing: no provider's key, no QUINTET_* setting and no proxy of the developer's."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH") if name in os.environ}


class Server:
    """A program that prints `listening on http://HOST:PORT` once it is ready."""

    def __init__(self, name: str, command: list[str | Path], directory: Path, environment: dict[str, str] | None = None) -> None:
        self.name = name
        self.log = directory / f"{name}.log"
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._output: list[str] = []
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                cwd=ROOT,
                env=clean_environment() | (environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.url = self._wait_until_ready()
        except BaseException:
            self.kill()
            raise

    def _read(self) -> None:
        """Keeps the pipe empty for as long as the program runs."""
        assert self.process.stdout
        for line in self.process.stdout:
            self._output.append(line)
            self._lines.put(line)
        self._lines.put(None)

    def _wait_until_ready(self) -> str:
        while True:
            try:
                line = self._lines.get(timeout=START_SECONDS)
            except queue.Empty:
                raise AssertionError(f"{self.name} was not ready within {START_SECONDS} s\n{self.report()}") from None
            if line is None:
                raise AssertionError(f"{self.name} ended with {self.process.wait()} before it was ready\n{self.report()}")
            if line.startswith(READY):
                return line.split()[2].rstrip("/")

    def report(self) -> str:
        """What it said lately, for a failed test."""
        errors = self.log.read_text(errors="replace").splitlines()[-30:]
        return "\n".join([f"--- {self.name}: stdout", *self._output[-30:], f"--- {self.name}: stderr", *errors])

    def stop(self) -> None:
        """Asks it to end, and demands that it ends well."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end within {STOP_SECONDS} s of SIGTERM\n{self.report()}") from None
        assert code == 0, f"{self.name} ended with {code}\n{self.report()}"

    def kill(self) -> None:
        """Ends it as a crash would."""
        self.process.kill()
        self.process.wait()

    @property
    def runs(self) -> bool:
        return self.process.poll() is None


def gateway(
    directory: Path, models: dict[str, object] | None = None, name: str = "gateway", environment: dict[str, str] | None = None
) -> Server:
    """A gateway on an ephemeral port: with its demo provider, or with the given models.json."""
    assert BINARY.exists(), f"{BINARY} is missing: `make test` builds it"
    command: list[str | Path] = [BINARY, "serve", "--host", "127.0.0.1", "--port", "0", "--state-dir", directory / f"{name}-state"]
    if models is not None:
        path = directory / f"{name}-models.json"
        path.write_text(json.dumps(models, indent=2))
        command += ["--models", path]
    # The tests ask the same things again and again; those of the cache switch it on.
    return Server(name, command, directory, {"QUINTET_CACHE": "off"} | (environment or {}))


def demo_provider(directory: Path, *options: str, name: str = "demo-provider") -> Server:
    return Server(name, [BINARY, "demo-provider", "--port", "0", *options], directory)


def sdk(server: Server, max_retries: int = 0) -> openai.OpenAI:
    """Without retries of its own, if not told otherwise: what the gateway does not mend must be seen."""
    return openai.OpenAI(base_url=f"{server.url}/v1", api_key="not-needed", max_retries=max_retries, timeout=60)


def provider(url: str) -> dict[str, object]:
    """A keyless entry under `providers` of models.json."""
    return {"api": "openai", "base_url": f"{url}/v1", "supports_stream_options": True}


def model(provider_name: str, model_name: str, **more: object) -> dict[str, object]:
    """An entry under `models` of models.json with one deployment, able to do everything."""
    return {
        "deployments": [{"provider": provider_name, "model": model_name}],
        "supports_function_calling": True,
        "supports_response_schema": True,
        "supports_vision": True,
        **more,
    }
