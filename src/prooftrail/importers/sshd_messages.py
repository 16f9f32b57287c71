"""What OpenSSH's server says in its log, as facts.

Guarantees: `read` is total: a message is `Told`, with all that it states; `PASSED`
where it has to do with no login; or a `Problem` where it is none that sshd or its PAM
modules are known to write, or can be read in two ways.

User names, key ids of certificates, host names and reasons to disconnect are chosen by
whoever connects. So a message is read from its end where a name stands before the
address (``Failed password for x from 6.6.6.6 port 1 ssh2 from 9.9.9.9 port 2 ssh2`` is
of 9.9.9.9), from its begin where such text stands behind, and not at all where both do
and it fits twice. What a host calls itself is never an address.

Source: OpenSSH 9.2 and 9.8, auth.c, auth2.c, packet.c, session.c; Linux-PAM 1.5,
pam_unix, pam_faillock, pam_tally2.
"""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple, TypeAlias

from prooftrail.importers.imported import Problem

Kind: TypeAlias = Literal[
    "failed",  # one attempt was refused
    "accepted",  # one attempt let somebody in
    "partial",  # a first factor was accepted, another is asked for
    "named",  # somebody wants to be this account; of an attempt told elsewhere
    "pam",  # PAM refused; of an attempt told elsewhere
    "more",  # PAM refused so many times more
    "opened",  # PAM opened a session
    "left",  # the connection ended, or is about to
    "closed",  # PAM closed the session
    "locked",  # the account is locked from now on
]


class Told(NamedTuple):
    """What a message states; None where it does not say."""

    kind: Kind
    user: str | None = None
    exists: bool | None = None  # whether there is such an account
    address: str | None = None  # an address or a name, as written
    port: int | None = None
    method: str | None = None
    key: str | None = None  # what opened the door: type and fingerprint
    why: str | None = None  # locked, not_allowed; of an end: user, expiry, forced
    times: int = 1
    preauth: bool = False
    module: str | None = None  # of PAM


class Passed(NamedTuple):
    """The message has to do with no login."""


PASSED: Final = Passed()
LONGEST: Final = 100  # characters of a name; sshd cuts it there

_INSIDE: Final = frozenset({"accepted", "opened", "closed", "locked"})

