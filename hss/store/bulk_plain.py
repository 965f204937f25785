"""The quick way of short forms: lines whose values need no correction become rows without a document in between.

Most lines of a large file are of this kind. A line that is not takes the way over `NewSubscriber` and `derive`, which
says what is wrong with it, or corrects it; both ways make the same rows.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from hss.procedures.provisioning import USUAL_MNC_DIGITS
from hss.store.bulk_rows import Batch, OperatorFacts, References
from hss.store.sealing import Sealer
from schemas.states import TerminatingPreference

_NUMBER: Final = re.compile(r"\+?[0-9]{1,15}").fullmatch
_KEY: Final = re.compile(r"[0-9a-fA-F]{32}").fullmatch
_NAME: Final = re.compile(r"[A-Za-z0-9+][A-Za-z0-9._:@+-]{0,127}").fullmatch
_PREFERENCES: Final = re.compile("|".join(preference.value for preference in TerminatingPreference)).fullmatch
CHECKS: Final[Mapping[str, Callable[[str], object]]] = {
    "operator": _NAME,
    "name": _NAME,
    "imsi": re.compile(r"[0-9]{6,15}").fullmatch,
    "msisdn": _NUMBER,
    "number": _NUMBER,
    "k": _KEY,
    "op": _KEY,
    "opc": _KEY,
    "amf": re.compile(r"[0-9a-fA-F]{4}").fullmatch,
    "sqn": re.compile(r"[0-9]{1,14}").fullmatch,
    "service_profile": _NAME,
    "vlr_number": _NUMBER,
    "msc_number": _NUMBER,
    "voicebox": _NUMBER,
    "preference": _PREFERENCES,
}
_SECRETS: Final = ("k", "op", "opc")
_OF_CIRCUIT: Final = frozenset({"vlr_number", "msc_number", "voicebox", "preference"})


class PlainRows:
    """Puts plain short forms into a batch."""

    def __init__(self, references: References, sealer: Sealer | None) -> None:
        self._references = references
        self._sealer = sealer

    def take(self, batch: Batch, line: int, fields: Mapping[str, Any]) -> bool:
        """Enter a line; False where it is not plain."""
        get = fields.get
        for column, value in fields.items():
            check = CHECKS.get(column)
            if check is None or type(value) is not str or check(value) is None:
                return False
        operator = self._references.operators.get(get("operator", ""))
        profile = get("service_profile")
        identifier = None if profile is None else self._references.profiles.get(profile)
        imsi, msisdn, number = get("imsi"), _digits(get("msisdn")), _digits(get("number"))
        basic = msisdn or number
        sqn = int(get("sqn", "0"))
        if operator is None or not (imsi or basic) or (profile and identifier is None) or sqn >= 1 << 48:
            return False
        if msisdn is None and not _OF_CIRCUIT.isdisjoint(fields):
            return False
        sealed = self._sealed(fields, nai := _nai(operator, imsi, basic))
        if sealed is None:
            return False
        name = get("name") or imsi or basic
        entry = batch.enter(line, short=True)
        used, rows = batch.used, batch.plain
        private, group = used["private_identity"], used["registration_set"]
        used["private_identity"] = private + 1
        used["registration_set"] = group + 1
        rows["subscription"].append((entry, name, operator.id))
        rows["private_identity"].append((private, entry, nai, imsi, *sealed, get("amf", "0000"), sqn))
        rows["registration_set"].append((group, entry))
        rows["registration"].append((group, private))
        public = used["public_identity"]
        for digits in (msisdn,) if number is None or number == msisdn else (msisdn, number):
            if digits is not None:
                rows["public_identity"] += (
                    (public, group, f"tel:+{digits}", False, identifier),
                    (public + 1, group, f"sip:+{digits}@{operator.home_domain}", False, identifier),
                )
                public += 2
        if imsi is not None:
            rows["public_identity"].append((public, group, f"sip:{nai}", True, identifier))
            public += 1
        used["public_identity"] = public
        if msisdn is not None:
            circuit = batch.number("circuit_switched")
            rows["circuit_switched"].append(
                (
                    circuit,
                    entry,
                    imsi,
                    _digits(get("vlr_number")),
                    _digits(get("msc_number")),
                    _digits(get("voicebox")),
                    get("preference", TerminatingPreference.CS_FIRST.value),
                )
            )
            rows["msisdn"].append((msisdn, circuit))
        if sealed[0] is None:
            batch.keeps_secrets[entry] = [private]
        return True

    def _sealed(self, fields: Mapping[str, str], nai: str) -> tuple[bytes | None, str | None] | None:
        """Seal the secrets; None where only the way over the documents knows what to do."""
        secrets = {name: fields[name].lower() for name in _SECRETS if name in fields}
        if not secrets:
            return None, None
        if self._sealer is None or ("op" in secrets and "opc" in secrets):
            return None
        return self._sealer.seal(json.dumps(secrets).encode(), nai), json.dumps(sorted(secrets))


def _digits(number: str | None) -> str | None:
    return None if number is None else number.removeprefix("+")


def _nai(operator: OperatorFacts, imsi: str | None, basic: str | None) -> str:
    if imsi is None:
        return f"{basic}@{operator.home_domain}"
    network = imsi[3 : 3 + (len(operator.mnc) if operator.mnc else USUAL_MNC_DIGITS)]
    return f"{imsi}@ims.mnc{network:0>3}.mcc{imsi[:3]}.3gppnetwork.org"
