"""Customer-specific requirements of the demo's customers, brought to every state by the services and the people who do it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from accounts.models import Account, Contact
from approvals import services as approvals
from approvals.choices import Verdict, Via
from approvals.models import Request
from catalog.models import Product
from crm.demo_quotes import FIRST_CUSTOMER, days_ago
from csr import services
from csr.choices import Feasibility, Priority
from csr.models import Case, CaseTask, CloseReason, CsrSettings, Department, HandlingRule, RequirementType
from users.models import User

PARTS = ("quality", "supply_chain", "industrial")
TASKS = ("supply_chain", "customer_service")


def load() -> None:
    """A rule for everybody's cases, and a case in each state. Nothing where `rep` is somebody else than the salesperson of the
    shipped customers."""
    _settings()
    if Account.objects.filter(owner__username="rep", name=FIRST_CUSTOMER).exists():
        House().tell()


def _settings() -> None:
    CsrSettings.objects.get_or_create(pk=1)
    if HandlingRule.objects.exists():
        return
    people = {user.username: user for user in User.objects.filter(username__in=("tech", "service", "quality"))}
    departments = {department.code: department for department in Department.objects.all()}
    usual = HandlingRule.objects.create(
        name="Usual way", assessor=people.get("tech"), assessor_role="technical_team",
        implementer=people.get("service"), implementer_role="service_rep",
    )  # fmt: skip
    usual.parts.set([departments[code] for code in PARTS])
    usual.tasks.set([departments[code] for code in TASKS])
    documents = HandlingRule.objects.create(
        name="Documents only", requirement_type=RequirementType.objects.get(code="documentation"), assessor=people.get("quality"),
        assessor_role="supply_chain_quality", assessment_days=5, implementer=people.get("quality"),
        implementer_role="supply_chain_quality", implementation_days=10, rejection_closes=True,
    )  # fmt: skip
    documents.parts.set([departments["quality"]])


class House:
    """Who and what the cases are about."""

    def __init__(self) -> None:
        self.people = {user.username: user for user in User.objects.all()}
        self.types = {one.code: one for one in RequirementType.objects.all()}
        self.products = {product.sku: product for product in Product.objects.all()}

    def tell(self) -> None:
        self.implemented()
        self.inactive()
        self.rejected()
        self.under_implementation()
        self.approval_pending()
        self.under_assessment()
        self.pending_pre_approval()
        self.registered()

    # --- Stories ------------------------------------------------------------------------------------------------------
    def implemented(self) -> None:
        case = self.brought_live(
            "Hirvi ja Haarukka Hotellit Oy", "packaging", "Sämpylät vain täysinä laatikoina", 60,
            "Hotellien aamiaiskeittiöt ottavat gluteenittomat sämpylät vastaan kuuden laatikon lavakerroksina. Vajaat kerrokset "
            "palautuvat.",
            ("BAK-0145", "BAK-0146"), printed="Toimitetaan kuuden laatikon kerroksina.",
            limits={"BAK-0145": {"multiple_of": Decimal(6), "note": "6 laatikkoa kerroksessa"}},
        )  # fmt: skip
        with days_ago(3):
            services.feedback_add(
                case_id=case.pk, by=self.people["rep"], score=4, said_by="Tiina Heikkinen",
                comment="Palautuksia ei ole enää tullut. Tarrat voisivat olla isompia.",
            )  # fmt: skip

    def inactive(self) -> None:
        case = self.brought_live(
            "Bistro Pellava Oy", "logistics", "Toimitus ennen kello seitsemää", 50,
            "Keittiö aukeaa kello seitsemän; kadulle ei saa pysäköidä sen jälkeen.", ("DRI-0249", "DRI-0251"),
        )  # fmt: skip
        with days_ago(5):
            services.case_close(
                case_id=case.pk,
                by=self.people["rep"],
                reason=CloseReason.objects.get(code="no_longer_valid"),
                comment="Uusi lastauspaikka takapihalla.",
            )

    def rejected(self) -> None:
        with days_ago(30):
            case = self.case(
                "Bistro Juurakko Oy", "documentation", "Analyysitodistus joka erästä",
                "Asiakas pyytää mikrobiologisen analyysin jokaisen toimituserän mukana.", ("BAK-0139",),
            )  # fmt: skip
            services.case_submit(case_id=case.pk, by=case.registered_by)
        with days_ago(28):
            self.decide(case, Verdict.REJECT, "Analyysi kestää viikon, tuotteen myyntiaika on kuusi päivää.")

    def under_implementation(self) -> None:
        case = self.approved(
            "Hyvinvointipalvelut Kuusiselkä Oy", "specification", "Laktoositon kahvikerma annospakkauksessa", 20,
            "Hoivakodit tarvitsevat annospakkauksen, jonka asukas saa itse auki.", ("COF-0242", "COF-0243"),
        )  # fmt: skip
        with days_ago(2):
            self.answer(case, "Huolinta ja varastopaikka sovittu.", only=1)

    def approval_pending(self) -> None:
        with days_ago(9):
            case = self.assessed(
                "Junakeittiöt Hunaja Oy", "quality_system", "Erätunnus viivakoodina laatikossa",
                "Jäljitettävyys kiskoilla: erätunnus luetaan lastatessa.", ("BAK-0121", "BAK-0125", "BAK-0139"),
                priority=Priority.HIGH,
            )  # fmt: skip
        with days_ago(1):
            self.conclude(case, Feasibility.CONDITIONS, "Onnistuu, kun pakkaamon tulostin on uusittu.")

    def under_assessment(self) -> None:
        with days_ago(4):
            case = self.assessed(
                "Heikkinen & Kumpp. Oy", "regulatory", "Allergeenitiedot GS1-muodossa",
                "Asiakkaan ruokalistajärjestelmä lukee tiedot Synkasta.", ("BAK-0127", "BAK-0140"),
            )  # fmt: skip
        with days_ago(1):
            self.answer(case, "Tiedot ovat valmiina.", only=1)
            services.comment_add(case_id=case.pk, by=self.people["rep"], text="Asiakas odottaa vastausta ennen joulua.")

    def pending_pre_approval(self) -> None:
        with days_ago(1):
            case = self.case(
                "Bistro Ilta-Aurinko Oy", "packaging", "Kahvi 250 gramman pusseissa",
                "Pienempi pussi pysyy tuoreena hitaammassa kulutuksessa.", ("COF-0235",), priority=Priority.URGENT,
            )  # fmt: skip
            services.case_submit(case_id=case.pk, by=case.registered_by, reason="Asiakas vaihtaa muuten toimittajaa.")

    def registered(self) -> None:
        self.case("Bistro Vanha Makasiini Oy", "logistics", "Yksi toimitus viikossa", "Kaikki tiistaisin, yhdellä lavalla.", ())

    # --- What they are made of ------------------------------------------------------------------------------------------
    def case(
        self, account: str, kind: str, title: str, description: str, skus: Sequence[str], **more: Any
    ) -> Case:  # fmt: skip
        customer = Account.objects.select_related("owner").get(name=account)
        keys = [self.products[sku].pk for sku in skus if sku in self.products]
        return services.case_register(
            account_id=customer.pk, by=self.people["rep"], product_ids=keys, requirement_type=self.types[kind], title=title,
            description=description, site=customer.sites.filter(is_active=True).order_by("child_id").first(),
            requested_by=Contact.objects.filter(account=customer).order_by("pk").first(), **more,
        )  # fmt: skip

    def assessed(self, account: str, kind: str, title: str, description: str, skus: Sequence[str], **more: Any) -> Case:
        """Pre-approved, and given to whoever assesses it."""
        case = self.case(account, kind, title, description, skus, **more)
        services.case_submit(case_id=case.pk, by=case.registered_by)
        return self.decide(case)

    def conclude(self, case: Case, feasibility: Feasibility, conclusion: str) -> None:
        """All parts answered, the conclusion written, the final approval asked for."""
        self.answer(case, "Onnistuu.")
        assessor = case.assessor or self.people["steward"]
        services.conclusion_write(case_id=case.pk, by=assessor, feasibility=feasibility, conclusion=conclusion)
        services.case_submit(case_id=case.pk, by=assessor)

    def approved(
        self, account: str, kind: str, title: str, days: int, description: str, skus: Sequence[str], printed: str = "",
        limits: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> Case:  # fmt: skip
        """Registered so many days ago, by now being implemented."""
        with days_ago(days):
            case = self.case(account, kind, title, description, skus, is_printed=bool(printed), printed_text=printed)
            for row in case.products.select_related("product"):
                if changes := (limits or {}).get(row.product.sku):
                    services.product_change(case_id=case.pk, row_id=row.pk, by=case.registered_by, changes=changes)
            services.case_submit(case_id=case.pk, by=case.registered_by)
        with days_ago(days - 2):
            case = self.decide(case)
        with days_ago(days - 6):
            self.conclude(case, Feasibility.FEASIBLE, "Toteutettavissa nykyisellä kalustolla, ei lisäkustannuksia.")
        with days_ago(days - 8):
            return self.decide(case)

    def brought_live(
        self, account: str, kind: str, title: str, days: int, description: str, skus: Sequence[str], **more: Any
    ) -> Case:
        """Registered so many days ago, and implemented."""
        case = self.approved(account, kind, title, days, description, skus, **more)
        with days_ago(days - 20):
            self.answer(case, "Tehty.")
            return services.case_implement(case_id=case.pk, by=case.implementer or self.people["steward"])

    def decide(self, case: Case, verdict: Verdict = Verdict.APPROVE, comment: str = "") -> Case:
        request = Request.objects.get(run__subject_type="csr", run__subject_id=case.pk, status="pending")
        by = request.approver or self.people["steward"]
        approvals.request_decide(request_id=request.pk, verdict=verdict, comment=comment, by=by, via=Via.PAGE)
        return Case.objects.get(pk=case.pk)

    def answer(self, case: Case, comment: str, only: int | None = None) -> None:
        """The open parts of the present phase, or the first `only` of them."""
        case = Case.objects.get(pk=case.pk)
        for task in CaseTask.objects.filter(case=case, phase=case.phase.value, answered_at=None).order_by("pk")[:only]:
            by = task.owner or case.owner or self.people["steward"]
            answer: dict[str, Any] = {"comment": comment}
            if task.phase == "assessment":
                answer |= {"feasibility": Feasibility.FEASIBLE, "cost": Decimal(250), "lead_time_days": 10}
            services.task_answer(case_id=case.pk, task_id=task.pk, by=by, answer=answer)
