"""One company, read once a request, changed by one person at a time."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from backoffice import company
from backoffice.company import services
from backoffice.company.models import Company
from backoffice.kernel import clock
from backoffice.kernel.errors import StaleRevision
from backoffice.kernel.memory import remembering

pytestmark = pytest.mark.django_db


def test_a_new_house_has_a_company_to_show_and_reading_writes_nothing():
    assert company.current().currency == "BRL"
    assert not Company.objects.exists()


def test_it_is_read_once_a_request(django_assert_num_queries):
    services.update(name="Padaria Serra")

    with remembering(), django_assert_num_queries(1):
        assert {str(company.current()) for _time in range(5)} == {"Padaria Serra"}


def test_what_was_remembered_is_forgotten_when_it_changes():
    with remembering():
        company.current()
        services.update(name="Padaria Serra")

        assert company.current().name == "Padaria Serra"


def test_the_second_of_two_editors_is_told():
    first = services.update(name="Padaria Serra")
    services.update(name="Padaria da Serra", revision=first.revision)

    with pytest.raises(StaleRevision):
        services.update(name="Serra", revision=first.revision)

    assert company.current().name == "Padaria da Serra"


def test_a_document_has_right_check_digits():
    services.update(name="Padaria Serra", document="11.222.333/0001-81")

    with pytest.raises(ValidationError):
        services.update(document="11.222.333/0001-82")


def test_open_until():
    services.update(name="S", hours={0: (time(7), time(19)), 6: None})
    monday = datetime(2026, 11, 23, 10, 42, tzinfo=ZoneInfo("America/Sao_Paulo"))

    assert services.hours_on(date(2026, 11, 22)) is None
    with clock.fixed(monday):
        assert services.open_until() == time(19)
    with clock.fixed(monday.replace(hour=20)):
        assert services.open_until() is None


def test_the_settings_screen(as_user):
    client = as_user("company.change_company")
    url = reverse("company:settings")
    form = {
        "name": "Padaria Serra", "mark": "wheat", "currency": "BRL", "tax_inclusive": "on", "revision": "1",
        "opens_0": "07:00", "closes_0": "19:00",
    }  # fmt: skip

    assert client.get(url).status_code == 200
    half = client.post(url, {**form, "closes_0": ""})
    saved = client.post(url, form)

    assert (half.status_code, saved.status_code) == (422, 302)
    assert company.current().mark == "wheat"
    assert services.hours_on(date(2026, 11, 23)) is not None
    page = client.get(url).content.decode()
    assert "Padaria Serra" in page
    assert 'value="07:00"' in page
    assert client.get(reverse("company:history")).status_code == 200


def test_a_notice_is_shown_to_everybody(as_user):
    services.update(name="S", banner="The card terminal is out of order")

    assert "card terminal" in as_user().get(reverse("home:home")).content.decode()


def test_the_history_says_what_became_of_the_counter_hours(as_user):
    services.update(name="S", hours={0: (time(7), time(19)), 6: None})
    services.update(name="S", hours={0: (time(7), time(19)), 6: None})  # as they were: nothing to say
    services.update(name="S", hours={0: (time(8, 30), time(19)), 1: (time(7), time(12)), 6: None})
    with pytest.raises(ValidationError):
        services.update(name="", hours={0: None})

    page = as_user("company.change_company").get(reverse("company:history")).content.decode()

    assert page.count("Counter hours:") == 2
    assert "Counter hours: Monday 07:00–19:00 → 08:30–19:00; Tuesday closed → 07:00–12:00" in page
