"""A real mosquitto on a free port: stopped, killed, frozen and started again; its certificates."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
START_S = 60.0


class Broker:
    """Mosquitto with its sessions and retained messages on disk; what it forgets when killed is little."""

    def __init__(self, folder: Path, options: tuple[str, ...] = ("allow_anonymous true",)) -> None:
        """A broker that is not started yet; ``options`` are lines of mosquitto.conf."""
        folder.mkdir()
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        self._process: subprocess.Popen[bytes] | None = None
        lines = [
            f"listener {self.port} 127.0.0.1",
            "persistence true",
            f"persistence_location {folder}/",
            "autosave_interval 1",
            "autosave_on_changes true",
            "queue_qos0_messages true",
            "max_queued_messages 0",
            "set_tcp_nodelay true",
            *(["user root"] if os.geteuid() == 0 else []),
            *options,
        ]
        self._config.write_text("\n".join(lines) + "\n")

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        if MOSQUITTO is None:
            raise FileNotFoundError("mosquitto")
        log = self._config.with_suffix(".log").open("ab")
        with log:
            self._process = subprocess.Popen([MOSQUITTO, "-c", str(self._config)], stdout=log, stderr=log)
        deadline = time.monotonic() + START_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1.0).close()
            except OSError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.01)
            else:
                return

    def knows(self, client_id: str) -> bool:
        """Whether a client of this name has come since the last start."""
        log = self._config.with_suffix(".log").read_text()
        return f" as {client_id} " in log.rpartition(" starting")[2]

    def signal(self, number: signal.Signals) -> None:
        """Stop it (SIGTERM), kill it (SIGKILL), freeze it (SIGSTOP) or let it go on (SIGCONT)."""
        if self._process is None:
            return
        self._process.send_signal(number)
        if number in (signal.SIGTERM, signal.SIGKILL):
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """End it, in whatever state it is."""
        self.signal(signal.SIGKILL)


@contextmanager
def broker(folder: Path, *options: str) -> Iterator[Broker]:
    """A running broker; without options it takes everybody."""
    it = Broker(folder, options or ("allow_anonymous true",))
    it.start()
    try:
        yield it
    finally:
        it.close()


def password_file(folder: Path, user: str, password: str) -> Path:
    """A password file for ``password_file``."""
    file = folder / "passwords"
    subprocess.run(["mosquitto_passwd", "-c", "-b", str(file), user, password], check=True)
    return file


def access_rules(folder: Path, *rules: str) -> str:
    """Write an ACL file; return the line of mosquitto.conf that names it."""
    file = folder / "rules.acl"
    file.write_text("\n".join(rules) + "\n")
    file.chmod(0o600)
    return f"acl_file {file}"


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files: an authority, and a server's and a client's certificate and key made by it."""

    ca: Path
    server: Path
    server_key: Path
    client: Path
    client_key: Path


def certificates(folder: Path) -> Certificates:
    """Make an authority and what it signs: a server named ``localhost``, a client named ``livereel``."""
    made = Certificates(
        *(folder / f"{name}.pem" for name in ("ca", "server", "server-key", "client", "client-key"))
    )
    ca_key = folder / "ca-key.pem"
    _openssl("req", "-x509", *_key(ca_key), "-out", made.ca, "-days", "2", "-subj", "/CN=test authority")
    for name, cert, key in (
        ("localhost", made.server, made.server_key),
        ("livereel", made.client, made.client_key),
    ):
        request, names = folder / "request.pem", folder / "names.cnf"
        names.write_text(f"subjectAltName=DNS:{name}\n")
        _openssl("req", *_key(key), "-out", request, "-subj", f"/CN={name}")
        signer = ("-CA", made.ca, "-CAkey", ca_key, "-CAcreateserial", "-extfile", names)
        _openssl("x509", "-req", "-in", request, *signer, "-out", cert, "-days", "2")
    return made


def _key(file: Path) -> tuple[str | Path, ...]:
    return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", file)


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def free_port() -> int:
    """A port of 127.0.0.1 on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
