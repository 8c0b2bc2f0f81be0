import pytest
from django.utils import translation

from backoffice.kernel.errors import DomainError
from backoffice.kernel.models import NumberSeries
from backoffice.outbox import directives, runner
from backoffice.outbox.models import Directive
from backoffice.transfers.errors import UnreadableFile
from backoffice.transfers.models import TransferRow, TransferRun
from backoffice.transfers.services import jobs, runs

pytestmark = pytest.mark.django_db


def csv(*lines):
    return "\n".join(["series;last", *lines])


def ready(run):
    runner.drain()
    run.refresh_from_db()
    return run


def test_the_preview_tells_new_changed_unchanged_and_refused_and_writes_nothing(upload):
    NumberSeries.objects.create(series="order", last=5)
    NumberSeries.objects.create(series="lot", last=7)
    run = ready(upload(csv("order;6", "lot;7", "invoice;1", "invoice;2", ";3", "label;1O")))

    assert run.status == "ready"
    assert (run.total, run.checked) == (6, 6)
    assert (run.new, run.changed, run.unchanged, run.refused, run.fields_changed) == (1, 1, 1, 3, 1)
    assert run.checked_figures == {"highest": 7}
    changed = run.rows.get(outcome="changed")
    assert (changed.line, changed.changes) == (
        2, [{"field": "last", "label": "Last number", "before": "5", "after": "6"}],
    )  # fmt: skip
    twice, blank, letter = run.rows.filter(outcome="refused").order_by("line")
    assert (twice.line, twice.column, twice.raw, twice.hint) == (5, "series", "invoice;2", "first on line 4")
    assert (blank.line, letter.reason) == (6, "“1O” is not a number.")
    assert NumberSeries.objects.count() == 2


def test_applying_writes_what_was_not_left_out_and_adds_up_the_figures(upload):
    run = ready(upload(csv(*(f"s{n};{n}" for n in range(35)))))
    runs.leave_out(run.rows.get(label="s3"), left_out=True)

    runs.apply(run)
    run = ready(run)

    assert (run.status, run.applied, run.to_apply, run.percent) == ("done", 34, 34, 100)
    assert run.figures == {"written": 34}
    assert NumberSeries.objects.count() == 34
    assert not NumberSeries.objects.filter(series="s3").exists()


def test_the_same_file_again_finds_everything_unchanged(upload):
    for _ in range(2):
        run = ready(upload(csv("a;1", "b;2")))
        if run.new:
            runs.apply(run)
            ready(run)
    assert (run.new, run.changed, run.unchanged) == (0, 0, 2)
    with pytest.raises(DomainError, match="nothing to write"):
        runs.apply(run)


def test_what_fails_in_a_batch_is_refused_alone(upload):
    run = ready(upload(csv("a;1", "b;666", "c;3", "d;668")))
    runs.apply(run)
    run = ready(run)

    assert (run.status, run.applied, run.to_apply, run.refused_late) == ("done", 2, 2, 2)
    assert dict(run.rows.refused().values_list("label", "reason")) == {"b": "That number is unlucky.", "d": "Too late."}
    assert set(NumberSeries.objects.values_list("series", flat=True)) == {"a", "c"}


def test_killed_half_way_it_goes_on_where_it_stopped_and_doubles_nothing(upload):
    run = ready(upload(csv(*(f"s{n};{667 if n == 25 else n}" for n in range(40)))))
    runs.apply(run)
    run = ready(run)

    assert (run.status, run.applied) == ("failed", 20)  # two whole batches; the third left nothing
    assert NumberSeries.objects.count() == 20
    assert Directive.objects.get(topic="transfer.apply").status == "dead"

    TransferRow.objects.filter(label="s25").update(data={"series": "s25", "last": 25})
    runs.apply(run)
    run = ready(run)
    assert (run.status, run.applied, run.figures) == ("done", 40, {"written": 40})


def test_a_lost_lease_writes_nothing_more(upload, monkeypatch):
    run = ready(upload(csv(*(f"s{n};{n}" for n in range(30)))))
    runs.apply(run)
    first = runner.claim()
    Directive.objects.filter(pk=first.pk).update(lease_token="00000000-0000-0000-0000-000000000001")

    assert runner.carry_out(first) == "lost"
    assert NumberSeries.objects.count() == 0


def test_cancelling_stops_at_the_next_batch(upload, monkeypatch):
    run = ready(upload(csv(*(f"s{n};{n}" for n in range(30)))))
    runs.apply(run)
    whole = jobs._apply_batch

    def one_then_cancel(directive, run, importer, last):
        more = whole(directive, run, importer, last)
        runs.cancel(run)
        return more

    with monkeypatch.context() as patched:
        patched.setattr(jobs, "_apply_batch", one_then_cancel)
        run = ready(run)
    assert (run.status, run.applied, NumberSeries.objects.count()) == ("cancelled", 10, 10)

    runs.apply(run)
    assert ready(run).applied == 30


