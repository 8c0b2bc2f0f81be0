"""The work of a day, one operation at a time."""

import io
import re
import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse

from apps.catalog.models import Price, Product, Unit
from apps.inventory.models import Location, StockBalance
from apps.inventory.services import stock
from apps.inventory.services.stock import ReceiptLine
from apps.orders.models import Channel
from apps.orders.services import commit, sessions
from apps.orders.services.payments import Tender
from apps.production.models import WorkCenter
from apps.production.services import completion, recipes, work_orders
from apps.production.services.recipes import LineSpec, StepSpec
from backoffice.accounts.models import User
from backoffice.kernel import clock
from backoffice.kernel.audit import acting
from backoffice.ui.parts import marks
from benchmarks.meter import Reading, Spent, measure
from benchmarks.yardstick import Laps
from e2e.forms import Forms

ROUNDS = 40
REVISION = re.compile(rb'name="revision"[^>]*value="(\d+)"')


class Bench:
    """A manager who is logged in, and the shop that `data.build` made."""

    def __init__(self) -> None:
        from django.contrib.auth.models import Group

        self.user, _created = User.objects.get_or_create(username="bench", defaults={"name": "Bench"})
        self.user.groups.set(Group.objects.filter(name="manager"))
        self.client = Client(headers={"host": "127.0.0.1"})
        self.client.force_login(self.user, backend="django.contrib.auth.backends.ModelBackend")
        self.shop = Location.objects.get(code="SHOP")

    def get(
        self, name: str, fragment: str, query: dict[str, str], *, args: Sequence[Any] = (), **headers: str
    ) -> bytes:
        """The htmx fragment, or the whole page without one."""
        if fragment:
            headers |= {"HX-Request": "true", "HX-Target": fragment}
        answer = self.client.get(reverse(name, args=args), query, headers=headers)
        assert answer.status_code == 200, answer.status_code
        return answer.content

    def list(self, name: str, fragment: str, *, cold: bool = False, **query: str) -> Reading:
        """A list of 50. When `cold`, each time as if nobody had been on a far page of it within the minute."""

        def ask(_number: int) -> int:
            if cold:
                marks.forget()
            return len(self.get(name, fragment, query))

        return measure(ask, rounds=ROUNDS)

    def found(self, words: str) -> int:
        """How many products a search has to choose from: one that finds nothing is no search."""
        return Product.objects.search(words).count()

    def page(self, name: str, *args: Any, fragment: str = "", **query: str) -> Reading:
        """The page of one thing."""
        return measure(lambda _number: len(self.get(name, fragment, query, args=args)), rounds=ROUNDS)

    def on_the_wire(self, name: str, fragment: str, **query: str) -> int:
        """Bytes of the answer as a browser gets it."""
        return len(self.get(name, fragment, query, **{"Accept-Encoding": "gzip"}))

    def for_sale(self) -> QuerySet[Product]:
        """What the shop has, with a price."""
        there = StockBalance.objects.filter(location=self.shop, quantity__gte=5).values("product")
        priced = Price.objects.values("product")
        return Product.objects.sellable().filter(sku__startswith="P-", pk__in=there).filter(pk__in=priced)

    def orders(self, *, one_by_one: bool = False) -> Reading:
        """Three products, quoted, held, committed, paid: the services that screens and channels call.

        A pre-order or a web order comes at once; at the counter the products are tapped one by one.
        """
        channel = Channel.objects.get(code="counter")
        goods = list(self.for_sale().select_related("unit").order_by("pk")[:300])

        def sell(number: int) -> int:
            with acting(self.user):
                wanted = [sessions.Wanted(goods[(number * 3 + step) % len(goods)]) for step in range(3)]
                first = 1 if one_by_one else len(wanted)
                cart = sessions.open(channel=channel, wanted=wanted[:first])
                for one in wanted[first:]:
                    cart = sessions.add_lines(cart.session, wanted=[one], revision=cart.session.revision)
                commit.commit(
                    cart.session,
                    key=uuid.uuid4().hex,
                    revision=cart.session.revision,
                    expected_total=cart.total,
                    tenders=[Tender("cash", cart.total)],
                    hand_over=True,
                )
            return 0

        return measure(sell, rounds=ROUNDS)

    def work_orders(self) -> Reading:
        """Plan, release, start and finish a batch with five inputs."""
        kilo = Unit.objects.get(code="kg")
        inputs = [
            Product.objects.create(sku=f"IN-{number}", name=f"Input {number}", unit=kilo, is_sellable=False)
            for number in range(5)
        ]
        made = Product.objects.create(sku="MADE", name="Made here", unit=Unit.objects.get(code="un"), shelf_life_days=3)
        center = WorkCenter.objects.create(code="OV", name="Oven", hourly_cost=Decimal(45))
        stock.receive(
            self.shop, [ReceiptLine(product, Decimal(10_000), unit_cost=Decimal("3.25")) for product in inputs]
        )
        recipe = recipes.create(
            made,
            output_quantity=Decimal(24),
            lines=[LineSpec(product, Decimal("0.5")) for product in inputs],
            steps=[StepSpec("Bake", center, run_minutes=Decimal(20))],
        )
        recipes.activate(recipe)

        def make(number: int) -> int:
            with acting(self.user):
                order = work_orders.plan(
                    made, quantity=Decimal(24), due_at=clock.now(), source=self.shop, destination=self.shop
                )
                order = work_orders.release(order, revision=order.revision)
                order = work_orders.start(order, revision=order.revision)
                completion.report_output(order, quantity=Decimal(24), grade="first", key=uuid.uuid4().hex)
                order.refresh_from_db()
                completion.finish(order, revision=order.revision, key=uuid.uuid4().hex)
            return 0

        return measure(make, rounds=ROUNDS)

    def edit(self) -> Reading:
        """The form of a product, and saving it."""
        product = Product.objects.order_by("pk").first()
        assert product is not None
        url = reverse("catalog:product_edit", args=[product.pk])
        page = self.client.get(url).content.decode()
        values = next(fields for _action, fields in Forms(page).found if "sku" in fields)

        def save(number: int) -> int:
            # What reading a page in Python costs is not the server's: only the revision is another one each time.
            found = REVISION.search(self.client.get(url).content)
            assert found is not None
            values.update(name=f"Edited {number}", revision=found[1].decode())
            answer = self.client.post(url, urlencode(values), content_type="application/x-www-form-urlencoded")
            assert answer.status_code in (302, 204), answer.content[:2000]
            return 0

        return measure(save, rounds=20)

    def imported(self, rows: int = 3000) -> tuple[float, float]:
        """Rows a second of preview and apply together, half of them new, half changed; and the machine factor."""

        from apps.catalog.resources import ProductImporter
        from backoffice.outbox import runner
        from backoffice.transfers.models import TransferRun
        from backoffice.transfers.services import jobs, runs

        text = io.StringIO()
        text.write("sku,name,unit,price:counter\n")
        known = Product.objects.filter(sku__startswith="P-").order_by("pk").values_list("sku", flat=True)[: rows // 2]
        for sku in known:
            text.write(f"{sku},Renamed {sku},un,12.50\n")
        for number in range(rows - len(known)):
            text.write(f"NEW-{rows}-{number},New product {number},un,9.90\n")
        file = SimpleUploadedFile("products.csv", text.getvalue().encode(), content_type="text/csv")
        reverse("catalog:product_list")  # a process loads the screens once, however many rows there are
        laps, spent = Laps(), Spent()
        with acting(self.user):
            run: Any = runs.start(ProductImporter, file=file, decimal_style=TransferRun.Style.DOT)
            runner.drain()
            laps.end(spent.seconds())
            spent.again()
            run = TransferRun.objects.get(pk=run.pk)
            runs.apply(run)
            runner.drain()
        laps.end(spent.seconds())
        run.refresh_from_db()
        assert run.status == TransferRun.Status.DONE, (run.status, jobs)
        return rows / laps.cost, laps.machine
