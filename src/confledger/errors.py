"""Every error that confledger raises on purpose.

    ConfledgerError
    ├── SettingError             the start stops: a setting is wrong
    ├── CannotListen             the address to serve on can't be had
    ├── CannotWrite              a file or folder can't be written
    ├── InvalidFile              a file that somebody brings breaks a rule
    ├── InvalidField             a value from outside breaks a rule
    │   ├── InvalidParameter         in the query of a call
    │   ├── InvalidLogin             in the body of an authentication call
    │   └── InvalidRecord            in a record that somebody brings
    ├── DeliveryConflict         a key comes back with another body
    ├── EventConflict            an event id comes back with another content
    ├── NotAuthenticated         who is asking could not be settled
    │   ├── TokenRejected            no token, an unknown one, or one that has ended
    │   ├── SignatureRejected        app id, app key and signature do not belong together
    │   ├── SignatureExpired         the signature's own validity is over
    │   ├── PasswordRejected         account and password do not belong together
    │   ├── LinkRejected             a sign-in link is wrong, was used, or is over
    │   ├── AccountDisabled          the user, the app or the corp is disabled
    │   └── AccountLocked            too many wrong passwords; a while later it works again
    ├── NotPermitted             the caller is known and may not do this
    ├── ForeignRequest           a page of somebody else's made the browser ask
    ├── TooManyAtOnce            more of something at once than there may be
    │   ├── TooManyStreams           live streams, of a user or a process
    │   └── TooManyExports           files that are being written
    ├── NoSuchConference         unknown, or of another corp: the two look alike
    ├── NobodyThere              somebody is said to have left who was not there
    ├── NoSuchCorp, NoSuchUser, NoSuchApp
    │                            a command names what the store does not have
    ├── NameTaken                a new thing has the name of another
    ├── StillInUse               what is to be removed has something that is kept
    ├── BodyTooLarge             a request body beyond its limit
    ├── BodyTooSlow              a request body that did not arrive in time
    ├── TooManyRecords           more records or stays at once than the call takes
    ├── UnknownMedia             a request body of a type, or packed in a way, that is not read
    ├── RemoteError              another ledger could not be read
    │   ├── RemoteUnreachable        it gives no answer
    │   ├── RemoteRefused            it answers that it will not
    │   └── RemoteUntrustworthy      it answers what can't be so
    └── StoreError               the store could not do its work
        ├── StoreBusy                now; the same request may work in a moment
        └── StoreUnusable            not before somebody has looked after it

The text of an error is a sentence for the person who reads it. The status and
the code that a caller of the wire API gets stand in `wire/errors.py` alone.
"""


class ConfledgerError(Exception):
    """The root of the tree."""


class SettingError(ConfledgerError):
    """A setting is wrong; the sentence says which one, and how to put it right."""


class CannotListen(ConfledgerError):
    """The address to serve on can't be had."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(
            f"can't listen on {host or 'every address'}, port {port}: {reason};"
            " --host and --port choose others"
        )


class CannotWrite(ConfledgerError):
    """A file or folder can't be written; nothing of it is left."""

    def __init__(self, path: object, reason: str) -> None:
        super().__init__(f"can't write {path}: {reason}")


class InvalidFile(ConfledgerError):
    """A file that somebody brings breaks a rule; nothing of it has been taken.

    Args:
        path: the file.
        place: where in it, such as "line 3"; empty where it is about the whole.
        problem: which field breaks which rule.
        is_page: whether it is, or was meant to be, a saved page.
    """

    def __init__(self, path: object, place: str, problem: str, *, is_page: bool = False) -> None:
        super().__init__(": ".join(filter(None, (str(path), place, problem))))
        self.is_page = is_page


class InvalidField(ConfledgerError):
    """A value from outside breaks a rule.

    Args:
        field: the name by which whoever sent the value knows it.
        rule: what the value has to be, as the end of the sentence "FIELD ...".
    """

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field} {rule}")
        self.field = field
        self.rule = rule


class InvalidParameter(InvalidField):
    """A parameter of a wire call breaks a rule."""


class InvalidLogin(InvalidField):
    """A field of an authentication request breaks a rule."""


class InvalidRecord(InvalidField):
    """A record that somebody brings breaks a rule."""


class DeliveryConflict(ConfledgerError):
    """A key that the ledger knows comes back with another body."""

    def __init__(self, key: str) -> None:
        super().__init__(f"Idempotency-Key: {key} is known of another body.")


class EventConflict(ConfledgerError):
    """An event id that the ledger knows comes back with another content."""

    def __init__(self, conference_uuid: str, event_id: str, position: int) -> None:
        super().__init__(
            f"conference {conference_uuid} already has a record of the event {event_id!r},"
            " with another content; the ledger keeps the first and changes none"
        )
        self.conference_uuid = conference_uuid
        self.event_id = event_id
        self.position = position
        """Which of the conference's records that were brought it is; the first is 0."""


class NotAuthenticated(ConfledgerError):
    """Who is asking could not be settled."""


class TokenRejected(NotAuthenticated):
    """There is no token, or it is unknown, or it has ended; nobody learns which."""

    def __init__(self) -> None:
        super().__init__("The access token is missing, wrong or has expired; log in again.")


class SignatureRejected(NotAuthenticated):
    """App id, app key and signature do not belong together; nobody learns which is wrong."""

    def __init__(self) -> None:
        super().__init__(
            "App ID authentication failed: check the app id, the key and what is signed."
        )


