"""The shop's models in Django."""

from __future__ import annotations

import uuid

from django.db import models


class Tag(models.Model):  # type: ignore[misc]
    name = models.TextField(primary_key=True)

    class Meta:
        app_label = "shop"
        db_table = "tag"

    def __str__(self) -> str:
        return str(self.name)


class Customer(models.Model):  # type: ignore[misc]
    PII_FIELDS = {"email": "contact.email", "name": "identity.name"}  # noqa: RUF012

    id = models.TextField(primary_key=True)
    email = models.TextField(null=True)  # noqa: DJ001  as the table has it
    name = models.TextField(null=True)  # noqa: DJ001
    plan = models.TextField(default="free")
    balance = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    password = models.TextField(default="")
    seen = models.IntegerField(default=0)
    tags = models.ManyToManyField(Tag, db_table="customer_tag", related_name="of")

    class Meta:
        app_label = "shop"
        db_table = "customer"

    class AuditMeta:
        exclude = ("seen",)

    def __str__(self) -> str:
        return str(self.id)


class Lead(Customer):
    """A proxy, which sends signals of its own."""

    class Meta:
        app_label = "shop"
        proxy = True


class Address(models.Model):  # type: ignore[misc]
    id = models.AutoField(primary_key=True)
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="addresses"
    )
    city = models.TextField()

    class Meta:
        app_label = "shop"
        db_table = "address"

    class AuditMeta:
        pii_fields = {"city": "contact.address"}  # noqa: RUF012  as Django code is written
        subject = "customer"
        update = "customer.pii.update"

    def __str__(self) -> str:
        return str(self.id)


class Member(models.Model):  # type: ignore[misc]
    """Its key is made here, and another one keeps members apart."""

    PII_FIELDS = {"email": "contact.email"}  # noqa: RUF012

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    email = models.TextField(unique=True)
    plan = models.TextField(default="free")
    friends = models.ManyToManyField("self", db_table="member_friend")

    class Meta:
        app_label = "shop"
        db_table = "member"

    class AuditMeta:
        delete = "customer.pii.delete"

    def __str__(self) -> str:
        return str(self.id)


class Seat(models.Model):  # type: ignore[misc]
    id = models.AutoField(primary_key=True)
    hall = models.TextField(null=True)  # noqa: DJ001  as the table has it
    number = models.IntegerField()
    member = models.ForeignKey(Member, null=True, on_delete=models.CASCADE)

    class Meta:
        app_label = "shop"
        db_table = "seat"
        constraints = (
            models.UniqueConstraint(fields=["hall", "number"], name="seat_once"),
        )

    class AuditMeta:
        pass

    def __str__(self) -> str:
        return str(self.id)


class Note(models.Model):  # type: ignore[misc]
    """Whose it is may be nobody, which is an empty text here."""

    id = models.TextField(primary_key=True)
    owner = models.TextField(default="", blank=True)
    text = models.TextField()

    class Meta:
        app_label = "shop"
        db_table = "note"

    class AuditMeta:
        pii_fields = {"text": "support.notes"}  # noqa: RUF012
        subject = "owner"

    def __str__(self) -> str:
        return str(self.id)


class Article(models.Model):  # type: ignore[misc]
    """Nothing marks it."""

    id = models.IntegerField(primary_key=True)
    title = models.TextField()

    class Meta:
        app_label = "shop"
        db_table = "article"

    def __str__(self) -> str:
        return str(self.id)
