"""Count sheets as files: out, filled in, and back, by several people."""

import csv
import io
import json
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from apps.catalog.models import ProductUnit
from apps.inventory.models import CountEntry, StockBalance, StockCount, StockCountLine
from apps.inventory.resources.counts import CountImporter
from apps.inventory.selectors.counts import scan
from apps.inventory.services import counting, stock
from apps.inventory.services.verify import differences
from apps.inventory.tests.factories import make_location, make_product, make_stock
from apps.inventory.tests.files import outcomes, run
from backoffice.kernel import clock
from backoffice.kernel.audit import acting
from backoffice.transfers.rows import Row

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def house() -> Any:
    flour = make_product("Flour", sku="FLR", unit="kg")
    bun = make_product("Bun", sku="BUN", barcode="7891000100103")
    ProductUnit.objects.create(product=flour, name="Sack 25 kg", numerator=25)
    shop, dry = make_location("Shop", code="SHOP", kind="sale"), make_location("Dry store", code="DRY")
    old = make_stock(flour, 50, dry, lot_code="L1", cost="4")
    make_stock(flour, 10, dry, lot_code="L2", cost="4")
    stock.transfer(lot=old, quantity=D(5), source=dry, destination=shop)
    make_stock(bun, 30, shop, lot_code="B1")
    return SimpleNamespace(flour=flour, bun=bun, shop=shop, dry=dry, old=old, count=counting.start(is_blind=False))


def sheet_of(count: StockCount, **changes: dict[str, str]) -> list[dict[str, str]]:
    """The file of the count, with figures filled in by place and lot: `DRY_L1={"counted": "44"}`."""
    headings, rows = CountImporter.export()
    found = []
    for row in rows:
        cells = {name: "" if cell is None else str(cell) for name, cell in zip(headings, row, strict=True)}
        found.append(cells | changes.get(f"{cells['location']}_{cells['lot']}", {}))
    return found


def line_of(house: Any, lot: str, place: Any) -> StockCountLine:
    return StockCountLine.objects.get(count=house.count, lot__code=lot, location=place)


def test_a_sheet_that_comes_back_unchanged_changes_nothing(house):
    assert outcomes(run(CountImporter, sheet_of(house.count))) == ["unchanged"] * 4
    assert not CountEntry.objects.exists()
    assert not StockCountLine.objects.exclude(counted=None).exists()


def test_a_filled_sheet_is_taken_once_and_blank_is_not_zero(house, django_user_model):
    ana = django_user_model.objects.create(username="ana", name="Ana")
    filled = sheet_of(house.count, DRY_L1={"counted": "44", "reason": "wet"}, SHOP_B1={"counted": "0"})
    with acting(user=ana):
        assert sorted(outcomes(run(CountImporter, filled))) == ["new", "new", "unchanged", "unchanged"]
        assert outcomes(run(CountImporter, filled)) == ["unchanged"] * 4
    flour, bun = line_of(house, "L1", house.dry), line_of(house, "B1", house.shop)
    assert (flour.counted, flour.book, flour.reason, flour.counted_by) == (44, 45, "wet", ana)
    assert (bun.counted, bun.book) == (0, 30)
    assert line_of(house, "L2", house.dry).counted is None
    assert CountEntry.objects.count() == 2
    counting.post(house.count, approved=True)
    assert StockBalance.objects.get(lot__code="L1", location=house.dry).quantity == 44
    assert StockBalance.objects.get(lot__code="L2").quantity == 10
    assert not StockBalance.objects.filter(product=house.bun).exists()
    assert differences() == []


