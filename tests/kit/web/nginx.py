"""nginx as a reverse proxy: with the block that the documents show, or as Home Assistant's ingress."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.kit.mqtt.broker import free_port
from tests.kit.program.live_run import until

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
DOCUMENT = Path(__file__).parents[3] / "docs" / "web.md"
INGRESS_PATH = "/api/hassio_ingress/yQ1-t_0k3n"
# What Home Assistant and its Supervisor do with a request to an add-on.
_INGRESS = """
location %(path)s/ {
    proxy_pass http://127.0.0.1:%(port)d/;
    proxy_set_header Host $http_host;
    proxy_set_header X-Ingress-Path %(path)s;
    proxy_set_header X-Forwarded-Host $http_host;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_buffering off;
}
"""
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@contextmanager
def nginx(folder: Path, port: int, *, as_ingress: bool = False) -> Iterator[int]:
    """Run it over livereel's port, all its files in a folder; yield its own port."""
    assert NGINX is not None
    own = free_port()
    location = _INGRESS % {"path": INGRESS_PATH, "port": port} if as_ingress else _documented(port)
    temporary = "".join(f"{name}_temp_path {folder}/{name};\n" for name in _TEMPORARY)
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off;\nmaster_process off;\npid {folder}/nginx.pid;\nerror_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{temporary}"
        f"server {{\nlisten 127.0.0.1:{own};\n{location}}}\n}}\n"
    )
    process = subprocess.Popen([NGINX, "-p", folder, "-c", file], stderr=subprocess.DEVNULL)
    try:
        until(lambda: _answers(own), "nginx")
        yield own
    finally:
        process.terminate()
        process.wait()


def _documented(port: int) -> str:
    """The block that the documents show, for livereel's port."""
    (shown,) = re.findall(r"```nginx\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    location: str = shown.replace("127.0.0.1:8090", f"127.0.0.1:{port}")
    assert location != shown
    return location


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
