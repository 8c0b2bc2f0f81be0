import csv
import io

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import translation

from backoffice.kernel.models import NumberSeries
from backoffice.outbox import runner
from backoffice.transfers import outgoing
from backoffice.transfers.models import TransferRun
from backoffice.transfers.rows import BadCell
from backoffice.transfers.services import runs
from backoffice.transfers.tests.series import MappedImporter, SeriesImporter

pytestmark = pytest.mark.django_db

MAY = ("transfers.view_transferrun", "transfers.add_transferrun", "transfers.change_transferrun")
IMPORT = "kernel.add_numberseries"
HTMX = {"HX-Request": "true", "HX-Target": "run"}


@pytest.fixture
def client(as_user):
    return as_user(*MAY, IMPORT)


def upload(client, content, key="series", name="series.csv", **data):
    file = SimpleUploadedFile(name, content.encode())
    data = {"file": file, "decimal_style": "dot", "options-year": "0", **data}
    return client.post(reverse("transfers:upload", args=[key]), data)


def page(client, run, query="", **headers):
    return client.get(reverse("transfers:run_detail", args=[run.pk]) + query, headers=headers)


def ready(client, content, **more):
    response = upload(client, content, **more)
    assert response.status_code == 302, response.content.decode()
    runner.drain()
    return TransferRun.objects.get(pk=response.url.strip("/").rpartition("/")[2])


def test_from_the_file_to_the_result_without_scripts(client):
    NumberSeries.objects.create(series="order", last=5)
    assert "Import series" in client.get(reverse("transfers:run_list")).content.decode()
    assert "1,234.56" in client.get(reverse("transfers:upload", args=["series"])).content.decode()

    run = ready(client, "series,last\norder,6\ninvoice,1\nlabel,1O\n")
    shown = page(client, run).content.decode()
    assert "<del>5</del>" in shown
    assert "<ins>6</ins>" in shown
    assert "<mark>1O</mark>" in shown
    assert "Apply 2 rows" in shown

    assert client.post(reverse("transfers:run_apply", args=[run.pk])).status_code == 302
    runner.drain()
    shown = page(client, run).content.decode()
    assert "2 rows were written." in shown
    assert "series written" in shown
    assert NumberSeries.objects.get(series="order").last == 6


def test_a_row_is_left_out_by_its_tick(client):
    run = ready(client, "series,last\na,1\nb,2\n")
    row = run.rows.get(label="a")
    url = reverse("transfers:row_leave_out", args=[run.pk, row.pk])

    shown = client.post(f"{url}?tab=new", {}, headers=HTMX).content.decode()
    assert "Apply 1 row" in shown
    assert shown.lstrip().startswith('<section id="run"')
    assert client.post(url, {"apply": "1"}).status_code == 302
    row.refresh_from_db()
    assert not row.left_out


def test_polling_ends_with_286_when_the_job_has_ended(client):
    response = upload(client, "series,last\na,1\n")
    run = TransferRun.objects.get()
    busy = page(client, run, **HTMX)
    assert busy.status_code == 200
    assert 'hx-trigger="every 1s"' in busy.content.decode()

    runner.drain()
    ended = page(client, run, **HTMX)
    assert ended.status_code == 286
    assert "every 1s" not in ended.content.decode()
    assert page(client, run).status_code == 200
    assert response.status_code == 302


@pytest.mark.parametrize(
    "name, content, status, sentence",
    [
        ("x.pdf", "a", 409, "CSV or XLSX"),
        ("x.xlsx", "a", 409, "not an XLSX"),
        ("x.csv", "", 422, "empty"),
    ],
)
def test_a_bad_file_is_said_beside_the_field(client, name, content, status, sentence):
    response = upload(client, content, name=name)
    assert response.status_code == status
    assert sentence in response.content.decode()
    assert not TransferRun.objects.exists()


