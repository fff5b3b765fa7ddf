-- What lasts. Files here are applied in the order of their names, once, and never edited after a release.

create table notifications (
  id bigint generated always as identity primary key,
  site text not null,
  received_at timestamptz not null,
  method text not null,
  path text not null,
  headers json not null,
  body bytea not null,
  dedupe text not null,
  -- waiting | done | aside
  state text not null default 'waiting',
  attempts int not null default 0,
  next_at timestamptz not null,
  outcome text,
  ended_at timestamptz
);
-- The same notification sent again before anybody has looked at the first is one; later it is news like any other.
create unique index notifications_waiting_once on notifications (site, dedupe)
  where state = 'waiting' and attempts = 0;
create index notifications_due on notifications (next_at, id) where state = 'waiting';
create index notifications_ended on notifications (ended_at) where state <> 'waiting';

create table orders (
  id bigint generated always as identity primary key,
  public_id text not null unique,
  key text not null unique,
  base_key text not null,
  generation int not null,
  site text not null,
  route text not null,
  vendor text not null,
  resource_type text not null,
  resource_id text not null,
  -- what of the resource we have seen, so that older news changes nothing
  seen_version text,
  seen_updated text,
  signature text,
  status text not null,
  -- read | vendor | write | tell | ended
  leg text not null,
  -- counts the vendor runs of this order; more than one only after an operator's retry of a failed run
  run int not null default 1,
  state json,
  publishing json,
  effect text,
  effect_key text,
  question json,
  answer json,
  reason json,
  outcome json,
  held_by text,
  held_until timestamptz,
  business_status text,
  approved json,
  news json,
  cancel json,
  retry json,
  task_id text,
  task_version text,
  task_shown text,
  task_said text,
  task_at timestamptz,
  notes json,
  attempts int not null default 0,
  claims int not null default 0,
  last_error json,
  next_at timestamptz,
  lease_until timestamptz,
  leased_by text,
  fence bigint not null default 0,
  created_at timestamptz not null,
  started_at timestamptz,
  ended_at timestamptz,
  updated_at timestamptz not null,
  unique (base_key, generation)
);
create index orders_due on orders (next_at) where next_at is not null;
create index orders_leased on orders (lease_until) where lease_until is not null;
create index orders_by_resource on orders (site, resource_type, resource_id);
create index orders_held on orders (held_by) where held_by is not null;
create index orders_recent on orders (site, created_at desc);

create table inputs (
  order_id bigint not null references orders on delete cascade,
  name text not null,
  about json not null,
  bytes bytea not null,
  primary key (order_id, name)
);

create table parts (
  order_id bigint not null references orders on delete cascade,
  run int not null,
  name text not null,
  data json not null,
  primary key (order_id, run, name)
);

-- The write-ahead of calls that must not be repeated: the row is committed before the call is made.
create table calls (
  order_id bigint not null references orders on delete cascade,
  run int not null,
  key text not null,
  kind text not null,
  site text not null,
  vendor text not null,
  bills int not null,
  -- started | unknown | not-taken | answered
  state text not null,
  attempts int not null,
  -- how often nobody knew whether the vendor took it, and how many such doubts may be met by sending again
  doubts int not null default 0,
  allowed int not null,
  answer json,
  started_at timestamptz not null,
  ended_at timestamptz,
  primary key (order_id, run, key)
);
create index calls_of_a_day on calls (site, vendor, started_at);

create table results (
  order_id bigint not null references orders on delete cascade,
  run int not null,
  seq int not null,
  result json not null,
  final boolean not null,
  created_at timestamptz not null,
  primary key (order_id, run, seq)
);

-- What stands in the EHR of an order: the version that we last wrote, the only one that we may change.
create table written (
  order_id bigint not null references orders on delete cascade,
  part text not null,
  type text not null,
  resource_id text not null,
  version text,
  written_at timestamptz not null,
  primary key (order_id, part)
);

create table timeline (
  id bigint generated always as identity primary key,
  order_id bigint not null references orders on delete cascade,
  at timestamptz not null,
  event text not null,
  who text not null,
  detail json not null
);
create index timeline_of_an_order on timeline (order_id, id);

-- Append-only: what left for which vendor. Outlives the order's own data.
create table disclosures (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  site text not null,
  vendor text not null,
  order_key text not null,
  input text,
  fields json not null
);

create table memory (
  site text not null,
  owner text not null,
  key text not null,
  value json not null,
  expires_at timestamptz,
  primary key (site, owner, key)
);

create table cursors (
  site text not null,
  name text not null,
  value text not null,
  primary key (site, name)
);

create table leases (
  name text primary key,
  holder text not null,
  until timestamptz not null
);

-- One row a credential that is held (a quota used up, a wrong key) or in trouble (the breaker counts here).
create table credentials (
  credential text primary key,
  site text not null,
  vendor text not null,
  failures int not null default 0,
  reason json,
  held_since timestamptz,
  held_until timestamptz
)
