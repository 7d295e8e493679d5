"""Restriction and objection (P12): requested, granted, declined, lifted; a restricted person only keeps the place."""

from datetime import timedelta

import pytest

from forum import clock
from forum.accounts.enums import Role
from forum.columns import Text
from forum.database import start_write
from forum.events.enums import ListAudience
from forum.extensions import db
from forum.invitations import queries as invitations
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.mailings import facts, sending
from forum.mailings.audience import audience_of
from forum.mailings.enums import MailingKind, MailingStatus
from forum.mailings.models import Mailing, MailingRecipient
from forum.participants import queries as participants
from forum.privacy import hanging, queries, restricting
from forum.questions.enums import FileType, QuestionKind
from forum.questions.models import Answer, AnswerFile
from forum.registration import actions, export_columns, listing, tallies, uniting
from forum.registration.consents import Listed
from forum.registration.enums import ConsentPurpose, ExportPurpose, ListedAs, RestrictionKind, Status
from forum.registration.errors import CannotBeMerged
from forum.registration.models import CareAnswer
from forum.registration.restriction_models import RestrictionRequest
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.invitations import new_invitation
from tests.factories.mails import mark_all_sent
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, write
from tests.factories.saving import save
from tests.registration.filling import manage_token
from tests.registration.reading import newest_mail, recorded
from tools.pages import Pages

pytestmark = pytest.mark.usefixtures("frozen")
LIST = frozenset({ConsentPurpose.PARTICIPANT_LIST})
WEEK = timedelta(days=7)
# The first two paragraphs of each mail with the organisers' own words: granted, ending, declined.
MAILS = {
    "sv": [
        [
            "Du begärde att dina uppgifter för Nordiskt forum för provning inte ska användas. Vi behåller dem och"
            " använder dem inte längre. Du finns inte längre på deltagarlistan, på listor som arrangörerna exporterar"
            " eller bland dem som får meddelanden till många.",
            "Din anmälan är som förut. Om dag, tid eller plats ändras, eller om forumet ställs in, läser du det på din"
            " sida, men vi skriver inte till dig. På sidan kan du också låta begränsningen upphöra.",
        ],
        [
            "Vi använder inte dina uppgifter för Nordiskt forum för provning, eftersom du har begärt det. Det upphör"
            " efter den 10 maj 2027 kl. 14.00 (CEST), av det här skälet:",
            "Because.",
        ],
        [
            "Du begärde att dina uppgifter för Nordiskt forum för provning inte ska användas. Arrangören har avslagit"
            " det av det här skälet:",
            "Because.",
        ],
    ],
    "en": [
        [
            "You asked us not to use your data for Nordic Forum for testing. We keep them and do not use them any"
            " more. You are no longer on the list of participants, on the lists that organisers export, or among"
            " those who get messages to many people.",
            "Your registration stays as it is. If the day, time or place changes, or the forum is cancelled, your"
            " page says so, but we do not write to you. There you can also end the restriction.",
        ],
        [
            "We do not use your data for Nordic Forum for testing, because you asked for that. This will end after"
            " 10 May 2027 at 14:00 (CEST), for this reason:",
            "Because.",
        ],
        [
            "You asked us not to use your data for Nordic Forum for testing. The organiser has refused that, for"
            " this reason:",
            "Because.",
        ],
    ],
}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url, FORM_MIN_SECONDS=0)


@pytest.fixture
def event(database):
    return make_event(participant_list="public", capacity=9, sectors=[make_sector("justice", ceiling=9)])


@pytest.fixture
def person(event):
    return confirmed(event, given_name="Åsa", family_name="Ek", organisation="Eks byrå")


@pytest.fixture
def browser(app, person):
    own = Pages(app)
    own.get("self_service.enter", token=manage_token(person), follow=True)
    return own


def restrict(person):
    request = write(restricting.ask, person, RestrictionKind.OBJECTION, "Nej.", now=NOW)
    write(restricting.grant, request, actor="user:1", now=NOW)
    return request


def answer(person, care, ordinary):
    """Store a person's answers to a sensitive question and to an ordinary one."""
    start_write(db.session)
    db.session.get_one(CareAnswer, person.id).answer = {"given": {care.key: ["vegan"]}, "recorded_at": None}
    db.session.add(Answer(registration_id=person.id, question_id=ordinary.id, value="yes"))
    db.session.commit()


