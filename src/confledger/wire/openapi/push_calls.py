"""Our own calls, by which a meeting system brings what happens, described.

The structs say which type a field has; what the calls check beyond it is told here.
"""

from copy import deepcopy
from typing import Final

import msgspec

from confledger.catalogue.operations import OPERATIONS, RESULTS
from confledger.ledger.record import OPERATOR_BASES
from confledger.wire import push
from confledger.wire.conference_json import ATTENDEE_TYPES
from confledger.wire.openapi.parts import (
    CONFERENCE_UUID,
    JSON,
    REF,
    TOKEN,
    Schema,
    call,
    in_header,
    in_path,
    ref,
)
from confledger.wire.push_json import (
    EVENT_MEDIA,
    EVENTS_MEDIA,
    JSON_TYPE,
    LINES_MEDIA,
    RECORDS_MAX,
    SOURCE,
    AttendeesReceiptJSON,
    CloudEventJSON,
    ConferenceEndJSON,
    ConferencePutJSON,
    ConferenceReceiptJSON,
    PersonJSON,
    RecordsReceiptJSON,
    StayJSON,
)
from confledger.wire.record_json import EVENT_ID_CHARACTERS_MAX, LedgerRecordJSON

SHAPES: Final[tuple[type[msgspec.Struct], ...]] = (
    LedgerRecordJSON,
    CloudEventJSON,
    StayJSON,
    PersonJSON,
    ConferencePutJSON,
    ConferenceEndJSON,
    RecordsReceiptJSON,
    AttendeesReceiptJSON,
    ConferenceReceiptJSON,
)

_CONFERENCE: Final = (in_path("conference_uuid", CONFERENCE_UUID),)
_KEY: Final[Schema] = {"type": "string", "pattern": f"^{push.KEY.pattern}$"}
_ERRORS: Final = (400, 401, 403, 404, 415)
_NULL: Final[Schema] = {"type": "null"}
_NOTHING: Final[Schema] = {"enum": [None, ""]}
_SOMETHING: Final[Schema] = {"type": "string", "minLength": 1}
_TIME: Final[Schema] = {
    "type": "string",
    "format": "date-time",
    # From 1970 on, and no leap second.
    "pattern": "^(19[789]|[2-9][0-9]{2})[0-9]-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-5][0-9]",
}


def paths() -> Schema:
    """The calls, by path and method."""
    return {
        push.PATH: {
            "put": call(
                "PutConference",
                "Tell of a conference; what is left out stays as it is known",
                parameters=_CONFERENCE,
                body={JSON: ref(ConferencePutJSON)},
                answer=ConferenceReceiptJSON,
                may_make=True,
                security=TOKEN,
                errors=_ERRORS,
            )
        },
        push.RECORDS_PATH: {
            "post": call(
                "AddRecords",
                "Append control records to a conference, all or none",
                parameters=(*_CONFERENCE, in_header(push.KEY_HEADER, _KEY)),
                body={
                    JSON: _array(LedgerRecordJSON),
                    LINES_MEDIA: _array(LedgerRecordJSON),
                    EVENT_MEDIA: ref(CloudEventJSON),
                    EVENTS_MEDIA: _array(CloudEventJSON),
                },
                answer=RecordsReceiptJSON,
                security=TOKEN,
                errors=(*_ERRORS, 409),
            )
        },
        push.ATTENDEES_PATH: {
            "post": call(
                "AddAttendees",
                "Tell who joined a conference and who left it, all or none",
                parameters=_CONFERENCE,
                body={JSON: _array(StayJSON), LINES_MEDIA: _array(StayJSON)},
                answer=AttendeesReceiptJSON,
                security=TOKEN,
                errors=_ERRORS,
            )
        },
        push.END_PATH: {
            "post": call(
                "EndConference",
                "Tell that a conference has ended",
                parameters=_CONFERENCE,
                body={JSON: ref(ConferenceEndJSON)},
                body_is_required=False,
                answer=ConferenceReceiptJSON,
                security=TOKEN,
                errors=_ERRORS,
            )
        },
    }


def _array(shape: type[msgspec.Struct]) -> Schema:
    """So many of a shape; of lines it says what they would be as an array."""
    return {"type": "array", "items": ref(shape), "maxItems": RECORDS_MAX}


