"""Routes of organisers' accounts: signing in, and one's own account."""

from forum.accounts.audiences import SIGNED_IN, Face, Roles

AUDIENCES: dict[str, Face | Roles] = {
    "accounts.sign_in": Face.ACCOUNT,
    "accounts.second_factor": Face.ACCOUNT,
    "accounts.set_up": Face.ACCOUNT,
    "accounts.sign_out": Face.ACCOUNT,
    "accounts.signed_out": Face.ACCOUNT,
    "accounts.forgot": Face.ACCOUNT,
    "accounts.link_sent": Face.ACCOUNT,
    "accounts.reset": Face.ACCOUNT,
    "accounts.welcome": Face.ACCOUNT,
    "accounts.open_demo": Face.ACCOUNT,
    "own_account.show": SIGNED_IN,
    "own_account.time_left": SIGNED_IN,
    "own_account.confirm": SIGNED_IN,
    "own_account.choose_language": SIGNED_IN,
    "own_account.password": SIGNED_IN,
    "own_account.recovery_codes": SIGNED_IN,
    "own_account.recovery_codes_file": SIGNED_IN,
    "own_account.authenticator": SIGNED_IN,
    "own_account.propose_authenticator": SIGNED_IN,
    "own_account.sessions": SIGNED_IN,
    "own_account.end_session": SIGNED_IN,
    "own_account.end_other_sessions": SIGNED_IN,
}
