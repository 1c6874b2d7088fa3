"""People and quotes for tests, made by the services themselves."""

import hashlib
from dataclasses import dataclass
from decimal import Decimal

from django.core.files.base import ContentFile

from accounts.models import Account, Contact
from accounts.tests.factories import AccountFactory, ContactFactory, PaymentTermFactory, PaymentTypeFactory
from catalog.models import Product
from catalog.tests.factories import ProductFactory
from core import clock
from quotes import services
from quotes.models import (
    DeclineReason,
    MarginTarget,
    Quote,
    QuoteAttachment,
    QuoteDocument,
    QuoteTemplate,
    QuoteTemplateLine,
)
from quotes.services import Discount, LineDraft
from users.models import Team, User
from users.tests.factories import TeamFactory, UserFactory


@dataclass
class World:
    """A team with its rep and manager, an account with a contact, a product that sells at 10, costs 6, floor 8."""

    team: Team
    rep: User
    colleague: User
    stranger: User
    manager: User
    pricing: User
    account: Account
    contact: Contact
    product: Product
    reason: DeclineReason


def make_world() -> World:
    team = TeamFactory()
    rep = UserFactory(username="rep", roles=["sales_rep"], team=team)
    manager = UserFactory(username="manager", roles=["sales_manager"], team=team)
    team.manager = manager
    team.save()
    account = AccountFactory(owner=rep, payment_term=PaymentTermFactory(), payment_type=PaymentTypeFactory())
    MarginTarget.objects.create(target_percent=Decimal(20))
    return World(
        team=team,
        rep=rep,
        colleague=UserFactory(username="colleague", roles=["sales_rep"], team=team),
        stranger=UserFactory(username="stranger", roles=["sales_rep"], team=TeamFactory()),
        manager=manager,
        pricing=UserFactory(username="pricing", roles=["pricing"], sees_all_units=True),
        account=account,
        contact=ContactFactory(account=account, is_default=True, language="fi"),
        product=ProductFactory(sku="MAITO-1", name_en="Milk", name_fi="Maito"),
        reason=DeclineReason.objects.create(code="price", label_en="Too dear", label_fi="Liian kallis"),
    )


def draft(world: World, *discounts: str, quantity: str = "5") -> Quote:
    """A draft with a line per percent in `discounts`; one undiscounted line when none is given."""
    lines = [LineDraft(world.product, Decimal(quantity), Discount("percent", Decimal(d))) for d in discounts or ("0",)]
    return services.quote_create(account_id=world.account.pk, by=world.rep, lines=lines)


def sent(world: World) -> QuoteDocument:
    """A quote that has been sent."""
    quote = draft(world)
    return services.quote_send(quote_id=quote.pk, by=world.rep, to=[world.contact.email])


def attached(quote: Quote, by: User, *, name: str = "ohje.txt", for_customer: bool = False) -> QuoteAttachment:
    """A text file at the quote, whatever its state, without anything else being noted."""
    content = f"Hei {name}".encode()
    attachment = QuoteAttachment(quote=quote, name=name, content_type="text/plain", size=len(content), by=by, at=clock.now())
    attachment.content_hash, attachment.for_customer = hashlib.sha256(content).hexdigest(), for_customer
    attachment.file.save("ohje", ContentFile(content))
    return attachment


def template_of(owner: User, *products: Product, name: str = "Aamiaispaketti", **more: object) -> QuoteTemplate:
    """A template with a line of each product, two of it."""
    template = QuoteTemplate.objects.create(owner=owner, name=name, **more)
    for position, product in enumerate(products, 1):
        QuoteTemplateLine.objects.create(template=template, position=position, product=product, quantity=2)
    return template


def with_options(world: World, *, header: str = "0") -> Quote:
    """A draft of three lines: 5 at 10; 2 at 10 as an alternative to them; 1 at 10 as an option. `header`: percent off."""
    drafts = [
        LineDraft(world.product, Decimal(5)),
        LineDraft(world.product, Decimal(2), optional=True),
        LineDraft(world.product, Decimal(1), optional=True),
    ]
    quote = services.quote_create(
        account_id=world.account.pk,
        by=world.rep,
        lines=drafts,
        header=Discount("percent", Decimal(header)) if header != "0" else None,
    )
    first, second, _third = quote.lines.order_by("position")
    second.alternative_to = first
    second.save(update_fields=["alternative_to"])
    return quote


def offered(world: World, *, header: str = "0") -> QuoteDocument:
    """The same, sent."""
    return services.quote_send(quote_id=with_options(world, header=header).pk, by=world.rep, to=[world.contact.email])