def test_the_refused_lines_come_back_as_a_file_that_can_be_imported_again(client):
    run = ready(client, 'series,last\n"=cmd()",x\nlate,668\nok,1\n')
    client.post(reverse("transfers:run_apply", args=[run.pk]))
    runner.drain()
    response = client.get(reverse("transfers:run_refused", args=[run.pk]))
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    heading, *lines = csv.reader(io.StringIO(text))

    assert heading == ["series", "last", "Why refused", "Line", "Column"]
    assert [line[:2] for line in lines] == [["'=cmd()", "x"], ["late", "668"]]
    assert lines[0][3:] == ["2", "last"]
    assert lines[1][2:] == ["Too late.", "3", ""]
    again = ready(client, text)
    assert again.rows.get(outcome="refused").data["cells"][0] == "=cmd()"


def test_unknown_headings_are_asked_for(client):
    response = upload(client, "name,last?,rest\na,1,x\n")
    run = TransferRun.objects.get()
    assert "Some headings are not known" in client.get(response.url).content.decode()

    url = reverse("transfers:run_columns", args=[run.pk])
    assert client.post(url, {"column-0": "series", "column-1": "series"}).status_code == 409
    wrong = client.post(url, {"column-0": "series", "column-2": "last-but-one"})
    assert wrong.status_code == 409
    assert "Please say which column holds: " in wrong.content.decode()
    assert '<option value="series" selected>' in wrong.content.decode(), "what was chosen stays"
    client.post(url, {"column-0": "series", "column-1": "last", "column-2": ""})
    runner.drain()
    run.refresh_from_db()
    assert (run.status, run.new) == ("ready", 1)
    assert "rest" in page(client, run).content.decode()  # named as ignored


def test_a_heading_that_stands_twice_is_asked_for(client):
    response = upload(client, "series,last,Last\na,1,2\n")
    run = TransferRun.objects.get()
    assert run.status == "columns", "no guess which of the two counts"
    assert "stands more than once: “last”" in client.get(response.url).content.decode()

    client.post(reverse("transfers:run_columns", args=[run.pk]), {"column-0": "series", "column-2": "last"})
    runner.drain()
    assert run.rows.get().data["last"] == 2


def test_names_are_matched_on_a_page(client):
    run = ready(client, "series,last\nBread,1\nNONE,2\n", key="mapped")
    shown = page(client, run).content.decode()
    assert '<option value="order">Orders</option>' in shown

    url = reverse("transfers:run_mapping", args=[run.pk])
    client.post(url, {"action-0": "map", "target-0": "order", "action-1": "ignore"})
    runner.drain()
    run.refresh_from_db()
    assert (run.status, run.new, run.unchanged) == ("ready", 1, 1)


def test_only_who_may_do_the_import_sees_its_runs(as_user, client):
    run = ready(client, "series,last\na,1\n")
    other = as_user(*MAY, username="other")

    assert run.file_name not in other.get(reverse("transfers:run_list")).content.decode()
    for name in ("run_detail", "run_file", "run_refused"):
        assert other.get(reverse(f"transfers:{name}", args=[run.pk])).status_code == 404
    for name in ("run_apply", "run_cancel", "run_check"):
        assert other.post(reverse(f"transfers:{name}", args=[run.pk])).status_code == 404
    assert other.get(reverse("transfers:upload", args=["series"])).status_code == 403
    assert client.get(reverse("transfers:upload", args=["nothing"])).status_code == 404


def test_the_uploaded_file_is_served_as_a_download_only(client):
    run = ready(client, "series,last\na,1\n")
    response = client.get(reverse("transfers:run_file", args=[run.pk]))

    assert b"".join(response.streaming_content) == b"series,last\na,1\n"
    assert "attachment" in response["Content-Disposition"]
    assert response["Content-Type"] == "application/octet-stream"
    assert client.get(f"/media/{run.file.name}").status_code == 404


@pytest.mark.parametrize("count", [1, 40])
def test_the_preview_takes_the_same_queries_for_any_number_of_rows(client, count, django_assert_max_num_queries):
    run = ready(client, "series,last\n" + "".join(f"s{n},{n}\n" for n in range(count)) + "x,y\n")
    page(client, run)
    with django_assert_max_num_queries(14):
        page(client, run)


