-- Result files that stand in a site's storage (a folder or a bucket) because they are too large for the EHR. They are
-- served at /files/{id}. No cascade: whoever deletes such a row has to remove the bytes first.

create table stored_files (
  id text primary key,
  site text not null,
  order_id bigint not null references orders,
  run int not null,
  name text not null,
  -- where the bytes are in the site's storage
  key text not null,
  content_type text not null,
  title text not null,
  size bigint not null,
  -- base64, as Attachment.hash wants it
  sha1 text not null,
  -- base64 of the four bytes, big-endian
  crc32c text not null,
  -- the DocumentReference or Media that it belongs to, once that stands: who may read it may read the file
  resource_type text,
  resource_id text,
  expires_at timestamptz,
  unique (order_id, run, name)
);

create index stored_files_expires on stored_files (site, expires_at) where expires_at is not null;
