"""A real browser, and JupyterLab as students and instructors start it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
INTERNET = re.compile(r"https?://(?!127\.0\.0\.1[:/])")
PATIENCE = 300_000  # milliseconds: a busy machine may need its time


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium a file: while it is open, no other test could use asyncio."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def open_page(browser: Browser) -> Callable[..., Page]:
    """A function that opens an address in a new window and returns its page.

    `page.complaints` lists what its scripts complained about, and `page.outside` what it asked the
    internet for, in vain: no test depends on a network.
    """

    def open_page(address: str, width: int = 1100, height: int = 1000) -> Page:
        page = browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(PATIENCE)
        page.complaints, page.outside = [], []
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("console", lambda said: page.complaints.extend(_complaint(said)))
        page.route(INTERNET, lambda route: _refuse(route, page.outside))
        page.goto(address)
        return page

    return open_page


@pytest.fixture(scope="module")
def open_notebook(open_page: Callable[..., Page]) -> Callable[[str], Page]:
    """A function that opens a notebook in JupyterLab, and returns when its kernel is ready."""

    def open_notebook(address: str) -> Page:
        page = open_page(f"{address}?reset")
        page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").wait_for()
        _wait_for_kernel(address.partition("/lab/")[0])
        return page

    return open_notebook


def _complaint(said: ConsoleMessage) -> list[str]:
    refused = INTERNET.match(said.location.get("url", ""))
    return [said.text] if said.type == "error" and not refused else []


def _refuse(route: Route, outside: list[str]) -> None:
    outside.append(route.request.url)
    route.abort()


@pytest.fixture(scope="module")
def start_jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """A function that starts JupyterLab and returns its address; all end with the file's tests.

    It takes the folder to start in, which holds labkit, the arguments of `jupyter lab`, and
    settings for the environment.
    """
    with contextlib.ExitStack() as servers:

        def start(folder: Path, *arguments: str | Path, **settings: str) -> str:
            own = tmp_path_factory.mktemp("jupyter")
            settings |= {"PYTHONPATH": str(folder), **_settings_in(own)}
            return servers.enter_context(_jupyter(folder, arguments, settings, own / "log"))

        yield start


def _settings_in(own: Path) -> dict[str, str]:
    """Return an environment in which JupyterLab keeps nothing of the user's, and asks nothing."""
    quiet = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    (own / "config" / "labconfig").mkdir(parents=True)
    (own / "config" / "labconfig" / "page_config.json").write_text(json.dumps(quiet))
    return {
        "JUPYTER_CONFIG_DIR": str(own / "config"),
        "JUPYTER_DATA_DIR": str(own / "data"),
        "LABKIT_PROGRESS": str(own / "progress.json"),
        "LABKIT_DATA": str(own / "data"),
    }


@contextlib.contextmanager
def _jupyter(folder: Path, arguments: tuple, settings: dict[str, str], log: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--no-browser", "--allow-root", f"--port={port}", "--IdentityProvider.token="]
    command = [sys.executable, "-m", "jupyterlab", *map(str, arguments), *options]
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=os.environ | settings, stdout=output, stderr=output
        )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(f"{address}/api", process, log)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)  # it ends its kernels
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_for(address: str, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE / 1000
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urlopen(address).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


def _wait_for_kernel(server: str) -> None:
    """Wait until the page is connected to a kernel that is idle; the indicator is so before."""
    deadline = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < deadline:
        with urlopen(f"{server}/api/kernels") as reply:
            kernels = json.load(reply)
        if any(k["execution_state"] == "idle" and k["connections"] for k in kernels):
            return
        time.sleep(0.1)
    raise RuntimeError(f"no kernel is ready: {kernels}")


@pytest.fixture
def shoot(tmp_path: Path) -> Callable[[Page, str], Path]:
    """A function that takes a screenshot of a page; LABKIT_SCREENSHOTS=FOLDER keeps them."""
    folder = Path(os.environ.get("LABKIT_SCREENSHOTS") or tmp_path)

    def shoot(page: Page, name: str) -> Path:
        path = folder / f"{name}.png"
        page.screenshot(path=path)
        return path

    return shoot
