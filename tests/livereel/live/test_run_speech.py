"""From a sentence in an RTSP stream to captions and search, by the program with a real recogniser."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import numpy as np
import pytest

from tests.kit.cameras.rtsp import free_port, rtsp_server
from tests.kit.films.footage import Look, write_units
from tests.kit.models.speech_server import SpeechServer
from tests.kit.program.command_line import CommandLine
from tests.kit.program.live_run import LONG_S, until
from tests.kit.program.process import Program
from tests.kit.sound import made
from tests.kit.sound.film import film_with_sound
from tests.kit.sound.spoken import ESPEAK, spoken

pytestmark = [pytest.mark.slow, pytest.mark.skipif(ESPEAK is None, reason="espeak-ng is not installed")]

SENTENCE = "go forward ten meters"
# Longer than a window: one sentence at most is in each, and whole in one of three wherever they begin.
ROUND_S = 12


def test_a_sentence_is_recognised_described_shown_and_found(tmp_path: Path, livereel: CommandLine) -> None:
    voice = 0.5 * spoken(SENTENCE, "en-us", 130)
    round_ = np.concatenate([np.zeros(made.RATE_HZ, np.float32), voice])
    room = np.pad(round_, (0, ROUND_S * made.RATE_HZ - len(round_))) + made.fan(ROUND_S, -70.0)
    look = Look(width_px=320, height_px=240, round_s=ROUND_S, moving_s=4.0, audio="aac")
    units = write_units(tmp_path / "units", look, room)
    data = tmp_path / "data"
    with rtsp_server({"/front": [units]}) as camera, SpeechServer().in_thread() as server:
        program = Program(
            data,
            [{"name": "front", "source": camera.address("/front")}],
            window_s=8.0,
            reel={"every_s": 5.0, "min_chapters": 1, "max_chapters": 2},
            transcribe={"kind": "openai", "base_url": server.url, "wait_s": 60.0},
        )
        program.start()
        try:
            latest = data / "reels" / "front" / "latest"
            captions = latest / "captions.vtt"

            def is_written() -> bool:
                assert program.process.poll() is None, program.log
                return captions.is_file() and "forward ten meters" in captions.read_text()

            try:
                until(is_written, "the sentence")
            except AssertionError as error:
                heard = [round(asked.length_s, 2) for asked in server.asked]
                raise AssertionError(f"{error}; asked: {heard}; log: {program.log[-3000:]}") from error
            assert program.stop(signal.SIGTERM, everyone=False) == 0, program.log
        finally:
            program.close()
    (cue, *_) = [block for block in captions.read_text().split("\n\n") if "forward ten meters" in block]
    assert "line:0" in cue
    assert "<v speaker unknown>" in cue
    # The sentence alone was sent, not all of the window.
    assert max(asked.length_s for asked in server.asked) < 5.0
    ended = livereel("search", '"ten meters"', "--data", data, "--json")
    rows = [json.loads(line) for line in ended.out.splitlines()]
    assert rows, ended
    for row in rows:
        said = [part for part in row["sound"]["speech"] if "ten meters" in part["text"]]
        assert said
        assert all(row["start_s"] <= part["start_s"] < part["end_s"] <= row["end_s"] for part in said)
        assert row["sound"]["transcript"]["model"] == "pocketsphinx-en-us"
        assert "Recognised speech:" in row["text"]
        assert not row["sound"]["transcript"]["late"]
    assert SENTENCE in {part["text"] for row in rows for part in row["sound"]["speech"]}
    assert "ten meters" in (latest / "report.html").read_text()


def test_without_a_transcriber_that_answers_windows_are_described_all_the_same(tmp_path: Path) -> None:
    sound = made.fan(6, -70.0)
    voice = 0.5 * spoken(SENTENCE, "en-us", 130)
    sound[2 * made.RATE_HZ :][: len(voice)] += voice
    film = film_with_sound(tmp_path / "film.mp4", sound)
    program = Program(
        tmp_path / "data",
        [{"name": "front", "source": str(film)}],
        window_s=3.0,
        transcribe={"kind": "openai", "base_url": f"http://127.0.0.1:{free_port()}/v1", "wait_s": 1.0},
    )
    program.start()
    try:
        assert program.process.wait(LONG_S) == 0, program.log
        windows = program.windows()
    finally:
        program.close()
    spoken_in = [row for row in windows if row["sound"] and row["sound"]["speech"]]
    assert spoken_in
    assert {row["outcome"] for row in spoken_in} == {"described"}
    assert all(row["sound"]["transcript"] is None for row in spoken_in)
    assert "transcribe: the model does not answer" in program.log
