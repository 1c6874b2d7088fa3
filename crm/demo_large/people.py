"""Sales people in teams of several business units."""

from django.contrib.auth.hashers import make_password

from crm.demo import PASSWORD
from crm.demo_large.words import FIRST_NAMES, LAST_NAMES
from users.models import BusinessUnit, RoleAssignment, Team, User

UNITS = {
    "food": ("Food service", "Food service"),
    "retail": ("Retail and public", "Vähittäiskauppa ja julkinen"),
    "industry": ("Industry", "Teollisuus"),
    "export": ("Export", "Vienti"),
    "online": ("Online", "Verkkokauppa"),
}
TEAMS = {
    "Uusimaa": "food", "Varsinais-Suomi": "food", "Pirkanmaa": "food", "Itä-Suomi": "retail", "Pohjanmaa": "retail",
    "Teollisuus etelä": "industry", "Teollisuus pohjoinen": "industry", "Pohjoismaat": "export", "Baltia": "export",
    "Verkko": "online",
}  # fmt: skip
REPS_PER_TEAM = 5


def load() -> None:
    """Ten teams of a manager and five reps beside those of the small demo. Names and passwords as there."""
    password = make_password(PASSWORD)  # one for all: it is no secret, and sixty of them would take half a minute
    units = {
        code: BusinessUnit.objects.get_or_create(code=code, defaults={"label_en": english, "label_fi": finnish})[0]
        for code, (english, finnish) in UNITS.items()
    }
    for number, (name, unit) in enumerate(TEAMS.items()):
        team, made = Team.objects.get_or_create(name=name, defaults={"unit": units[unit]})
        if made:
            team.manager = _person(team, number, 0, "sales_manager", password)
            team.save(update_fields=["manager"])
            for seat in range(1, REPS_PER_TEAM + 1):
                _person(team, number, seat, "sales_rep", password)


def _person(team: Team, number: int, seat: int, role: str, password: str) -> User:
    index = number * (REPS_PER_TEAM + 1) + seat
    username = f"{'manager' if role == 'sales_manager' else 'rep'}{number + 1:02d}{seat or ''}"
    user: User = User.objects.create(
        username=username,
        password=password,
        display_name=f"{FIRST_NAMES[index % len(FIRST_NAMES)]} {LAST_NAMES[index * 7 % len(LAST_NAMES)]}",
        email=f"{username}@tukku.example",
        team=team,
        salesperson_id=f"S{100 + index}",
        language="en" if index % 4 == 0 else "fi",
    )
    RoleAssignment.objects.create(user=user, role=role)
    return user


def sellers() -> list[User]:
    """Everybody who owns accounts: the reps of the small demo and those of the large one, in a fixed order."""
    reps = User.objects.filter(is_active=True, role_assignments__role="sales_rep", salesperson_id__isnull=False)
    return list(reps.select_related("team").order_by("username"))
