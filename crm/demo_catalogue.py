"""What the shipped product file cannot carry: bundles, rules, services, prices by use, a price list of hotels."""

import datetime as dt
from decimal import Decimal
from typing import Any

from accounts.models import CategoryTma2, PriceListRule
from catalog.choices import STANDARD, BundlePricing, RuleKind
from catalog.models import (
    BundlePart,
    ConfigurationRule,
    Price,
    PriceList,
    Product,
    ProductGroup,
    UnitOfMeasure,
    UsageMetric,
    UsageStep,
    VatRate,
)  # fmt: skip
from catalog.services import usage_note
from core import clock

MACHINE, BREWER, FROTHER, FILTER = "EQU-0301", "EQU-0302", "EQU-0303", "EQU-0304"
INSTALLATION, WORKSHOPS, PORTAL = "SER-0305", "SER-0306", "DIG-0307"
COFFEE_SERVICE, BREAKFAST = "PAC-0308", "PAC-0309"

_GROUPS = [
    ("EQUIPMENT", "Kitchen equipment", "Keittiölaitteet"),
    ("PACKAGES", "Packages", "Paketit"),
    ("DIGITAL", "Digital services", "Digipalvelut"),
]

# code: (English, Finnish, group, unit, VAT, what more there is to say of it, prices by quantity: list, cost, floor, target)
_PRODUCTS: dict[str, tuple[str, str, str, str, str, dict[str, Any], list[tuple[str, str, str, str, str]]]] = {
    MACHINE: (
        "Coffee machine, automatic, two hoppers", "Kahviautomaatti, kaksi papusäiliötä", "EQUIPMENT", "pcs", "25.5",
        {
            "description_en": "Fresh from the bean, 150 cups a day. Needs a water connection.",
            "description_fi": "Tuoretta kahvia suoraan pavuista, 150 kuppia päivässä. Vaatii vesiliitännän.",
        },
        [("0", "3490", "2290", "2890", "3190"), ("5", "3290", "2290", "2790", "2990")],
    ),
    BREWER: (
        "Filter coffee brewer, 2 x 2.2 l", "Suodatinkahvinkeitin, 2 x 2,2 l", "EQUIPMENT", "pcs", "25.5", {},
        [("0", "690", "455", "590", "640")],
    ),
    FROTHER: (
        "Milk cooler for coffee machine, 4 l", "Kahviautomaatin maitokylmiö, 4 l", "EQUIPMENT", "pcs", "25.5", {},
        [("0", "540", "362", "470", "510")],
    ),
    FILTER: (
        "Water filter, 6 months", "Vedensuodatin, 6 kk", "EQUIPMENT", "pcs", "25.5", {},
        [("0", "89", "52", "74", "82")],
    ),
    INSTALLATION: (
        "Installation and training on site", "Asennus ja käyttökoulutus paikan päällä", "SERVICES", "pcs", "25.5",
        {"cs_days": Decimal("0.5")},
        [("0", "320", "190", "260", "295")],
    ),
    WORKSHOPS: (
        "Chef's workshops, series of three", "Kokin työpajasarja, kolme päivää", "SERVICES", "day", "25.5",
        {
            "description_en": "Menu, waste and preparation, a day for each. The days are agreed together.",
            "description_fi": "Ruokalista, hävikki ja esivalmistelu, kullekin oma päivänsä. Päivät sovitaan yhdessä.",
            "fixed_quantity": Decimal(3), "use_within_months": 12, "cs_days": Decimal(1),
        },
        [("0", "790", "520", "690", "750")],
    ),
    PORTAL: (
        "Order interface for chains, yearly fee", "Tilausrajapinta ketjuille, vuosimaksu", "DIGITAL", "pcs", "25.5",
        {
            "description_en": "Orders straight from your own system. The first 10,000 order lines a year are included.",
            "description_fi": "Tilaukset suoraan omasta järjestelmästänne. Vuosimaksuun sisältyy 10 000 tilausriviä.",
            "cs_days": Decimal("0.25"),
        },
        [("0", "1200", "640", "990", "1100")],
    ),
    COFFEE_SERVICE: (
        "Coffee service, starter package", "Kahvipalvelun aloituspaketti", "PACKAGES", "pcs", "25.5",
        {
            "bundle_pricing": BundlePricing.PARTS,
            "description_en": "Machine, installation and the cups of the first month.",
            "description_fi": "Laite, asennus ja ensimmäisen kuukauden mukit.",
        },
        [],
    ),
    BREAKFAST: (
        "Breakfast package, 50 guests", "Aamiaispaketti, 50 vierasta", "PACKAGES", "pcs", "13.5",
        {
            "bundle_pricing": BundlePricing.FIXED,
            "description_en": "A weekday breakfast buffet, delivered by six in the morning.",
            "description_fi": "Arkiaamun aamiaispöytä, toimitettuna aamukuuteen mennessä.",
        },
        [("0", "239", "172", "212", "229"), ("20", "229", "172", "208", "219")],
    ),
}  # fmt: skip

# bundle: (part, quantity, is an option)
_PARTS = {
    COFFEE_SERVICE: [
        (MACHINE, "1", False), (INSTALLATION, "1", False), ("TAB-0276", "1000", False),
        (FROTHER, "1", True), (FILTER, "2", True), ("SER-0291", "1", True),
    ],
    BREAKFAST: [
        ("BAK-0121", "6", False), ("BAK-0139", "60", False), ("DAI-0027", "8", False), ("DAI-0031", "3", False),
        ("MEA-0061", "2", False), ("COF-0230", "1.5", False), ("DRI-0244", "12", False),
    ],
}  # fmt: skip

