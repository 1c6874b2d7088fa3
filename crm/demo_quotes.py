"""Quotes of the demo's people in every state a service can bring them to, made by the same services, on the days they tell of."""

import datetime as dt
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from unittest import mock

from django.utils import timezone

from accounts.models import Account
from approvals import services as approvals
from approvals.choices import Verdict, Via
from approvals.models import Request
from catalog.models import Product
from core import clock
from crm.demo_catalogue import BREAKFAST, COFFEE_SERVICE, FILTER, FROTHER, INSTALLATION, PORTAL, WORKSHOPS
from opportunities.models import Opportunity
from opportunities.services import opportunity_create
from quotes import documents, options, services as quotes
from quotes.choices import LineKind, Sharing
from quotes.models import DeclineReason, Quote, QuoteDocument, QuoteTemplate
from quotes.services import Discount, LineDraft, Statement
from quotes.services.answering import Source
from users.models import User

FIRST_CUSTOMER = "Ahonen & Kumpp. Oy"
NO_DISCOUNT = Discount()
_BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0"


@contextmanager
def days_ago(days: int, hour: int = 10, minute: int = 0) -> Iterator[None]:
    """What is done inside was done so many days ago, at this hour."""
    moment = timezone.localtime(clock.now()).replace(hour=hour, minute=minute, second=0, microsecond=0)
    then = min((moment - dt.timedelta(days=days)).astimezone(dt.UTC), clock.now())
    with mock.patch.object(clock, "now", return_value=then), mock.patch.object(timezone, "now", return_value=then):
        yield


def load() -> None:
    """In the order in which it happened, so that numbers tell the age of quotes. Nothing where `rep` is somebody else than the
    salesperson of the shipped customers."""
    if not Account.objects.filter(owner__username="rep", name=FIRST_CUSTOMER).exists():
        return
    house = House()
    expired = house.expired()
    house.declined_for_good()
    house.superseded_with_question()
    house.accepted()
    house.cancelled()
    house.of_colleagues()
    house.declined_and_revised()
    house.compared()
    house.approved()
    house.opened()
    house.waiting()
    house.small_draft()
    quotes.quote_expire(quote_id=expired.pk)


