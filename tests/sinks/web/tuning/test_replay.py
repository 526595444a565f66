"""Replay over real HTTP: other settings on what is stored, each wrong one refused, one at a time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from livereel.replay.tuner import NOTE
from tests.kit.films.flickers import SIZE
from tests.kit.web.site import Answer, Site

BELOW = [0, 145, SIZE[0], SIZE[1] - 145]
EVER = {"since_utc": "2020-01-01T00:00:00Z", "until_utc": "2100-01-01T00:00:00Z"}


def tried(site: Site, camera: str = "front", **settings: object) -> Answer:
    return site.post(f"/api/cameras/{camera}/replay", {**EVER, "settings": settings})


def picked(answer: Answer, side: str = "replayed") -> list[bool]:
    """Which windows have keyframes."""
    assert answer.status == 200, answer.text
    return [bool(row[side]["keyframes"]) for row in answer.json()["windows"]]


def test_the_settings_of_now_and_a_picture_to_draw_on(recorded: Site) -> None:
    answer = recorded.get("/api/cameras/front/tuning")
    assert answer.status == 200
    body = answer.json()
    assert body["settings"] == {
        "height_ratio": 0.4,
        "distance_frames": 5,
        "max_keyframes": 12,
        "regions": [],
        "ignore": [],
    }
    picture = body["picture"]
    assert (picture["width_px"], picture["height_px"]) == SIZE
    shown = recorded.get(f"/media/keyframes/{picture['window_id']}/{picture['keyframe']}.jpg")
    assert shown.body.startswith(b"\xff\xd8")


def test_pages_that_open_at_once_all_get_it(recorded: Site) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(recorded.get, ["/api/cameras/front/tuning"] * 4))
    assert [answer.status for answer in answers] == [200] * 4


def test_unchanged_settings_pick_what_was_picked(recorded: Site) -> None:
    answer = tried(recorded)
    assert any(picked(answer))
    assert picked(answer) == picked(answer, "stored")
    body = answer.json()
    assert body["note"] == NOTE
    assert (body["older_left_out"], body["unreadable"]) == (False, 0)
    assert all(len(row["replayed"]["signal"]) == 5 for row in body["windows"])
    picture = next(k["picture"] for row in body["windows"] for k in row["replayed"]["keyframes"])
    assert picture.startswith("data:image/jpeg;base64,/9j/")


def test_areas_split_what_happens_in_them(recorded: Site) -> None:
    both = picked(tried(recorded))
    corners = [[0, 145], [SIZE[0], 145], [SIZE[0], SIZE[1]], [0, SIZE[1]]]
    only, without = picked(tried(recorded, regions=[BELOW])), picked(tried(recorded, ignore=[corners]))
    middle = len(both) // 2
    assert any(only[:middle])
    assert not any(only[middle + 1 :])
    assert any(without[middle:])
    assert not any(without[: middle - 1])


def test_fewer_keyframes_are_picked(recorded: Site) -> None:
    rows = tried(recorded, max_keyframes=1, height_ratio=1).json()["windows"]
    assert max(len(row["replayed"]["keyframes"]) for row in rows) == 1


def test_both_answers_fit_their_schemas(recorded: Site) -> None:
    described = recorded.get("/openapi.json").json()
    for path, method, answer in (
        ("tuning", "get", recorded.get("/api/cameras/front/tuning")),
        ("replay", "post", tried(recorded)),
    ):
        operation = described["paths"][f"/api/cameras/{{name}}/{path}"][method]
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        Draft202012Validator({**schema, "components": described["components"]}).validate(answer.json())


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"height_ratio": 2}, "height_ratio: expected a number above 0, up to 1, such as 0.4"),
        ({"height_ratio": "${HOME}"}, "height_ratio: expected a number above 0"),
        ({"max_keyframes": 1.5}, "max_keyframes: expected a whole number from 1 to 100"),
        ({"distance_frames": None}, "distance_frames: expected a whole number of at least 1"),
        ({"regions": [[1, 2, 3]]}, "regions: expected a rectangle [x, y, width, height], or"),
        ({"ignore": [[["0", 0], [1, 1], [2, 2]]]}, "ignore: expected a rectangle"),
        ({"ignore": [[0, 0, 1, 1]] * 51}, "ignore: at most 50 areas of 100 corners"),
        ({"ignore": [[0, 0, 65_000, 65_000]]}, "regions and ignore leave nothing of the picture"),
        ({"window_s": 3}, "window_s: no such setting; there are height_ratio,"),
    ],
)
def test_a_wrong_setting_is_named(recorded: Site, settings: dict[str, Any], said: str) -> None:
    answer = tried(recorded, **settings)
    assert answer.status == 400
    assert answer.json()["error"].startswith(said)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "since_utc: expected a time before until_utc"),
        ({"since_utc": "yesterday"}, "since_utc: expected a time such as"),
        ({"since_utc": "2100-01-01T00:00:00Z"}, "since_utc: expected a time before until_utc"),
        ({**EVER, "settings": []}, "settings: expected a JSON object"),
        ({**EVER, "more": 1}, "more: expected since_utc, until_utc and settings"),
        ({**EVER, "since_utc": "2099-01-01T00:00:00Z"}, f"no clip of this time is stored. {NOTE}"),
        ([], "the body: expected a JSON object"),
    ],
)
def test_a_wrong_request_is_refused(recorded: Site, body: object, said: str) -> None:
    answer = recorded.post("/api/cameras/front/replay", body)
    assert answer.status == 400
    assert answer.json()["error"].startswith(said)


def test_what_is_not_there_is_not_found_or_has_no_picture(recorded: Site) -> None:
    assert tried(recorded, "nowhere").status == 404
    assert recorded.get("/api/cameras/nowhere/tuning").status == 404
    assert recorded.get("/cameras/nowhere/tune").status == 404
    assert recorded.get("/api/cameras/yard-2/tuning").json()["picture"] is None


def test_another_page_cannot_start_one(recorded: Site) -> None:
    refused = recorded.post("/api/cameras/front/replay", EVER, origin="http://elsewhere.example")
    assert refused.status == 403


def test_one_runs_at_a_time(recorded: Site) -> None:
    answers: list[Answer] = []
    threads = [threading.Thread(target=lambda: answers.append(tried(recorded))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses = {answer.status for answer in answers}
    assert statuses == {200, 503}
    assert "another replay runs" in next(it.text for it in answers if it.status == 503)
    assert tried(recorded).status == 200