class SignatureExpired(NotAuthenticated):
    """The signature is right, and its expireTime has passed."""

    def __init__(self) -> None:
        super().__init__("The signature's expireTime has passed; sign anew, and check the clock.")


class PasswordRejected(NotAuthenticated):
    """Account and password do not belong together; nobody learns which is wrong."""

    def __init__(self) -> None:
        super().__init__("The account or the password is wrong.")


class LinkRejected(NotAuthenticated):
    """A sign-in link is wrong, was used, or is over; nobody learns which."""

    def __init__(self) -> None:
        super().__init__("The sign-in link is wrong, was used, or is over; ask for a new one.")


class AccountDisabled(NotAuthenticated):
    """Who logs in has proved who they are, and their user, app or corp is disabled."""

    def __init__(self) -> None:
        super().__init__("The account is disabled; ask its administrator.")


class AccountLocked(NotAuthenticated):
    """There were too many wrong passwords for the account.

    Args:
        seconds: how long it stays so after the last of them.
    """

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many wrong passwords; try again {seconds} seconds after the last.")


class NotPermitted(ConfledgerError):
    """The caller is known and may not do this."""


class ForeignRequest(ConfledgerError):
    """A request that changes something does not come from a page of the console."""

    def __init__(self) -> None:
        super().__init__("The request does not come from a page of this console; reload the page.")


class TooManyAtOnce(ConfledgerError):
    """There is more of something at once than there may be; later there may be room."""


class TooManyExports(TooManyAtOnce):
    """A process writes as many files as it may, or as many for a user."""

    def __init__(self) -> None:
        super().__init__("Too many files are being made already; try again in a moment.")


class TooManyStreams(TooManyAtOnce):
    """A user, or a process, has as many live streams as it may."""

    def __init__(self) -> None:
        super().__init__("Too many live views are open; close one, or reload the page later.")


class NoSuchConference(ConfledgerError):
    """The caller's corp has no such conference; another corp may have it."""

    def __init__(self, conference_uuid: str) -> None:
        super().__init__(f"there is no conference {conference_uuid} in this corp")


class NobodyThere(ConfledgerError):
    """Somebody is said to have left a conference, and had not joined it, or has left already.

    Args:
        position: which of the departures that were told it is; the first is 0.
    """

    def __init__(self, position: int) -> None:
        super().__init__("nobody of this name and number was in the conference then")
        self.position = position


class NoSuchCorp(ConfledgerError):
    """The store has no such corp."""

    def __init__(self, corp_id: str) -> None:
        super().__init__(
            f"there is no corp {corp_id!r} in this store;"
            f" `confledger corp create {corp_id}` makes it"
        )


class NoSuchUser(ConfledgerError):
    """The corp has no such user."""

    def __init__(self, corp_id: str, account: str) -> None:
        super().__init__(f"there is no user {account!r} in the corp {corp_id!r}")


class NoSuchApp(ConfledgerError):
    """The store has no such app."""

    def __init__(self, app_id: str) -> None:
        super().__init__(f"there is no app {app_id!r} in this store")


class NameTaken(ConfledgerError):
    """Something new has the name of something else."""


class StillInUse(ConfledgerError):
    """What is to be removed has something that is kept."""


class BodyTooLarge(ConfledgerError):
    """A request body is larger than the call takes."""

    def __init__(self, bytes_max: int) -> None:
        super().__init__(f"The request body must not be larger than {bytes_max} bytes.")


class BodyTooSlow(ConfledgerError):
    """A request body did not arrive in time."""

    def __init__(self, seconds_max: float) -> None:
        super().__init__(f"The request body did not arrive within {seconds_max:g} seconds.")


class TooManyRecords(ConfledgerError):
    """There are more records or stays at once than the call takes."""

    def __init__(self, records_max: int) -> None:
        super().__init__(
            f"The request body must not have more than {records_max} records or stays."
        )


class UnknownMedia(ConfledgerError):
    """A request body is of a type, or packed in a way, that the call does not read.

    Args:
        header: which header says so.
        known: what it may say.
    """

    def __init__(self, header: str, known: tuple[str, ...]) -> None:
        super().__init__(f"{header} must be one of {', '.join(known)}.")


class RemoteError(ConfledgerError):
    """Another ledger, from which we read, did not give what was asked."""


class RemoteUnreachable(RemoteError):
    """The remote gives no answer, however often it is asked; the sentence says what came last."""


class RemoteRefused(RemoteError):
    """The remote answers with an error that asking again would not change.

    Args:
        path: of the call.
        status: the HTTP status.
        code: its `error_code`; empty where it gave none.
        message: its `error_msg`, likewise.
    """

    def __init__(self, path: str, status: int, code: str, message: str) -> None:
        said = " ".join(filter(None, (str(status), code, message)))
        super().__init__(f"the remote refuses {path}: {said}")
        self.status = status
        self.code = code
        self.message = message


class RemoteUntrustworthy(RemoteError):
    """The remote's answer contradicts itself, or what was asked.

    Args:
        path: of the call.
        field: what in the answer is wrong.
        rule: what is wrong with it, as the end of the sentence "FIELD ...".
    """

    def __init__(self, path: str, field: str, rule: str) -> None:
        super().__init__(f"the remote's answer to {path} can't be trusted: {field} {rule}")
        self.field = field
        self.rule = rule


class StoreError(ConfledgerError):
    """The store could not do its work: nothing is done, or, if its answer got lost, all of it."""


class StoreBusy(StoreError):
    """The store has too much to do at the moment."""


class StoreUnusable(StoreError):
    """The store is missing, full, damaged or of another version."""
