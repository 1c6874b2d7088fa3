"""Demo data: people with the password "demo", look-ups in two languages, then the real sync and import of the shipped files."""

import csv
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.files import File
from django.db import transaction

from accounts.models import (
    Account,
    AccountTeamMember,
    BusinessSize,
    CategoryTma1,
    CategoryTma2,
    Channel,
    Classification,
    Contact,
    Industry,
    PaymentTerm,
    PaymentTermRule,
    PaymentType,
    Region,
    Territory,
)
from catalog.models import ProductGroup
from crm import demo_cases, demo_catalogue, demo_quotes
from csr.models import Case
from integration import services as integration
from quotes.models import CompanyDetails, DeclineReason, MarginTarget, Quote
from users import services as users
from users.models import BusinessUnit, Team, User

PASSWORD = "demo"  # noqa: S105  well known on purpose, only loaded in demo mode
DEMO_FILES = settings.BASE_DIR / "demo"
FROM_FILE: dict[str, Any] = {
    "business_size": BusinessSize,
    "channel": Channel,
    "classification": Classification,
    "industry": Industry,
    "product_group": ProductGroup,
    "region": Region,
    "tma1": CategoryTma1,
    "tma2": CategoryTma2,
}

# username: (name, role, team, salesperson, language, sees all units)
PEOPLE: dict[str, tuple[str, str, str, str, str, bool]] = {
    "rep": ("Riikka Repo", "sales_rep", "south", "S001", "en", False),
    "manager": ("Matti Mäkelä", "sales_manager", "south", "S002", "en", False),
    "support": ("Sanna Salo", "sales_support", "south", "S003", "fi", False),
    "pricing": ("Pirjo Hinta", "pricing", "head", "", "en", True),
    "steward": ("Tero Tiainen", "data_steward", "head", "", "en", True),
    "cs": ("Aino Asiakas", "customer_success", "head", "", "fi", True),
    "finance": ("Raili Raha", "finance", "head", "", "fi", True),
    "presales": ("Esa Ennen", "presales", "head", "", "en", True),
    "quality": ("Laura Laatu", "supply_chain_quality", "head", "", "fi", True),
    "tech": ("Teemu Tekninen", "technical_team", "head", "", "fi", True),
    "service": ("Heikki Huolto", "service_rep", "head", "", "fi", True),
    "approver": ("Anna Aalto", "sales_leadership", "head", "", "fi", True),
    "ville": ("Ville Virtanen", "sales_rep", "south", "S004", "fi", False),
    "kaisa": ("Kaisa Korhonen", "sales_rep", "south", "S005", "fi", False),
    "jukka": ("Jukka Järvinen", "sales_rep", "north", "S006", "fi", False),
    "minna": ("Minna Mattila", "sales_rep", "north", "S007", "fi", False),
    "petri": ("Petri Peltonen", "sales_rep", "north", "S008", "fi", False),
    "outi": ("Outi Oksanen", "sales_manager", "north", "S009", "fi", False),
    "antti": ("Antti Ahonen", "sales_support", "north", "S010", "fi", False),
}

PAYMENT_TERMS = [("net0", 0, "Payment in advance", "Ennakkomaksu"), ("net7", 7, "7 days net", "7 pv netto")] + [
    (f"net{days}", days, f"{days} days net", f"{days} pv netto") for days in (14, 21, 30, 45, 60)
]
PAYMENT_TYPES = [("po", "Purchase order", "Ostotilaus"), ("direct", "Direct payment", "Suoramaksu")]
DECLINE_REASONS = [
    ("price", "Price is too high", "Hinta on liian korkea"),
    ("terms", "Terms do not suit us", "Ehdot eivät sovi"),
    ("selection", "The selection does not suit us", "Valikoima ei sovi"),
    ("delivery", "Delivery does not suit us", "Toimitus ei sovi"),
    ("other", "Another supplier or reason", "Toinen toimittaja tai muu syy"),
]
TERRITORIES = [
    ("fi", "Finland", "Suomi"),
    ("nordics", "Nordic countries", "Pohjoismaat"),
    ("eu", "European Union", "Euroopan unioni"),
]

COMPANY = {
    "email": "myynti@tukku.example",
    "phone": "+358 9 555 0100",
    "website": "https://tukku.example",
    "introduction_en": "Thank you for your enquiry. We are glad to offer you the following.",
    "introduction_fi": "Kiitos tarjouspyynnöstänne. Tarjoamme teille seuraavaa.",
    "delivery_en": "Within five working days of the order, to the address agreed upon.",
    "delivery_fi": "Viiden arkipäivän kuluessa tilauksesta sovittuun osoitteeseen.",
    "closing_en": "We are happy to answer any questions.",
    "closing_fi": "Vastaamme mielellämme kysymyksiinne.",
    "terms_en": "1. Scope. These terms apply to all deliveries of the seller unless agreed otherwise in writing.\n\n"
    "2. Prices. Prices hold until the last valid day of the quote. Value added tax is added at the rate in force on delivery.\n\n"
    "3. Payment. Interest on late payment follows the Finnish Interest Act.\n\n"
    "4. Complaints. Complaints are made in writing within eight days of delivery.",
    "terms_fi": "1. Soveltaminen. Ehtoja sovelletaan kaikkiin myyjän toimituksiin, ellei kirjallisesti ole muuta sovittu.\n\n"
    "2. Hinnat. Hinnat ovat voimassa tarjouksen viimeiseen voimassaolopäivään. Arvonlisävero lisätään toimitushetken "
    "verokannan mukaan.\n\n"
    "3. Maksu. Viivästyskorko määräytyy korkolain mukaan.\n\n"
    "4. Huomautukset. Huomautukset tehdään kirjallisesti kahdeksan päivän kuluessa toimituksesta.",
}
"""What is added to the defaults of the model."""


