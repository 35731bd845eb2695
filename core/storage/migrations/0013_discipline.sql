-- Each plan and trade in both books. What is judged anew gets a further revision; the newest counts.
create table book_comparisons (
    case_id varchar not null,
    revision integer not null,
    account varchar not null,
    session_date date not null,
    symbol varchar not null,
    tactic_id varchar not null,
    ended_at timestamp,
    system_r double,
    actual_r double,
    planned_r_usd decimal(24, 6),
    judged_at timestamp not null,
    body varchar not null,
    stored_at timestamp not null
);

-- What lies between the books: told when it is seen, and again once it is known what it cost.
create table overrides (
    override_id varchar not null,
    revision integer not null,
    kind varchar not null,
    case_id varchar not null,
    account varchar not null,
    symbol varchar not null,
    tactic_id varchar not null,
    occurred_at timestamp not null,
    session_date date not null,
    cost_usd decimal(24, 6),
    cost_r double,
    judged_at timestamp not null,
    body varchar not null,
    stored_at timestamp not null
);

-- Why it was done and in which mood, as its operator says it later.
create table override_notes (
    note_id varchar not null,
    override_id varchar not null,
    noted_at timestamp not null,
    actor varchar not null,
    emotion varchar,
    body varchar not null,
    stored_at timestamp not null
);

create table discipline_levels (
    session_date date not null,
    revision integer not null,
    level varchar not null,
    overrides integer not null,
    cost_r double not null,
    judged_at timestamp not null,
    body varchar not null,
    stored_at timestamp not null
);