_PREFIX = re.compile(r"(?:(error|fatal|info|debug[1-3]|Warning): )?(?:PAM: (?=pam_))?")
_PREAUTH = " [preauth]"
_PORT = r"([0-9]{1,5})"
_AUTH = re.compile(
    r"(Accepted|Failed|Partial|Postponed) (\S+) for ((?:invalid|illegal) user )?"
)
_FROM = re.compile(rf" from (\S+) port {_PORT}(?: ssh[12]?)?(?=: |$)")
_FROM_ALONE = re.compile(r" from (\S+)()$")  # without a port; of old, or cut off
_BARE = ("password", "keyboard-interactive", "challenge-response", "none")
_KEY = (
    r"[A-Za-z0-9.@-]+ (?:SHA256:[A-Za-z0-9+/=]+|(?:MD5:)?[0-9a-f]{2}(?::[0-9a-f]{2})+)"
)
_PLAIN_KEY = re.compile(_KEY)
_CERTIFICATE = re.compile(rf"({_KEY}) ID .* \(serial [0-9]+\) CA {_KEY}")
_EXCEEDED = re.compile(
    r"maximum authentication attempts exceeded for (invalid user )?(.*)"
    rf" from (\S+) port {_PORT}(?: ssh2)?"
)
_INVALID = re.compile(rf"(?:Invalid|Illegal) user (.*) from (\S+?)(?: port {_PORT})?")
_INPUT = re.compile(r"input_userauth_request: (?:invalid|illegal) user (.*)")
_REFUSED = re.compile(r"User (.+?) (?:from (\S+) )?not allowed because (.+)")
_ROOT = re.compile(r"ROOT LOGIN REFUSED FROM (\S+).*")
_MAY_NOT = re.compile(
    r"Access denied for user (.+) by PAM account configuration"
    r"|Account (\S+) has expired.*|(?:\S+: )?Authentication tried for (\S+) with "
    r"(?:correct key|valid certificate) but not .*"
)
_PAM_SAYS = re.compile(
    r"PAM: .+? for (illegal user |invalid user )?(.*) from (\S+)(?: via \S+)?"
)
_MORE = re.compile(
    r"PAM ([0-9]{1,6}) more authentication failures?; logname=\S* uid=\S* euid=\S* "
    r"tty=\S* ruser=\S* rhost=(\S*)(?:\s+user=(.*?))?\s*"
)
_PAM = re.compile(r"(pam_\w+)\([^()\s]*\): (.*)")
_PAM_FAILURE = re.compile(
    r"authentication failure; logname=\S* uid=\S* euid=\S* "
    r"tty=\S* ruser=\S* rhost=(\S*)(?:\s+user=(.*?))?\s*"
)
_PAM_SESSION = re.compile(
    r"session (opened|closed) for user (.+?)(?:\(uid=[0-9]+\))?(?: by .*)?"
)
_PAM_LOCK = re.compile(
    r"Consecutive login failures for user (\S+) account temporarily locked"
)
_PAM_TALLY = re.compile(r"user (\S+) \([0-9]+\) tally [0-9]+, deny [0-9]+")
_PAM_EXPIRED = re.compile(r"account (\S+) has expired.*")
_ENDED = re.compile(
    r"(?:Connection (?:closed|reset) by|Connection to|Disconnected from|Disconnecting"
    r"|Timeout, client not responding from|ssh_dispatch_run_fatal: Connection from"
    r"|packet_write_wait: Connection (?:to|from)|Read error from remote host"
    r"|terminating inactive connection from)"
    rf"(?: (authenticating user|invalid user|user) (.*) (\S+) port {_PORT}"
    rf"| (\S+?)(?: port {_PORT})?)(: .*| timed out)?"
)
_TWICE = re.compile(rf" \S+ port {_PORT}(?=: |$)")
_RECEIVED = re.compile(
    rf"Received disconnect from (\S+?)(?: port {_PORT})?: ?([0-9]+): ?(.*)"
)
_DISCONNECTING = re.compile(r"Disconnecting: (.*)")
_LOST = re.compile(
    r"(?:Write failed|Read from socket failed|packet_write_wait|ssh_packet_\w+"
    r"|client_loop|Exiting on signal|Killed by signal|Received signal)\b.*"
)
_TOO_MANY = re.compile(r"Too many authentication failures for (invalid user )?(.*)")
_NOTHING = re.compile(
    r"(?:Server listening on|Received SIGHUP; restarting|Connection from|Set /proc/"
    r"|refused connect from|SSH: "
    r"|Did not receive identification string|Bad protocol version identification"
    r"|Protocol major versions differ|Unable to negotiate|no matching|kex_|kex "
    r"|Bad packet length|banner exchange|banner line contains|ssh_dispatch_run_fatal"
    r"|Corrupted MAC|Corrupted padding|padding error|message authentication code"
    r"|reverse mapping checking getaddrinfo|Address \S+ maps to|Nasty PTR record"
    r"|Timeout before authentication|PAM service\(|User child is on pid"
    r"|Starting session"
    r"|Close session|subsystem request|Transferred: |Changed root directory"
    r"|Found matching|Accepted certificate ID|Accepted key|Accepted \S+ public key"
    r"|Could not (?:load host key|get shadow information)"
    r"|Unable to load host key|Authentication refused"
    r"|Your (?:address|host) .* is not permitted|User .+ password has expired"
    r"|drop connection #|beginning MaxStartups|exited MaxStartups|in MaxStartups"
    r"|srclimit_penalise|penalty|new \S+ penalty|Bind to port|Cannot bind any|bind\(\)"
    r"|connect_to |channel |open failed|Allocated|Local version|Client protocol version"
    r"|Missing privilege separation|userauth_|input_userauth_request|mm_|monitor_"
    r"|preauth child|Privilege|fork of unprivileged child|ssh_msg_|sshpkt_|ssh_packet_"
    r"|syslogin_perform|session_|server_|hostkeys_|key_|buffer_get|dispatch_protocol"
    r"|refused \w+ (?:port )?forward|No supported authentication|no hostkeys available"
    r"|rexec line|rexec of |Deprecated option|Unsupported option|parse_|main: |sshd: no"
    r"|error in libcrypto|cipher_init|chroot|setsockopt|getpeername|getnameinfo"
    r"|accept: "
    r"|\S+ line [0-9]+: |-- MARK --|Invalid key|Public key|Certificate|cert).*"
)
_WORDS = re.compile(r"[A-Za-z:'_-]{1,20}(?: [A-Za-z:'_-]{1,20})?")


