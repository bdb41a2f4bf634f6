"""Encryption settings of a repository: how a key may be given, and what ECR makes of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from fakeecr.aws_errors import invalid_parameter, kms
from fakeecr.rules import names
from fakeecr.rules.arns import Region, kms_arn

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import EncryptionConfigurationTypeDef


class Encryption(NamedTuple):
    """How a repository is encrypted.

    Attributes:
        encryption_type: ``AES256``, ``KMS`` or ``KMS_DSSE``.
        kms_key: the ARN of its key; None for ``AES256``.
    """

    encryption_type: str = "AES256"
    kms_key: str | None = None


def resolve_encryption(
    region: Region, account_id: str, configuration: EncryptionConfigurationTypeDef | None
) -> Encryption:
    """Return the encryption of a new repository; KMS without a key means the key that AWS manages.

    Raises:
        ECRError: an InvalidParameterException or KmsException.
    """
    if configuration is None:
        return Encryption()
    encryption_type, key = configuration["encryptionType"], configuration.get("kmsKey")
    if encryption_type == "AES256":
        if key is not None:
            raise invalid_parameter(
                "encryptionConfiguration.kmsKey", "kmsKey must be null when encryptionType is set as AES256"
            )
        return Encryption()
    return Encryption(encryption_type, _key_arn(region, account_id, key))


def _key_arn(region: Region, account_id: str, key: str | None) -> str:
    if key is None:
        managed = uuid5(NAMESPACE_URL, kms_arn(region, account_id, "alias/aws/ecr"))
        return kms_arn(region, account_id, f"key/{managed}")
    arn = re.fullmatch(names.KMS_KEY_ARN.pattern, key)
    if arn:
        if arn[1] != region.name:
            raise kms(f"The key '{key}' is not in the region {region.name} of the repository", "NotFoundException")
        return key
    if re.fullmatch(names.KMS_KEY_ALIAS, key):
        return kms_arn(region, account_id, key)
    if re.fullmatch(names.KMS_KEY_ID, key):
        return kms_arn(region, account_id, f"key/{key}")
    raise kms(f"'{key}' is not the id, the alias or the ARN of a key", "NotFoundException")