def test_two_peoples_files_do_not_overwrite_each_other(house):
    mine = sheet_of(house.count, DRY_L1={"counted": "44"}, DRY_L2={"counted": "9"})
    theirs = sheet_of(house.count, DRY_L1={"counted": "43"}, SHOP_B1={"counted": "29"})
    run(CountImporter, mine)
    results = run(CountImporter, theirs)
    assert sorted(outcomes(results)) == ["new", "refused", "unchanged", "unchanged"]
    [refused] = [result for result in results if result.outcome == "refused"]
    assert "wrote down 44\xa0kg in the meantime. Nothing was replaced." in refused.reason
    assert line_of(house, "L1", house.dry).counted == 44
    assert line_of(house, "B1", house.shop).counted == 29
    # Who has seen the figure may correct it.
    seen = sheet_of(house.count, DRY_L1={"counted": "43.5"})
    results = run(CountImporter, seen)
    assert sorted(outcomes(results)) == ["changed", "unchanged", "unchanged", "unchanged"]
    assert line_of(house, "L1", house.dry).counted == D("43.5")


def test_what_was_counted_between_preview_and_apply_is_not_replaced(house):
    step: Any = SimpleNamespace(options={}, mapping={})
    filled = sheet_of(house.count, DRY_L1={"counted": "44"}, SHOP_B1={"counted": "29"})
    results = list(CountImporter(step).check([Row(2 + n, row) for n, row in enumerate(filled)]))
    rows: Any = [SimpleNamespace(pk=n, data=result.data) for n, result in enumerate(results) if result.data]
    counting.record(line_of(house, "L1", house.dry), quantity=D(40))
    applied = CountImporter(step).apply(rows)
    assert applied.figures == {"lines": 1}
    assert ["wrote down 40\xa0kg" in reason for reason in applied.refused.values()] == [True]
    again = CountImporter(step).apply(rows)
    assert again.figures == {"lines": 1}
    assert CountEntry.objects.count() == 2
    counting.send_for_approval(house.count)
    line = line_of(house, "L2", house.dry)
    over = rows[0].data | {"lot": line.lot_id, "location": line.location_id}
    applied = CountImporter(step).apply([SimpleNamespace(pk=9, data=over)])  # type: ignore[list-item]
    assert "nothing more is counted in it" in applied.refused[9]


def test_a_scanners_list_of_codes(house):
    step = {"count": house.count.number}
    results = run(
        CountImporter,
        [
            step | {"lot": "l2 · Flour", "counted": "9"},
            step | {"lot": "7891000100103", "counted": "28"},
            step | {"lot": "L1", "counted": "4"},
            step | {"lot": "L1", "location": "shop", "counted": "4"},
        ],
    )
    assert outcomes(results) == ["new", "new", "refused", "new"]
    assert (results[2].column, "Dry store, Shop" in results[2].reason) == ("location", True)
    assert line_of(house, "L2", house.dry).counted == 9
    assert line_of(house, "B1", house.shop).counted == 28
    assert line_of(house, "L1", house.shop).counted == 4
    assert line_of(house, "L1", house.dry).counted is None


def test_a_scanners_list_says_of_which_count_it_is_when_it_comes(house):
    step: Any = SimpleNamespace(options={"count": house.count.pk}, mapping={})
    [result] = CountImporter(step).check([Row(2, {"lot": "L2", "counted": "9"})])
    assert result.outcome == "new"
    step.options = {"count": None}
    [result] = CountImporter(step).check([Row(2, {"lot": "L2", "counted": "9"})])
    assert (result.outcome, result.column) == ("refused", "count")


def test_a_lot_that_was_found_where_nobody_expected_it(house):
    number = house.count.number
    make_stock(house.bun, 5, house.dry, lot_code="B2")  # came after the count had begun
    row = {"count": number, "lot": "B2", "counted": "5"}
    [result] = run(CountImporter, [row])
    assert "Say where it was found." in result.hint
    assert outcomes(run(CountImporter, [row | {"location": "SHOP"}])) == ["new"]
    assert outcomes(run(CountImporter, [row | {"location": "SHOP"}])) == ["unchanged"]
    line = line_of(house, "B2", house.shop)
    assert (line.counted, line.book, line.revision) == (5, 0, 2)


