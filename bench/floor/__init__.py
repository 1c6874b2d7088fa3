"""The floor: the smallest honest Django code for the same work: session, CSRF, ORM, commit; no rules, rights or history."""