def tell_of_rules(components: Schema) -> None:
    """What the calls check beyond the types of the structs."""
    for shape in (LedgerRecordJSON, CloudEventJSON, StayJSON, PersonJSON, ConferencePutJSON):
        for field in components[shape.__name__]["properties"].values():
            for variant in field.get("anyOf", (field,)):
                if variant.get("type") == "string":
                    variant["pattern"] = "^[^\\x00]*$"
    _tell_of_records(components)
    _tell_of_events(components)
    _tell_of_stays(components["StayJSON"])
    _tell_of_people(components["PersonJSON"])


def _tell_of_records(components: Schema) -> None:
    record = components["LedgerRecordJSON"]
    codes = [operation.code for operation in OPERATIONS]
    record["properties"]["operation"] = {"enum": [*codes, None, ""], "default": None}
    record["properties"]["result"] = {"enum": [*RESULTS, None, ""], "default": None}
    record["properties"]["operatorBasis"] = {"enum": [*OPERATOR_BASES, None, ""], "default": None}
    record["properties"]["confUUID"] = {
        "anyOf": [CONFERENCE_UUID, _NOTHING],
        "default": None,
        "description": "That of the path.",
    }
    unstated = [basis for basis in OPERATOR_BASES if basis != "stated"]
    record["allOf"] = [
        _one_of(
            _with(operation={"enum": codes}, operateCode=None),
            _with(operateCode=_SOMETHING, operation=None),
        ),
        _one_of(_with(result=None), _with(operateResult=None)),
        _one_of(
            {"properties": {"operatorBasis": {"enum": [*unstated, None, ""]}}},
            _with(operator=_SOMETHING),
        ),
    ]


def _tell_of_events(components: Schema) -> None:
    told = components["LedgerRecordJSON"]
    for name, absent in (("EventRecordJSON", "eventId"), ("TimelessRecordJSON", "operateTime")):
        told = deepcopy(told)
        del told["properties"][absent]
        told["required"] = [each for each in told["required"] if each != absent]
        told["title"] = name
        components[name] = told
    components["EventRecordJSON"]["description"] = "A record whose event has the id."
    components["TimelessRecordJSON"]["description"] = (
        "A record whose event has the id and the time."
    )
    event = components["CloudEventJSON"]
    fields = event["properties"]
    fields["specversion"] = {"const": "1.0"}
    for name in ("id", "source"):
        # The other one has a character at least, and a space is between them.
        fields[name]["maxLength"] = EVENT_ID_CHARACTERS_MAX - 2
    fields["source"]["pattern"] = f"^{SOURCE.pattern}$"
    fields["datacontenttype"] = {
        "anyOf": [{"type": "string", "pattern": f"^{JSON_TYPE.pattern}$"}, _NOTHING],
        "default": None,
    }
    timeless = deepcopy(event)
    fields["time"] = {"anyOf": [_TIME, _NULL], "default": None}
    fields["data"] = {"$ref": REF.format(name="EventRecordJSON")}
    timeless["properties"]["data"] = {"$ref": REF.format(name="TimelessRecordJSON")}
    timeless["properties"]["time"] = _TIME
    timeless["required"] = [*event["required"], "time"]
    components["CloudEventJSON"] = {
        "title": "CloudEventJSON",
        "description": event.pop("description"),
        "anyOf": [event, timeless],
    }


def _tell_of_stays(stay: Schema) -> None:
    time = next(each for each in stay["properties"]["joinTime"]["anyOf"] if each != _NULL)
    stay["allOf"] = [
        _one_of(_with(displayName=_SOMETHING), _with(callNumber=_SOMETHING)),
        _one_of(_with(joinTime=time), _with(leftTime=time)),
    ]


def _tell_of_people(person: Schema) -> None:
    person["properties"]["type"] = {"enum": [*ATTENDEE_TYPES, None], "default": None}
    person["anyOf"] = [
        _with(**{name: _SOMETHING}) for name in ("name", "userUUID", "account", "number")
    ]


def _one_of(*ways: Schema) -> Schema:
    """At least one of some ways to be right."""
    return {"anyOf": list(ways)}


def _with(**fields: Schema | None) -> Schema:
    """Fields that must be given, and what they have to be; None: one that must not be."""
    return {
        "required": [name for name, schema in fields.items() if schema is not None],
        "properties": {
            name: _NOTHING if schema is None else schema for name, schema in fields.items()
        },
    }
