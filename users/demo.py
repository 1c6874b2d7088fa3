"""The people of demo mode."""

from users.models import User

DEMO_USERS = (
    "rep", "manager", "pricing", "steward", "cs", "finance", "presales", "quality", "tech", "service", "approver", "support",
)  # fmt: skip


def demo_users() -> list[User]:
    """Those of the demo's people who exist, in the order of their story."""
    found = User.objects.filter(username__in=DEMO_USERS, is_active=True).prefetch_related("role_assignments")
    return sorted(found, key=lambda user: DEMO_USERS.index(user.username))