def test_the_preview_of_a_killed_worker_starts_over(upload):
    run = upload(csv(*(f"s{n};{n}" for n in range(60))))
    TransferRow.objects.create(run=run, line=2, outcome="new", label="left by the dead worker")
    TransferRun.objects.filter(pk=run.pk).update(checked=25, new=25)

    run = ready(run)

    assert (run.new, run.rows.count()) == (60, 60)


def test_running_a_finished_step_again_does_nothing(upload):
    run = ready(upload(csv("a;1")))
    directives.issue("transfer.preview", payload={"run": run.pk})
    directives.issue("transfer.apply", payload={"run": run.pk})
    run = ready(run)

    assert (run.status, run.applied, run.rows.count()) == ("ready", 0, 1)
    assert set(Directive.objects.values_list("status", flat=True)) == {"done"}


def test_headings_are_found_by_name_label_and_alias(upload):
    for heading in ("series;last", "LAST NUMBER;Serie;more", "\ufeffsérie;last"):
        run = upload(f"{heading}\n1;1;1")
        assert run.status == "checking"
    run = upload("name;last?;other\na;1;2")
    assert run.status == "columns"

    with pytest.raises(DomainError, match="Series"):
        runs.name_columns(run, names=["", "last"])
    with pytest.raises(DomainError, match="same"):
        runs.name_columns(run, names=["series", "last", "last"])
    runs.name_columns(run, names=["series", "last"])
    assert ready(run).new == 1


def test_names_are_matched_before_the_preview(mapped):
    run = ready(mapped(csv("Bread;1", "Bread;2", "NONE;3", "Scones;4")))
    assert run.status == "mapping"
    assert [entry["key"] for entry in run.mapping["entries"]] == ["Bread", "NONE", "Scones"]
    bread = {"action": "map", "target": "ORDER"}

    with pytest.raises(DomainError, match="does not exist"):
        runs.decide(run, entries={"Bread": {"action": "map", "target": "cake"}})
    runs.decide(run, entries={"Bread": bread, "NONE": {"action": "ignore"}, "Scones": {"action": "create"}})
    run = ready(run)

    assert (run.status, run.new, run.unchanged) == ("ready", 3, 1)
    assert list(run.rows.order_by("line").values_list("label", flat=True)) == ["order", "order", "NONE", "Scones"]


def test_a_file_that_turns_out_broken_fails_with_a_sentence(upload, monkeypatch):
    run = upload(csv("a;1", "b;2"))
    monkeypatch.setattr("backoffice.transfers.files.MAX_ROWS", 1)
    run = ready(run)

    assert run.status == "failed"
    assert "lines" in run.error
    assert Directive.objects.get().status == "done"


def test_a_refused_upload_leaves_nothing_behind(upload):
    with pytest.raises(UnreadableFile):
        upload("")
    assert not TransferRun.objects.exists()


def test_numbers_follow_the_style_of_the_file_not_the_language(upload):
    with translation.override("pt-br"):
        run = ready(upload("series;last\na;1.234", style="comma"))
        assert run.rows.get().data["last"] == 1234
        run = ready(upload("series;last\nb;1,234", style="dot"))
        assert run.rows.get().data["last"] == 1234
        run = ready(upload([["series", "last"], ["c", 1234]], style="comma"))
        assert run.rows.get().data["last"] == 1234


def test_a_step_whose_process_died_of_its_limits_says_so(upload):
    run = upload(csv("a;1"))
    directive = runner.claim()
    jobs.gave_up(directive)
    run.refresh_from_db()

    assert run.status == "failed"
    assert "memory or time" in run.error


def test_a_file_that_takes_all_memory_fails_with_a_sentence(upload, monkeypatch):
    def greedy(self, rows):
        raise MemoryError

    monkeypatch.setattr("backoffice.transfers.tests.series.SeriesImporter.check", greedy)
    run = ready(upload(csv("a;1")))

    assert (run.status, Directive.objects.get().status) == ("failed", "done")
    assert "split" in run.error


def test_a_line_whose_cells_slipped_is_refused(upload):
    run = ready(upload("series,last,rest,\na,1,234\nb,1,234,note\nc,1,2,3,45\nd,2,,,\n"))
    assert (run.new, run.refused) == (3, 1), "no heading over a note is fine, a cell beyond the last heading is not"
    slipped = run.rows.get(outcome="refused")
    assert (slipped.line, slipped.column, "left over: “45”" in slipped.reason) == (4, "", True)


def test_a_cell_without_a_result_is_refused_where_the_column_is_read(upload):
    rows = [
        ["series", "last", "note"],
        ["#REF!", 1, None],
        ["a", "#DIV/0!", None],
        ["b", "=1+1", None],
        ["c", 4, "#N/A"],
    ]
    run = ready(upload(rows))
    assert [(row.line, row.column) for row in run.rows.filter(outcome="refused")] == [
        (2, "series"), (3, "last"), (4, "last"),
    ]  # fmt: skip
    assert "no result here, only “#REF!”" in run.rows.get(line=2).reason
    assert run.rows.get(outcome="new").label == "c"
