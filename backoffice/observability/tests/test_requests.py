import io
import json
import logging
import sys
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.test import RequestFactory
from django.urls import reverse

from backoffice.kernel import clock
from backoffice.kernel.audit import acting
from backoffice.observability import checks, trace
from backoffice.observability.logs import MASK, JsonFormatter, MaskPrivate, mask
from backoffice.observability.middleware import RequestId
from backoffice.observability.views.errors import server_error
from backoffice.outbox import directives, runner
from backoffice.outbox.models import Directive


@pytest.mark.parametrize(
    "text",
    [
        "customer 529.982.247-25 ordered", "cpf=52998224725", "cnpj 12.345.678/0001-95", "cnpj 12.ABC.345/01DE-35",
        "mail maria.silva+bread@padaria.com.br now", "call +55 11 91234-5678", "call (11) 91234-5678", "11 91234-5678",
        "+5511912345678", "Authorization: Bearer abc.def-123456", '{"token": "s3cr3t-value"}', "password=hunter2222",
        "sessionid=0123456789abcdef; path=/", "api_key: 'AAAABBBBCCCC'",
    ],
)  # fmt: skip
def test_what_belongs_to_a_person_is_masked(text):
    masked = mask(text)
    assert MASK in masked
    for word in ("529", "224725", "345.678", "ABC.345", "maria", "1234", "abc.def", "s3cr3t", "hunter", "0123", "AAAA"):
        assert word not in masked


@pytest.mark.parametrize(
    "text",
    [
        "order 2026-000123 took 12.5 ms", "GET /catalog/products/17/ 200", "lot C-1123-A expires 2026-11-24",
        "import #3: 18,887 rows", "2026-11-23T10:42:11.123", "token wanted", "R$ 1.848,00",
        "e3b0c442-98fc-1c14-9afb-f4c8996fb924",
    ],
)  # fmt: skip
def test_what_does_not_is_left_alone(text):
    assert mask(text) == text


def logged(message, *args, **more):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(MaskPrivate())
    handler.setFormatter(JsonFormatter())
    log = logging.Logger("shop")
    log.addHandler(handler)
    log.error(message, *args, **more)
    return json.loads(stream.getvalue())


def test_a_line_is_json_with_the_trace_and_nothing_private():
    with acting(trace="trace-1234"):
        try:
            raise ValueError("mail to ana@example.com")
        except ValueError:
            line = logged("could not reach %s", "ana@example.com", exc_info=sys.exc_info(), extra={"data": {"ms": 3}})

    assert line["request_id"] == "trace-1234"
    assert (line["level"], line["message"], line["ms"]) == ("ERROR", f"could not reach {MASK}", 3)
    assert "ValueError" in line["exception"]
    assert "ana@" not in json.dumps(line)
    assert line["time"].endswith("+00:00")


def test_a_wrong_format_string_does_not_hide_the_line():
    assert "oops" in logged("oops %d", "text")["message"]


@pytest.mark.parametrize(
    "given, kept",
    [
        ("abc-123.DEF_9", True), ("short", False), ("x" * 65, False), ("a b c d e f", False), ("eviléé-id-123", False),
        ("", False),
    ],
)  # fmt: skip
def test_a_request_has_an_id_and_gives_it_back(given, kept):
    seen = []

    def view(request):
        from django.http import HttpResponse

        seen.append((request.request_id, trace.current()))
        return HttpResponse()

    response = RequestId(view)(RequestFactory().get("/x", headers={"X-Request-ID": given} if given else {}))
    request_id = response["X-Request-ID"]
    assert seen == [(request_id, request_id)]
    assert (request_id == given) is kept
    assert trace.ACCEPTED.fullmatch(request_id)


@pytest.mark.django_db
def test_the_last_error_page_needs_nothing(django_assert_num_queries, rf):
    request = rf.get("/")
    request.request_id = "error-id-1234"
    with django_assert_num_queries(0):
        response = server_error(request)
    assert response.status_code == 500
    assert "error-id-1234" in response.content.decode()


def test_the_last_error_page_survives_its_own_template(monkeypatch, rf):
    def broken(*args, **kwargs):
        raise RuntimeError("no template")

    monkeypatch.setattr("backoffice.observability.views.errors.render_to_string", broken)
    request = rf.get("/")
    request.request_id = "<b>id</b>"
    assert "&lt;b&gt;id" in server_error(request).content.decode()


@pytest.mark.django_db
def test_healthz_says_that_the_database_is_reached(client, monkeypatch):
    assert client.get("/healthz").json()["ok"] is True

    class Gone:
        vendor = "gone"

        def cursor(self):
            raise DatabaseError("gone")

    monkeypatch.setattr(checks, "connection", Gone())
    for url in ("/healthz", "/readyz"):
        assert client.get(url).status_code == 503
    assert [check.key for check in checks.ready()] == ["database"]


@pytest.mark.django_db
class TestReadyz:
    def answer(self, client):
        response = client.get("/readyz")
        return response.status_code, response.json()

    def test_well(self, client):
        assert self.answer(client) == (200, {
            "ok": True, "reasons": [], "warnings": [],
            "checks": {
                "database": {"ok": True, "value": connection.vendor}, "migrations": {"ok": True, "value": 0},
                "queue_age": {"ok": True, "value": 0}, "dead_letters": {"ok": True, "value": 0},
                "books": {"ok": True, "value": "not looked at yet"},
                "restore_drill": {"ok": True, "value": "not yet"},
            },
        })  # fmt: skip

    def test_a_job_that_nobody_takes(self, client):
        directives.issue("transfer.apply", available_at=clock.now() - timedelta(minutes=5))
        status, body = self.answer(client)
        assert status == 503
        assert "worker" in body["reasons"][0]

    def test_a_job_that_is_not_due_is_no_problem(self, client):
        directives.issue("transfer.apply", available_at=clock.now() + timedelta(hours=1))
        assert self.answer(client)[0] == 200

    def test_a_dead_letter(self, client):
        directives.issue("nothing")
        Directive.objects.update(status="dead")
        assert self.answer(client)[0] == 503

    def test_migrations(self, client, monkeypatch):
        from django.db.migrations.executor import MigrationExecutor

        monkeypatch.setattr(checks, "_migrated", False)
        monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda self, targets: [1, 2])
        status, body = self.answer(client)
        assert (status, body["checks"]["migrations"]["value"]) == (503, 2)

    def test_a_worker_makes_it_well_again(self, client, monkeypatch):
        directives.issue("transfer.apply", payload={"run": 0}, available_at=clock.now() - timedelta(minutes=5))
        runner.drain()
        assert self.answer(client)[0] == 200


@pytest.mark.django_db
def test_the_health_page_shows_the_same_to_people(as_user):
    url = reverse("observability:health")
    assert as_user(username="nobody").get(url).status_code == 403
    directives.issue("nothing")
    Directive.objects.update(status="dead")
    shown = as_user("outbox.view_directive").get(url).content.decode()
    assert "1 jobs were given up" in shown
    assert connection.display_name in shown
