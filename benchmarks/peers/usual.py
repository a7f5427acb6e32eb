"""The usual stack: FastAPI, SQLAlchemy, LIMIT and OFFSET, COUNT(*)."""

import os
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException, Query
from pydantic import BaseModel, ConfigDict
from sqlalchemy import BigInteger, String, Text, create_engine, event, func, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

engine = create_engine(f"sqlite:///{os.environ['USUAL_STORE']}")
sessions = sessionmaker(engine, expire_on_commit=False)
app = FastAPI()


@event.listens_for(engine, "connect")
def _as_durable_as_confledger(connection: Any, _: Any) -> None:  # noqa: ANN401 - the driver's own
    connection.execute("PRAGMA journal_mode = wal")
    connection.execute("PRAGMA synchronous = full")


class Base(DeclarativeBase):
    """The tables."""


class Token(Base):
    """A token that somebody was given."""

    __tablename__ = "token"
    token: Mapped[str] = mapped_column(String(64), primary_key=True)
    corp: Mapped[str] = mapped_column(String(64))


class Record(Base):
    """A control record."""

    __tablename__ = "record"
    id: Mapped[int] = mapped_column(primary_key=True)
    conf_uuid: Mapped[str] = mapped_column("confUUID", String(32))
    operateTime: Mapped[int] = mapped_column(BigInteger)
    operateSource: Mapped[str | None] = mapped_column(Text)
    operator: Mapped[str | None] = mapped_column(Text)
    operateCode: Mapped[str | None] = mapped_column(Text)
    operationObject: Mapped[str | None] = mapped_column(Text)
    operateResult: Mapped[str | None] = mapped_column(Text)
    detail: Mapped[str | None] = mapped_column(Text)
    event_id: Mapped[str | None] = mapped_column("eventId", String(256))


class RecordOut(BaseModel):
    """A record, as it is answered."""

    model_config = ConfigDict(from_attributes=True)
    operateTime: int
    operateSource: str | None = None
    operator: str | None = None
    operateCode: str | None = None
    operationObject: str | None = None
    operateResult: str | None = None
    detail: str | None = None


class RecordIn(BaseModel):
    """A record, as it is pushed."""

    operateTime: int
    operateSource: str | None = None
    operator: str | None = None
    operation: str
    operationObject: str | None = None
    result: str | None = None
    detail: str | None = None
    eventId: str | None = None


class Page(BaseModel):
    """Some records, and how many there are."""

    data: list[RecordOut]
    offset: int
    limit: int
    count: int


class Receipt(BaseModel):
    """How many records were taken."""

    accepted: int


def session() -> Iterator[Session]:
    """A session for a request."""
    with sessions() as opened:
        yield opened


Opened = Annotated[Session, Depends(session)]


def check_token(opened: Opened, x_access_token: Annotated[str, Header()]) -> None:
    """Let in who has a token."""
    if opened.get(Token, x_access_token) is None:
        raise HTTPException(401)


@app.get(
    "/v1/mmc/management/conferences/history/confCtlRecord",
    response_model=Page,
    response_model_exclude_none=True,
    dependencies=[Depends(check_token)],
)
def page(
    opened: Opened,
    conf_uuid: Annotated[str, Query(alias="confUUID", pattern="^[0-9a-f]{32}$")],
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 20,
) -> Any:  # noqa: ANN401 - FastAPI makes a Page of it
    """A page of records."""
    of_conference = Record.conf_uuid == conf_uuid
    count = opened.scalar(select(func.count()).select_from(Record).where(of_conference))
    if not count:
        raise HTTPException(404)
    chosen = select(Record).where(of_conference).order_by(Record.id).offset(offset).limit(limit)
    return {
        "data": opened.scalars(chosen).all(),
        "offset": offset,
        "limit": limit,
        "count": count,
    }


@app.post("/ledger/v1/conferences/{conf_uuid}/records", dependencies=[Depends(check_token)])
def push(opened: Opened, conf_uuid: str, records: list[RecordIn]) -> Receipt:
    """Take records; those of known events make the whole push fail."""
    rows = [
        {
            "conf_uuid": conf_uuid,
            "operateTime": each.operateTime,
            "operateSource": each.operateSource,
            "operator": each.operator,
            "operateCode": each.operation,
            "operationObject": each.operationObject,
            "operateResult": each.result,
            "detail": each.detail,
            "event_id": each.eventId,
        }
        for each in records
    ]
    opened.execute(insert(Record), rows)
    opened.commit()
    return Receipt(accepted=len(rows))
