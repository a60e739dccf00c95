# What is in common: one table, whose column `d` is asked for its type afterwards.
import json

import sqlalchemy as sa
from alembic import op
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import JSON, Column, Integer, insert, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import declarative_base, mapped_column

Base = declarative_base()
VALUE = {"a": 1}

# case constructor
class T(Base):
    __tablename__ = "t"
    id = Column(Integer, primary_key=True)
    d = Column(JSON)


def write(session):
    session.add(T(d=json.dumps(VALUE)))

# case constructor_mapped_column
class T(Base):
    __tablename__ = "t"
    id = mapped_column(Integer, primary_key=True)
    d = mapped_column(JSON().with_variant(JSONB, "postgresql"), nullable=True)


def write(session):
    session.add(T(d=json.dumps(VALUE) if VALUE else None))

# case attribute
class T(Base):
    __tablename__ = "t"
    id = Column(Integer, primary_key=True)
    d = Column(JSONB)


def write(session):
    row = T()
    row.d = json.dumps(VALUE, indent=2)
    session.add(row)

# case attribute_of_a_row_that_was_read
class T(Base):
    __tablename__ = "t"
    id = Column(Integer, primary_key=True)
    d = Column(JSONB)


def write(session):
    session.add(T(id=1))
    session.flush()
    row = session.get(T, 1)
    row.d = json.dumps(VALUE)

# case attribute_of_a_row_that_was_queried
class T(Base):
    __tablename__ = "t"
    id = Column(Integer, primary_key=True)
    d = Column(JSONB)


def write(session):
    session.add(T(id=1))
    session.flush()
    row = session.query(T).filter(T.id == 1).one()
    row.d = json.dumps(VALUE)

# case values
class T(Base):
    __tablename__ = "t"
    id = Column(Integer, primary_key=True)
    d = Column(JSONB)


def write(session):
    session.execute(insert(T).values(d=json.dumps(VALUE)))

# case parameters_of_execute
class T(Base):
    __tablename__ = "t"
    id = Column(Integer, primary_key=True)
    d = Column(JSONB)


def write(session):
    session.execute(sa.insert(T), [{"d": json.dumps(VALUE)}])

# case update
class T(Base):
    __tablename__ = "t"
    id = Column(Integer, primary_key=True)
    d = Column(JSONB)


def write(session):
    session.add(T(id=1))
    session.flush()
    session.execute(update(T).where(T.id == 1).values({"d": json.dumps(VALUE)}))

# case query_update
class T(Base):
    __tablename__ = "t"
    id = Column(Integer, primary_key=True)
    d = Column(JSONB)


def write(session):
    session.add(T(id=1))
    session.flush()
    session.query(T).filter(T.id == 1).update({T.d: json.dumps(VALUE)})

# case on_conflict
class T(Base):
    __tablename__ = "t"
    id = Column(Integer, primary_key=True)
    d = Column(JSONB)


def write(session):
    session.add(T(id=1))
    session.flush()
    statement = postgresql.insert(T).values(id=1, d={})
    session.execute(statement.on_conflict_do_update(index_elements=["id"], set_={"d": json.dumps(VALUE)}))

# case default
class T(Base):
    __tablename__ = "t"
    id = Column(Integer, primary_key=True)
    d = Column(JSON, default=json.dumps(VALUE))


def write(session):
    session.add(T())

# case default_function
class T(Base):
    __tablename__ = "t"
    id = Column(Integer, primary_key=True)
    d = Column("d", JSON, default=lambda: json.dumps(VALUE))


def write(session):
    session.add(T())

# case core_table
t = sa.Table("t", Base.metadata, Column("id", Integer, primary_key=True), Column("d", JSON))


def write(session):
    session.execute(t.insert().values(d=json.dumps(VALUE)))

# case bulk_insert
class T(Base):
    __tablename__ = "t"
    id = Column(Integer, primary_key=True)
    d = Column(JSON)


def write(session):
    t = sa.table("t", sa.column("d", JSON))
    with Operations.context(MigrationContext.configure(session.connection())):
        op.bulk_insert(t, [{"d": json.dumps(value)} for value in [VALUE]])

# case bulk_insert_of_rows_in_a_variable
class T(Base):
    __tablename__ = "t"
    id = Column(Integer, primary_key=True)
    d = Column(JSON)


def write(session):
    t = sa.table("t", sa.column("d", JSON))
    rows = [{"d": json.dumps(VALUE)}]
    with Operations.context(MigrationContext.configure(session.connection())):
        op.bulk_insert(t, rows)

# case column_of_flask_sqlalchemy
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()
Base = db.Model


class T(db.Model):
    __tablename__ = "t"
    id = db.Column(db.Integer, primary_key=True)
    d = db.Column(db.JSON)


def write(session):
    session.add(T(d=json.dumps(VALUE)))

# case column_of_flask_sqlalchemy_with_an_imported_type
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()
Base = db.Model


class T(db.Model):
    __tablename__ = "t"
    id = db.Column(db.Integer, primary_key=True)
    d = db.Column(JSONB, default=lambda: json.dumps(VALUE))


def write(session):
    session.add(T())

# case column_of_sqlmodel
import sqlmodel
from sqlalchemy.orm import registry


class Base(sqlmodel.SQLModel, registry=registry()):
    pass


class T(Base, table=True):
    __tablename__ = "t"
    id: int = sqlmodel.Field(primary_key=True)
    d: dict = sqlmodel.Field(default={}, sa_column=sqlmodel.Column(sqlmodel.JSON))


def write(session):
    session.add(T(id=1, d=json.dumps(VALUE)))

# case bulk_insert_without_a_type
class T(Base):
    __tablename__ = "t"
    id = Column(Integer, primary_key=True)
    d = Column(JSON)


def write(session):
    t = sa.table("t", sa.column("d"))
    with Operations.context(MigrationContext.configure(session.connection())):
        op.bulk_insert(t, [{"d": json.dumps(VALUE)}])

# case server_default
class T(Base):
    __tablename__ = "t"
    id = Column(Integer, primary_key=True)
    d = Column(JSON, server_default=json.dumps(VALUE))


def write(session):
    session.add(T())

# case textual_sql
class T(Base):
    __tablename__ = "t"
    id = Column(Integer, primary_key=True)
    d = Column(JSONB)


def write(session):
    session.execute(text("INSERT INTO t (d) VALUES (CAST(:d AS jsonb))"), {"d": json.dumps(VALUE)})

# case text_column
class T(Base):
    __tablename__ = "t"
    id = Column(Integer, primary_key=True)
    d = Column(sa.Text)


def write(session):
    session.add(T(d=json.dumps(VALUE)))

# case decoded_again
class T(Base):
    __tablename__ = "t"
    id = Column(Integer, primary_key=True)
    d = Column(JSON)


def write(session):
    session.add(T(d=json.loads(json.dumps(VALUE))))

# case type_that_encodes_by_itself_into_text
class Encoded(sa.TypeDecorator):
    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value, dialect):
        return value


class T(Base):
    __tablename__ = "t"
    id = Column(Integer, primary_key=True)
    d = Column(Encoded)


def write(session):
    session.add(T(d=json.dumps(VALUE)))
