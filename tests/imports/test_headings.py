"""The complete headings of other systems' exports, and which columns the forum reads into which value.

Read in the sources of each system: Indico `modules/events/registration/util.py`
(generate_spreadsheet_from_registrations), pretix `base/exporters/orderlist.py` at 003fa629, Hi.Events
`app/Exports/AttendeesExport.php` at 11e7b971, alf.io `EventApiController.java` (FIXED_FIELDS) at b6ed67fc6.

Eventbrite's program is not public. The headings of its report of attendees come from programs that read the report:
those until 2024 in American English from the README of github.com/rherardi/eb2ez, those in British English and those
since 2024 from programs that name the columns one by one.
"""

import pytest
from flask_babel import force_locale

from forum.folding import fold_words
from forum.imports import headings, values
from forum.registration.enums import Status
from forum.registration.wording import AFTER_THE_EVENT, STATUSES

INDICO = (
    "ID|Name|Email Address|First Name|Last Name|Affiliation|Title|Address|Phone Number|Country|Position|Picture|"
    "Accommodation (Arrival)|Accommodation (Departure)|Registration date|Modification date|Registration state|"
    "Created by|Price|Checked in|Check-in date|Payment date|Tags"
)
PRETIX_POSITIONS = (
    "Event slug|Order code|Position ID|Status|Email|Phone number|Order date|Order time|Product|Variation|Price|"
    "Tax rate|Tax rule|Tax value|Attendee name|Attendee name: Given name|Attendee name: Family name|Attendee email|"
    "Company|Address|ZIP code|City|Country|State|Voucher|Pseudonymization ID|Seat ID|Seat name|Seat zone|Seat row|"
    "Seat number|Order comment|Follow-up date|Your job title|Company|Invoice address name|Address|ZIP code|City|"
    "Country|State|VAT ID|Sales channel|Order locale|E-mail address verified|Payment providers"
)
PRETIX_ORDERS = (
    "Event slug|Order code|Order total|Status|Email|Phone number|Order date|Order time|Company|Name|"
    "Name: Given name|Name: Family name|Address|ZIP code|City|Country|State|Custom address field|VAT ID|"
    "Date of last payment|Fees|Order locale|Invoice numbers|Sales channel|Requires special attention|Comment|"
    "Follow-up date|Positions|E-mail address verified|Payment providers"
)
HI_EVENTS = (
    "ID|First Name|Last Name|Email|Status|Check Ins|Product ID|Product Name|Event ID|Public ID|Short ID|"
    "Created Date|Last Updated Date|Notes|Company|Email"
)
ALF_IO = (
    "ID|Category|Event|Status|OriginalPrice|PaidPrice|Discount|VAT|ReservationID|Full Name|First Name|Last Name|"
    "E-Mail|Locked|Language|Confirmation|Billing Address|Country Code|Promo Code|Payment ID|Payment Method|"
    "External Reference"
)
EVENTBRITE = (
    "Order #|Order Date|First Name|Last Name|Email|Quantity|Price Tier|Ticket Type|Attendee #|Group|Order Type|"
    "Currency|Total Paid|Fees Paid|Eventbrite Fees|Eventbrite Payment Processing|Attendee Status|Home Address 1|"
    "Home Address 2|Home City|Home State|Home Zip|Home Country|How did you hear about this event?|Job Title|Company"
)
EVENTBRITE_BRITISH = (
    "Order no.|Order Date|First Name|Surname|Email|Quantity|Price Tier|Ticket Type|Attendee no.|Group|Order Type|"
    "Currency|Total Paid|Fees Paid|Eventbrite Fees|Eventbrite Payment Processing|Attendee Status|Home Address 1|"
    "Home Address 2|Home City|County of Residence|Home Postcode|Home Country|Mobile Phone|Job Title|Company|Website"
)
EVENTBRITE_PRESENT = (
    "Order ID|Order date|Attendee first name|Attendee last name|Attendee email|Phone number|Purchaser city|"
    "Purchaser state|Purchaser country|Event name|Event ID|Event start date|Event start time|Event timezone|"
    "Event location|Ticket quantity|Ticket tier|Ticket type|Currency|Ticket price|Buyer first name|Buyer last name|"
    "Buyer email|Seating location 1|Seating location 2|Seating location 3|Barcode number|Job title|Company|Company"
)
NAMES = {"given_name": "First Name", "family_name": "Last Name"}


