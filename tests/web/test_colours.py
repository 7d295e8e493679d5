"""Contrast of colours, and the nearest colour with enough of it."""

import math

import pytest

from forum.web.colours import AA, contrast, hex_of, least_contrast, nearest_passing, shade_of


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21),
        ("#777777", "#ffffff", 4.478),  # WebAIM's example of a grey just below 4.5:1
        ("#767676", "#ffffff", 4.542),  # a grey whose contrast is just above 4.5:1
        ("#ff0000", "#ffffff", 3.998),
    ],
)
def test_contrast_is_that_of_wcag(one, other, ratio):
    assert contrast(one, other) == contrast(other, one) == pytest.approx(ratio, abs=0.001)


@pytest.mark.parametrize("colour", ["#e2001a", "#ffdd00", "#93d3c5", "#777777", "#ffffff", "#0000ff"])
@pytest.mark.parametrize("ground", ["#ffffff", "#10171c"])
def test_nearest_colour_passes_by_little_and_keeps_its_hue(colour, ground):
    near = nearest_passing(colour, [ground])
    ratio = least_contrast(near, [ground])[0]
    assert ratio >= AA
    if near != colour:
        # Control: a colour one step of lightness nearer to the given one would not have enough contrast.
        assert ratio < AA + 0.2
        if shade_of(colour).chroma > 0.05:
            turned = shade_of(near).hue - shade_of(colour).hue
            assert abs(math.remainder(turned, math.tau)) < 0.06


@pytest.mark.parametrize("colour", ["#000000", "#ffffff", "#14463f", "#e2001a", "#0000ff", "#00ff00"])
def test_a_colour_comes_back_from_its_shade(colour):
    assert hex_of(shade_of(colour)) == colour
