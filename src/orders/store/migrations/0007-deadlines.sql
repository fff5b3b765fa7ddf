-- Until when something of the order has to be done, as its vendor says, and what.
alter table orders add column deadline timestamptz;
alter table orders add column deadline_what text;
-- The deadline that operators were warned of, and the one whose passing they were told of: an order may have several in turn.
alter table orders add column deadline_warned timestamptz;
alter table orders add column deadline_missed timestamptz;
create index orders_by_deadline on orders (deadline) where deadline is not null;
