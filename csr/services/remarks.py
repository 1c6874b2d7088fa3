"""Comments and files of a case: possible in every status, also while somebody decides about it."""

import uuid
from typing import IO

from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext as _

from core import clock, events, uploads
from core.errors import Invalid, NotFound, require
from core.models import Event
from csr import policies, selectors
from csr.models import Case, CaseFile
from csr.services import keeping
from users.models import User
from users.roles import Perm

LONGEST = 2_000
MOST_FILES = 20


@transaction.atomic
def comment_add(*, case_id: int, text: str, by: User) -> Event:
    """The comment stands in the timeline, and the team is told. Raises: NotFound; Invalid for an empty or overlong one."""
    case = selectors.case_for_update(case_id, by)
    text = text.strip()
    if not text:
        raise Invalid(fields={"comment": _("Write something.")})
    if len(text) > LONGEST:
        raise Invalid(fields={"comment": _("At most %(most)s characters.") % {"most": LONGEST}})
    event = events.record(case, "commented", by=by, reason=text)
    keeping.tell("csr.commented", case, keeping.people_of(case) - {by.pk}, event_id=event.pk)
    return event


@transaction.atomic
def file_add(*, case_id: int, by: User, file: IO[bytes], name: str, size: int) -> CaseFile:
    """The file at the case, in whatever status. `size` in bytes.

    Raises: NotFound; Invalid naming `file`: of a kind that is not taken, too large, there already, or one too many.
    """
    case = selectors.case_for_update(case_id, by)
    kept = uploads.checked(name, file, size)
    others = list(case.files.all())
    if len(others) >= MOST_FILES:
        _refuse(_("A case has at most %(most)s files.") % {"most": MOST_FILES})
    if any(other.content_hash == kept.content_hash for other in others):
        _refuse(_("This file is there already."))
    row = CaseFile(
        case=case, name=kept.name, content_type=kept.content_type, size=kept.size, content_hash=kept.content_hash,
        by=by, at=clock.now(),
    )  # fmt: skip
    row.file.save(uuid.uuid4().hex, file if isinstance(file, File) else File(file), save=False)
    try:
        row.save(force_insert=True)
        events.record(case, "file added", by=by, reason=row.name, hash=row.content_hash)
    except BaseException:
        row.file.delete(save=False)
        raise
    return row


def _refuse(problem: str) -> None:
    raise Invalid(problem, fields={"file": problem})


@transaction.atomic
def file_remove(*, case_id: int, file_id: int, by: User) -> Case:
    """The case without the file, which is deleted. By whoever added it or may edit the case; not while somebody decides about it.

    Raises: NotFound; NotAllowed; WrongState.
    """
    case = selectors.case_for_update(case_id, by)
    keeping.require_unlocked(case)
    row = CaseFile.objects.filter(pk=file_id, case=case).first()
    if row is None:
        raise NotFound(_("This file is no longer there."))
    require(row.by_id == by.pk or policies.may_edit(by, case) or by.may(Perm.STEWARD))
    storage, path = row.file.storage, str(row.file.name)
    row.delete()
    transaction.on_commit(lambda: storage.delete(path))
    events.record(case, "file removed", by=by, reason=row.name, hash=row.content_hash)
    return case
