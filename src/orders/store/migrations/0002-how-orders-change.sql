-- The order is on hold in the EHR: why. The rest of its state stays as it was.
alter table orders add column paused json;
-- It came without what it is to be done with, and waits for that: until when, and what is missing.
alter table orders add column awaiting json;
-- The EHR's own Task for us, to be claimed instead of making one.
alter table orders add column ehr_task text;
create index orders_by_task on orders (site, task_id) where task_id is not null;

-- What an order is done with (`DocumentReference/1`): news of these is news of the order.
create table sources (
  order_id bigint not null references orders on delete cascade,
  site text not null,
  reference text not null,
  primary key (order_id, reference)
);
create index sources_by_reference on sources (site, reference);

-- Which resource replaces which, as the newer one says.
create table replacements (
  site text not null,
  newer text not null,
  older text not null,
  primary key (site, newer, older)
);
create index replacements_by_older on replacements (site, older);
