-- Files that a vendor's work leaves behind for the EHR: drawings, masks, the vendor's own report.

create table files (
  order_id bigint not null references orders on delete cascade,
  run int not null,
  name text not null,
  content_type text not null,
  title text not null,
  size int not null,
  -- base64, as Attachment.hash wants it
  sha1 text not null,
  bytes bytea not null,
  primary key (order_id, run, name)
);
