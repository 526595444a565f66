"""Start livereel in Home Assistant: ``run.py DATA CONFIG SUPERVISOR``.

The options of the app (``DATA/options.json``) and the broker that the Supervisor knows become variables of
the environment, which ``CONFIG/livereel.yaml`` names. A first one is written where there is none.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import urllib.request
from pathlib import Path
from typing import Any

TIMEOUT_S = 10.0


def main(data: str, folder: str, supervisor: str) -> None:
    """Become livereel; end with one line where an option is missing."""
    options = json.loads(Path(data, "options.json").read_text(encoding="utf-8"))
    if not options.get("token"):
        sys.exit("livereel: set the option token: at least 16 characters")
    variables = {secret["name"]: secret["value"] for secret in options.get("secrets", [])}
    variables["LIVEREEL_TOKEN"] = options["token"]
    config = Path(folder, "livereel.yaml")
    if not config.exists():
        shutil.copyfile(Path(__file__).with_name("start.yaml"), config)
        print(f"livereel: wrote {config.name}: name your cameras there", file=sys.stderr)
    os.environ.update(broker(supervisor) | variables)
    os.execvp("livereel", ["livereel", "run", str(config)])  # noqa: S606, S607  # the one that this image installs


def broker(supervisor: str) -> dict[str, str]:
    """Return what the Supervisor knows of a broker; nothing where there is none, or it does not answer."""
    bearer = {"Authorization": f"Bearer {os.environ.get('SUPERVISOR_TOKEN', '')}"}
    request = urllib.request.Request(f"{supervisor}/services/mqtt", headers=bearer)  # noqa: S310  # of the image
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310  # as above
            known: dict[str, Any] = json.load(answer)["data"]
            scheme = "mqtts" if known.get("ssl") else "mqtt"
            address = f"{scheme}://{known['host']}:{known['port']}"
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"livereel: no broker of Home Assistant: {error}", file=sys.stderr)
        return {}
    login = {"MQTT_USER": known.get("username", ""), "MQTT_PASSWORD": known.get("password", "")}
    return {"MQTT_HOST": address, **login}


if __name__ == "__main__":
    main(*sys.argv[1:])
