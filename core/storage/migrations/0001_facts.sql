-- Facts are appended and never changed. Times are naive UTC. `body` is the whole fact as canonical
-- JSON; the other columns repeat what queries filter and sum by.

create table bars (
    symbol varchar not null,
    timeframe varchar not null,
    session_date date not null,
    started_at timestamp not null,
    open double not null,
    high double not null,
    low double not null,
    close double not null,
    volume double not null,
    provider varchar not null,
    label varchar not null,
    fetched_at timestamp not null
);

create table quarantine (
    source varchar not null,
    kind varchar not null,
    key varchar not null,
    reason varchar not null,
    recorded_at timestamp not null,
    body varchar not null,
    stored_at timestamp not null
);

create table feed_checks (
    check_id varchar not null,
    feed varchar not null,
    provider varchar not null,
    run_id varchar not null,
    checked_at timestamp not null,
    rows_read bigint not null,
    rows_stored bigint not null,
    rows_quarantined bigint not null,
    newest_at timestamp,
    error varchar not null,
    body varchar not null,
    stored_at timestamp not null
);

create table news (
    news_id varchar not null,
    symbol varchar not null,
    title varchar not null,
    source varchar not null,
    published_at timestamp not null,
    provider varchar not null,
    label varchar not null,
    body varchar not null,
    stored_at timestamp not null
);

create table fundamentals (
    fundamentals_id varchar not null,
    symbol varchar not null,
    as_of_date date not null,
    provider varchar not null,
    body varchar not null,
    stored_at timestamp not null
);

create table snapshots (
    snapshot_id varchar not null,
    symbol varchar not null,
    session_date date not null,
    as_of timestamp not null,
    body varchar not null,
    stored_at timestamp not null
);

create table insights (
    insight_id varchar not null,
    snapshot_id varchar not null,
    symbol varchar not null,
    session_date date not null,
    engine varchar not null,
    stance varchar not null,
    conviction double not null,
    body varchar not null,
    stored_at timestamp not null
);

create table tactics (
    tactic_id varchar not null,
    version integer not null,
    symbol varchar not null,
    session_date date not null,
    as_of timestamp not null,
    snapshot_id varchar not null,
    insight_id varchar not null,
    stage varchar not null,
    bias varchar not null,
    grade varchar not null,
    headline varchar not null,
    content_sha256 varchar not null,
    body varchar not null,
    stored_at timestamp not null
);

create table tactic_events (
    event_id varchar not null,
    tactic_id varchar not null,
    version integer not null,
    scenario_key varchar not null,
    kind varchar not null,
    occurred_at timestamp not null,
    actor varchar not null,
    body varchar not null,
    stored_at timestamp not null
);

create table size_decisions (
    size_id varchar not null,
    tactic_id varchar not null,
    version integer not null,
    decided_at timestamp not null,
    quantity bigint not null,
    binding varchar not null,
    risk_usd double not null,
    body varchar not null,
    stored_at timestamp not null
);

create table resolutions (
    tactic_id varchar not null,
    version integer not null,
    scenario_key varchar not null,
    outcome varchar not null,
    system_r double not null,
    actual_r double,
    resolved_at timestamp not null,
    label varchar not null,
    body varchar not null,
    stored_at timestamp not null
);

create table order_requests (
    client_order_id varchar not null,
    tactic_id varchar not null,
    version integer not null,
    symbol varchar not null,
    side varchar not null,
    quantity decimal(24, 6) not null,
    limit_price decimal(24, 6) not null,
    stop_price decimal(24, 6) not null,
    body varchar not null,
    stored_at timestamp not null
);

create table order_events (
    client_order_id varchar not null,
    order_sha256 varchar not null,
    symbol varchar not null,
    side varchar not null,
    status varchar not null,
    quantity decimal(24, 6) not null,
    limit_price decimal(24, 6) not null,
    filled_quantity decimal(24, 6) not null,
    average_fill_price decimal(24, 6),
    submitted_at timestamp not null,
    updated_at timestamp not null,
    body varchar not null,
    stored_at timestamp not null
);

create table fills (
    fill_id varchar not null,
    client_order_id varchar not null,
    symbol varchar not null,
    side varchar not null,
    leg varchar not null,
    quantity decimal(24, 6) not null,
    price decimal(24, 6) not null,
    fees decimal(24, 6) not null,
    filled_at timestamp not null,
    label varchar not null,
    body varchar not null,
    stored_at timestamp not null
);

create table fill_cursors (
    cursor varchar not null,
    recorded_at timestamp not null
);

create table accounts (
    account_sha256 varchar not null,
    account_id varchar not null,
    as_of timestamp not null,
    equity decimal(24, 6) not null,
    cash decimal(24, 6) not null,
    buying_power decimal(24, 6) not null,
    body varchar not null,
    stored_at timestamp not null
);

-- One row per look at the broker, so that "flat" and "never asked" differ.
create table position_samples (
    sample_sha256 varchar not null,
    as_of timestamp not null,
    positions integer not null,
    stored_at timestamp not null
);

create table positions (
    sample_sha256 varchar not null,
    as_of timestamp not null,
    symbol varchar not null,
    quantity decimal(24, 6) not null,
    average_entry_price decimal(24, 6) not null,
    last_price decimal(24, 6) not null,
    body varchar not null,
    stored_at timestamp not null
);

create table content_versions (
    content_id varchar not null,
    version integer not null,
    kind varchar not null,
    subject_id varchar not null,
    title varchar not null,
    content_sha256 varchar not null,
    created_at timestamp not null,
    expires_at timestamp not null,
    body varchar not null,
    stored_at timestamp not null
);

create table content_events (
    event_id varchar not null,
    content_id varchar not null,
    version integer not null,
    kind varchar not null,
    platform varchar not null,
    occurred_at timestamp not null,
    actor varchar not null,
    body varchar not null,
    stored_at timestamp not null
);

create table publications (
    publication_id varchar not null,
    content_id varchar not null,
    version integer not null,
    platform varchar not null,
    external_id varchar not null,
    url varchar not null,
    published_at timestamp not null,
    body varchar not null,
    stored_at timestamp not null
);

create table engagement_samples (
    publication_id varchar not null,
    age varchar not null,
    due_at timestamp not null,
    measured_at timestamp not null,
    is_late boolean not null,
    impressions bigint,
    reactions bigint,
    comments bigint,
    shares bigint,
    clicks bigint,
    label varchar not null,
    body varchar not null,
    stored_at timestamp not null
);

create table audit_chain (
    sequence bigint not null,
    recorded_at timestamp not null,
    actor varchar not null,
    action varchar not null,
    subject_id varchar not null,
    payload varchar not null,
    previous_sha256 varchar not null,
    sha256 varchar not null
);
