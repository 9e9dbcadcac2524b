"""Opens stored customer input with the AWS Encryption SDK, with the parameters
of Amazon Connect's published sample. Arguments: private key, key ID, input."""
import base64
import sys

import aws_encryption_sdk
from aws_encryption_sdk.identifiers import CommitmentPolicy, EncryptionKeyType, WrappingAlgorithm
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from aws_encryption_sdk.key_providers.raw import RawMasterKeyProvider


class Connect(RawMasterKeyProvider):
    provider_id = "AmazonConnect"

    def _get_raw_key(self, key_id):
        with open(sys.argv[1], "rb") as f:
            return WrappingKey(
                wrapping_algorithm=WrappingAlgorithm.RSA_OAEP_SHA512_MGF1,
                wrapping_key=f.read(),
                wrapping_key_type=EncryptionKeyType.PRIVATE,
            )


provider = Connect()
provider.add_master_key(sys.argv[2])
client = aws_encryption_sdk.EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT)
text, _ = client.decrypt(source=base64.b64decode(sys.argv[3]), key_provider=provider)
print(text.decode())
