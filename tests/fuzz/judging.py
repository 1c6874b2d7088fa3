"""What must hold for every answer, whatever was asked."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from requests import Request as Prepared
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from tests.fuzz.cases import Sent, name_of
from tests.fuzz.ground import CONFINED, HIGH, MARK, Ground

CHECKS = [content_type_conformance, response_schema_conformance, status_code_conformance]
_NUMBERS = re.compile(rf"\d{{{len(str(HIGH))},}}")


@dataclass
class Verdict:
    """What was found, and how often each operation ended how."""

    faults: list[str] = field(default_factory=list)
    ends: Counter[tuple[str, int]] = field(default_factory=Counter)

    def succeeded(self) -> set[str]:
        return {operation for operation, status in self.ends if status < 300}


def judge(ground: Ground, sent: Sent, verdict: Verdict) -> None:
    """Sends it and notes every fault."""
    client = ground.clients[sent.who]
    try:
        answer = client.generic(sent.method, sent.path, sent.body, content_type="application/json", headers=sent.headers)
    except Exception as error:  # what would be a 500
        verdict.faults.append(f"500 {type(error).__name__}: {error} <- {sent}")
        verdict.ends[name_of(sent.case.operation), 500] += 1
        raise
    verdict.ends[name_of(sent.case.operation), answer.status_code] += 1
    verdict.faults += [f"{fault} <- {sent} -> {answer.status_code}" for fault in _faults(ground, sent, answer)]


def _faults(ground: Ground, sent: Sent, answer: Any) -> Iterator[str]:
    content = answer.content
    if answer.status_code >= 500:
        yield f"{answer.status_code}"
    yield from _breaks(sent, answer, content)
    if sent.who in CONFINED:
        yield from _leaks(ground, sent, answer, content)


def _breaks(sent: Sent, answer: Any, content: bytes) -> Iterator[str]:
    """Where the answer is not as described."""
    request = Prepared(sent.method, f"http://testserver{sent.path}").prepare()
    headers = {name: [value] for name, value in answer.headers.items()}
    response = Response(answer.status_code, headers, content, request, elapsed=0.0, verify=False)
    try:
        sent.case.validate_response(response, checks=CHECKS)
    except (Failure, FailureGroup) as failure:
        found = failure.exceptions if isinstance(failure, FailureGroup) else [failure]
        yield from (f"{type(one).__name__}: {one}" for one in found)
    if answer.status_code >= 400:
        problem = json.loads(content)
        if (answer["Content-Type"], problem["status"]) != ("application/problem+json", answer.status_code):
            yield f"no problem: {answer['Content-Type']} {problem}"


def _leaks(ground: Ground, sent: Sent, answer: Any, content: bytes) -> Iterator[str]:
    """Whatever of the stranger is told to somebody who does not see it."""
    text = content.decode("utf-8", "replace") if "json" in answer["Content-Type"] else ""
    text += str(answer.headers)
    told = {int(number) for number in _NUMBERS.findall(text)} & ground.foreign_ids
    if (MARK.casefold() in text.casefold() or told) and not ground.is_visible(sent.who):
        yield f"tells {MARK if MARK.casefold() in text.casefold() else sorted(told)}"