def mailing_of(event):
    """Save a mailing that is being sent; it tells facts that everybody knows already."""
    step = facts.first_step(facts.facts_of(event))
    moments = {"changed_at": NOW, "proposed_at": NOW}
    kind, status = MailingKind.EVENT_CHANGED, MailingStatus.SENDING
    return save(Mailing(event_id=event.id, kind=kind, status=status, steps=[step], words=Text(), **moments))


def lift(now):
    """Run the worker's job that lifts restrictions, at this moment."""
    clock.freeze(now)
    db.session.rollback()
    run_job(next(job for job in JOBS if job.name == "lift restrictions"))
    db.session.expire_all()


def test_a_restricted_person_leaves_lists_exports_mailings_and_counts_of_answers_and_keeps_the_place(
    event, person
):
    """Every list, export and mailing is tested; one that does not use `restrictions.IS_FREE` fails here."""
    other = confirmed(event, given_name="Bo", family_name="Al")
    everybody = [person, other]
    diet = make_question(event, "diet", choices=("vegan",), care=True)
    dinner = make_question(event, "dinner", QuestionKind.YES_NO)
    for one in everybody:
        write(actions.set_consents, one, LIST, listed=Listed(ListedAs.NAME, ListAudience.PUBLIC), now=NOW)
    for one in everybody:
        answer(one, diet, dinner)
    for one in everybody:
        save(new_invitation(event, "justice", one.email, token=f"t{one.id}"))
    mailing = mailing_of(event)

    def told():
        db.session.expire_all()
        audience = audience_of(mailing)
        columns = {
            purpose: list(
                export_columns.rows(export_columns.needed(event, purpose), event, listing.Filters())
            )
            for purpose in ExportPurpose
        }
        return {
            "list": len(participants.list_shown(event)),
            "consents": participants.count_consents(event)[ListAudience.PUBLIC],
            "mailing": len(audience.people) + audience.informed,
            "reminders": invitations.count_silent(event, NOW),
            "care": len(tallies.list_care(event)),
            "answers": {one.answered for one in tallies.list_tallies(event, is_exact=True)},
            **{purpose: len(rows) for purpose, rows in columns.items()},
        }

    def places():
        db.session.expire_all()
        return event.taken, event.sectors[0].taken, listing.count_by_sector_and_status(event), person.status

    before, kept = told(), places()
    assert set(map(str, before.values())) == {"2", "{2}"}
    request = restrict(person)
    assert set(map(str, told().values())) == {"1", "{1}"}
    assert places() == kept
    assert kept[-1] == Status.CONFIRMED
    write(restricting.take_back, person, now=NOW)
    assert (told(), db.session.get(RestrictionRequest, request.id).state) == (before, "taken_back")


def test_organisers_download_no_file_of_a_restricted_person(event, person, sign_in_as):
    cv = make_question(event, "cv", QuestionKind.FILE)
    known = {"file_type": FileType.PDF, "size": 4, "content": b"%PDF", "received_at": NOW}
    save(AnswerFile(key="a" * 32, registration_id=person.id, question_id=cv.id, **known))
    told = {"key": "a" * 32, "name": "My CV.pdf", "size": 4}
    save(Answer(registration_id=person.id, question_id=cv.id, value=told))
    organiser = sign_in_as(Role.ORGANISER, event)
    (link,) = (url for words, url in shown_to(organiser, person).links.items() if "My CV" in words)
    assert organiser.open(link).data == b"%PDF"
    restrict(person)

    page = shown_to(organiser, person)
    assert ("My CV.pdf" in page.text, link in page.links.values()) == (True, False)
    organiser.open(link, expect=404)
    assert [action for action, *_ in recorded(person)].count("registration.file_downloaded") == 1


def shown_to(organiser, person):
    return organiser.get("attendees.show", event="nf27", reference=person.reference)


