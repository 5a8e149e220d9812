"""Verifies an RFC 3161 response with rfc3161-client, and that it refuses other data.

usage: verify_token.py CA_PEM RESPONSE DATA
"""

import sys
from pathlib import Path

from cryptography.x509 import load_pem_x509_certificates
from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

ca, response, data = (Path(name).read_bytes() for name in sys.argv[1:])
builder = VerifierBuilder()
for certificate in load_pem_x509_certificates(ca):
    builder = builder.add_root_certificate(certificate)
verifier = builder.build()
response = decode_timestamp_response(response)
assert verifier.verify_message(response, data)
try:
    verifier.verify_message(response, data + b"!")
except VerificationError:
    print(response.tst_info.gen_time.isoformat())
else:
    sys.exit("other data was accepted")
