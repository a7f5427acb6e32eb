"""Which conferences somebody may see."""

from dataclasses import dataclass

from confledger.auth.accounts import Principal
from confledger.errors import NotPermitted
from confledger.ledger.conference import ConferenceStore, person_by_account, person_by_id


@dataclass(frozen=True, slots=True)
class Visibility:
    """The rule, the same for everything about a conference.

    An administrator sees every conference of the corp. Another user sees those that
    they scheduled or were invited to; having been there without an invitation is
    not enough. To another corp a conference is one that is not there.
    """

    conferences: ConferenceStore

    async def require(self, principal: Principal, conference_uuid: str) -> None:
        """Let somebody see a conference.

        Raises:
            NoSuchConference: their corp has none of that id.
            NotPermitted: it has, and they may not see it.
        """
        # Looked up for an administrator as well, so that what is unknown takes
        # the same way and the same time for everybody.
        is_viewer = await self.conferences.may_view(
            principal.corp_id, conference_uuid, persons_of(principal)
        )
        if not (is_viewer or principal.is_administrator):
            raise NotPermitted("the user neither scheduled the conference nor was invited to it")


def persons_of(principal: Principal) -> frozenset[str]:
    """How a conference may name this user among its viewers."""
    persons = {person_by_id(principal.user_id)}
    if principal.account:
        persons.add(person_by_account(principal.account))
    return frozenset(persons)
