"""A mail server that does what the receiver's name says, and tells what it took.

Prints one JSON object a line: first {"port": …}, then every letter. grey@… is told 451 once for each
letter and then let in, never@… is told 550, full@… 452 always; everybody else gets their mail. Ends
when standard input does.
"""

import argparse
import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

parser = argparse.ArgumentParser()
parser.add_argument("--security", choices=["none", "starttls", "tls"], default="none")
parser.add_argument("--certificate")
parser.add_argument("--key")
parser.add_argument("--user")
parser.add_argument("--password")
options = parser.parse_args()


def tell(what):
    print(json.dumps(what), flush=True)


class Handler:
    def __init__(self):
        self.greeted = set()

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        name = address.split("@")[0]
        if name == "never":
            return "550 5.1.1 No such person here"
        if name == "full":
            return "452 4.2.2 The box is full"
        if name == "grey" and address not in self.greeted:
            self.greeted.add(address)
            return "451 4.7.1 Greylisted, come again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = {part.get_content_type(): part.get_content() for part in letter.walk() if not part.is_multipart()}
        tell(
            {
                "from": envelope.mail_from,
                "to": envelope.rcpt_tos,
                "headers": {name.lower(): str(value) for name, value in letter.items()},
                "parts": parts,
                "encrypted": server.transport.get_extra_info("ssl_object") is not None,
                "signed_in": bool(session.authenticated),
            }
        )
        return "250 2.0.0 Taken as 4711"


def authenticate(server, session, envelope, mechanism, data):
    given = (data.login.decode(), data.password.decode())
    # Not "handled": the server itself says 535.
    return AuthResult(success=given == (options.user, options.password), handled=False)


def tls():
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(options.certificate, options.key)
    return context


async def main():
    handler = Handler()
    wanted = {}
    if options.user:
        wanted = {"auth_required": True, "authenticator": authenticate, "auth_require_tls": options.security == "starttls"}
    if options.security == "starttls":
        wanted |= {"tls_context": tls(), "require_starttls": True}

    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(handler, hostname="mail.test", loop=loop, **wanted),
        "127.0.0.1",
        0,
        ssl=tls() if options.security == "tls" else None,
    )
    tell({"port": server.sockets[0].getsockname()[1]})
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
