"""What can be done in a conference, and how it can end: the codes that the ledger stores.

The words that people read for a code are in `locales/`, one file per language, in
the order of the tables here.
"""

import enum
from dataclasses import dataclass
from typing import Final


class ObjectKind(enum.Enum):
    """What a record of an operation names as the thing acted on."""

    NONE = "none"
    """Nothing: the operation concerns the whole conference, or the vendor names no one."""
    PARTICIPANT = "participant"
    """The id of a participant."""
    NUMBER = "number"
    """A number that is called or was called; records show it starred."""


class Actor(enum.Enum):
    """Who did something, as a pair of source and operator.

    These three are all the pairs in the vendor's sample of control records.
    """

    MCU = ("MCU", "MCU")
    """The media server, by an automatism or in reaction to something else."""
    SYSTEM = ("Conference System", "Conference System")
    """The conference's own logic: nobody asked for it at that moment."""
    PORTAL = ("Portal", "Conference Operator")
    """A person, through whichever means of control; the vendor shows no name."""

    @property
    def source(self) -> str:
        """Where the operation came from, as a record says it."""
        return self.value[0]

    @property
    def operator(self) -> str:
        """Who operated, as a record says it."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be done in a conference."""

    code: str
    """What the ledger stores, e.g. `MUTE_PARTICIPANT`.

    Ours, not the vendor's, and never sent in its API. Once released, a code is
    neither renamed nor used for anything else: old records refer to it.
    """

    object_kind: ObjectKind
    """What a record of it acts on."""

    actor: Actor
    """Who normally does it. A record may name another, and then the record is right."""

    call: str
    """The call of the vendor's control API that triggers it; empty where none is known.

    Method, path below `/v1/mmc/control/conferences/`, and the body fields that
    tell it from others on the same path. A field without a value can take several,
    or its value is not documented. It is there for orientation: nothing parses it.
    """


# Short names, so that each operation is one line of the table.
_NONE: Final = ObjectKind.NONE
_PARTICIPANT: Final = ObjectKind.PARTICIPANT
_NUMBER: Final = ObjectKind.NUMBER
_MCU: Final = Actor.MCU
_SYSTEM: Final = Actor.SYSTEM
_PORTAL: Final = Actor.PORTAL

