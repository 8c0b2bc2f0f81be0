"""The columns of a till's log, and the many names that tills give them."""

from django.utils.translation import gettext_lazy as _

from backoffice.transfers.importer import Column

COLUMNS = (
    Column(
        "date",
        _("Date"),
        required=True,
        example="2016-10-30",
        aliases=(
            *("day", "business date", "sale date", "order date", "datetime", "date time", "timestamp"),
            *("data", "dia", "data da venda", "data hora", "fecha", "datum"),
        ),
    ),
    Column(
        "time",
        _("Time"),
        example="09:58:11",
        aliases=("hour", "time of sale", "sale time", "hora", "horario", "hora da venda"),
    ),
    Column(
        "ticket",
        _("Ticket"),
        required=True,
        example="1042",
        aliases=(
            *("transaction", "transaction id", "transaction number", "ticket number", "receipt", "receipt number"),
            *("bill", "bill no", "order", "order id", "order number", "check", "invoice"),
            *("cupom", "numero do cupom", "venda", "id da venda", "pedido", "nota", "comanda"),
        ),
    ),
    Column(
        "item",
        _("Item"),
        required=True,
        example="Croissant",
        aliases=(
            *("product", "product name", "item name", "article", "description", "name"),
            *("produto", "nome do produto", "descricao", "nome", "articulo"),
        ),
    ),
    Column(
        "quantity",
        _("Quantity"),
        example="2",
        aliases=("qty", "units", "count", "pieces", "qtd", "qtde", "quantidade", "cantidad"),
        help=_("Without this column every line is one unit."),
    ),
    Column(
        "price",
        _("Unit price"),
        example="9.50",
        aliases=("price", "item price", "price each", "preco", "preco unitario", "valor unitario", "precio"),
    ),
    Column(
        "amount",
        _("Line amount"),
        example="19.00",
        aliases=(
            *("amount", "total", "line total", "net sales", "gross sales", "sales"),
            *("valor", "valor total", "total do item", "subtotal"),
        ),
        help=_("What was paid for the line; goes before the unit price."),
    ),
)
