create table risk_policies (
    policy_id varchar not null,
    session_date date not null,
    received_at timestamp not null,
    body varchar not null,
    stored_at timestamp not null
);
-- Brokers of fractions are sized in fractions.
alter table size_decisions alter quantity type decimal(18, 6);
