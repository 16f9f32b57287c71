"""Django models: before and after of what is saved, updated and deleted.

    class ShopConfig(AppConfig):
        def ready(self):
            track()

    class Customer(models.Model):
        PII_FIELDS = {"email": "contact.email"}

Guarantees: of a marked model (`PII_FIELDS`, or a class `AuditMeta` inside of it), what
`save`, `delete`, `QuerySet.update` and `delete`, `bulk_create`, `bulk_update` and
many-to-many relations change is told with its values before and after: in the event
that is being stated, else in one of its own when the transaction commits. Cascades
that Django itself carries out are told, in events of their models' own; so is what a
deleted row was related to. What is rolled back, by a savepoint too, is not told.
Asynchronous methods (`aupdate`, ...) are these methods.

With `reads`, personal columns that are loaded flag the event that is being stated.

Does not: see raw SQL (`raw`, cursors), triggers, or what the database cascades.

The methods of `QuerySet` itself are wrapped, not a manager's: a manager can be
forgotten, and related managers and `_base_manager` would go round it. A row's before
image is read when it is saved, not kept from when it was loaded: it is what is changed
now, whoever loaded what before, and costs nothing where nobody saves.
"""

from __future__ import annotations

from prooftrail.integrations.django_models.tracking import track

__all__ = ["track"]