@pytest.mark.parametrize(
    ("exported", "system", "read"),
    [
        (
            INDICO,
            "Indico",
            NAMES
            | {"email": "Email Address", "organisation": "Affiliation", "title": "Position"}
            | {"phone": "Phone Number", "country": "Country", "status": "Registration state"},
        ),
        (
            PRETIX_POSITIONS,
            "pretix",
            {"given_name": "Attendee name: Given name", "family_name": "Attendee name: Family name"}
            | {"email": "Attendee email", "organisation": "Company", "country": "Country", "status": "Status"}
            | {"phone": "Phone number", "language": "Order locale"},
        ),
        (
            PRETIX_ORDERS,
            "pretix",
            {"given_name": "Name: Given name", "family_name": "Name: Family name", "email": "Email"}
            | {"organisation": "Company", "country": "Country", "status": "Status"}
            | {"phone": "Phone number", "language": "Order locale"},
        ),
        (
            HI_EVENTS,
            "Hi.Events",
            NAMES | {"email": "Email", "organisation": "Company", "status": "Status"},
        ),
        (
            ALF_IO,
            "alf.io",
            NAMES
            | {"email": "E-Mail", "language": "Language", "country": "Country Code", "status": "Status"},
        ),
        (
            EVENTBRITE,
            "Eventbrite",
            NAMES
            | {"email": "Email", "organisation": "Company", "title": "Job Title"}
            | {"status": "Attendee Status", "country": "Home Country"},
        ),
        (
            EVENTBRITE_BRITISH,
            "Eventbrite",
            {
                "given_name": "First Name",
                "family_name": "Surname",
                "email": "Email",
                "organisation": "Company",
            }
            | {"title": "Job Title", "status": "Attendee Status", "country": "Home Country"}
            | {"phone": "Mobile Phone"},
        ),
        (
            EVENTBRITE_PRESENT,
            "Eventbrite",
            {
                "given_name": "Attendee first name",
                "family_name": "Attendee last name",
                "email": "Attendee email",
            }
            | {"organisation": "Company", "title": "Job title", "country": "Purchaser country"}
            | {"phone": "Phone number"},
        ),
    ],
    ids=[
        *("Indico", "pretix, people", "pretix, orders", "Hi.Events", "alf.io"),
        *("Eventbrite until 2024", "Eventbrite, British", "Eventbrite since"),
    ],
)
def test_the_whole_export_of_another_system_is_understood_by_its_headings(exported, system, read):
    cells = exported.split("|")
    assert headings.recognise(cells) == system
    guessed = headings.guess(cells)
    assert {name: cells[column] for name, column in guessed.items()} == read
    # pretix repeats the buyer's company and country behind the attendee's: the first of equal headings counts.
    assert {name: cells.index(heading) for name, heading in read.items()} == guessed


@pytest.mark.parametrize(
    ("exported", "doubled"),
    [
        (PRETIX_POSITIONS, ["Company", "Country"]),
        (EVENTBRITE_PRESENT, ["Company"]),
        (HI_EVENTS, ["Email"]),
        ("First Name|E-mail|e mail", ["E-mail"]),
        ("First Name|Seat|Seat||", []),
        (INDICO, []),
    ],
)
def test_a_doubled_heading_is_named_if_its_first_column_is_read(exported, doubled):
    cells = exported.split("|")
    read = headings.guess(cells).values()
    assert headings.list_doubled(cells, read) == doubled
    # No heading is named where the last column with it is read: an organiser has chosen that column, and so knows that
    # there are several.
    compared = [fold_words(cell) for cell in cells]
    last = [len(cells) - 1 - compared[::-1].index(compared[place]) for place in read]
    assert headings.list_doubled(cells, last) == []


@pytest.mark.parametrize(
    ("exported", "system"),
    [
        ("First Name|Last Name|E-Mail|ReservationID", "alf.io"),
        ("First Name|Last Name|E-Mail|OriginalPrice|PaidPrice", "alf.io"),
        ("Name|Email Address|Affiliation|Registration state|Checked in", "Indico"),
        ("Order code|Position ID|Attendee name", "pretix"),
        ("First Name|Last Name|Email", ""),
    ],
)
def test_an_export_of_which_the_organiser_chose_some_columns_is_recognised(exported, system):
    assert headings.recognise(exported.split("|")) == system


@pytest.mark.parametrize(
    ("status", "comes"),
    [
        *(
            (status, True)
            for status in ("Paid", "Completed", "ACTIVE", "ACQUIRED", "CHECKED_IN", "Attending")
        ),
        *((status, True) for status in ("Pending (activated)", "Unpaid", "Awaiting approval", "TO_BE_PAID")),
        *((status, True) for status in ("Waiting list", "i kö", "In review")),
        *((status, False) for status in ("Canceled", "Canceled (paid fee)", "CANCELLED", "Rejected")),
        *((status, False) for status in ("Withdrawn", "EXPIRED", "PRE_RESERVED", "Not Attending", "Deleted")),
    ],
)
def test_whoever_has_cancelled_elsewhere_is_left_out(status, comes):
    assert values.is_coming(status) == comes


@pytest.mark.parametrize(
    ("status", "is_undecided"),
    [
        *(
            (status, True)
            for status in ("Pending (activated)", "Unpaid", "Awaiting approval", "AWAITING_PAYMENT")
        ),
        *((status, True) for status in ("Waiting list", "I kö", "Väntelista", "In review")),
        *(
            (status, False)
            for status in ("TO_BE_PAID", "ACQUIRED", "Paid", "Attending", "Confirmed", "Bekräftad", "")
        ),
    ],
)
def test_whoever_has_no_place_elsewhere_is_told_from_those_who_come(status, is_undecided):
    assert values.is_undecided(status) == is_undecided


@pytest.mark.parametrize("language", ["en", "sv"])
def test_each_status_of_our_own_exports_is_understood(app, language):
    """Of the statuses that a list shows, also after the event, only confirmed people count as having a place."""
    with app.test_request_context(), force_locale(language):
        for names in (STATUSES, AFTER_THE_EVENT):
            told = {status: str(names[status][0] if names is STATUSES else names[status]) for status in names}
            undecided = {status for status, text in told.items() if values.is_undecided(text)}
            coming = {status for status, text in told.items() if values.is_coming(text)} - undecided
            assert undecided == {Status.PENDING, Status.IN_REVIEW, Status.WAITING, Status.OFFERED}
            assert coming == names.keys() & {Status.CONFIRMED}