OPERATIONS: Final[tuple[Operation, ...]] = (
    # Seen in the vendor's sample: object and actor are what its records show. The
    # calls of voice activation and of requesting the floor are inferred.
    Operation("START_VOICE_ACTIVATION", _NONE, _MCU, "PUT display/mode switchMode=VAS"),
    Operation("STOP_VOICE_ACTIVATION", _NONE, _MCU, "PUT display/mode switchMode=Fixed"),
    # Recorded when the call is connected, not when it is placed.
    Operation("CALL_PARTICIPANT", _PARTICIPANT, _SYSTEM, "POST participants"),
    Operation("SET_HOST", _PARTICIPANT, _SYSTEM, "PUT participants/role applyChair=1"),
    # The sample has this one from the MCU (twice) and from the Portal (once).
    Operation("MUTE_PARTICIPANT", _PARTICIPANT, _MCU, "PUT participants/mute isMute=1"),
    Operation("UNMUTE_PARTICIPANT", _PARTICIPANT, _MCU, "PUT participants/mute isMute=0"),
    # Also what `POST inviteWithPwd` does, as far as we can tell.
    Operation("ADD_PARTICIPANT", _NUMBER, _PORTAL, "POST participants"),
    Operation("REMOVE_PARTICIPANT", _NUMBER, _PORTAL, "POST attendees/delete"),
    Operation("HANG_UP_PARTICIPANT", _PARTICIPANT, _PORTAL, "POST participants/delete"),
    Operation("ROLL_CALL_PARTICIPANT", _PARTICIPANT, _PORTAL, "PUT participants/rollCall"),
    Operation("BROADCAST_PARTICIPANT", _PARTICIPANT, _PORTAL, "PUT participants/broadcast"),
    # In spite of its name a record of it names no participant. In the sample it
    # follows by itself from hanging up on the participant who was broadcast.
    Operation("CANCEL_BROADCAST_PARTICIPANT", _NONE, _MCU, "PUT cancelBroadcast"),
    Operation("RELEASE_HOST", _PARTICIPANT, _PORTAL, "PUT participants/role applyChair=0"),
    Operation("UNMUTE_ALL", _NONE, _PORTAL, "PUT mute isMute=0"),
    # The object is the participant who asks.
    Operation("REQUEST_FLOOR", _PARTICIPANT, _PORTAL, "PUT participants/hands handsState=1"),
    #
    # Not seen in a record: each stands for something that the vendor's control API
    # or its clients can do. Object and actor are proposals.
    Operation("MUTE_ALL", _NONE, _PORTAL, "PUT mute isMute=1"),
    Operation("ALLOW_SELF_UNMUTE", _NONE, _PORTAL, "PUT mute/guestUnMute allowUnmuteByOneself=1"),
    Operation("FORBID_SELF_UNMUTE", _NONE, _PORTAL, "PUT mute/guestUnMute allowUnmuteByOneself=0"),
    Operation("CANCEL_REQUEST_FLOOR", _PARTICIPANT, _PORTAL, "PUT participants/hands handsState=0"),
    # The calls take a list of participants; a record has room for one object.
    Operation("BATCH_RAISE_HANDS", _NONE, _PORTAL, "PUT participants/batch/hands handsState=1"),
    Operation("BATCH_LOWER_HANDS", _NONE, _PORTAL, "PUT participants/batch/hands handsState=0"),
    Operation("CANCEL_ROLL_CALL", _NONE, _PORTAL, "PUT cancelBroadcast"),
    Operation("BROADCAST_LAYOUT", _NONE, _PORTAL, "PUT display/mode switchMode=Fixed"),
    Operation("CANCEL_BROADCAST_LAYOUT", _NONE, _PORTAL, "PUT cancelBroadcast"),
    Operation("SWITCH_VIDEO_MODE", _NONE, _PORTAL, "PUT display/mode switchMode"),
    # `PUT display/multiPicture` did the same; the vendor has withdrawn it.
    Operation("SET_LAYOUT", _NONE, _PORTAL, "PUT display/customMultiPicture"),
    Operation("SAVE_LAYOUT", _NONE, _PORTAL, "PUT layOut"),
    Operation("DELETE_LAYOUT", _NONE, _PORTAL, "DELETE layOut"),
    Operation("HOST_VIEW_SITE", _PARTICIPANT, _PORTAL, "PUT chairView viewType=2"),
    Operation("HOST_VIEW_LAYOUT", _NONE, _PORTAL, "PUT chairView viewType=1"),
    Operation("START_HOST_POLLING", _NONE, _PORTAL, "PUT chairView viewType=0 status=1"),
    Operation("STOP_HOST_POLLING", _NONE, _PORTAL, "PUT chairView viewType=0 status=0"),
    Operation("PARTICIPANT_VIEW", _PARTICIPANT, _PORTAL, "PUT partView"),
    Operation("LOCK_VIDEO_SOURCE", _PARTICIPANT, _PORTAL, "PUT lockView status=1"),
    Operation("UNLOCK_VIDEO_SOURCE", _PARTICIPANT, _PORTAL, "PUT lockView status=0"),
    Operation("LOCK_CONFERENCE", _NONE, _PORTAL, "PUT lock isLock=1"),
    Operation("UNLOCK_CONFERENCE", _NONE, _PORTAL, "PUT lock isLock=0"),
    # The conference system does these two itself when a meeting is set to extend
    # automatically, or has reached its scheduled end.
    Operation("EXTEND_CONFERENCE", _NONE, _PORTAL, "PUT duration"),
    Operation("END_CONFERENCE", _NONE, _PORTAL, "PUT stop"),
    Operation("PAUSE_CONFERENCE", _NONE, _PORTAL, "PUT pause pause=1"),
    Operation("RESUME_CONFERENCE", _NONE, _PORTAL, "PUT pause pause=0"),
    # `PUT mmrRecord` starts and stops as well, with recordType 1 and 2.
    Operation("START_RECORDING", _NONE, _PORTAL, "PUT record isRecord=1"),
    Operation("STOP_RECORDING", _NONE, _PORTAL, "PUT record isRecord=0"),
    Operation("PAUSE_RECORDING", _NONE, _PORTAL, "PUT mmrRecord recordType=0"),
    # `PUT mmrLive` does both as well.
    Operation("START_LIVE", _NONE, _PORTAL, "PUT live isLive=1"),
    Operation("STOP_LIVE", _NONE, _PORTAL, "PUT live isLive=0"),
    Operation("RENAME_PARTICIPANT", _PARTICIPANT, _PORTAL, "PUT participants/name"),
    Operation("SET_COHOST", _PARTICIPANT, _PORTAL, "PUT participants/cohost isCohost=1"),
    Operation("RELEASE_COHOST", _PARTICIPANT, _PORTAL, "PUT participants/cohost isCohost=0"),
    # The same call as for SET_HOST: what is recorded of it may be either.
    Operation("APPLY_HOST", _PARTICIPANT, _PORTAL, "PUT participants/role applyChair=1"),
    # Something that the vendor's clients offer; it has no call of its own.
    Operation("TRANSFER_HOST", _PARTICIPANT, _PORTAL, ""),
    Operation("INVITE_SHARE", _PARTICIPANT, _PORTAL, "PUT participants/share/invite share=1"),
    Operation(
        "CANCEL_INVITE_SHARE", _PARTICIPANT, _PORTAL, "PUT participants/share/invite share=0"
    ),
    Operation("LOCK_SHARING", _NONE, _PORTAL, "PUT updateStartedConfConfig lockSharing=1"),
    Operation("UNLOCK_SHARING", _NONE, _PORTAL, "PUT updateStartedConfConfig lockSharing=0"),
    Operation("SET_SHARE_PREEMPTION", _NONE, _PORTAL, "PUT updateStartedConfConfig freeShare"),
    # Not a slip: 0 turns the camera on.
    Operation("INVITE_CAMERA_ON", _PARTICIPANT, _PORTAL, "PUT participants/video status=0"),
    Operation("INVITE_CAMERA_OFF", _PARTICIPANT, _PORTAL, "PUT participants/video status=1"),
    # One setting each, but two codes: a text is mapped back to its code, so a code
    # has exactly one text, and "allow" and "forbid" are two. The settings around them
    # whose text does not say what was chosen have one code.
    Operation("ALLOW_CAMERA_ON", _NONE, _PORTAL, "PUT updateStartedConfConfig allowOpenCamera=1"),
    Operation("FORBID_CAMERA_ON", _NONE, _PORTAL, "PUT updateStartedConfConfig allowOpenCamera=0"),
    Operation("ALLOW_RENAME", _NONE, _PORTAL, "PUT updateStartedConfConfig allowRename=1"),
    Operation("FORBID_RENAME", _NONE, _PORTAL, "PUT updateStartedConfConfig allowRename=0"),
    Operation("SET_CHAT_PERMISSION", _NONE, _PORTAL, "PUT updateStartedConfConfig chatPermission"),
    # For the audience of a webinar the field is `audienceCallInRestriction`.
    Operation("SET_CALL_IN_RANGE", _NONE, _PORTAL, "PUT updateStartedConfConfig callInRestriction"),
    Operation(
        "SET_LOCAL_RECORD_RANGE", _NONE, _PORTAL, "PUT updateStartedConfConfig clientRecMode"
    ),
    Operation(
        "ALLOW_LOCAL_RECORD", _PARTICIPANT, _PORTAL, "PUT allowClientRecord allowClientRecord=1"
    ),
    Operation(
        "FORBID_LOCAL_RECORD", _PARTICIPANT, _PORTAL, "PUT allowClientRecord allowClientRecord=0"
    ),
    Operation("ADMIT_WAITING", _PARTICIPANT, _PORTAL, "PUT allowWaitingParticipant allowAll=false"),
    Operation("ADMIT_ALL_WAITING", _NONE, _PORTAL, "PUT allowWaitingParticipant allowAll=true"),
    # `PUT batchMoveToWaitingRoom` does it for several participants.
    Operation("MOVE_TO_WAITING_ROOM", _PARTICIPANT, _PORTAL, "PUT moveToWaitingRoom"),
    Operation("ENABLE_WAITING_ROOM", _NONE, _PORTAL, ""),
    Operation("DISABLE_WAITING_ROOM", _NONE, _PORTAL, ""),
    # Only the value for allowing is documented.
    Operation("ALLOW_AUDIENCE", _NONE, _PORTAL, "PUT allowAudience allowAudience=1"),
    Operation("FORBID_AUDIENCE", _NONE, _PORTAL, "PUT allowAudience allowAudience"),
    Operation(
        "START_INTERPRETATION",
        _NONE,
        _PORTAL,
        "PUT simultaneousInterpretation simultaneousInterpretation=1",
    ),
    Operation(
        "STOP_INTERPRETATION",
        _NONE,
        _PORTAL,
        "PUT simultaneousInterpretation simultaneousInterpretation=0",
    ),
    Operation("SET_INTERPRETER_GROUP", _NONE, _PORTAL, "PUT interpreterGroup"),
    Operation("SET_LANGUAGE_CHANNEL", _PARTICIPANT, _PORTAL, "PUT setAttendeeLanChannel"),
    #
    # The life of a meeting. The vendor's sample covers a start, two joins and a
    # leave and has no record of any of them, so these are for sources that do tell,
    # and nothing may bring them about by default.
    Operation("START_CONFERENCE", _NONE, _SYSTEM, ""),
    Operation("JOIN", _PARTICIPANT, _SYSTEM, ""),
    Operation("LEAVE", _PARTICIPANT, _SYSTEM, ""),
)
"""Every operation, in the order in which the locales and the documentation list them."""

RESULTS: Final[tuple[str, ...]] = ("SUCCESS", "FAILED")
"""How an operation can end. Of these the vendor's sample has only SUCCESS."""

ATTENDANCE: Final[tuple[str, ...]] = ("SOFT_TERMINAL", "HARD_TERMINAL", "VIDEO", "VOICE")
"""What somebody attends with. Stays keep a source's own words; these are for telling them
in another language."""
