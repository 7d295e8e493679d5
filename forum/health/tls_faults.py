"""What is wrong with the connection to a mail server and its encryption, in words that say what to change (M15)."""

import smtplib
import socket
import ssl

# OpenSSL's codes (X509_V_ERR_…) for the reasons why a certificate is refused.
NOT_YET, EXPIRED = 9, 10
UNKNOWN_ISSUER = {2, 18, 19, 20, 21}
OTHER_NAME = {62, 64}
PORTS = "FORUM_MAIL_USE_SSL is for port 465, FORUM_MAIL_USE_TLS for 587 and 25"


def tell(problem: BaseException | None, server: str) -> str:
    """Return what is wrong with the mail server or its encryption, and what to do; "" for other problems."""
    match problem:
        case ssl.SSLCertVerificationError():
            return f"mail waits, for the certificate of {server} {_certificate(problem, server)}"
        case ssl.SSLError():
            return (
                f"mail waits, for {server} does not answer in TLS ({problem.reason or 'broken off'}): {PORTS}"
            )
        # A server at port 465 expects TLS at once. It says nothing to a client without TLS, which waits for a greeting:
        # so the sentence names the ports.
        case smtplib.SMTPServerDisconnected() | TimeoutError() | ConnectionResetError():
            return f"mail waits, for {server} says nothing or hangs up: {PORTS}"
        case smtplib.SMTPNotSupportedError():
            return (
                f"mail waits, for {server} offers no encryption (STARTTLS): switch it on there, or use a server that"
                " has it"
            )
        case ConnectionRefusedError():
            return f"mail waits, for nothing answers at {server}: start the mail server, or correct FORUM_MAIL_PORT"
        case socket.gaierror():
            return f"mail waits, for the name {server} cannot be found: correct FORUM_MAIL_SERVER"
    return ""


def _certificate(problem: ssl.SSLCertVerificationError, server: str) -> str:
    code = problem.verify_code
    if code in OTHER_NAME:
        return (
            f"is for another name: give FORUM_MAIL_SERVER the name that it has, or have one made for {server}"
        )
    if code == EXPIRED:
        return "has expired: have it renewed there"
    if code == NOT_YET:
        return "is not valid yet: compare the clocks of both machines"
    if code in UNKNOWN_ISSUER:
        return (
            "is signed by nobody whom this machine trusts: have one made by a public authority, or name the file of"
            " yours in FORUM_MAIL_CA_FILE"
        )
    return f"is refused: {problem.verify_message}"