def test_what_people_write_is_text_on_the_page(client):
    run = ready(client, "series,last\n<script>alert(1)</script>,1\n<b>x</b>,y\n")
    shown = page(client, run).content.decode()
    assert "<script>alert" not in shown
    assert "<b>x</b>" not in shown


def test_numbers_in_addresses_and_drawings_are_not_localised(client):
    """With thousands separators on, width="1,000" draws nothing and ?page=1,001 leads nowhere."""
    NumberSeries.objects.create(series="a", last=1)
    run = ready(client, "series,last\na,1\n")
    shown = page(client, run).content.decode()
    assert 'x="0" y="0" width="1000"' in shown


def test_all_that_is_wrong_in_a_row_is_told_at_once(client, monkeypatch):
    def refuse_both(self, rows):
        for row in rows:
            yield row.refuse([BadCell("series", "Not this name."), BadCell("last", "Not this number.", "Try 7.")])

    monkeypatch.setattr(SeriesImporter, "check", refuse_both)
    run = ready(client, "name,series,last\nx,order,12\n")

    page = client.get(run.get_absolute_url()).content.decode()
    assert "<mark>order</mark>" in page
    assert "<mark>12</mark>" in page
    assert all(word in page for word in ("Not this name.", "Not this number.", "Try 7.", "Last number"))
    text = b"".join(client.get(reverse("transfers:run_refused", args=[run.pk])).streaming_content).decode("utf-8-sig")
    _heading, line = csv.reader(io.StringIO(text))
    assert line[3:] == ["Not this name. Not this number. (Try 7.)", "2", "series, last"]


def test_the_upload_page_offers_the_other_formats_of_the_same_kind(client, monkeypatch):
    url = reverse("transfers:upload", args=["series"])
    assert "Format of the file" not in client.get(url).content.decode()
    monkeypatch.setattr(MappedImporter, "family", "series")
    monkeypatch.setattr(MappedImporter, "format_name", "Mapped file")

    for key in ("series", "mapped"):
        page = client.get(reverse("transfers:upload", args=[key])).content.decode()
        assert "Mapped file" in page
        assert f'href="{url}"' in page
    listed = client.get(reverse("transfers:run_list")).content.decode()
    assert url in listed
    assert reverse("transfers:upload", args=["mapped"]) not in listed


@pytest.mark.parametrize("language", ["en", "pt-br"])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_what_there_is_comes_as_a_file_that_changes_nothing(client, as_user, monkeypatch, kind, language):
    NumberSeries.objects.create(series="=order;1", last=1234)
    url = reverse("transfers:export", args=["series", kind])
    assert client.get(url).status_code == 403, "this importer does not export"
    monkeypatch.setattr(SeriesImporter, "export_permission", "kernel.view_numberseries")
    assert client.get(url).status_code == 403
    client = as_user(*MAY, IMPORT, "kernel.view_numberseries", username="exporter")
    assert url in client.get(reverse("transfers:upload", args=["series"])).content.decode()
    assert client.get(reverse("transfers:export", args=["series", "pdf"])).status_code == 404

    with translation.override(language):
        answer = outgoing.file("series", kind, *SeriesImporter.export())
        style = outgoing.own_style()
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    run = runs.start(SeriesImporter, file=ContentFile(content, name=f"series.{kind}"), decimal_style=style)
    runner.drain()
    run.refresh_from_db()
    assert (run.unchanged, run.total) == (1, 1)


def test_an_import_that_is_not_taken_back_says_why(client, monkeypatch):
    monkeypatch.setattr(SeriesImporter, "stays", "It stays, because.")
    run = ready(client, "series,last\norder,6\n")
    assert "It stays, because." not in page(client, run).content.decode()
    client.post(reverse("transfers:run_apply", args=[run.pk]))
    runner.drain()
    assert "It stays, because." in page(client, run).content.decode()
    assert reverse("transfers:run_undo", args=[run.pk]) not in page(client, run).content.decode()
