-- What the guards of the account said, whenever they said something else than before.
create table guard_reports (
    report_id varchar not null,
    session_date date not null,
    checked_at timestamp not null,
    asks_for varchar not null,
    policy_version varchar not null,
    body varchar not null,
    stored_at timestamp not null
);

-- No entry of a side, or of both, until a moment.
create table guard_locks (
    lock_id varchar not null,
    name varchar not null,
    side varchar not null,
    until timestamp not null,
    reason varchar not null,
    body varchar not null,
    stored_at timestamp not null
);

-- Each press of the kill switch, and what its run has come to.
create table halts (
    halt_id varchar not null,
    halted_at timestamp not null,
    depth varchar not null,
    reason varchar not null,
    actor varchar not null,
    run_id varchar not null,
    body varchar not null,
    stored_at timestamp not null
);

create table halt_outcomes (
    outcome_id varchar not null,
    run_id varchar not null,
    recorded_at timestamp not null,
    depth varchar not null,
    is_verified boolean not null,
    body varchar not null,
    stored_at timestamp not null
);
