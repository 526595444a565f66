"""A site whose camera has recorded a film, for the tests of its tuning."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kit.films.flickers import film, passing
from tests.kit.program.live_run import WINDOWS
from tests.kit.program.recorded import record
from tests.kit.web.site import Site, serving


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Ten seconds of ``front``: something passes below from 3 s to 5 s, and above from 7 s to 9 s."""
    base = tmp_path_factory.mktemp("recorded")
    below, above = passing([3.0], 2.0, y=180), passing([7.0], 2.0, y=30)
    file = film(base / "film.mp4", [*below, *above], seconds=10, noise=2.0, options={"g": "10"})
    with serving(base) as site:
        record(site.ledger, file, "front", WINDOWS)
        yield site
