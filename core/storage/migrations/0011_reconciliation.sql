-- Each comparison of the desk's books with the broker's; `body` holds what differed.
create table reconciliations (
    reconciliation_id varchar not null,
    run_id varchar not null,
    reconciled_at timestamp not null,
    broker varchar not null,
    state varchar not null,
    body varchar not null,
    stored_at timestamp not null
);

-- What ever differed, once; a resolution names it.
create table reconciliation_differences (
    difference_id varchar not null,
    kind varchar not null,
    subject varchar not null,
    blocks varchar not null,
    body varchar not null,
    stored_at timestamp not null
);

-- What the operator made of a difference that stood since a moment: adopted or ignored.
create table reconciliation_resolutions (
    difference_id varchar not null,
    since timestamp not null,
    verdict varchar not null,
    actor varchar not null,
    resolved_at timestamp not null,
    body varchar not null,
    stored_at timestamp not null
);
