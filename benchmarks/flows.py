"""The work of a day, one operation at a time."""

import io
import uuid
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from apps.catalog.models import Product, Unit
from apps.inventory.models import Location
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
from benchmarks.meter import Reading, measure
from e2e.forms import Forms

ROUNDS = 40


class Bench:
    """A manager who is logged in, and the shop that `data.build` made."""

    def __init__(self) -> None:
        from django.contrib.auth.models import Group

        self.user, _created = User.objects.get_or_create(username="bench", defaults={"name": "Bench"})
        self.user.groups.set(Group.objects.filter(name="manager"))
        self.client = Client(headers={"host": "127.0.0.1"})
        self.client.force_login(self.user, backend="django.contrib.auth.backends.ModelBackend")
        self.shop = Location.objects.get(code="SHOP")

    def list(self, name: str, fragment: str, *, on_the_wire: bool = False, **query: str) -> Reading:
        """A list of 50: the htmx fragment, or the whole page without one. `on_the_wire`: only its compressed size."""
        headers = {"HX-Request": "true", "HX-Target": fragment} if fragment else {}

        def get(number: int) -> int:
            answer = self.client.get(reverse(name), query, headers=headers)
            assert answer.status_code == 200, answer.status_code
            return len(answer.content)

        if on_the_wire:
            answer = self.client.get(reverse(name), query, headers={**headers, "Accept-Encoding": "gzip"})
            return Reading(0, 0, 0, len(answer.content))
        return measure(get, rounds=ROUNDS)

    def orders(self, *, one_by_one: bool = False) -> Reading:
        """Three products, quoted, held, committed, paid: the services that screens and channels call.

        A pre-order or a web order comes at once; at the counter the products are tapped one by one.
        """
        channel = Channel.objects.get(code="counter")
        goods = list(
            Product.objects.filter(balances__location=self.shop, balances__quantity__gte=5)
            .distinct()
            .select_related("unit")
            .order_by("pk")[:300]
        )

        def sell(number: int) -> int:
            with acting(self.user):
                cart = sessions.open(channel=channel)
                wanted = [sessions.Wanted(goods[(number * 3 + step) % len(goods)]) for step in range(3)]
                for part in [[one] for one in wanted] if one_by_one else [wanted]:
                    cart = sessions.add_lines(cart.session, wanted=part, revision=cart.session.revision)
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

        def save(number: int) -> int:
            page = self.client.get(url).content.decode()
            values = next(fields for _action, fields in Forms(page).found if "sku" in fields)
            values["name"] = f"Edited {number}"
            answer = self.client.post(url, values)
            assert answer.status_code in (302, 204), answer.content[:2000]
            return 0

        return measure(save, rounds=20)

    def imported(self, rows: int = 3000) -> float:
        """Rows a second of preview and apply together: half of them new, half changed."""
        import time

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
            text.write(f"NEW-{number},New product {number},un,9.90\n")
        file = SimpleUploadedFile("products.csv", text.getvalue().encode(), content_type="text/csv")
        began = time.process_time()
        with acting(self.user):
            run: Any = runs.start(ProductImporter, file=file, decimal_style=TransferRun.Style.DOT)
            runner.drain()
            run = TransferRun.objects.get(pk=run.pk)
            runs.apply(run)
            runner.drain()
        run.refresh_from_db()
        assert run.status == TransferRun.Status.DONE, (run.status, jobs)
        return rows / (time.process_time() - began)
