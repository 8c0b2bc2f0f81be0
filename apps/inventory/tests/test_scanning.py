"""What a scanner may read into the fields of the stock room, and what is said of a code of another kind."""

from datetime import date
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.urls import reverse

from apps.catalog.models import ProductUnit
from apps.inventory import receipt_draft, search
from apps.inventory.models import Location, Lot, StockBalance
from apps.inventory.scan_fields import BalanceField, LotField, PlaceField
from apps.inventory.selectors import codes
from apps.inventory.tests.factories import make_location, make_product, make_stock

pytestmark = pytest.mark.django_db
EAN, SACK = "7891234500014", "17891234500103"


@pytest.fixture
def cold() -> Location:
    return make_location("Cold room", code="COLD")


@pytest.fixture
def flour(shop: Location, cold: Location) -> Any:
    """Rye flour in one place; wheat flour was here and is used up; nothing of the oats ever came."""
    rye = make_product("Rye flour", sku="RYE", barcode=EAN, lot_tracked=True)
    ProductUnit.objects.create(product=rye, name="sack", numerator=25, denominator=1, barcode=SACK)
    make_product("Rolled oats", sku="OATS")
    gone = make_product("Wheat flour", sku="WHEAT", lot_tracked=True)
    make_stock(gone, 1, shop, lot_code="W-1")
    StockBalance.objects.filter(product=gone).delete()
    return make_stock(rye, 5, shop, lot_code="L-881")


@pytest.mark.parametrize(
    "scanned",
    [
        "L-881",
        "l-881",
        "RYE",
        "rye fl",
        "Rye flour",
        EAN,
        SACK,
        f"(01){SACK}(17)991231(10)L-881",
        f"]C101{SACK}1799123110L-881",
        "]d20107891234500014\x1d10L-881\x1d17991231",
        f"01{SACK}10l-881<GS>17991231",
        f"01{SACK} 17991231 10L-881",
        f"]E0{EAN}",
        f"0{EAN}",
        f"(01)0{EAN}(10)l-881",
        "https://shop.example/stock/lots/{pk}/",
        "L-881 · Rye flour · Shop",
    ],
)
def test_stock_is_found_by_whatever_is_printed_on_it(flour: Lot, scanned: str) -> None:
    assert BalanceField().clean(scanned.format(pk=flour.pk)).lot == flour


GTIN = "09506000134352"


@pytest.mark.parametrize(
    ("scanned", "says"),
    [
        (f"]C101{GTIN}", {"article": GTIN}),
        (f"01{GTIN}172612311010ABC", {"article": GTIN, "expires_on": date(2026, 12, 31), "lot": "10ABC"}),
        (f"01{GTIN} 17261231 10ABC\x1d21000", {"expires_on": date(2026, 12, 31), "lot": "ABC"}),
        (f"]d201{GTIN}10A 1/2\x1d17270200", {"lot": "A 1/2", "expires_on": date(2027, 2, 28)}),
        (f"]Q302{GTIN}15261130{{GS}}3712", {"expires_on": date(2026, 11, 30), "count": 12}),
        (f"]C101{GTIN}3103012345", {"weight": Decimal("12.345")}),
        (f"(01){GTIN}(3100)000007(30)8(10)AB(C)", {"weight": 7, "pieces": 8, "lot": "AB(C)"}),
        (f"]C101{GTIN}3105000000300", {"weight": None, "pieces": None}),
        (f"]C101{GTIN}17263199", {"expires_on": None}),
        ("]C110ABC", {"code": "ABC", "article": ""}),
        ("]C0CROI-261123-A", {"code": "CROI-261123-A", "article": ""}),
        # What looks like one and is none stays what it is: a wrong check digit, an end that cannot be read, words.
        ("0109506000134353", {"code": "0109506000134353", "article": ""}),
        (f"01{GTIN}99", {"code": f"01{GTIN}99", "article": ""}),
        (f"01{GTIN}10{'A' * 21}", {"article": ""}),
        ("10 ABC", {"code": "10 ABC", "article": ""}),
        ("Bun (10) seeds", {"code": "Bun (10) seeds", "article": ""}),
        ("]", {"code": "]", "article": ""}),
    ],
)
def test_what_makers_print_is_taken_apart_as_scanners_send_it(scanned: str, says: dict[str, Any]) -> None:
    read = codes.read(scanned)
    found = {name: getattr(read, name) for name in says}
    assert found == says | ({"article": says["article"].lstrip("0")} if "article" in says else {})


@pytest.mark.parametrize("kept", ["012345678905", "0012345678905", "00012345678905", "12345678905"])
def test_noughts_in_front_do_not_hide_a_barcode(kept: str) -> None:
    product = make_product("Imported jam", barcode=kept)
    for scanned in ("]C10100012345678905", "(01)00012345678905", "012345678905", "0012345678905"):
        if len(kept) > 11 or "01)" in scanned or "]" in scanned:
            assert list(codes.products(codes.read(scanned))) == [product]