def read(message: str) -> Told | Passed | Problem:
    """Read what one process of sshd said, without the line's head."""
    begin = _PREFIX.match(message)
    level = begin[1] if begin else None
    if level is not None and level.startswith("debug"):
        return PASSED
    text = message[begin.end() :] if begin else message
    text = text.rstrip()
    preauth = text.endswith(_PREAUTH)
    text = text.removesuffix(_PREAUTH)
    told: Told | Passed | Problem | None
    if found := _AUTH.match(text):
        told = _attempt(text, found)
    elif text.startswith(("pam_", "PAM ")):
        told = _pam(text)
    else:
        told = _named(text) or _ended(text)
    if isinstance(told, Told):
        return _checked(told._replace(preauth=preauth or told.preauth))
    if told is not None:
        return told
    if _NOTHING.fullmatch(text) or not text:
        return PASSED
    # its first words alone: what follows may be anybody's name, or secret
    words = _WORDS.match(text)
    shown = f", which begins with {words[0]!r}" if words else ""
    return Problem(f"no message that sshd is known to write{shown}")


def _checked(told: Told) -> Told | Problem:
    """Refuse what only somebody with a name can have done, by nobody."""
    inside = told.kind in _INSIDE or (told.kind == "left" and not told.preauth)
    if inside and told.user is not None and not 0 < len(told.user) <= LONGEST:
        return Problem(f"{told.kind}, by no name that an account can have")
    return told


def _attempt(text: str, found: re.Match[str]) -> Told | Passed | Problem:
    ends = list(_FROM.finditer(text, found.end()))
    ends = ends or list(_FROM_ALONE.finditer(text, found.end()))
    if not ends:
        return Problem(f"{found[1]} {found[2][:20]} without an address")
    last = ends[-1]
    extra = text[last.end() :].removeprefix(": ")
    certificate = _CERTIFICATE.fullmatch(extra)
    key: str | None = None
    if _PLAIN_KEY.fullmatch(extra):
        key = extra
    elif _is_open(text, ends, found[2]):
        return Problem(
            f"{found[1]} {found[2][:20]}, with a name or a key's id that makes it "
            "readable in two ways"
        )
    elif certificate:
        key = certificate[1]
    kind: Kind = "named"
    # `none` asks which methods there are; Postponed is a step of one attempt
    if found[1] == "Accepted":
        kind = "accepted"
    elif found[1] == "Partial":
        kind = "partial"
    elif found[1] == "Failed" and found[2] != "none":
        kind = "failed"
    return Told(
        kind,
        user=text[found.end() : last.start()],
        exists=found[3] is None,
        address=last[1],
        port=_number(last[2] or None),
        method=found[2],
        key=key,
    )


