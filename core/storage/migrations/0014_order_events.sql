-- What happened on the way of each order; `order_events` holds what the broker said of it.
create table order_path (
    event_id varchar not null,
    client_order_id varchar not null,
    symbol varchar not null,
    kind varchar not null,
    occurred_at timestamp not null,
    actor varchar not null,
    quantity decimal(24, 6),
    price decimal(24, 6),
    detail varchar not null,
    body varchar not null,
    stored_at timestamp not null
);