def load() -> None:
    """Everything, in the order in which things depend on each other. Idempotent."""
    with transaction.atomic():
        _people()
        _look_ups()
        _company()
    integration.customer_sync(path=DEMO_FILES / "customer_master.csv", by=None)
    integration.products_import(path=DEMO_FILES / "products.csv", by=None)
    with transaction.atomic():
        _rules()
        _contacts()
        demo_catalogue.load()
    if not Quote.objects.exists():
        with transaction.atomic():
            demo_quotes.load()
    if not Case.objects.exists():
        with transaction.atomic():
            demo_cases.load()


def _company() -> None:
    details, made = CompanyDetails.objects.get_or_create(pk=1, defaults=COMPANY)
    if made:
        with (DEMO_FILES / "logo.png").open("rb") as file:
            details.logo.save("logo.png", File(file))


def _people() -> None:
    sales, _ = BusinessUnit.objects.get_or_create(code="food", defaults={"label_en": "Food service", "label_fi": "Food service"})
    head, _ = BusinessUnit.objects.get_or_create(
        code="group", defaults={"label_en": "Group functions", "label_fi": "Konsernitoiminnot"}
    )
    north, _ = BusinessUnit.objects.get_or_create(
        code="retail", defaults={"label_en": "Retail and public", "label_fi": "Vähittäiskauppa ja julkinen"}
    )
    teams = {
        code: Team.objects.get_or_create(name=name, defaults={"unit": unit})[0]
        for code, name, unit in (
            ("south", "Etelä", sales),
            ("north", "Pohjoinen", north),
            ("head", "Pääkonttori", head),
        )
    }
    for username, (name, role, team, salesperson, language, all_units) in PEOPLE.items():
        user, made = User.objects.get_or_create(
            username=username,
            defaults={
                "display_name": name,
                "email": f"{username}@tukku.example",
                "team": teams[team],
                "salesperson_id": salesperson or None,
                "language": language,
                "sees_all_units": all_units,
            },
        )
        if made:
            user.set_password(PASSWORD)
            user.save(update_fields=["password"])
            users.roles_set(user=user, roles=[role], by=None)
    for team, manager in (("south", "manager"), ("north", "outi"), ("head", "approver")):
        Team.objects.filter(pk=teams[team].pk, manager=None).update(manager=User.objects.get(username=manager))


def _look_ups() -> None:
    for position, (code, days, english, finnish) in enumerate(PAYMENT_TERMS):
        _look_up(PaymentTerm, position, code, english, finnish, days=days)
    for model, rows in ((PaymentType, PAYMENT_TYPES), (DeclineReason, DECLINE_REASONS), (Territory, TERRITORIES)):
        for position, (code, english, finnish) in enumerate(rows):
            _look_up(model, position, code, english, finnish)
    with (DEMO_FILES / "look_ups.csv").open(encoding="utf-8-sig", newline="") as file:
        for position, row in enumerate(csv.DictReader(file, delimiter=";")):
            _look_up(FROM_FILE[row["look_up"]], position, row["code"], row["label_en"], row["label_fi"])


def _look_up(model: Any, position: int, code: str, english: str, finnish: str, **more: Any) -> None:
    model.objects.get_or_create(code=code, defaults={"label_en": english, "label_fi": finnish, "position": position, **more})


def _rules() -> None:
    """Payment-term rules and margin targets over the categories that the master brought."""
    terms = {term.code: term for term in PaymentTerm.objects.all()}
    if not PaymentTermRule.objects.exists():
        PaymentTermRule.objects.create(payment_term=terms["net14"])
        PaymentTermRule.objects.create(payment_term=terms["net21"], min_amount=Decimal(10000), max_amount=Decimal(50000))
        PaymentTermRule.objects.create(payment_term=terms["net30"], min_amount=Decimal(50000))
        for tma2, size in zip(CategoryTma2.objects.all()[:3], BusinessSize.objects.all()[:3], strict=False):
            PaymentTermRule.objects.create(payment_term=terms["net30"], tma2=tma2, business_size=size)
        for industry in Industry.objects.all()[:1]:
            PaymentTermRule.objects.create(payment_term=terms["net7"], industry=industry, max_amount=Decimal(2000))
    if not MarginTarget.objects.exists():
        MarginTarget.objects.create(target_percent=Decimal(18))
        MarginTarget.objects.create(min_amount=Decimal(10000), target_percent=Decimal(15))
        MarginTarget.objects.create(min_amount=Decimal(50000), target_percent=Decimal(12))
        for channel in Channel.objects.all()[:1]:
            MarginTarget.objects.create(channel=channel, target_percent=Decimal(20))


_FIRST = ["Maija", "Juhani", "Leena", "Kari", "Päivi", "Mikko", "Hanna", "Olli", "Tiina", "Seppo"]
_LAST = ["Lehtonen", "Nieminen", "Hämäläinen", "Koskinen", "Heikkinen", "Mäkinen", "Salminen", "Rantanen", "Lindström", "Öhman"]


def _contacts() -> None:
    bare = Account.objects.filter(contacts=None).order_by("pk").values_list("pk", flat=True)
    Contact.objects.bulk_create(
        Contact(
            account_id=pk,
            name=f"{_FIRST[pk % 10]} {_LAST[pk // 10 % 10]}",
            title="Ostaja",
            email=f"ostot{pk}@asiakas.example",
            language="fi" if pk % 5 else "en",
            is_default=True,
        )
        for pk in bare
    )
    rep = User.objects.get(username="rep")
    for account in Account.objects.filter(owner__username="ville").order_by("pk")[:3]:
        AccountTeamMember.objects.get_or_create(account=account, user=rep)
