-- What a person's login with a vendor gave us, each encrypted under security.encryptionKey.

create table secrets (
  site text not null,
  owner text not null,
  name text not null,
  box text not null,
  updated_at timestamptz not null,
  primary key (site, owner, name)
);