class House:
    """Who and what the stories are about."""

    def __init__(self) -> None:
        self.people = {user.username: user for user in User.objects.all()}
        self.products = {product.sku: product for product in Product.objects.select_related("vat_rate", "unit")}
        self.reasons = {reason.code: reason for reason in DeclineReason.objects.all()}

    # --- Stories ------------------------------------------------------------------------------------------------------
    def expired(self) -> Quote:
        """Nobody answered in time."""
        with days_ago(52):
            quote = self.quote(
                "Bistro Pellava Oy", "Kesäterassin juomat",
                self.line("DRI-0249", 60), self.line("DRI-0251", 40), self.line("DRI-0255", 24), self.line("DRI-0253", 80),
            )  # fmt: skip
            quotes.quote_change(
                quote_id=quote.pk, by=quote.owner, valid_until=clock.today() + dt.timedelta(days=28),
                customer_note="Hinnat edellyttävät vähintään yhtä toimitusta viikossa.",
            )  # fmt: skip
        self.send(quote, days=52, hour=13)
        return quote

    def declined_for_good(self) -> None:
        with days_ago(41):
            quote = self.quote(
                "Juhlapalvelu Heinonen Tmi", "Pikkujoulukauden kattaukset",
                self.line("TAB-0274", 8000), self.line("TAB-0284", 40), self.line("MEA-0061", 30), self.line("DAI-0031", 25),
            )  # fmt: skip
        document = self.send(quote, days=40)
        with days_ago(36, 15):
            quotes.quote_decline(
                document_id=document.pk, document_hash=document.document_hash, name=_name(quote), source=_link(document),
                reason=self.reasons["other"],
                comment="Jatkamme tämän kauden nykyisen toimittajan kanssa. Kysykää keväällä uudestaan.",
            )  # fmt: skip

    def superseded_with_question(self) -> None:
        """A sent quote was replaced, and the customer has asked about the new one."""
        with days_ago(30):
            quote = self.quote(
                "Heikkinen & Kumpp. Oy", "Lounasravintolan vuosisopimus",
                self.line("MEA-0053", 120), self.line("MEA-0067", 80), self.line("DAI-0005", 400), self.line("BAK-0122", 240),
            )  # fmt: skip
        self.send(quote, days=29)
        with days_ago(6, 9):
            second = quotes.quote_revise(quote_id=quote.pk, by=quote.owner)
            quotes.line_add(quote_id=second.pk, by=quote.owner, draft=self.line("DAI-0001", 200))
            quotes.quote_change(
                quote_id=second.pk, by=quote.owner,
                header_discount=Discount("percent", Decimal(3)),
                customer_note="Lisätty täysmaito toiveenne mukaan. Alennus koskee koko tarjousta.",
            )  # fmt: skip
        document = self.send(second, days=6, hour=11)
        with days_ago(1, 14, 20):
            quotes.quote_opened(document_id=document.pk, source=_link(document))
            quotes.quote_ask(
                document_id=document.pk, name=_name(quote), source=_link(document),
                text="Hei! Pystyttekö toimittamaan myös lauantaisin klo 7 mennessä, ja pysyykö hinta silloin samana?",
            )  # fmt: skip

    def accepted(self) -> None:
        with days_ago(24):
            quote = self.quote(
                "Bistro Juurakko Oy", "Kahvitarjoilun uudistus",
                self.line(COFFEE_SERVICE, 1, with_options=[FROTHER]),
                self.line("COF-0237", 12), self.line("COF-0241", 10, optional=True), self.line(FILTER, 2, optional=True),
            )  # fmt: skip
        document = self.send(quote, days=23)
        with days_ago(20, 9, 40):
            quotes.quote_opened(document_id=document.pk, source=_link(document))
            chosen = {quote.lines.filter(optional=True).latest("position").pk}
            shown = options.choose(documents.content_of(document), chosen).gross_total
            quotes.quote_accept(
                document_id=document.pk, document_hash=document.document_hash, name=_name(quote), role="Ravintolapäällikkö",
                purchase_order="PO-4417", chosen=chosen, shown=shown, source=_link(document),
            )  # fmt: skip

    def cancelled(self) -> None:
        with days_ago(19):
            quote = self.quote(
                "Juhlapalvelu Lahtinen Tmi", "", self.line("BAK-0125", 480), self.line("BAK-0131", 40), self.line("DAI-0019", 10)
            )
        with days_ago(17, 12):
            quotes.quote_cancel(quote_id=quote.pk, by=quote.owner, reason="Tilaisuus peruuntui, asiakas soitti.")

    def of_colleagues(self) -> None:
        with days_ago(15):
            quote = self.quote(
                "Hotelli Pihlaja Oy",
                "Aamiaistarjoilun kilpailutus",
                self.line(BREAKFAST, 24),
                self.line("COF-0230", 60),
                by="ville",
            )
        self.send(quote, days=14)
        with days_ago(12):
            first = self.quote(
                "Bistro Musta Pannu Oy", "Toinen toimipaikka",
                self.line("MEA-0041", 40), self.line("MEA-0049", 35),
                self.section("Aloituspaketti"),
                self.line("COF-0230", 12), self.line("TAB-0276", 500), self.line("CLE-0265", 10), self.line("SER-0293", 1),
                by="kaisa",
            )  # fmt: skip
            self.starter_pack(first)
        with days_ago(11):
            quote = self.quote(
                "Haapanen Catering Oy", "Itsenäisyyspäivän vastaanotto",
                self.line("BAK-0126", 600), self.line("MEA-0059", 25), self.line("DAI-0037", 40), by="ville",
            )  # fmt: skip
        document = self.send(quote, days=11, hour=12)
        with days_ago(8, 10):
            quotes.quote_accept(
                document_id=document.pk, document_hash=document.document_hash, name=_name(quote), role="Toimitusjohtaja",
                source=Source(recorded_by=quote.owner, evidence="Vahvistus sähköpostilla, liite tilauksella."),
            )  # fmt: skip

    def declined_and_revised(self) -> None:
        """Declined, with reasons line by line; the answer to it is being made."""
        with days_ago(13):
            quote = self.quote(
                "Bistro Vanha Makasiini Oy", "Talvikauden ruokalista",
                self.section("Meat"), self.line("MEA-0041", 60), self.line("MEA-0059", 30),
                self.section("Dairy"), self.line("DAI-0031", 40), self.line("DAI-0013", 60),
                self.section("Bread"), self.line("BAK-0135", 400),
            )  # fmt: skip
        document = self.send(quote, days=12)
        lines = {line.product.sku: line.pk for line in quote.lines.select_related("product") if line.product}
        with days_ago(5, 16):
            quotes.quote_opened(document_id=document.pk, source=_link(document))
            quotes.quote_decline(
                document_id=document.pk, document_hash=document.document_hash, name=_name(quote), source=_link(document),
                reason=self.reasons["price"],
                comment="Bread and cream are fine, but the meat is well above what we pay today.",
                line_reasons={lines["MEA-0041"]: self.reasons["price"], lines["MEA-0059"]: self.reasons["selection"]},
            )  # fmt: skip
        with days_ago(4, 9):
            second = quotes.quote_revise(quote_id=quote.pk, by=quote.owner)
            line = second.lines.get(product__sku="MEA-0041")
            quotes.line_change(
                quote_id=second.pk, line_id=line.pk, by=quote.owner, discount=Discount("net_price", Decimal("25.40"))
            )
            quotes.quote_change(
                quote_id=second.pk, by=quote.owner, internal_note="Poron tilalle ehdotettu porsaan kassleria, kysy Maijalta."
            )

    def compared(self) -> None:
        """Three ways to one deal: one with the customer, one approved, and the large one that is being made."""
        name, deal = "Hirvi ja Haarukka Hotellit Oy", "Aamiaisuudistus, kolme hotellia"
        with days_ago(10):
            light = self.quote(name, deal, self.line("COF-0230", 80), self.line("BAK-0139", 900), self.line("DRI-0244", 360))
        document = self.send(light, days=9)
        with days_ago(7, 8, 30):
            quotes.quote_opened(document_id=document.pk, source=_link(document))
        with days_ago(6):
            middle = self.quote(name, deal, self.line(BREAKFAST, 24), self.line("COF-0236", 60), self.line(INSTALLATION, 1))
            quotes.quote_submit(quote_id=middle.pk, by=middle.owner)
        with days_ago(3):
            self.large(self.quote(name, deal, *self.hotel_lines()))

    def hotel_lines(self) -> list[LineDraft]:
        return [
            self.section("Aamiaispöytä"),
            self.line(BREAKFAST, 36),
            self.line("BAK-0145", 240, optional=True),
            self.section("Kahvi"),
            self.line(COFFEE_SERVICE, 3, with_options=[FROTHER, FILTER], discount=Discount("percent", Decimal(5))),
            self.line("COF-0236", 120),
            self.line("COF-0235", 120, optional=True),
            LineDraft(None, kind=LineKind.NOTE, text="Laitteet toimitetaan hotelli kerrallaan, ensimmäisenä Tampere."),
            self.section("Palvelut"),
            self.line(WORKSHOPS, 3),
            self.line(PORTAL, 1, more={"yearly_volume": Decimal(65000)}),
            self.line("SER-0291", 3, optional=True),
        ]

    def large(self, quote: Quote) -> None:
        """Everything that a quote can hold, and a template of it."""
        rep = quote.owner
        beans, dark = (quote.lines.get(product__sku=sku) for sku in ("COF-0236", "COF-0235"))
        quotes.line_change(quote_id=quote.pk, line_id=dark.pk, by=rep, alternative_to=beans.pk)
        quotes.statement_ask(
            quote_id=quote.pk, by=rep, wish="Aamiaissalien kalustesuunnitelma kolmeen hotelliin, budjetti noin 6 000 €."
        )
        quotes.statement_write(
            quote_id=quote.pk,
            by=self.people["presales"],
            statement=Statement(
                text="Aamiaissalin suunnittelu: kartoitus, pohjakuva ja laiteluettelo kullekin hotellille",
                list_price=Decimal(1950),
                quantity=Decimal(3),
                cost=Decimal(1180),
                effort_days=Decimal("4.5"),
                specialist="Esa Ennen",
                feasibility="Kartoituskäynti Tampereella 12.11.; vesiliitännät ovat valmiina kaikissa kolmessa hotellissa.",
            ),
        )
        quotes.quote_change(
            quote_id=quote.pk, by=rep,
            customer_note="Tarjous kattaa kaikki kolme hotellia. Vaihtoehtoiset rivit voitte valita tarjouksen sivulla.",
            internal_note="Asiakas vertaa kilpailijan tarjoukseen, päätös joulukuussa. Työpajat ovat meidän etumme.",
        )  # fmt: skip
        schedule = "Käyttöönotto\n\nViikko 3: Tampere\nViikko 5: Turku\nViikko 7: Helsinki\n".encode()
        quotes.attachment_add(
            quote_id=quote.pk,
            by=rep,
            file=io.BytesIO(schedule),
            name="Käyttöönoton aikataulu.txt",
            size=len(schedule),
            for_customer=True,
        )
        heading = quote.lines.get(kind=LineKind.SECTION, text="Kahvi")
        quotes.template_make_from_quote(
            quote_id=quote.pk, by=rep, name="Kahvipalvelu hotelliin", shared_with=Sharing.UNIT, section=heading.pk
        )

    def approved(self) -> None:
        """Below the floor price, and pricing said yes."""
        with days_ago(8, 9):
            quote = self.quote(
                "Bistro Ilta-Aurinko Oy", "Yksityistilaisuudet",
                self.line("MEA-0041", 25, discount=Discount("percent", Decimal(14))), self.line("BAK-0135", 200), by="manager",
            )  # fmt: skip
            quotes.quote_submit(quote_id=quote.pk, by=quote.owner, reason="Uusi tilaisuuskonsepti, volyymi kasvaa syksyllä.")
        with days_ago(7, 15):
            self.decide(quote, Verdict.APPROVE, "Kerran, tutustumishintana.")

    def waiting(self) -> None:
        """With approvers: one asks the manager for a margin, one pricing for a floor price."""
        with days_ago(2, 13):
            cream, eggs = self.line("DAI-0017", 300), self.line("DAI-0040", 60)
            margin = self.quote("Hoivakoti Lähde Oy", "Hoivakodin ruokahuolto", cream, eggs)
            quotes.quote_change(quote_id=margin.pk, by=margin.owner, header_discount=Discount("percent", Decimal(12)))
            quotes.quote_submit(
                quote_id=margin.pk, by=margin.owner,
                reason="Kolmen hoivakodin ketju, ensimmäinen kohde. Kaksi muuta kilpailutetaan keväällä.",
            )  # fmt: skip
        with days_ago(1, 9, 15):
            floor = self.quote(
                "Hyvinvointipalvelut Haukivesi Oy", "Kahvit toimipisteisiin",
                self.line("COF-0230", 240, discount=Discount("percent", Decimal(12))), self.line("COF-0237", 30),
            )  # fmt: skip
            quotes.quote_submit(
                quote_id=floor.pk, by=floor.owner, reason="Nykyinen toimittaja myy samaa paahtoa hintaan 12,20 €/kg."
            )

    def opened(self) -> None:
        with days_ago(3, 9):
            quote = self.quote(
                "Hyvinvointipalvelut Kuusiselkä Oy", "Siivous- ja kertakäyttötuotteet",
                self.line("CLE-0265", 80), self.line("CLE-0270", 24), self.line("CLE-0273", 60), self.line("CLE-0272", 20),
            )  # fmt: skip
        document = self.send(quote, days=3, hour=10)
        with days_ago(2, 8):
            quotes.quote_opened(document_id=document.pk, source=_link(document))

    def small_draft(self) -> None:
        """The first quote of a customer, who is offered the starter pack."""
        self.quote(FIRST_CUSTOMER, "Kevään kausivalikoima", self.line("DAI-0001", 40), self.line("BAK-0121", 30))

    def starter_pack(self, quote: Quote) -> None:
        """The only section of the quote as the pack that new customers are offered."""
        pack = quotes.template_make_from_quote(
            quote_id=quote.pk,
            by=self.people["manager"],
            name="Uuden asiakkaan aloituspaketti",
            shared_with=Sharing.ALL,
            section=quote.lines.get(kind=LineKind.SECTION).pk,
        )
        QuoteTemplate.objects.filter(pk=pack.pk).update(is_starter_pack=True)

    # --- Steps --------------------------------------------------------------------------------------------------------
    def line(
        self,
        sku: str,
        quantity: int,
        *,
        discount: Discount = NO_DISCOUNT,
        optional: bool = False,
        with_options: Sequence[str] = (),
        more: dict[str, Decimal] | None = None,
    ) -> LineDraft:
        chosen = tuple(self.products[option].pk for option in with_options)
        return LineDraft(
            self.products[sku], Decimal(quantity), discount=discount, optional=optional, options=chosen, more=more or {}
        )

    def section(self, text: str) -> LineDraft:
        return LineDraft(None, kind=LineKind.SECTION, text=text)

    def quote(self, account: str, deal: str, *lines: LineDraft, by: str = "rep") -> Quote:
        """A draft with these lines; `deal`: the opportunity it is for."""
        person = self.people[by]
        found = Account.objects.visible_to(person).get(name=account)
        opportunity = self.opportunity(found, deal, person) if deal else None
        return quotes.quote_create(
            account_id=found.pk, by=person, opportunity_id=opportunity.pk if opportunity else None, lines=lines
        )

    def opportunity(self, account: Account, name: str, by: User) -> Opportunity:
        known = Opportunity.objects.filter(account=account, name=name).first()
        close = clock.today() + dt.timedelta(days=60)
        return known or opportunity_create(account_id=account.pk, name=name, by=by, value=Decimal(8000), close_date=close)

    def send(self, quote: Quote, *, days: int, hour: int = 11) -> QuoteDocument:
        with days_ago(days, hour):
            assert quote.contact is not None  # noqa: S101 - every account of the demo has one
            return quotes.quote_send(quote_id=quote.pk, by=quote.owner, to=[quote.contact.email])

    def decide(self, quote: Quote, verdict: Verdict, comment: str) -> None:
        for request in Request.objects.filter(run__subject_type="quote", run__subject_id=quote.pk).select_related("approver"):
            assert request.approver is not None  # noqa: S101 - somebody has every right
            approvals.request_decide(request_id=request.pk, verdict=verdict, comment=comment, by=request.approver, via=Via.PAGE)


def _name(quote: Quote) -> str:
    """Who answers: the contact that it was sent to."""
    return quote.contact.name if quote.contact else ""


def _link(document: QuoteDocument) -> Source:
    """The customer, who comes by the link in the mail."""
    return Source(link=document.link, ip="192.0.2.44", agent=_BROWSER, language=document.language)