@pytest.mark.parametrize(
    ("change", "column", "reason"),
    [
        ({"count": "CT-9999"}, "count", "no such count"),
        ({"location": "attic"}, "location", "no place"),
        ({"lot": "NOPE"}, "lot", "no lot has this code"),
        ({"lot": "", "sku": ""}, "lot", "Which lot"),
        ({"lot": "", "sku": "FLR"}, "lot", "several lots of it: L1, L2"),
        ({"counted": "-1"}, "counted", "not below zero"),
        ({"counted": "many"}, "counted", "not a number"),
        ({"unit": "lb"}, "unit", "not counted in “lb”"),
        ({"lot": "B1", "sku": "BUN", "location": "SHOP", "counted": "1.5", "unit": ""}, "counted", "steps of 1"),
        ({"counted_at": "2020-01-01 10:00"}, "counted_at", "The count began"),
        ({"counted_at": "soon"}, "counted_at", "not a time"),
        ({"counted_at": "1/2/2026"}, "counted_at", "not a time"),
        ({"counted_at": "09:15 1/2/2026"}, "counted_at", "not a time"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_column(house, change, column, reason):
    good = {"count": house.count.number, "location": "DRY", "sku": "FLR", "lot": "L2", "unit": "kg", "counted": "9"}
    [result] = run(CountImporter, [good | change])
    assert (result.outcome, result.line, result.column) == ("refused", 2, column)
    assert reason in result.reason
    assert not CountEntry.objects.exists()


def test_packs_are_counted_in_the_products_own_unit(house):
    row = {"count": house.count.number, "location": "DRY", "lot": "L1", "unit": "sack 25 KG", "counted": "1.5"}
    [result] = run(CountImporter, [row])
    assert "37.5\xa0kg" in result.meta
    assert line_of(house, "L1", house.dry).counted == D("37.5")


def test_the_same_lot_twice_is_told_with_the_other_line(house):
    row = {"count": house.count.number, "location": "DRY", "lot": "L1", "counted": "20"}
    results = run(CountImporter, [row, row | {"counted": "25"}])
    assert outcomes(results) == ["new", "refused"]
    assert "stands on line 2 already" in results[1].reason


def test_what_moved_between_counting_and_the_file_is_not_the_counts_business(house):
    began = house.count.created_at
    with clock.fixed(began + timedelta(hours=2)):
        stock.waste(lot=house.old, location=house.dry, quantity=D(6), reason="fell")
    with clock.fixed(began + timedelta(hours=3)):
        at = clock.local(began + timedelta(hours=1)).strftime("%Y-%m-%d %H:%M")
        row = {"count": house.count.number, "location": "DRY", "lot": "L1", "counted": "44", "counted_at": at}
        assert outcomes(run(CountImporter, [row])) == ["new"]
        line = line_of(house, "L1", house.dry)
        assert (line.book, line.difference) == (45, -1)
        counting.post(house.count, approved=True)
    assert StockBalance.objects.get(lot=house.old, location=house.dry).quantity == 38
    assert differences() == []


def test_a_count_that_is_over_takes_no_file(house):
    filled = sheet_of(house.count, DRY_L1={"counted": "44"})
    counting.cancel(house.count, reason="enough")
    assert outcomes(run(CountImporter, filled)) == ["refused"] * 4


def test_the_sheet_is_a_file_and_a_blind_one_has_no_book(as_user, house):
    client = as_user("inventory.view_stockcount")
    answer = client.get(reverse("inventory:count_sheet_file", args=[house.count.pk, "csv"]))
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [rows[0][name] for name in ("location", "lot", "book", "counted")] == ["DRY", "L1", "45", ""]
    blind = counting.start(location=house.shop)
    answer = client.get(reverse("inventory:count_sheet_file", args=[blind.pk, "xlsx"]))
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    sheet = load_workbook(io.BytesIO(content)).active
    assert [cell.value for cell in sheet[1]][7] == "book"
    assert {row[7].value for row in sheet.iter_rows(min_row=2)} == {None}
    assert client.get(reverse("inventory:count_sheet_file", args=[blind.pk, "pdf"])).status_code == 404
    assert as_user("inventory.view_lot", username="other").get(answer.wsgi_request.path).status_code == 403


def test_on_paper_only_an_open_count_shows_the_book(as_user, house):
    client = as_user("inventory.view_stockcount")
    blind = counting.start(location=house.shop)
    shown = client.get(reverse("inventory:count_sheet", args=[house.count.pk])).content.decode()
    assert '<th class="n">Book</th>' in shown
    assert (shown.count("<main"), shown.count("<thead>")) == (
        1,
        house.count.lines.values("location").distinct().count(),
    )
    assert '<td class="n">45</td>' in shown
    assert "Book" not in client.get(reverse("inventory:count_sheet", args=[blind.pk])).content.decode()


def test_the_review_tells_why_a_line_differs(as_user, house):
    counting.record(line_of(house, "L1", house.dry), quantity=D(40), reason="the sack was wet")
    page = as_user("inventory.view_stockcount").get(house.count.get_absolute_url())
    assert "the sack was wet" in page.content.decode()


def test_a_long_sheet_asks_little(house, django_assert_max_num_queries):
    for number in range(40):
        make_stock(house.flour, 1, house.dry, lot_code=f"M{number}")
    count = counting.start(location=house.dry)
    rows = [{"count": count.number, "lot": f"M{number}", "counted": "2", "unit": "kg"} for number in range(40)]
    with django_assert_max_num_queries(20):
        assert set(outcomes(run(CountImporter, rows))) == {"new"}
    assert CountEntry.objects.count() == 40


def test_a_gs1_code_and_the_picture_of_our_own_label_are_scans_too(house):
    label = f"https://bakery.example{house.old.get_absolute_url()}"
    row = {"count": house.count.number, "location": "DRY", "counted": "45"}
    assert outcomes(run(CountImporter, [row | {"lot": label}])) == ["new"]
    bun = {"count": house.count.number, "counted": "30"}
    assert outcomes(run(CountImporter, [bun | {"lot": "(01)07891000100103(10)B1"}])) == ["new"]
    [result] = run(CountImporter, [bun | {"lot": "(01)07891000100103(10)B9", "location": "SHOP"}])
    assert (result.outcome, result.column) == ("refused", "lot")
    found = scan(house.count, label)
    assert {line.lot_id for line in found.lines} == {house.old.pk}
    assert [line.lot.code for line in scan(house.count, "(01)07891000100103(10)b1").lines] == ["B1"]
    assert [line.lot.code for line in scan(house.count, "(01)07891000100103").lines] == ["B1"]
    assert not scan(house.count, "https://elsewhere.example/nothing/").lines


def test_the_clerk_is_led_to_the_import_and_who_may_not_is_not(as_user, house):
    page = as_user("inventory.view_stockcount", "inventory.change_stockcount", "transfers.add_transferrun")
    assert "Take in a filled sheet" in page.get(house.count.get_absolute_url()).content.decode()
    page = as_user("inventory.view_stockcount", "inventory.change_stockcount", username="other")
    assert "Take in a filled sheet" not in page.get(house.count.get_absolute_url()).content.decode()


def test_a_sheet_that_is_typed_in_later_leaves_out_what_moved_since(as_user, house):
    clerk = as_user("inventory.view_stockcount", "inventory.change_stockcount", "inventory.post_stockcount")
    began, line = house.count.created_at, line_of(house, "L1", house.dry)
    with clock.fixed(began + timedelta(hours=2)):
        stock.waste(lot=house.old, location=house.dry, quantity=D(6), reason="fell")
    with clock.fixed(began + timedelta(hours=3)):
        at = clock.local(began + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")
        page = clerk.get(reverse("inventory:count_enter", args=[house.count.pk]), {"at": at}).content.decode()
        assert f'<input type="hidden" name="at" value="{at}">' in page
        assert "what moved since is left out" in page
        sent = {"quantity": "44", "revision": line.revision, "do": "set", "at": at}
        answer = clerk.post(reverse("inventory:count_record", args=[line.pk]), sent)
        assert (answer.status_code, answer["Location"].endswith(f"?at={at.replace(':', '%3A')}")) == (302, True)
        line.refresh_from_db()
        assert (line.counted, line.book, line.difference) == (44, 45, -1)
        too_early = clock.local(began - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
        for wrong in (too_early, "2999-01-01T10:00"):
            page = clerk.get(reverse("inventory:count_enter", args=[house.count.pk]), {"at": wrong})
            assert "what was counted was counted since" in page.content.decode()
            sent = {"quantity": "40", "revision": line.revision, "do": "set", "at": wrong}
            answer = clerk.post(reverse("inventory:count_record", args=[line.pk]), sent)
            assert answer.status_code == 409
        answer = clerk.post(
            reverse("inventory:count_record", args=[line.pk]), sent | {"at": "tomorrow"}, headers={"HX-Request": "true"}
        )
        assert answer.status_code == 422
    line.refresh_from_db()
    assert line.counted == 44


# --- undo ---------------------------------------------------------------------------------------------------------
def written_rows(lines: list[dict[str, str]]) -> list[Any]:
    """Check and apply the lines, and what undoing them needs, as the runner keeps it."""
    step: Any = SimpleNamespace(options={}, mapping={}, pk=7)
    results = list(CountImporter(step).check([Row(n + 2, cells) for n, cells in enumerate(lines)]))
    todo = [SimpleNamespace(pk=n, data=row.data) for n, row in enumerate(results) if row.outcome in ("new", "changed")]
    applied = CountImporter(step).apply(todo)  # type: ignore[arg-type]
    assert not applied.refused
    kept = json.loads(json.dumps(applied.written))
    return [SimpleNamespace(pk=row.pk, data=row.data, written=kept.get(str(row.pk), {})) for row in todo]


def undo(rows: list[Any]) -> Any:
    return CountImporter(SimpleNamespace(options={}, mapping={}, pk=7)).undo(rows)  # type: ignore[arg-type]


def test_a_sheet_is_taken_back_while_its_count_is_open(house, django_assert_max_num_queries):
    counting.record(line_of(house, "L2", house.dry), quantity=D(9), reason="by hand")
    before = {line.pk: (line.counted, line.book, line.reason) for line in StockCountLine.objects.all()}
    sheet = sheet_of(house.count, DRY_L1={"counted": "44", "reason": "torn"}, DRY_L2={"counted": "8"})
    stranger = {"count": house.count.number, "location": "DRY", "lot": "B1", "counted": "3"}

    rows = written_rows([*sheet, stranger])
    assert len(rows) == 3
    with django_assert_max_num_queries(14):
        assert undo(rows) == {}

    for line in StockCountLine.objects.all():
        assert (line.counted, line.book, line.reason) == before.get(line.pk, (None, None, ""))
    assert sorted(CountEntry.objects.order_by("pk").values_list("kind", flat=True)[4:]) == ["clear", "clear", "set"]
    assert undo(rows).keys() == {row.pk for row in rows}  # twice is once
    assert differences() == []


def test_what_was_counted_again_or_posted_stays_and_says_why(house):
    rows = written_rows(sheet_of(house.count, DRY_L1={"counted": "44"}, DRY_L2={"counted": "8"}))
    counting.record(line_of(house, "L1", house.dry), quantity=D(43))

    assert list(undo(rows).values()) == ["Somebody counted it again since."]
    assert line_of(house, "L1", house.dry).counted == 43
    assert line_of(house, "L2", house.dry).counted is None

    rows = written_rows(sheet_of(house.count, DRY_L2={"counted": "8"}))
    StockCount.objects.filter(pk=house.count.pk).update(status="cancelled")
    (why,) = undo(rows).values()
    assert house.count.number in why
    assert line_of(house, "L2", house.dry).counted == 8
