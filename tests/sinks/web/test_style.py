"""The style and the script: contrast by WCAG 2.1 in both schemes, reduced motion, and their weight."""

from __future__ import annotations

import re
from itertools import product

import pytest

from sinks.web.pages import FOLDER

STYLE = (FOLDER / "static" / "style.css").read_text()
TEXT_CONTRAST, SHAPE_CONTRAST = 4.5, 3.0  # WCAG 2.1, 1.4.3 and 1.4.11
SURFACES = ("bg", "card")
TEXTS = ("text", "soft", "accent", "warn")
SHAPES = ("described", "quiet", "pending", "gap", "soft", "noise", "speech")


def variables(block: str) -> dict[str, str]:
    """The colours of a block, by name."""
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+)", block))


def schemes() -> dict[str, dict[str, str]]:
    light, dark = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    return {"light": variables(light), "dark": variables(light) | variables(dark)}


SCHEMES = schemes()


def channels(colour: str) -> list[float]:
    """Red, green, blue and opacity from 0 to 1."""
    digits = colour[1:] if len(colour) > 5 else "".join(2 * digit for digit in colour[1:])
    values = [int(digits[at : at + 2], 16) / 255 for at in range(0, len(digits), 2)]
    return [*values, 1.0][:4]


def over(colour: str, surface: str) -> list[float]:
    """A colour that lies over an opaque one."""
    *parts, opacity = channels(colour)
    pairs = zip(parts, channels(surface)[:3], strict=True)
    return [opacity * part + (1 - opacity) * under for part, under in pairs]


def luminance(parts: list[float]) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: list[float], second: list[float]) -> float:
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_computed_as_wcag_does() -> None:
    black, white, grey = (channels(colour)[:3] for colour in ("#000", "#ffffff", "#777777"))
    assert contrast(black, white) == pytest.approx(21)
    assert contrast(grey, white) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_can_be_read(scheme: str) -> None:
    colours = SCHEMES[scheme]
    pairs = [(text, surface, colours[surface]) for text, surface in product(TEXTS, SURFACES)]
    found = {
        (text, name): contrast(channels(colours[text])[:3], channels(surface)[:3])
        for text, name, surface in pairs
    }
    for text, surface in product(("text", "soft", "accent"), SURFACES):  # what is marked
        marked = over(colours["accent-soft"], colours[surface])
        found[text, f"marked {surface}"] = contrast(channels(colours[text])[:3], marked)
    found["card", "accent"] = contrast(
        channels(colours["card"])[:3], channels(colours["accent"])[:3]
    )  # a button
    assert {pair: value for pair, value in found.items() if value < TEXT_CONTRAST} == {}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_shapes_differ_from_what_is_behind_them(scheme: str) -> None:
    colours = SCHEMES[scheme]
    found = {
        (shape, surface): contrast(channels(colours[shape])[:3], channels(colours[surface])[:3])
        for shape, surface in product(SHAPES, SURFACES)
    }
    assert {pair: value for pair, value in found.items() if value < SHAPE_CONTRAST} == {}


def test_every_colour_is_a_variable_of_both_schemes() -> None:
    used = set(re.findall(r"var\(--([a-z-]+)\)", STYLE))
    assert used <= set(SCHEMES["light"])
    _, dark = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    assert set(variables(dark)) == set(SCHEMES["light"])


def test_nothing_moves_for_who_asks_for_less_motion() -> None:
    without = re.sub(r"@media \(prefers-reduced-motion: no-preference\) \{.*?\}\s*\}", "", STYLE)
    assert "transition" not in without
    assert "animation" not in without


def test_focus_is_visible() -> None:
    assert re.search(r":focus-visible[^{]* \{ outline: 2px solid", STYLE)
    assert "outline: none" not in STYLE


OF_ONE_PAGE = {"tune.html", "tune.js", "areas.js"}


def test_what_every_page_loads_is_light() -> None:
    """Without what one page alone has, which few people open; of every other page all is counted."""
    files = [*(FOLDER / "static").iterdir(), *(FOLDER / "templates").iterdir()]
    files = [file for file in files if file.name not in OF_ONE_PAGE]
    assert 0 < sum(file.stat().st_size for file in files) < 100_000


def test_no_file_names_another_host_or_a_style_inside_markup() -> None:
    for file in (*(FOLDER / "static").iterdir(), *(FOLDER / "templates").iterdir()):
        text = file.read_text().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|//[a-z]+\.[a-z]", text), file.name
        assert not re.search(r"innerHTML|insertAdjacent|document\.write|\son[a-z]+=|style=", text), file.name
