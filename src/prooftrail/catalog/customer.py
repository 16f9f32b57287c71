"""Personal data of customers, read, changed, given away, erased: `customer.pii.*`.

Guarantees: none is ever recorded in the background; what lets data leave, or ends it,
is closed.

Source: PCI DSS 4, 10.2.1.1; SOC 2, CC6.1, CC6.7 and privacy; 45 CFR 164.528; GDPR.
"""

from __future__ import annotations

from typing import Final

from prooftrail.catalog.details import (
    AFTER,
    BEFORE,
    EXPORT_FORMAT,
    FIELDS_ACCESSED,
    FIELDS_CHANGED,
    FILTERS,
    PURPOSE,
    REASON,
    RECORD_COUNT,
    REQUEST_ID,
    SUBJECT,
)
from prooftrail.catalog.event_type import Detail, EventType, ocsf

_READ = ("PCI DSS 10.2.1.1", "SOC 2 CC6.1")
_WRITE = ("PCI DSS 10.2.1.1", "SOC 2 CC6.1", "SOC 2 P5.2")
_ANY = ("contact", "identity", "financial")
_WHOM = "{resource|a customer}"
_DOCUMENT_TYPE = Detail("document_type", "text", "passport, proof of address, ...")
_DOCUMENT_ID = Detail("document_id", "text", "which one, by id", ("/resource/id",))

