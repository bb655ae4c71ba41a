-- Names that are garbled, with what they are after repair. Lengths are compared as well, as blanks at an end do not
-- count otherwise.
create temporary table staged_repairs (
    name varchar(8192) not null,
    name_bytes integer not null,
    repaired varchar(1024) not null,
    rounds smallint not null
);
