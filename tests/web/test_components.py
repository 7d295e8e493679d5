"""The markup of the component macros: labels, errors and hints tied to fields, a ring chart with a text alternative."""

import pytest
from bs4 import BeautifulSoup
from flask import render_template, render_template_string
from flask_babel import force_locale
from werkzeug.datastructures import MultiDict

from forum.console.styleguide import DemoForm, demo_rings, styleguide_context
from forum.events import queries as events
from forum.registration.ring import SectorShare, draw_ring

FORMS = '{% from "components/forms.html" import error_summary, field, form_to, honeypot, radios %}'
RING = '{% from "components/ring.html" import ring %}{% from "components/seats.html" import seat_list, sector_choice %}'


@pytest.fixture
def render(app):
    """Return a function that renders a piece of a template within the app and parses the resulting HTML."""

    def rendered(source, **context):
        with app.test_request_context("/en/"), force_locale("en"):
            given = {name: value() if callable(value) else value for name, value in context.items()}
            return BeautifulSoup(render_template_string(source, **given), "html.parser")

    return rendered


def test_field_ties_hint_and_error_to_the_input(render):
    page = render(
        FORMS + '{{ field(form.email, hint="We write to it.", autocomplete="email") }}', form=_wrong
    )

    field = page.input
    described = [page.find(id=name).get_text(" ", strip=True) for name in field["aria-describedby"].split()]
    assert described == ["We write to it.", "Error: Enter an e-mail address such as name@example.org"]
    assert (field["aria-invalid"], field["type"], field["spellcheck"], field["value"]) == (
        "true",
        "email",
        "false",
        "asa@",
    )
    assert page.find("label", attrs={"for": field["id"]}).text == "E-mail address"


def test_field_without_hint_or_error_describes_nothing(render):
    page = render(FORMS + "{{ field(form.name, optional=True) }}", form=lambda: DemoForm(formdata=None))

    assert page.input.attrs == {"class": ["input"], "id": "name", "name": "name", "type": "text", "value": ""}
    assert page.label.text == "Given name (optional)"


def test_error_summary_leads_to_each_field_and_to_the_first_radio(render):
    page = render(FORMS + "{{ error_summary(form) }}{{ radios(form.language) }}", form=_wrong)

    summary = page.find(attrs={"data-error-summary": True})
    assert (summary["role"], summary["tabindex"], summary.h2.text) == ("alert", "-1", "There is a problem")
    assert [link["href"] for link in summary("a")] == ["#name", "#email", "#language-0"]
    assert page.find("input", id="language-0")["type"] == "radio"


def test_two_forms_on_a_page_share_no_id(app):
    class Guarded(DemoForm):
        class Meta:
            csrf = True

    with app.test_request_context("/en/"), force_locale("en"):
        source = FORMS + "{% call form_to(one) %}{% endcall %}{% call form_to(two) %}{% endcall %}"
        page = BeautifulSoup(render_template_string(source, one=Guarded(), two=Guarded()), "html.parser")

    hidden = page("input", attrs={"name": "csrf_token"})
    assert [field.get("id") for field in hidden] == [None, None]
    assert all(field["value"] for field in hidden)


def test_honeypot_is_out_of_reach_for_people(render):
    page = render(FORMS + "{{ honeypot(form.name) }}", form=lambda: DemoForm(formdata=None))

    assert page.div["aria-hidden"] == "true"
    assert (page.input["tabindex"], page.input["autocomplete"]) == ("-1", "off")


@pytest.mark.parametrize("state", list(demo_rings()))
def test_ring_gives_each_arc_its_name_or_number_and_itself_a_name(render, state):
    view = demo_rings()[state]

    page = render(RING + "{{ ring(view) }}{{ seat_list(view) }}", view=view)

    drawn = [" ".join(arc.label.lines) if view.named else str(arc.number) for arc in view.shares if arc.reach]
    shown = page.svg(class_="ring-name" if view.named else "ring-number")
    assert [
        " ".join(word.text for word in label(class_="ring-word")) or label.text for label in shown
    ] == drawn
    assert page.svg["aria-label"].startswith(
        f"All {view.total:,}" if view.is_full else f"{view.left:,} of {view.total:,}"
    )
    assert [row.th.get_text(" ", strip=True) for row in page.tbody("tr")] == [
        arc.name if view.named else f"{arc.number} {arc.name}" for arc in view.shares
    ]


@pytest.mark.parametrize("state", list(demo_rings()))
def test_table_beside_the_ring_has_the_same_numbers_and_adds_up(render, state):
    view = demo_rings()[state]

    page = render(RING + "{{ ring(view) }}{{ seat_list(view) }}", view=view)

    rows = [[cell.get_text(" ", strip=True) for cell in row("td")] for row in page.tbody("tr")]
    assert [sum(int(row[column]) for row in rows) for column in (0, 1)] == [
        int(page.tfoot("td")[column].text) for column in (0, 1)
    ]
    assert page.tfoot("td")[2].text == f"{view.left:,} of {view.total:,}"
    if view.counted:
        dots = {
            kind: "".join(path["d"] for path in page.svg(class_=f"ring-{kind}")).count("M")
            for kind in ("taken", "free")
        }
        assert dots == {"taken": view.taken, "free": view.left}
    assert ("all sectors share" in page.text) is (view.shared and view.left > 0)


def test_choice_links_only_sectors_that_can_be_chosen_and_each_is_one_tab_stop(render):
    view = draw_ring(
        (
            SectorShare("ngo", "NGOs", places=9, taken=8, url="/en/register/ngo"),
            SectorShare("politics", "Politics", places=9, taken=0, note="By invitation"),
        ),
        18,
    )

    page = render(RING + '{{ ring(view, size="choice") }}{{ sector_choice(view) }}', view=view)

    assert [(link["href"], link["tabindex"]) for link in page.svg("a")] == [("/en/register/ngo", "-1")]
    assert page.svg["aria-hidden"] == "true"
    assert [link["href"] for link in page.ul("a")] == ["/en/register/ngo"]


@pytest.mark.parametrize("status", [500, 502, 503])
def test_failure_page_needs_no_database(app, monkeypatch, status):
    def away():
        raise ConnectionError

    monkeypatch.setattr(events, "find_current", away)
    with app.test_request_context("/en/"), force_locale("en"):
        page = BeautifulSoup(
            render_template("errors/error.html", status=status, plain=status >= 500, reference="4F7K"),
            "html.parser",
        )

    assert "4F7K" in page.main.text
    assert page.title.text == f"{page.h1.text} – Nordic Forum"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 413, 418, 429])
def test_refusal_page_says_what_it_means_and_what_to_do(app, status):
    with app.test_request_context("/en/"), force_locale("en"):
        page = BeautifulSoup(
            render_template("errors/error.html", status=status, plain=status >= 500, reference=""),
            "html.parser",
        )

    assert page.title.text.startswith(page.h1.text)
    assert page.main.p is not None


def test_style_guide_shows_every_ring(app):
    with app.test_request_context("/en/"), force_locale("en"):
        shown = set(styleguide_context()["rings"])

    assert shown >= {"empty", "full", "over-full", "one sector", "twelve sectors"}


def _wrong():
    form = DemoForm(formdata=MultiDict({"email": "asa@", "country": "se"}))
    form.validate()
    return form