PII_VIEW: Final = EventType(
    name="customer.pii.view",
    meaning="One customer's PII record read",
    sentence=f"{{actor}} viewed {{fields_accessed|personal data}} of {_WHOM}",
    attempt=f"view {{fields_accessed|personal data}} of {_WHOM}",
    required=(SUBJECT, FIELDS_ACCESSED),
    optional=(PURPOSE,),
    classes=_ANY,
    controls=_READ,
    ocsf=ocsf(6001, 2),
)
PII_SEARCH: Final = EventType(
    name="customer.pii.search",
    meaning="Customer list/search run; filter and hit count kept",
    sentence="{actor} searched the customers[: {record_count:hit}]",
    attempt="search the customers",
    required=(FILTERS, RECORD_COUNT, FIELDS_ACCESSED),
    classes=_ANY,
    controls=_READ,
    ocsf=ocsf(6001, 5),
)
PII_EXPORT: Final = EventType(
    name="customer.pii.export",
    meaning="Customer PII left as a file; row count and columns kept",
    sentence="{actor} exported {record_count:customer}[ as {export_format}]",
    attempt="export {record_count:customer}[ as {export_format}]",
    required=(FIELDS_ACCESSED, EXPORT_FORMAT, RECORD_COUNT),
    optional=(FILTERS, PURPOSE, Detail("sha256", "text", "digest of the file")),
    classes=_ANY,
    policy="closed",
    controls=(*_READ, "SOC 2 CC6.7"),
    ocsf=ocsf(6001, 7),
)
PII_CREATE: Final = EventType(
    name="customer.pii.create",
    meaning="Customer record created",
    sentence=f"{{actor}} created {_WHOM}",
    attempt="create a customer",
    required=(SUBJECT, FIELDS_ACCESSED),
    classes=_ANY,
    controls=(*_READ, "SOC 2 P3.1"),
    ocsf=ocsf(6001, 1),
)
PII_UPDATE: Final = EventType(
    name="customer.pii.update",
    meaning="PII fields changed, masked before/after",
    sentence=f"{{actor}} changed {{fields_changed|personal data}} of {_WHOM}",
    attempt=f"change {{fields_changed|personal data}} of {_WHOM}",
    required=(SUBJECT, FIELDS_CHANGED),
    optional=(REASON,),
    classes=_ANY,
    controls=_WRITE,
    ocsf=ocsf(6001, 3),
)
PII_DELETE: Final = EventType(
    name="customer.pii.delete",
    meaning="Customer record deleted",
    sentence=f"{{actor}} deleted {_WHOM}[: {{reason}}]",
    attempt=f"delete {_WHOM}",
    required=(SUBJECT,),
    optional=(REASON,),
    classes=_ANY,
    policy="closed",
    controls=(*_READ, "SOC 2 P4.3"),
    ocsf=ocsf(6001, 4),
)
PII_UNMASK: Final = EventType(
    name="customer.pii.unmask",
    meaning="Masked value (SSN, PAN, DOB) revealed; reason required",
    sentence=(
        f"{{actor}} revealed {{fields_accessed|a masked value}} of {_WHOM}"
        "[: {reason}]"
    ),
    attempt=f"reveal {{fields_accessed|a masked value}} of {_WHOM}",
    required=(SUBJECT, FIELDS_ACCESSED, REASON),
    classes=("identity", "financial"),
    policy="closed",
    controls=_READ,
    ocsf=ocsf(6001, 2),
)
PII_SHARE: Final = EventType(
    name="customer.pii.share",
    meaning="PII sent to a third party/processor",
    sentence=(
        f"{{actor}} shared {{fields_accessed|personal data}} of {_WHOM} with "
        "{provider|a third party}[ for {purpose}]"
    ),
    attempt=f"share personal data of {_WHOM}[ with {{provider}}]",
    required=(
        SUBJECT,
        FIELDS_ACCESSED,
        Detail("provider", "text", "to whom, by name"),
        PURPOSE,
    ),
    optional=(Detail("provider_address", "text", "the recipient's address"),),
    classes=_ANY,
    policy="closed",
    controls=(*_READ, "SOC 2 CC6.7", "SOC 2 P6.1", "HIPAA 164.528"),
    ocsf=ocsf(6001, 8),
)
PII_ERASE: Final = EventType(
    name="customer.pii.erase",
    meaning="Erasure request executed (crypto-shred)",
    sentence=(
        f"{{actor}} erased the personal data of {_WHOM}[ by request {{request_id}}]"
    ),
    attempt=f"erase the personal data of {_WHOM}",
    required=(SUBJECT, REQUEST_ID),
    optional=(REASON,),
    classes=_ANY,
    policy="closed",
    controls=("PCI DSS 10.2.1.1", "SOC 2 P4.3", "GDPR 17"),
    ocsf=ocsf(6001, 4),
)
PII_ACCESS_REQUEST: Final = EventType(
    name="customer.pii.access_request",
    meaning="Subject access request fulfilled",
    sentence=f"{{actor}} gave {_WHOM} their data[ by request {{request_id}}]",
    attempt=f"give {_WHOM} their data",
    required=(SUBJECT, REQUEST_ID, FIELDS_ACCESSED, EXPORT_FORMAT),
    optional=(RECORD_COUNT,),
    classes=_ANY,
    policy="closed",
    controls=(*_READ, "SOC 2 P5.1", "GDPR 15"),
    ocsf=ocsf(6001, 7),
)
PII_CONSENT_UPDATE: Final = EventType(
    name="customer.pii.consent_update",
    meaning="Consent/marketing/processing choice changed",
    sentence=(
        f"{{actor}} changed the consent of {_WHOM}[: {{consent}}]"
        "[ from {before} to {after}]"
    ),
    attempt=f"change the consent of {_WHOM}",
    required=(
        SUBJECT,
        Detail("consent", "text", "to what", ("/changes/0/field",)),
        BEFORE,
        AFTER,
    ),
    classes=("contact",),
    controls=("SOC 2 P2.1", "GDPR 7"),
    ocsf=ocsf(6001, 3),
)
PII_KYC_UPDATE: Final = EventType(
    name="customer.pii.kyc_update",
    meaning="KYC/AML status or risk rating changed",
    sentence=(
        f"{{actor}} changed {{field|the KYC status}} of {_WHOM}"
        "[ from {before} to {after}]"
    ),
    attempt=f"change {{field|the KYC status}} of {_WHOM}",
    required=(
        SUBJECT,
        Detail("field", "text", "the status or rating", ("/changes/0/field",)),
        BEFORE,
        AFTER,
    ),
    optional=(REASON,),
    classes=("identity", "financial"),
    controls=_WRITE,
    ocsf=ocsf(6001, 3),
)
PII_DOCUMENT_UPLOAD: Final = EventType(
    name="customer.pii.document_upload",
    meaning="Identity document stored",
    sentence="{actor} stored a document[ ({document_type})] of {subject|a customer}",
    attempt="store a document of {subject|a customer}",
    required=(SUBJECT, _DOCUMENT_ID, _DOCUMENT_TYPE),
    optional=(Detail("sha256", "text", "digest of the file"),),
    classes=("identity",),
    controls=(*_READ, "SOC 2 P3.1"),
    ocsf=ocsf(6006, 1),
)
PII_DOCUMENT_VIEW: Final = EventType(
    name="customer.pii.document_view",
    meaning="Identity document opened",
    sentence="{actor} opened a document[ ({document_type})] of {subject|a customer}",
    attempt="open a document of {subject|a customer}",
    required=(SUBJECT, _DOCUMENT_ID),
    optional=(_DOCUMENT_TYPE, PURPOSE),
    classes=("identity",),
    controls=_READ,
    ocsf=ocsf(6006, 14),
)