_RULES = [
    (
        RuleKind.REQUIRES, MACHINE, INSTALLATION, None,
        "The coffee machine is delivered installed only: the warranty depends on it.",
        "Kahviautomaatti toimitetaan aina asennettuna: takuu edellyttää sitä.",
    ),
    (
        RuleKind.EXCLUDES, MACHINE, BREWER, None,
        "The service contract covers one kind of coffee maker. Keep the machine or the filter brewer.",
        "Huoltosopimus kattaa vain yhden kahvilaitteen. Valitse joko automaatti tai suodatinkeitin.",
    ),
    (
        RuleKind.RECOMMENDS, MACHINE, FILTER, None,
        "Most customers take a water filter along: the machine needs descaling half as often.",
        "Useimmat ottavat mukaan vedensuodattimen: kalkinpoiston tarve puolittuu.",
    ),
    (
        RuleKind.AT_MOST, "SER-0293", None, Decimal(1),
        "A customer gets the free tasters once.",
        "Maksuttomat maistiaiset saa vain kerran.",
    ),
    (
        RuleKind.AT_LEAST, "TAB-0277", None, Decimal(500),
        "Large cups come in cartons of 500: quote at least one.",
        "Isot mukit toimitetaan 500 kappaleen laatikoissa: tarjoa vähintään yksi laatikko.",
    ),
]  # fmt: skip

_USAGE = [("0", "0", "0"), ("10000", "0.04", "0.012"), ("50000", "0.03", "0.01"), ("200000", "0.02", "0.008")]
"""Beyond so many order lines a year: the price and cost of each."""

# product: prices from a quantity on: list, cost, floor, target
_HOTEL_PRICES = {
    "BAK-0121": [("0", "2.45", "1.65", "2.15", "2.35"), ("100", "2.35", "1.65", "2.10", "2.25")],
    "BAK-0139": [("0", "0.69", "0.46", "0.60", "0.65"), ("600", "0.64", "0.46", "0.56", "0.60")],
    "COF-0230": [("0", "12.90", "8.75", "11.40", "12.40"), ("50", "12.40", "8.75", "11.20", "11.90"),
                 ("200", "11.90", "8.75", "10.90", "11.40")],
    "COF-0236": [("0", "16.90", "13.03", "15.40", "16.40"), ("50", "16.40", "13.03", "15.20", "15.90")],
    "DRI-0244": [("0", "1.80", "1.25", "1.60", "1.72"), ("300", "1.70", "1.25", "1.55", "1.62")],
}  # fmt: skip


def load() -> None:
    """All of it, once."""
    if Product.objects.filter(sku=COFFEE_SERVICE).exists():
        return
    for position, (code, english, finnish) in enumerate(_GROUPS, 100):
        ProductGroup.objects.get_or_create(code=code, defaults={"label_en": english, "label_fi": finnish, "position": position})
    standard = PriceList.objects.get(code=STANDARD)
    for sku in _PRODUCTS:
        _product(sku, standard)
    products = {product.sku: product for product in Product.objects.all()}
    for bundle, parts in _PARTS.items():
        for position, (part, quantity, is_option) in enumerate(parts, 1):
            BundlePart.objects.create(
                bundle=products[bundle], part=products[part], quantity=Decimal(quantity), is_option=is_option, position=position
            )
    for kind, subject, other, quantity_limit, english, finnish in _RULES:
        ConfigurationRule.objects.create(
            kind=kind,
            subject_product=products[subject],
            object_product=products[other] if other else None,
            quantity=quantity_limit,
            message_en=english,
            message_fi=finnish,
        )
    _usage(products[PORTAL])
    _hotel_list(products)


def _product(sku: str, standard: PriceList) -> None:
    english, finnish, group, unit, vat, more, prices = _PRODUCTS[sku]
    product = Product.objects.create(
        sku=sku,
        name_en=english,
        name_fi=finnish,
        group=ProductGroup.objects.get(code=group),
        unit=UnitOfMeasure.objects.get(code=unit),
        vat_rate=VatRate.objects.get(code=vat),
        **more,
    )
    _prices(standard, product, prices)


def _prices(price_list: PriceList, product: Product, rows: list[tuple[str, str, str, str, str]]) -> None:
    for min_quantity, list_price, cost, floor, target in rows:
        Price.objects.create(
            price_list=price_list,
            product=product,
            min_quantity=Decimal(min_quantity),
            list_price=Decimal(list_price),
            cost=Decimal(cost),
            floor_price=Decimal(floor),
            target_price=Decimal(target),
        )


def _usage(portal: Product) -> None:
    metric = UsageMetric.objects.create(code="order_lines", label_en="Order lines", label_fi="Tilausrivit")
    for start, price, cost in _USAGE:
        UsageStep.objects.create(
            product=portal, metric=metric, from_quantity=Decimal(start), price=Decimal(price), cost=Decimal(cost)
        )
    usage_note(portal)


def _hotel_list(products: dict[str, Product]) -> None:
    today = clock.today()
    hotels = PriceList.objects.create(
        code="HOTEL",
        label_en="Hotel agreement",
        label_fi="Hotellisopimus",
        position=10,
        valid_from=dt.date(today.year, 1, 1),
        valid_to=dt.date(today.year + 1, 12, 31),
    )
    for sku, rows in _HOTEL_PRICES.items():
        _prices(hotels, products[sku], rows)
    PriceListRule.objects.create(price_list=hotels, tma2=CategoryTma2.objects.get(code="HOTEL"), priority=10)
