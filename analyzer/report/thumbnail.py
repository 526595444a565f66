"""Pictures small enough to be embedded in a page."""

from __future__ import annotations

import base64
import io
from pathlib import Path

BOX_PX = (400, 300)  # what a picture must fit; about 20 kB then


def thumbnail(file: Path) -> str | None:
    """A picture file as a small JPEG in a ``data:`` URI; None where it is gone or damaged.

    Both happen: retention removes pictures, and a full disk leaves half of one.
    """
    from PIL import Image  # noqa: PLC0415 - slow to import, and most scans draw no page

    try:
        with Image.open(file) as image:
            image.draft("RGB", BOX_PX)
            image.thumbnail(BOX_PX)
            small = io.BytesIO()
            image.convert("RGB").save(small, "JPEG", quality=78, optimize=True)
    except OSError:
        return None
    return data_uri(small.getvalue(), "image/jpeg")


def data_uri(content: bytes, kind: str) -> str:
    """Content of that media type as a ``data:`` URI."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