@pytest.mark.parametrize(
    ("scanned", "said"),
    [
        ("NOBODY", "There is no stock with the code or name “NOBODY”."),
        ("COLD", "“COLD” is a place, Cold room. Scan the lot or the product."),
        ("W-1", "Nothing is left of lot W-1, Wheat flour."),
        ("OATS", "There is no stock of Rolled oats."),
        (f"(01){SACK}(10)OTHER", "There is no stock of Rye flour."),
        ("https://shop.example/elsewhere/9/", "There is no stock with the code"),
        ("https://shop.example/stock/lots/99999999/", "There is no stock with the code"),
    ],
)
def test_stock_that_is_not_there_is_called_by_its_name(
    flour: Lot, shop: Location, sign_in: Any, scanned: str, said: str
) -> None:
    answer = sign_in("waste_stock").post(
        reverse("inventory:waste"), {"stock": scanned, "quantity": "1", "reason": "other", "more": "x"}
    )
    assert answer.status_code == 422
    assert said in unescape(answer.content.decode())
    assert StockBalance.objects.get().quantity == 5


@pytest.mark.parametrize(
    ("scanned", "said"),
    [
        ("RYE", "“RYE” is Rye flour, not a place."),
        ("L-881", "“L-881” is Rye flour, not a place."),
        (EAN, "is Rye flour, not a place."),
        ("NOWHERE", "There is no place with the code or name “NOWHERE”."),
    ],
)
def test_what_is_no_place_is_called_by_its_name(
    flour: Lot, shop: Location, sign_in: Any, scanned: str, said: str
) -> None:
    answer = sign_in("transfer_stock").post(
        reverse("inventory:transfer"), {"stock": "L-881", "quantity": "1", "destination": scanned}
    )
    assert answer.status_code == 422
    assert said in unescape(answer.content.decode())
    assert PlaceField().clean("cold") == Location.objects.get(code="COLD")


@pytest.mark.parametrize(
    ("scanned", "said"),
    [
        ("RYE", "“RYE” is the product Rye flour. Scan one of its lots."),
        ("COLD", "“COLD” is a place, Cold room."),
        ("NOBODY", "There is no lot with the code “NOBODY”."),
    ],
)
def test_a_lot_to_merge_into_is_a_lot(flour: Lot, shop: Location, sign_in: Any, scanned: str, said: str) -> None:
    answer = sign_in("adjust_stock").post(
        reverse("inventory:lot_merge"), {"stock": "L-881", "into": scanned, "reason": "x"}
    )
    assert answer.status_code == 422
    assert said in unescape(answer.content.decode())
    assert LotField().clean(f"https://shop.example/stock/lots/{flour.pk}/") == flour
    assert LotField().clean("L-881 · Rye flour") == flour


def test_lots_of_two_products_with_one_code_are_told_apart(flour: Lot, shop: Location) -> None:
    other = make_stock(make_product("Oat flour", sku="OATF", lot_tracked=True), 1, shop, lot_code="L-881")
    assert LotField().clean("L-881 · Oat flour") == other
    assert BalanceField().clean(f"(01){SACK}(10)L-881").lot == flour
    with pytest.raises(Exception, match="2 lots have the code"):
        LotField().clean("L-881")
    with pytest.raises(Exception, match="2 lots match"):
        BalanceField().clean("L-881")


def test_the_article_tells_which_lot_is_meant(flour: Lot, shop: Location) -> None:
    make_stock(make_product("Oat flour", sku="OATF", lot_tracked=True), 1, shop, lot_code="L-881")
    assert LotField().clean(f"]C101{SACK}10L-881") == flour


def test_a_box_or_a_label_scanned_into_a_list_or_the_palette_is_found(
    flour: Lot, shop: Location, user_with: Any, sign_in: Any
) -> None:
    make_stock(make_product("Oat flour", sku="OATF", lot_tracked=True), 1, shop, lot_code="L-881")
    client = sign_in("view_stockbalance", "view_lot")
    label = f"https://shop.example/stock/lots/{flour.pk}/"
    for name in ("stock_list", "lot_list"):
        for scanned in (f"]C101{SACK}10L-881", label):
            page = client.get(reverse(f"inventory:{name}"), {"q": scanned}).content.decode()
            assert "Rye flour" in page, (name, scanned)
            assert "Oat flour" not in page, (name, scanned)
    person = user_with("inventory.view_lot")
    for scanned in (f"]C101{SACK}10L-881", label):
        assert [hit.meta for hit in search.lots(scanned, person)] == ["Rye flour"]


