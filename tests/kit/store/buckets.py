"""A real S3 server, moto's, in a process of its own, and what a test puts there."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.request import urlopen
from uuid import uuid4

import pytest

from tests.kit.cameras.rtsp import free_port

KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "a/secret+that=appears*nowhere"
_START_S = 60.0


@dataclass(frozen=True, slots=True)
class Bucket:
    """A new bucket of the server.

    Attributes:
        name: its name.
        url: the server's.
        client: boto3's, which goes to the server itself.
    """

    name: str
    url: str
    client: Any

    def put(self, key: str, data: bytes) -> str:
        """Write an object, and return its address."""
        self.client.put_object(Bucket=self.name, Key=key, Body=data)
        return self.address(key)

    def address(self, key: str) -> str:
        """Return the address of an object, whether there is one or not."""
        return f"s3://{self.name}/{key}"

    def get(self, key: str) -> bytes:
        """Return what is stored under a key."""
        body: bytes = self.client.get_object(Bucket=self.name, Key=key)["Body"].read()
        return body

    def names(self) -> list[str]:
        """Return the names of all objects, oldest first."""
        found = self.client.list_objects_v2(Bucket=self.name).get("Contents", [])
        return [item["Key"] for item in sorted(found, key=lambda item: item["LastModified"])]


@contextmanager
def s3_server() -> Iterator[str]:
    """Run moto's server on a free port of this machine; yields its URL."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        _await(url, server)
        yield url
    finally:
        server.terminate()
        server.wait()


def _await(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline_s = time.monotonic() + _START_S
    while time.monotonic() < deadline_s:
        assert server.poll() is None, "the server has ended"
        with suppress(OSError), urlopen(f"{url}/moto-api/") as answer:  # noqa: S310  # of this machine
            answer.read()
            return
        time.sleep(0.05)
    raise TimeoutError(url)


def new_bucket(url: str) -> Bucket:
    """Make a bucket that no other test has."""
    import boto3  # noqa: PLC0415  # slow to import, and this module is loaded by every run
    from botocore.config import Config  # noqa: PLC0415

    client = boto3.client(
        "s3",
        endpoint_url=url,
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        region_name="us-east-1",
        config=Config(retries={"max_attempts": 0}),
    )
    name = f"films-{uuid4().hex[:12]}"
    client.create_bucket(Bucket=name)
    return Bucket(name, url, client)


def environment(url: str) -> dict[str, str]:
    """Return the variables by which the libraries find the server and its credentials."""
    return {
        "AWS_ENDPOINT_URL_S3": url,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The URL of a server that serves all tests of a worker."""
    with s3_server() as url:
        yield url


@contextmanager
def pointed_to(url: str) -> Iterator[None]:
    """Have the environment point to a store, until the block ends."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(url).items():
            patch.setenv(name, value)
        yield


@pytest.fixture
def bucket(s3: str) -> Iterator[Bucket]:
    """A new bucket, which the environment points to."""
    with pointed_to(s3):
        yield new_bucket(s3)
