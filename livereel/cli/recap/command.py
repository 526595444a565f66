"""Make the reel that is asked for, and print where it is."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import replace

from analyzer.reel.compile import MAX_EMBEDDED_BYTES, summary
from analyzer.reel.records import Reel
from base.loop_thread import LoopThread
from livereel.camera.names import name_cameras
from livereel.cli.progress import progress
from livereel.config.describers import make_language_models
from livereel.config.options import Options
from livereel.once.files import expanded
from livereel.once.recap import make_recap
from livereel.once.request import RecapRequest


def recap_to_store(request: RecapRequest, address: str, options: Options) -> None:
    """Make a reel, and write it to a new folder of an object store, its manifest last.

    Where it cannot be written the reel stays on this machine, and the error says where. Raises as ``recap``
    does, and SinkError.
    """
    from sinks.objectstore.upload import Upload  # noqa: PLC0415  # for who wants it

    upload = Upload(address)
    reel = _made(replace(request, out=upload.folder), options)
    upload.send()
    sys.stdout.write(summary(reel, upload.name))


def recap(request: RecapRequest, options: Options) -> None:
    """Make one reel of whole files, or of a live source until Ctrl-C; raises as ``make_recap`` does."""
    sys.stdout.write(summary(_made(request, options), request.out))


def _made(request: RecapRequest, options: Options) -> Reel:
    cameras = name_cameras(expanded(request.sources))
    models = make_language_models(options.config, cameras)
    with closing(LoopThread()) as loop:
        try:
            reel = make_recap(request, cameras, options, models, loop=loop, progress=progress).reel
        finally:
            loop.run(models.close())
    if request.single_file and reel.bytes > MAX_EMBEDDED_BYTES:
        sys.stderr.write(f"livereel: warning: {_too_large(reel)}\n")
    return reel


def _too_large(reel: Reel) -> str:
    """Say why a report does not hold its video."""
    size, most = (f"{count / 1e6:.0f} MB" for count in (reel.bytes, MAX_EMBEDDED_BYTES))
    return f"report.html plays the reel.mp4 next to it: {size} are more than the {most} that a page may hold"
