-- Not every order has a limit or a stop: exits that protect a position, options, orders of others.
alter table order_requests alter column limit_price drop not null;
alter table order_requests alter column stop_price drop not null;
alter table order_events alter column limit_price drop not null;
