"""The story has the moments' text, their times and their chapters."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.describe.moment import Moment
from analyzer.reel.records import Chapter, Choice, Gap, GapReason, Part, Reel, Span
from analyzer.reel.story import MAX_STORY_TITLE_CHARS, captions, markdown, narrate
from analyzer.signal.sound.record import Speech
from tests.conftest import BERLIN, KOLKATA
from tests.kit.records.moments import heard, moment

HOSTILE = "a | b [c](d) <i>e</i> & f --> g\r\n\r\n## h `i` *j* _k_ \\ $l$"
CUE = re.compile(r"(\d+):(\d\d):(\d\d)\.(\d{3}) --> (\d+):(\d\d):(\d\d)\.(\d{3})")


def choices(*moments: Moment) -> list[Choice]:
    return [Choice(each, "It matters.") for each in moments]


def chapters(moments: Sequence[Moment], lengths_s: Sequence[float]) -> list[Chapter]:
    made, at_s = [], 0.0
    for each, length_s in zip(moments, lengths_s, strict=True):
        start_s = each.window.start_s
        made.append(
            Chapter(each, "It matters.", each.text, start_s, start_s + length_s, at_s, at_s + length_s)
        )
        at_s += length_s
    return made


def reel(
    made: Sequence[Chapter],
    *,
    title: str = "A title",
    gaps: Sequence[Gap] = (),
    changed: Sequence[str] = (),
    cameras: Sequence[str] = ("front",),
) -> Reel:
    return Reel(
        id="r",
        seq=1,
        title=title,
        narrative=" ".join(chapter.sentence for chapter in made),
        cameras=tuple(cameras),
        start_utc="2026-03-12T14:00:00Z",
        end_utc="2026-03-12T15:00:00Z",
        duration_s=made[-1].reel_end_s if made else 0.0,
        mode="copy",
        folder=Path("r"),
        bytes=1,
        sha256="0",
        chapters=tuple(made),
        gaps=tuple(gaps),
        changed=tuple(changed),
    )


def told(*moments: Moment, gaps: Sequence[Gap] = (), media_time: bool = False) -> tuple[str, ...]:
    cameras = sorted({each.window.camera for each in moments})
    return narrate(choices(*moments), gaps, cameras, media_time=media_time).sentences


# narrate


@pytest.mark.parametrize("media_time", [True, False])
@given(indices=st.lists(st.integers(0, 9000), unique=True, max_size=12).map(sorted))
def test_each_choice_has_a_sentence_from_its_own_text(indices: list[int], *, media_time: bool) -> None:
    own = [moment(i, text=f"Something numbered {i} moves. It moves on.") for i in indices]
    story = narrate(choices(*own), (), ["front"], media_time=media_time)
    assert len(story.sentences) == len(own)
    assert story.narrative == " ".join(story.sentences)
    for i, sentence in zip(indices, story.sentences, strict=True):
        assert sentence.endswith(f", something numbered {i} moves.")
        assert len(re.findall(r"[.!?](?: |$)", sentence)) == 1


def test_nothing_chosen_is_an_empty_story() -> None:
    story = narrate(
        [], [Gap("front", "2026-03-12T14:00:00Z", "2026-03-12T15:00:00Z", GapReason.SOURCE_DOWN)], ["front"]
    )
    assert story.sentences == ()
    assert story.narrative == ""
    assert story.title


@pytest.mark.parametrize(("ends_s", "at_once"), [(8.0, True), (3.0, False)])
def test_only_what_follows_after_a_short_pause_follows_at_once(ends_s: float, *, at_once: bool) -> None:
    first, second = (
        replace(it, spans=(Span(it.start_s, it.start_s + ends_s),)) for it in choices(moment(0), moment(1))
    )
    sentence = narrate([first, second], (), ["front"]).sentences[1]
    assert sentence.startswith(("Right after that", "Straight afterwards")) is at_once


def test_the_first_time_is_absolute_and_the_next_ones_relative() -> None:
    sentences = told(moment(0), moment(1), moment(4), moment(40), moment(41))
    assert sentences[0].startswith("At 14:00:00, a mover")
    assert re.match(r"(Next|Then|After that|A little later), a mover", sentences[1])
    assert sentences[2].startswith("Half a minute later, a mover")
    assert "14:06:40" in sentences[3]
    assert re.match(r"(Finally|To close|Last of all), a mover", sentences[4])


@pytest.mark.parametrize(
    ("index", "words"),
    [
        (2, "some seconds"),
        (5, "a minute"),
        (18, "three minutes"),
        (150, "twenty-five minutes"),
        (360, "an hour"),
    ],
)
def test_spans_are_written_out(index: int, words: str) -> None:
    sentences = [told(moment(0), *[moment(i) for i in range(1, n)], moment(n + index - 1)) for n in (1, 2, 3)]
    assert any(words in each[-1].lower() for each in sentences), sentences


def test_files_have_media_time() -> None:
    sentences = told(moment(0), moment(400), media_time=True)
    assert sentences[0].startswith("At 0:00, ")
    assert "1:06:40" in sentences[1]
    assert "14:" not in "".join(sentences)


def test_another_day_is_named() -> None:
    assert told(moment(0), moment(6 * 60 * 12))[1].startswith("On 2026-03-13 at 02:00:00, ")


def test_cameras_are_named_where_there_are_several() -> None:
    sentences = told(moment(0), moment(1), moment(2, camera="yard"), moment(3, camera="yard"))
    assert [("on camera front" in each, "on camera yard" in each) for each in sentences] == [
        (True, False),
        (False, False),
        (False, True),
        (False, False),
    ]
    assert "camera" not in " ".join(told(moment(0), moment(1)))


def test_two_cameras_at_once_are_named_as_such() -> None:
    second = told(moment(3, camera="back"), moment(3, camera="front"))[1]
    assert re.match(r"(At the same time|Meanwhile) on camera front, ", second)


def test_no_link_reaches_across_a_gap_and_no_gap_is_in_the_narrative() -> None:
    own = [moment(0), moment(1), moment(5), moment(6)]
    gap = Gap("front", "2026-03-12T14:00:22Z", "2026-03-12T14:00:40Z", GapReason.SOURCE_DOWN)
    sentences = told(*own, gaps=[gap])
    assert sentences[2].startswith("At 14:00:50, ")
    assert told(*own, gaps=[replace(gap, camera="yard")])[2].startswith("Half a minute later, ")
    assert "offline" not in " ".join(sentences)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Two movers cross. More.", "At 14:00:00, two movers cross."),
        ("HGV 12 arrives! It stops.", "At 14:00:00: HGV 12 arrives!"),
        ("Dr. Smith waves. He goes.", "At 14:00:00: Dr. Smith waves."),
        ("A sign reads 3.5 t. It shakes", "At 14:00:00, a sign reads 3.5 t."),
        ("  A line\nbreak\n\nhere  ", "At 14:00:00, a line break here."),
        ("", "At 14:00:00, a mover crosses left to right."),
    ],
)
def test_the_first_sentence_joins_its_link(text: str, sentence: str) -> None:
    assert told(moment(0, text=text)) == (sentence,)


def test_the_title_is_the_most_important_moments_with_how_many_more() -> None:
    of_three = choices(moment(0), moment(1, importance=9.0, title="A hard cut"), moment(2))
    assert narrate(of_three, (), ["front"]).title == "A hard cut, and two more moments"
    assert narrate(of_three[:2], (), ["front"]).title == "A hard cut, and one more moment"
    assert narrate(of_three[1:2], (), ["front"]).title == "A hard cut"


def test_a_long_title_loses_its_last_part_or_its_last_words() -> None:
    parts = "Two of three movers go up the picture, and then the light changes a lot"
    words = "A mover that has nothing to part it by goes on and on and on without end"
    titles = [
        narrate(choices(moment(0, title=title), moment(1)), (), ["front"]).title for title in (parts, words)
    ]
    assert titles == [
        "Two of three movers go up the picture, and one more moment",
        "A mover that has nothing to part it by goes on and on and…, and one more moment",
    ]


@given(st.text(max_size=200), st.integers(1, 12))
def test_titles_fit(title: str, count: int) -> None:
    story = narrate(choices(*[moment(i, title=title) for i in range(count)]), (), ["front"])
    assert len(story.title) <= MAX_STORY_TITLE_CHARS
    assert "\n" not in story.title


# captions


def cues(text: str) -> list[tuple[int, int, str]]:
    """(start ms, end ms, text) of each cue, read as the WebVTT grammar has it."""
    head, *blocks = text.rstrip("\n").split("\n\n")
    assert head == "WEBVTT"
    found = []
    for nth, block in enumerate(blocks, 1):
        number, times, *lines = block.split("\n")
        match = CUE.fullmatch(times)
        assert number == str(nth)
        assert match
        h, m, s, ms, *end = map(int, match.groups())
        found.append(
            (
                ((h * 60 + m) * 60 + s) * 1000 + ms,
                ((end[0] * 60 + end[1]) * 60 + end[2]) * 1000 + end[3],
                "\n".join(lines),
            )
        )
    return found


@given(st.lists(st.floats(0.01, 4000), min_size=1, max_size=12))
def test_cues_agree_with_the_chapters_and_do_not_overlap(lengths_s: list[float]) -> None:
    made = chapters([moment(i) for i in range(len(lengths_s))], lengths_s)
    found = cues(captions(made))
    assert [(start, end) for start, end, _ in found] == [
        (round(chapter.reel_start_s * 1000), round(chapter.reel_end_s * 1000)) for chapter in made
    ]
    assert all(a[1] <= b[0] for a, b in pairwise(found))


@given(st.text(max_size=300))
def test_no_text_breaks_a_cue(text: str) -> None:
    made = chapters([moment(0, text=text), moment(1, text="The end.")], [2.0, 2.0])
    first, last = cues(captions(made))
    assert "-->" not in first[2]
    assert not re.search(r"<|&(?!(amp|lt|gt);)", first[2])
    assert last[2] == "The end."


def test_markup_in_a_sentence_is_shown_and_not_obeyed() -> None:
    (cue,) = cues(captions(chapters([moment(0, text="<b>5 & 6</b> --> 7")], [2.0])))
    assert cue[2] == "&lt;b&gt;5 &amp; 6&lt;/b&gt; --&gt; 7"


def test_long_sentences_are_wrapped() -> None:
    (cue,) = cues(captions(chapters([moment(0, text="A word " * 30)], [2.0])))
    assert max(map(len, cue[2].split("\n"))) <= 42


# markdown


def spoken(it: Chapter, *speech: Speech, parts: Sequence[Part] = ()) -> Chapter:
    """A chapter with speech in its window, and shown in these parts."""
    return replace(it, moment=heard(it.moment, *speech), parts=tuple(parts))


def cue_lines(text: str) -> list[list[str]]:
    """The lines of each cue."""
    return [block.splitlines() for block in text.strip().split("\n\n")[1:]]


def test_what_is_said_has_cues_of_its_own_in_the_time_of_the_reel() -> None:
    (plain,) = chapters([moment(0)], [5.0])
    parts = [Part(1.0, 3.0, 0.0, 2.0), Part(6.0, 9.0, 2.0, 5.0)]
    speech = (
        Speech(1.5, 2.5, "first"),
        Speech(4.0, 5.0, "not shown"),
        Speech(5.0, 7.0, "cut"),
        Speech(8.0, 8.5),
    )
    chapter, first, cut = cue_lines(captions([spoken(plain, *speech, parts=parts)]))
    assert chapter[1] == "00:00:00.000 --> 00:00:05.000"
    assert first[1:] == ["00:00:00.500 --> 00:00:01.500 line:0", "<v speaker unknown>“first”"]
    assert cut[1:] == ["00:00:02.000 --> 00:00:03.000 line:0", "<v speaker unknown>“cut”"]


def test_cues_are_in_the_order_of_their_starts() -> None:
    one, two = chapters([moment(0), moment(1)], [4.0, 4.0])
    made = [spoken(it, Speech(it.start_s + 1, it.start_s + 3, "words")) for it in (one, two)]
    starts = [lines[1].partition(" ")[0] for lines in cue_lines(captions(made))]
    assert len(starts) == 4
    assert starts == sorted(starts)


def test_a_slideshow_shows_what_is_said_with_the_keyframe_of_that_time() -> None:
    (plain,) = chapters([moment(0)], [1.0])
    parts = [Part(2.0, 2.0, 0.0, 0.4), Part(6.0, 6.0, 0.4, 0.8)]
    _, cue = cue_lines(captions([spoken(plain, Speech(5.5, 7.0, "words"), parts=parts)]))
    assert cue[1] == "00:00:00.400 --> 00:00:00.800 line:0"


@pytest.mark.parametrize("text", ["</v><b>x</b> --> 1", "a\n\n00:00:01.000 --> 00:00:02.000\nb", "&amp; <"])
def test_nothing_that_is_said_breaks_a_cue(text: str) -> None:
    (plain,) = chapters([moment(0)], [5.0])
    found = cue_lines(captions([spoken(plain, Speech(1.0, 4.0, text))]))
    assert len(found) == 2
    assert "".join(found[1][2:]).count("<") == 1
    assert "-->" not in "".join(found[1][2:])


def section(page: str, title: str) -> str:
    return page.split(f"## {title}\n\n", 1)[1].split("\n\n## ", 1)[0].strip()


def test_each_sentence_links_to_its_place_in_the_video() -> None:
    made = chapters([moment(0, text="First."), moment(1, text="Second.")], [4.5, 3.25])
    page = markdown(reel(made))
    assert "[First.](reel.mp4#t=0.000,4.500) [Second.](reel.mp4#t=4.500,7.750)" in page


def test_the_table_has_a_row_for_each_chapter_with_its_times_and_reason() -> None:
    made = chapters([moment(0, camera="yard"), moment(6)], [4.0, 3.0])
    rows = section(markdown(reel(made, cameras=("front", "yard"))), "Chapters").split("\n")[2:]
    told_of = "| A mover crosses left to right | It matters. |"
    assert rows == [
        f"| [1](reel.mp4#t=0.000,4.000) | 0:00-0:04 | yard | 14:00:00-14:00:04 {told_of}",
        f"| [2](reel.mp4#t=4.000,7.000) | 0:04-0:07 | front | 14:01:00-14:01:03 {told_of}",
    ]


def test_files_show_their_own_time() -> None:
    made = chapters([moment(0), moment(400)], [4.0, 3.0])
    page = markdown(reel(made), media_time=True)
    assert "1:06:40-1:06:43" in page
    assert "14:" not in page
    assert "2026" not in page


def unescaped(character: str, text: str) -> int:
    """How often it stands there without a backslash before it."""
    return len(re.findall(rf"(?<!\\)(?:\\\\)*{re.escape(character)}", text))


@pytest.mark.parametrize("character", list("|[]`*_$<"))
def test_what_a_model_wrote_cannot_break_the_page(character: str) -> None:
    def page(text: str) -> str:
        tame = moment(0, title=text, text=text)
        made = [replace(chapter, reason=text) for chapter in chapters([tame], [2.0])]
        gap = Gap(text, "2026-03-12T14:10:00Z", "2026-03-12T14:20:00Z", GapReason.SOURCE_DOWN)
        return markdown(reel(made, title=text, changed=[text], gaps=[gap], cameras=[text]))

    plain, hostile = page("plain"), page(HOSTILE)
    assert unescaped(character, hostile) == unescaped(character, plain)
    assert hostile.count("\n") == plain.count("\n")


def test_gaps_are_written_out() -> None:
    gaps = [
        Gap("front", "2026-03-12T14:02:00Z", "2026-03-12T14:09:00Z", GapReason.SOURCE_DOWN),
        Gap("yard", "2026-03-12T14:20:05Z", "2026-03-12T14:20:41Z", GapReason.SOURCE_STALLED),
        Gap("yard", "2026-03-12T23:50:00Z", "2026-03-13T00:20:00Z", GapReason.DISABLED),
        Gap("yard", "2026-03-12T14:40:00Z", "2026-03-12T14:50:00Z", GapReason.UNREADABLE),
        Gap("yard", "2026-03-12T14:50:00Z", "2026-03-12T14:55:00Z", GapReason.STARTING),
        Gap("yard", "2026-03-12T14:55:00Z", "2026-03-12T14:58:00Z", GapReason.NOT_RUNNING),
        Gap("yard", "2026-03-12T14:58:00Z", "2026-03-12T15:00:00Z", GapReason.MOVED),
    ]
    lines = section(markdown(reel([], gaps=gaps)), "Not observed").split("\n")
    assert lines == [
        "- 14:02:00 to 14:09:00 camera front was offline.",
        "- 14:20:05 to 14:20:41 camera yard sent no pictures.",
        "- 23:50:00 to 2026-03-13 00:20:00 camera yard was switched off.",
        "- 14:40:00 to 14:50:00 camera yard could not be read (damaged or cut off).",
        "- 14:50:00 to 14:55:00 camera yard was being connected to.",
        "- 14:55:00 to 14:58:00 camera yard was not watched: livereel was not running.",
        "- 14:58:00 to 15:00:00 camera yard was being handed over to another machine.",
    ]


def test_a_start_and_what_is_short_are_no_outage() -> None:
    gaps = [
        Gap("yard", "2026-03-12T14:00:00Z", "2026-03-12T14:00:02Z", GapReason.STARTING),
        Gap("yard", "2026-03-12T14:10:00Z", "2026-03-12T14:10:00.900Z", GapReason.SOURCE_STALLED),
    ]
    page = markdown(reel(chapters([moment(0)], [2.0]), gaps=gaps))
    assert section(page, "Not observed") == "Nothing: every second was observed."
    page = markdown(reel(chapters([moment(0)], [2.0]), gaps=gaps[1:]), media_time=True)
    assert section(page, "Not observed") == "The whole file was read."


def test_the_page_is_in_the_readers_time(in_zone: Callable[[str], None]) -> None:
    in_zone(BERLIN)
    gap = Gap("yard", "2026-03-12T14:40:00Z", "2026-03-12T14:50:00Z", GapReason.DISABLED)
    page = markdown(reel(chapters([moment(6)], [3.0]), gaps=[gap]))
    assert "2026-03-12 15:00:00 to 16:00:00 CET" in page
    assert "| Time (CET) |" in page
    assert "| 15:01:00-15:01:03 |" in page
    assert "- 15:40:00 to 15:50:00 camera yard" in page


def test_a_sentence_on_another_day_of_the_reader_has_its_date(in_zone: Callable[[str], None]) -> None:
    in_zone(KOLKATA)
    start = moment(6 * 60 * 4)  # 18:00 UTC, 23:30 in India
    assert told(start, moment(6 * 60 * 5))[1].startswith("On 2026-03-13 at 00:30:00, ")


def test_gaps_of_a_file_have_media_time() -> None:
    made = chapters([moment(60)], [4.0])
    gap = Gap("front", "2026-03-12T14:20:00Z", "2026-03-12T14:21:30Z", GapReason.UNREADABLE)
    page = markdown(reel(made, gaps=[gap]), media_time=True)
    assert "- 20:00 to 21:30 front could not be read" in page


def test_without_gaps_the_page_states_so_and_without_changes_is_silent() -> None:
    page = markdown(reel(chapters([moment(0)], [2.0])))
    assert section(page, "Not observed") == "Nothing: every second was observed."
    assert "What the chooser changed" not in page


def test_what_the_chooser_changed_is_listed() -> None:
    page = markdown(reel(chapters([moment(0)], [2.0]), changed=["Added one.", "Left out two."]))
    assert section(page, "What the chooser changed") == "- Added one.\n- Left out two."


def test_a_reel_without_chapters_is_named_as_such() -> None:
    page = markdown(reel([]))
    assert "Nothing happened that could be shown." in page
    assert "## Chapters" not in page
