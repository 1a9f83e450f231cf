"""Headless Chromium, driven over its DevTools protocol: https://chromedevtools.github.io/devtools-protocol/"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import websocket

WAIT_SECONDS = 30


class Browser:
    """One Chromium process with a profile of its own."""

    def __init__(self, directory: Path) -> None:
        program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        assert program, "chromium is missing: `make test` installs it"
        profile = directory / "profile"
        self._log = open(directory / "chromium.log", "wb")
        self.process = subprocess.Popen(
            [
                program, "--headless=new", "--remote-debugging-port=0", f"--user-data-dir={profile}", "--no-first-run",
                "--no-default-browser-check", "--disable-extensions", "--disable-gpu", "--disable-dev-shm-usage",
                "--disable-background-networking", "--no-proxy-server", "--hide-scrollbars",
                # Tests run as root in containers, where Chromium's own sandbox cannot; it opens our own pages only.
                "--no-sandbox", "about:blank",
            ],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
        )  # fmt: skip
        try:
            self.endpoint = self._wait_for_endpoint(profile / "DevToolsActivePort")
        except BaseException:
            self.stop()
            raise

    def _wait_for_endpoint(self, file: Path) -> str:
        """Chromium writes its port and path into this file once it listens."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"chromium ended with {self.process.returncode}"
            lines = file.read_text().split("\n") if file.exists() else []
            if len(lines) >= 2:
                return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
            time.sleep(0.02)
        raise AssertionError(f"chromium did not listen within {WAIT_SECONDS} s")

    def page(self, **options: Any) -> Page:
        return Page(self.endpoint, **options)

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._log.close()


class Page:
    """One tab in a context of its own: nothing is shared with other tests' tabs."""

    def __init__(self, endpoint: str, width: int = 1280, height: int = 900, mobile: bool = False, dark: bool = False) -> None:
        self._socket = websocket.create_connection(endpoint, timeout=WAIT_SECONDS, suppress_origin=True)
        self._next = 0
        self._session: str | None = None
        self._credentials: tuple[str, str] | None = None
        self.console: list[str] = []
        """What the page complained about: exceptions, and what its policy blocked."""
        self.context = self._call("Target.createBrowserContext")["browserContextId"]
        target = self._call("Target.createTarget", url="about:blank", browserContextId=self.context)["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._call(f"{domain}.enable")
        self.resize(width, height, mobile)
        self._call(
            "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        )

    def resize(self, width: int, height: int, mobile: bool = False) -> None:
        self._call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2 if mobile else 1, mobile=mobile
        )

    def sign_in(self, name: str, password: str) -> None:
        """What a person would type when the server asks."""
        self._credentials = (name, password)
        self._call("Fetch.enable", handleAuthRequests=True)

    def without_scripts(self) -> None:
        self._call("Emulation.setScriptExecutionDisabled", value=True)

    def open(self, url: str) -> None:
        answer = self._call("Page.navigate", url=url)
        assert "errorText" not in answer, answer
        self.wait_for("document.readyState === 'complete'")

    def evaluate(self, expression: str) -> Any:
        answer = self._call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait_for(self, expression: str, seconds: float = WAIT_SECONDS) -> Any:
        """Waits until the expression is true in the page, and returns it."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            value = self.evaluate(expression)
            if value:
                return value
            time.sleep(0.02)
        text = self.evaluate("document.body.innerText")
        raise AssertionError(f"not within {seconds} s: {expression}\n{self.console}\n{text}")

    def screenshot(self, file: Path, whole: bool = False) -> None:
        data = self._call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        file.write_bytes(base64.b64decode(data))

    def close(self) -> None:
        self._session = None
        self._call("Target.disposeBrowserContext", browserContextId=self.context)
        self._socket.close()

    def _call(self, method: str, **params: Any) -> dict[str, Any]:
        number = self._send(method, params)
        while True:
            message = json.loads(self._socket.recv())
            if message.get("id") == number:
                assert "error" not in message, f"{method}: {message['error']}"
                return message["result"]
            self._note(message)

    def _send(self, method: str, params: dict[str, Any]) -> int:
        self._next += 1
        message = {"id": self._next, "method": method, "params": params}
        self._socket.send(json.dumps(message | ({"sessionId": self._session} if self._session else {})))
        return self._next

    def _note(self, message: dict[str, Any]) -> None:
        """An event that came while something else was waited for."""
        params = message.get("params", {})
        match message.get("method"):
            case "Runtime.exceptionThrown":
                self.console.append(params["exceptionDetails"].get("exception", {}).get("description", "exception"))
            case "Log.entryAdded" if params["entry"]["level"] in ("error", "warning"):
                self.console.append(params["entry"]["text"])
            case "Fetch.requestPaused":
                self._send("Fetch.continueRequest", {"requestId": params["requestId"]})
            case "Fetch.authRequired":
                name, password = self._credentials or ("", "")
                answer = {"response": "ProvideCredentials", "username": name, "password": password}
                self._send("Fetch.continueWithAuth", {"requestId": params["requestId"], "authChallengeResponse": answer})
