"""Icons and the manifest at the addresses where browsers and phones look for them."""

import json
from io import BytesIO

import pytest
from PIL import Image

from tests.factories.events import make_event

pytestmark = pytest.mark.usefixtures("frozen", "database")


@pytest.mark.parametrize(
    ("path", "form", "size", "mimetype"),
    [
        ("/favicon.ico", "ICO", 48, "image/x-icon"),
        ("/apple-touch-icon.png", "PNG", 180, "image/png"),
        ("/icon-192.png", "PNG", 192, "image/png"),
        ("/icon-512.png", "PNG", 512, "image/png"),
    ],
)
def test_icons_are_at_their_root_addresses(pages, path, form, size, mimetype):
    page = pages.get(path)
    image = Image.open(BytesIO(page.data))
    assert (image.format, image.size, page.headers["Content-Type"]) == (form, (size, size), mimetype)


def test_manifest_names_the_site_and_icons_that_are_there(pages):
    make_event()
    page = pages.get("/site.webmanifest")
    told = json.loads(page.data)
    assert page.headers["Content-Type"] == "application/manifest+json"
    assert (told["name"], told["lang"], told["start_url"]) == ("Nordiskt forum 2027", "sv", "/")
    assert [icon["src"] for icon in told["icons"]] == ["/icon-192.png", "/icon-512.png"]
    for icon in told["icons"]:
        pages.get(icon["src"])


def test_site_without_an_event_has_a_manifest_too(pages):
    assert json.loads(pages.get("/site.webmanifest").data)["name"] == "Nordiskt forum"


def test_pages_name_their_icons(pages):
    make_event()
    links = {link["rel"][0]: link["href"] for link in pages.get("home.front").soup.select("head link[rel]")}
    assert (links["apple-touch-icon"], links["manifest"]) == ("/apple-touch-icon.png", "/site.webmanifest")
