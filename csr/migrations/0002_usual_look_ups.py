"""The usual look-ups of cases are there."""

from django.db import migrations

LOOK_UPS = {
    "CaseType": [("csr", "Customer Specific Requirement", "Asiakaskohtainen vaatimus")],
    "RequirementType": [
        ("specification", "Specification", "Spesifikaatio"),
        ("packaging", "Packaging", "Pakkaus"),
        ("logistics", "Logistics", "Logistiikka"),
        ("documentation", "Documentation", "Dokumentaatio"),
        ("quality_system", "Quality system", "Laatujärjestelmä"),
        ("regulatory", "Regulatory", "Säädökset"),
    ],
    "TeamRole": [
        ("sales", "Sales", "Myynti"),
        ("expert", "Expert", "Asiantuntija"),
        ("customer_service", "Customer service", "Asiakaspalvelu"),
        ("watcher", "Watcher", "Seuraaja"),
    ],
    "CloseReason": [
        ("not_feasible", "Not feasible", "Ei toteutettavissa"),
        ("withdrawn", "The customer has withdrawn it", "Asiakas perui"),
        ("duplicate", "There is another case for it", "Samasta asiasta on toinen tapaus"),
        ("no_longer_valid", "No longer valid", "Ei enää voimassa"),
        ("rejected", "Rejected", "Hylätty"),
    ],
}
DEPARTMENTS = [
    ("analytical", "Analytical", "Analytiikka", "technical_team"),
    ("industrial", "Industrial", "Tuotanto", "technical_team"),
    ("supply_chain", "Supply chain", "Toimitusketju", "supply_chain_quality"),
    ("quality", "Quality", "Laatu", "supply_chain_quality"),
    ("regulatory", "Regulatory", "Viranomaisasiat", "supply_chain_quality"),
    ("customer_service", "Customer service", "Asiakaspalvelu", "service_rep"),
    ("strategic_marketing", "Strategic marketing", "Strateginen markkinointi", "strategic_marketing"),
]


def fill(apps, schema_editor):
    for name, rows in LOOK_UPS.items():
        model = apps.get_model("csr", name)
        for position, (code, english, finnish) in enumerate(rows, 1):
            texts = {"label": english, "label_en": english, "label_fi": finnish}
            model.objects.get_or_create(code=code, defaults={**texts, "position": position * 10})
    model = apps.get_model("csr", "Department")
    for position, (code, english, finnish, role) in enumerate(DEPARTMENTS, 1):
        texts = {"label": english, "label_en": english, "label_fi": finnish, "role": role}
        model.objects.get_or_create(code=code, defaults={**texts, "position": position * 10})


class Migration(migrations.Migration):
    dependencies = [("csr", "0001_tables")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