def test_a_person_asks_an_organiser_grants_and_lifting_is_told_a_week_before(
    event, person, browser, sign_in_as
):
    page = browser.get("self_service.show")
    page = browser.get(page.links["Ask for restriction, or object"])
    errors = {"kind": "Choose what you ask for", "words": "Say why you ask"}
    assert page.submit({}, button="Send the request", expect=422).errors == errors
    typed = {"kind": "objection", "words": "Jag hotas."}
    assert page.submit(typed, button="Send the request", follow=True).flashes == ["We have your request."]
    assert "You get an answer by 3 June 2027 at the latest" in browser.get("own_restriction.show").text
    organiser = sign_in_as(Role.ORGANISER, event)
    assert "1 request about personal data" in organiser.get("console.overview", event="nf27").text
    page = organiser.get("erasure_requests.index", event="nf27")
    assert ("Åsa Ek" in page.text, "31 days left" in page.text) == (True, True)
    page = organiser.get(next(url for name, url in page.links.items() if name.startswith("Grant Åsa Ek")))
    assert "Jag hotas." in page.text
    page.submit(follow=True)
    assert newest_mail(person, "restriction-granted").subject == "The answer to your request"
    assert "Your data are restricted" in browser.get("own_restriction.show").text
    shown = organiser.get("attendees.show", event="nf27", reference=person.reference).text
    assert "These data may not be used, by restriction or objection." in shown
    assert "1 registration is left out" in organiser.get("attendees.export", event="nf27").text
    page = organiser.get("erasure_requests.index", event="nf27")
    page = organiser.get(page.links["Lift the restriction Åsa Ek"])
    assert page.submit({"reason": ""}, expect=422).errors == {"reason": "Say why the restriction is lifted"}
    page.submit({"reason": "Det är utrett."}, follow=True)
    request = db.session.query(RestrictionRequest).one()
    assert "Det är utrett." in newest_mail(person, "restriction-ending").text
    lift(NOW + WEEK)
    assert request.state == "granted", "the message has not left"
    clock.freeze(NOW)
    for ends_at, is_told in ((NOW - queries.LIFTED_WITHIN, True), (NOW + WEEK, False)):
        write(setattr, request, "ends_at", ends_at)
        late = organiser.get("erasure_requests.index", event="nf27")
        assert ("the message that says so has not been sent" in late.text) is is_told
    mark_all_sent()
    lift(NOW + WEEK - timedelta(seconds=1))
    assert request.state == "granted"
    lift(NOW + WEEK)
    assert request.state == "lifted"
    (told,) = hanging.tell(person)["restriction_requests"]
    assert (told["kind"], told["words"], told["reason"]) == ("objection", "Jag hotas.", "Det är utrett.")
    acts = [action for action, _actor, _details in recorded(person) if "restriction" in action]
    steps = ("asked", "granted", "ending", "lifted")
    assert acts == [f"registration.restriction_{step}" for step in steps]


def test_a_request_is_declined_with_a_reason_once_and_can_be_made_again(event, person, browser, sign_in_as):
    typed = {"kind": "restriction", "words": "Fel titel."}
    browser.get("own_restriction.show").submit(typed, button="Send the request", follow=True)
    request = db.session.query(RestrictionRequest).one()
    organiser = sign_in_as(Role.ORGANISER, event)
    about = {"event": "nf27", "number": request.id}
    page, late = (organiser.get(f"restriction_requests.{act}", **about) for act in ("decline", "grant"))
    page.submit({"reason": "Titeln är rättad."}, follow=True)
    assert "Titeln är rättad." in newest_mail(person, "restriction-declined").text
    assert "Titeln är rättad." in browser.get("own_restriction.show").text
    assert late.submit(follow=True).flashes == ["The request has been decided already, or was taken back."]
    again = browser.get("own_restriction.show").submit(typed, button="Send the request", follow=True)
    again.submit(button="Take the request back", follow=True)
    db.session.expire_all()
    states = [one.state for one in db.session.query(RestrictionRequest).order_by(RestrictionRequest.id)]
    assert states == ["declined", "taken_back"]


def test_a_restricted_person_is_left_out_of_a_mailing_that_has_begun_and_is_not_merged(event, person):
    other, mailing = confirmed(event, given_name="Bo"), mailing_of(event)
    waiting = save(MailingRecipient(mailing_id=mailing.id, registration_id=person.id))
    restrict(person)
    write(sending.queue_one, waiting.id, now=NOW)
    assert waiting.status == "left_out"
    for pair in ((person, other), (other, person)):
        with pytest.raises(CannotBeMerged):
            uniting.pair_of(*pair, NOW)


def test_the_messages_about_a_restriction_say_the_same_in_both_languages(event):
    said = {}
    for language in ("sv", "en"):
        one = confirmed(event, language=language)
        request = restrict(one)
        write(restricting.announce_lifting, request, "Because.", actor="user:1", now=NOW)
        said[language] = [
            newest_mail(one, f"restriction-{kind}").text.split("\n\n")[3:5] for kind in ("granted", "ending")
        ]
        write(restricting.take_back, one, now=NOW)
        again = write(restricting.ask, one, RestrictionKind.RESTRICTION, "Nej.", now=NOW)
        write(restricting.decline, again, "Because.", actor="user:1", now=NOW)
        said[language].append(newest_mail(one, "restriction-declined").text.split("\n\n")[3:5])
    assert said == MAILS
