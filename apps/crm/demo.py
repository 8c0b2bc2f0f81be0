"""The demo bakery's customers, named by what they are: nobody real, nobody invented. Repeatable."""

from typing import NamedTuple

from apps.catalog.demo import pick
from apps.catalog.models import PriceList
from apps.crm.models import Customer, LoyaltyProgram
from apps.crm.services import customers


class Regular(NamedTuple):
    """One customer of the demo."""

    code: str
    en: str
    pt: str
    kind: str = "individual"
    document: str = ""
    phone: str = ""
    tags: str = ""
    street: str = ""
    notes: tuple[str, str] = ("", "")


# The documents are the ones that the authorities' and the libraries' own examples use.
REGULARS = (
    Regular("CU-D01", "Regular of table 4", "Cliente da mesa 4", document="111.444.777-35", phone="(41) 3333-0101", tags="regular", notes=("Prefers a well-baked crust.", "Prefere casca bem assada.")),
    Regular("CU-D02", "Sunday brunch family", "Família do brunch de domingo", phone="(41) 3333-0102", tags="regular weekend"),
    Regular("CU-D03", "Early bird, 07:00", "Madrugador das 7h", phone="(41) 3333-0103", tags="regular"),
    Regular("CU-D04", "Book club", "Clube do livro", phone="(41) 3333-0104", tags="group", notes=("Tree nut allergy in the group.", "Alergia a castanhas no grupo.")),
    Regular("CU-D05", "Gluten counter neighbour", "Vizinho da padaria", document="529.982.247-25", phone="(41) 3333-0105"),
    Regular("CU-D06", "Café on the Square", "Café da Praça", "company", "12.ABC.345/01DE-35", "(41) 3333-0106", "wholesale", "Praça da Espanha"),
    Regular("CU-D07", "Harbour Hotel, breakfast", "Hotel do Porto, café da manhã", "company", "11.222.333/0001-81", "(41) 3333-0107", "wholesale", "Rua das Acácias"),
    Regular("CU-D08", "School canteen", "Cantina da escola", "company", "", "(41) 3333-0108", "wholesale", "Rua da Escola"),
    Regular("CU-D09", "Office on the 3rd floor", "Escritório do 3º andar", "company", "", "(41) 3333-0109", "group", "Rua XV de Novembro"),
    Regular("CU-D10", "Web customer, deliveries", "Cliente da loja online", phone="(41) 3333-0110", tags="web", street="Rua dos Ipês"),
)  # fmt: skip


def build() -> None:
    """A loyalty program, and customers with documents, phones and addresses."""
    LoyaltyProgram.objects.get_or_create(
        code="points", defaults={"name": pick("Bakery points", "Pontos da padaria"), "is_active": True}
    )
    wholesale = PriceList.objects.filter(code="wholesale").first()
    for position, regular in enumerate(REGULARS, 1):
        if Customer.objects.filter(code=regular.code).exists():
            continue
        customer = customers.create(
            code=regular.code,
            name=pick(regular.en, regular.pt),
            kind=regular.kind,
            document=regular.document,
            phone=regular.phone,
            email=f"{regular.code.lower()}@demo.example",
            tags=regular.tags.split(),
            price_list=wholesale if "wholesale" in regular.tags else None,
            notes=pick(*regular.notes),
        )
        if regular.street:
            customers.add_address(
                customer,
                street=regular.street,
                number=str(position * 10),
                city="Curitiba",
                state="PR",
                postal_code="80000-000",
            )
