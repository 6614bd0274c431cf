"""A mail server with STARTTLS and a password, which keeps what it takes: one JSON text a line on the standard output.

The environment says where: SMTP_PORT, SMTP_CERTIFICATE, SMTP_KEY (PEM files), SMTP_USER, SMTP_PASSWORD.
"""

import email
import email.policy
import json
import os
import signal
import ssl

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


class Keep:
    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        bodies = {kind: message.get_body((kind,)).get_content() for kind in ("plain", "html")}
        kept = {
            "tls": session.ssl is not None,
            "to": envelope.rcpt_tos,
            "headers": {name: str(value) for name, value in message.items()},
            **bodies,
        }
        print(json.dumps(kept), flush=True)
        return "250 OK"


def authenticate(server, session, envelope, mechanism, given):
    if not isinstance(given, LoginPassword):
        return AuthResult(success=False, handled=False)
    wanted = (os.environ["SMTP_USER"].encode(), os.environ["SMTP_PASSWORD"].encode())
    return AuthResult(success=(given.login, given.password) == wanted, handled=False)


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(os.environ["SMTP_CERTIFICATE"], os.environ["SMTP_KEY"])
controller = Controller(
    Keep(),
    hostname="127.0.0.1",
    port=int(os.environ["SMTP_PORT"]),
    tls_context=context,
    require_starttls=True,
    auth_required=True,
    authenticator=authenticate,
)
controller.start()
signal.sigwait({signal.SIGTERM, signal.SIGINT})
controller.stop()