@pytest.mark.parametrize(
    ("unit", "printed", "packs", "quantity", "in_packs"),
    [
        ("kg", "3102001250", True, "12.5", False),
        ("g", "3103001250", False, "1250", False),
        ("un", "3102001250", True, "1", True),
        ("un", "30144", True, "144", False),
        ("un", "3707", True, "7", True),
        ("kg", "3004", True, "4", True),
    ],
)
def test_a_receipt_takes_weight_and_count_from_the_code(
    unit: str, printed: str, packs: bool, quantity: str, in_packs: bool
) -> None:
    product = make_product("Cheese", unit=unit, barcode="" if packs else "7891234500014")
    number = "07891234500014"
    if packs:
        pack = ProductUnit.objects.create(product=product, name="box", numerator=12, denominator=1, barcode=SACK)
        number = SACK
    rows: list[dict[str, str]] = []
    found = receipt_draft.find(f"]C101{number}1799123110LOT{chr(29)}{printed}")
    assert found is not None
    receipt_draft.add(rows, found)
    assert (rows[0]["quantity"], rows[0]["pack"]) == (quantity, str(pack.pk) if in_packs else "")
    assert (rows[0]["lot_code"], rows[0]["expires_on"]) == ("LOT", "2099-12-31")
    receipt_draft.add(rows, found)
    assert (len(rows), Decimal(rows[0]["quantity"])) == (1, Decimal(quantity) * 2)


def test_an_article_that_nobody_knows_is_no_word_to_look_for(flour: Lot, shop: Location) -> None:
    assert receipt_draft.find(f"]C101{GTIN}10L-881") is None
    with pytest.raises(Exception, match="There is no stock with the code"):
        BalanceField().clean(f"]C101{GTIN}10L-881")


def test_why_is_asked_for_a_scanned_place(flour: Lot, shop: Location, cold: Location, sign_in: Any) -> None:
    client = sign_in("view_stockbalance")
    url = reverse("inventory:product_why", args=[flour.product_id])
    assert "L-881" in client.get(url, {"place": shop.code.lower()}).content.decode()
    assert "L-881" not in client.get(url, {"place": "COLD"}).content.decode()
    wrong = unescape(client.get(url, {"place": "RYE"}).content.decode())
    assert "“RYE” is Rye flour, not a place." in wrong


@pytest.mark.parametrize(("name", "permission"), [("stock_list", "view_stockbalance"), ("lot_list", "view_lot")])
def test_a_place_that_is_scanned_into_a_list_shows_what_lies_there(
    flour: Lot, cold: Location, sign_in: Any, name: str, permission: str
) -> None:
    make_stock(make_product("Fresh butter", sku="BUTTER", lot_tracked=True), 1, cold, lot_code="B-1")
    client = sign_in(permission)
    page = client.get(reverse(f"inventory:{name}"), {"q": "cold"}).content.decode()
    assert "Fresh butter" in page
    assert "Rye flour" not in page


def test_a_receipt_takes_places_and_lots_of_ours_too(flour: Lot, cold: Location, sign_in: Any) -> None:
    Lot.objects.filter(pk=flour.pk).update(expires_on="2099-05-01")
    make_product("Cold brew", sku="BREW")  # a word of it is the code of a place, which is the whole code
    client, url = sign_in("receive_stock"), reverse("inventory:receive")

    def scan(code: str, **typed: Any) -> str:
        answer = client.post(url, {"do": "scan", "scan": code, "lines": "0", "location": "Shop", **typed})
        assert answer.status_code == 200
        return unescape(answer.content.decode())

    page = scan("cold")
    assert "To Cold room" in page
    assert 'value="COLD · Cold room"' in page
    assert 'name="lines" value="0"' in page
    for code in ("l-881", f"https://shop.example/stock/lots/{flour.pk}/", f"(01){SACK}(10)L-881(17)990501"):
        page = scan(code)
        assert 'name="lines" value="1"' in page
        assert 'value="L-881"' in page, code
        assert 'value="2099-05-01"' in page or "(17)" in code
    # The second box says its last day, which the first, scanned by its shelf's label, did not.
    line = {"line-0-product": flour.product_id, "line-0-quantity": "1", "line-0-pack": "", "lines": "1"}
    page = scan("L-881", **line)
    assert 'name="line-0-quantity" value="2"' in page
    assert 'value="2099-05-01"' in page


@pytest.mark.parametrize(
    ("screen", "name", "scanned", "said", "wrong"),
    [
        ("waste", "stock", "l-881", "L-881 · Rye flour · Shop: 5 un by the book.", False),
        ("waste", "stock", "COLD", "“COLD” is a place", True),
        ("transfer", "destination", "cold", "Cold room", False),
        ("transfer", "destination", "RYE", "not a place", True),
        ("lot_merge", "into", "<b>", "There is no lot with the code “&lt;b&gt;”.", True),
        ("adjust", "stock", "", "required", True),
    ],
)
def test_what_was_scanned_is_said_before_anything_else_is_typed(
    flour: Lot, sign_in: Any, screen: str, name: str, scanned: str, said: str, wrong: bool
) -> None:
    client = sign_in("waste_stock", "transfer_stock", "adjust_stock")
    url = reverse(f"inventory:{screen}")
    assert f'hx-target="#id_{name}_helptext"' in client.get(url).content.decode()
    answer = client.get(url, {"look": name, name: scanned}, headers={"HX-Request": "true"})
    text = answer.content.decode().replace("\xa0", " ")
    assert said in text
    assert ("c-bad" in text) is wrong
    assert "<form" not in text
    assert client.get(url, {"look": "reason"}).status_code == 404
