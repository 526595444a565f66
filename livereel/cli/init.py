"""``init``: write a configuration with its first camera."""

from __future__ import annotations

import errno
import json
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import typer

from livereel.camera.names import camera_name
from livereel.config.file import parse
from livereel.config.schema import Config, ConfigError, UsageError

# What is before the last @, as passwords often hold unescaped @ and /; but a port and a path hold none.
_CREDENTIALS = re.compile(r"(?<=://)(?P<before>[^:@/]*:)(?P<secret>(?!\d{1,5}/).+)(?=@)")
_NEXT = r"(?=[&;_][a-z][a-z0-9]*=|$)"
_PARAMETER = re.compile(
    rf"(?P<before>[?&;/_](?:password|passwd|pass|pwd)=)(?P<secret>.+?){_NEXT}", re.IGNORECASE
)

_OPTIONS = {
    "cameras[0].name": "--name",
    "cameras[0].source": "--source",
    "mqtt.host": "--mqtt-host",
    "data": "--data",
}
_TEMPLATE = """\
# Only what differs from the defaults. Passwords come from environment variables: ${{NAME}}.
data: {data}   # the folder for the ledger, clips, keyframes and reels
cameras:
- name: {name}   # part of files' names and topics
  source: {source}
  # regions: [[0, 0, 640, 360]]   # look only there: x, y, width, height; check --snapshot DIR shows it
  # ignore: [[0, 0, 640, 80]]     # never look there, such as at a clock or a tree
retention: {{max_age_h: 7d, max_bytes: 20GB}}   # what is older goes, and the oldest of what is more
mqtt: {{host: {host}}}   # the broker, such as mqtt://10.0.0.9; null: nothing is published
"""


@dataclass(frozen=True, slots=True)
class Answers:
    """What is to be written; None is asked for, or at its default."""

    source: str | None = None
    name: str | None = None
    mqtt_host: str | None = None
    data: Path | None = None


@dataclass(slots=True)
class _Secrets:
    """Passwords that are taken out of addresses, by the environment variable that stands for each."""

    variables: dict[str, str] = field(default_factory=dict)

    def hide(self, address: str, variable: str) -> str:
        """Return the address with a variable in place of each password."""

        def hidden(match: re.Match[str]) -> str:
            secret = match["secret"]
            if secret.startswith("${") and secret.endswith("}"):
                self.variables[secret[2:-1]] = ""
                return match.group()
            return f"{match['before']}${{{self._variable(secret, variable)}}}"

        return _PARAMETER.sub(hidden, _CREDENTIALS.sub(hidden, address))

    def _variable(self, secret: str, wanted: str) -> str:
        """Return the variable of a secret: one that it has already, or the first that is free."""
        names = [wanted, *(f"{wanted}_{number}" for number in range(2, 10))]
        name = next(it for it in names if self.variables.get(it, secret) == secret)
        self.variables[name] = secret
        return name


def init(path: Path, answers: Answers, *, ask: bool) -> None:
    """Write a configuration; print where it is, and what to do next.

    ``ask`` asks at the terminal for what is None. Raises UsageError where the source is not given and there
    is no terminal, or where an answer cannot be used; ConfigError where the file is there already; or
    OSError.
    """
    if path.exists():
        raise ConfigError(f"{path} exists already")
    if not path.absolute().parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path.parent))
    ask = ask and sys.stdin.isatty()
    if answers.source is None and not ask:
        raise UsageError("--source is missing, and there is no terminal to ask for it")
    try:
        text, secrets = _rendered(path, _asked(answers) if ask else answers)
    except ConfigError as error:
        raise UsageError(*(_of_option(mistake) for mistake in error.mistakes)) from error
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
    sys.stdout.write(f"{path}: written\n")
    for name in secrets.variables:
        sys.stdout.write(f"set the password as it stood in the address:  export {name}='...'\n")
    sys.stdout.write(f"then try it:  livereel check {path}\nand watch:  livereel run {path}\n")


def _of_option(mistake: str) -> str:
    """Return a mistake with the option that it is of, in place of a line of a file that is not there."""
    found = re.fullmatch(r".*?:\d+: (?P<key>[^:]+): (?P<rest>.*)", mistake)
    return f"{_OPTIONS[found['key']]}: {found['rest']}" if found and found["key"] in _OPTIONS else mistake


def _asked(answers: Answers) -> Answers:
    source = answers.source or str(typer.prompt("The camera's address, or a file"))
    name = answers.name or str(typer.prompt("A name for it", default=camera_name(source)))
    host = answers.mqtt_host
    if host is None:
        host = str(typer.prompt("The MQTT broker (empty: none)", default="", show_default=False))
    data = answers.data or Path(typer.prompt("The folder for its data", default=str(Config().data)))
    return Answers(source, name, host, data)


def _rendered(path: Path, answers: Answers) -> tuple[str, _Secrets]:
    """Return the file's text and its secrets; raises ConfigError for what no configuration may say."""
    source, host = answers.source or "", answers.mqtt_host or ""
    name = answers.name or camera_name(source)
    data = str(answers.data or Config().data)

    def text(shown: Callable[[str, str], str]) -> str:
        return _TEMPLATE.format(
            data=json.dumps(data, ensure_ascii=False),
            name=json.dumps(name, ensure_ascii=False),
            source=json.dumps(shown(source, "CAMERA_PASSWORD"), ensure_ascii=False),
            host=json.dumps(shown(host, "MQTT_PASSWORD"), ensure_ascii=False) if host else "null",
        )

    secrets = _Secrets()
    written = text(secrets.hide)
    # Held to the bounds with the passwords in it, and with no reference: the environment need not have them.
    parse(path, text(lambda address, _: address.replace("${", "$-{")))
    return written, secrets
