"""Telephone numbers become `tel:` links, with which a reader can call."""

import pytest

from forum.web.telephones import tel_url


@pytest.mark.parametrize(
    ("number", "url"),
    [
        ("112", "tel:112"),
        ("114 14", "tel:11414"),
        ("+46 8 465 004 40", "tel:+46846500440"),
        ("+46 (0)8-465 004 40", "tel:+46846500440"),
        ("08-465\u00a0004 40", "tel:0846500440"),
        ("nobody", ""),
        ("", ""),
    ],
)
def test_a_number_can_be_pressed(number, url):
    assert tel_url(number) == url
