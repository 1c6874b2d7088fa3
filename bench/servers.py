"""Gunicorn processes of the benchmark: started on free loopback ports, watched through /proc, stopped by their own ids."""

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

WORKERS = 2
FLAGS = (
    "--workers", str(WORKERS), "--threads", "4", "--worker-class", "gthread", "--keep-alive", "75", "--no-control-socket",
    "--log-level", "warning",
)  # fmt: skip
START_SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def children_of(pid: int) -> list[int]:
    """The processes below this one, however deep."""
    found = []
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, thread.read_text().split()):
                found += [child, *children_of(child)]
    return found


def status_kib(pid: int, name: str) -> int:
    """A figure of /proc/PID/status: VmRSS, VmHWM; 0 for a process that is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1])
    return 0


def wait_for(port: int, path: str, process: "subprocess.Popen[bytes]", seconds: float = START_SECONDS) -> None:
    """Until the path answers 200. Raises: TimeoutError, ChildProcessError when the process ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            raise ChildProcessError(f"the server ended with {process.returncode}")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing answered on port {port} within {seconds:.0f} s")


class Server:
    """One application under gunicorn."""

    def __init__(self, wsgi: str, settings: str, environment: dict[str, str], log: Path, path: str) -> None:
        self.port = free_port()
        self.log = log
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", wsgi, "--bind", f"127.0.0.1:{self.port}", *FLAGS],
            env={**environment, "DJANGO_SETTINGS_MODULE": settings},
            stdout=log.open("ab"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            wait_for(self.port, path, self.process)
        except (TimeoutError, ChildProcessError) as error:
            self.stop()
            raise RuntimeError(f"{wsgi}: {error}; see {log}") from error

    @property
    def workers(self) -> list[int]:
        return children_of(self.process.pid)

    def cpu_ms(self) -> float:
        """What the workers have computed so far."""
        total = 0
        for pid in self.workers:
            for schedstat in Path(f"/proc/{pid}/task").glob("*/schedstat"):
                with contextlib.suppress(OSError):
                    total += int(schedstat.read_text().split()[0])
        return total / 1e6

    def rss_mib(self) -> float:
        """Resident memory of all processes; what they share counts for each."""
        return sum(status_kib(pid, "VmRSS") for pid in (self.process.pid, *self.workers)) / 1024

    def forget_peak(self) -> None:
        for pid in self.workers:
            with contextlib.suppress(OSError):
                Path(f"/proc/{pid}/clear_refs").write_text("5")

    def peak_mib(self) -> float:
        """The most that one worker has held since `forget_peak`."""
        return max((status_kib(pid, "VmHWM") for pid in self.workers), default=0) / 1024

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def stop_tree(process: "subprocess.Popen[bytes]") -> None:
    """End a process and all below it."""
    pids = [process.pid, *children_of(process.pid)]
    for signal in (15, 9):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        until = time.monotonic() + 10
        while time.monotonic() < until and any(Path(f"/proc/{pid}").exists() for pid in pids[1:]):
            time.sleep(0.1)