def _is_open(text: str, ends: list[re.Match[str]], method: str) -> bool:
    """Say whether an earlier address may be the one, and all behind it what sshd adds.

    Of passwords it adds nothing, so that there it is the last address; but in protocol
    1 it added the user's name at the client.
    """
    bare = ends[-1].end() == len(text) and method.startswith(_BARE)
    return any(
        text.startswith(": ", one.end()) and (not bare or one[0].endswith(" ssh1"))
        for one in ends[: None if len(ends) > 1 else 0]
    )


def _named(text: str) -> Told | None:
    told: Told | None = None
    if found := _INVALID.fullmatch(text):
        told = Told(
            "named",
            found[1],
            exists=False,
            address=found[2],
            port=_number(found[3]),
        )
    elif found := _INPUT.fullmatch(text):
        told = Told("named", found[1], exists=False)
    elif found := _EXCEEDED.fullmatch(text):
        told = Told("named", found[2], found[1] is None, found[3], _number(found[4]))
    elif found := _REFUSED.fullmatch(text):
        why = "locked" if found[3] == "account is locked" else "not_allowed"
        told = Told("named", found[1], exists=True, address=found[2], why=why)
    elif found := _ROOT.fullmatch(text):
        told = Told("named", "root", exists=True, address=found[1], why="not_allowed")
    elif found := _MAY_NOT.fullmatch(text):
        user = next(one for one in found.groups() if one is not None)
        told = Told("named", user, exists=True, why="not_allowed")
    elif found := _PAM_SAYS.fullmatch(text):
        told = Told("named", found[2], found[1] is None, found[3])
    elif found := _TOO_MANY.fullmatch(text):
        invalid = found[1] is not None  # else older versions say nothing of it
        told = Told("named", found[2], exists=False) if invalid else Told("named")
    return told


def _ended(text: str) -> Told | None:
    if found := _RECEIVED.fullmatch(text):
        return Told("left", address=found[1], port=_number(found[2]), why="user")
    if _DISCONNECTING.fullmatch(text):
        return Told("left", why="forced")
    if found := _ENDED.fullmatch(text):
        who, user, address, port, alone, its_port, rest = found.groups()
        if rest and len(list(_TWICE.finditer(text))) > 1:
            return Told("left", why="forced")  # a name before the address, or behind
        return Told(
            "left",
            user,
            None if user is None else who != "invalid user",
            address or alone,
            _number(port or its_port),
            why=_end(text),
            preauth=who in {"authenticating user", "invalid user"},
        )
    if _LOST.fullmatch(text):
        return Told("left", why=_end(text))
    return None


def _end(text: str) -> str:
    """Return why a connection ended, as `auth.logout` has it."""
    if text.startswith(("Timeout", "terminating inactive")) or "timed out" in text:
        return "expiry"
    if text.startswith(("Disconnected from", "Connection closed")):
        return "user"
    return "forced"


def _pam(text: str) -> Told | Passed:
    if more := _MORE.fullmatch(text):
        return Told(
            "more", more[3] or None, address=more[2] or None, times=int(more[1])
        )
    module = _PAM.fullmatch(text)
    if module is None:
        return PASSED
    told: Told | Passed = PASSED
    name, said = module.groups()
    if found := _PAM_FAILURE.fullmatch(said):
        user = found[2] or None
        told = Told("pam", user, address=found[1] or None, module=name)
    elif said.startswith("check pass; user unknown"):
        told = Told("named", exists=False)
    elif found := _PAM_SESSION.fullmatch(said):
        told = Told("opened" if found[1] == "opened" else "closed", found[2])
    elif found := _PAM_LOCK.fullmatch(said):
        told = Told("locked", found[1], exists=True, module=name)
    elif found := _PAM_TALLY.fullmatch(said):
        told = Told("named", found[1], exists=True, why="locked")
    elif found := _PAM_EXPIRED.fullmatch(said):
        told = Told("named", found[1], exists=True, why="not_allowed")
    return told


def _number(text: str | None) -> int | None:
    return int(text) if text is not None else None
