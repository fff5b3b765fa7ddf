-- Result files on their way into a site's storage that are kept part by part, and how far those have come. A row goes when
-- the file stands among stored_files. No cascade: whoever deletes such a row has to remove the bytes first.

create table keeping (
  order_id bigint not null references orders,
  run int not null,
  name text not null,
  -- where the file will be in the site's storage
  key text not null,
  -- the storage's id of what is being put
  upload text not null,
  -- bytes that the file has to have, bytes kept, the CRC-32C of them so far, the parts with their tags
  progress json not null,
  -- of no use any more, although its bytes may still stand
  released boolean not null default false,
  primary key (order_id, run, name)
);
