-- Copies of slides in a site's storage, for the vendor to fetch, and how far those have come that are on their way. No
-- cascade: whoever deletes such a row has to remove the bytes first.

create table staged (
  order_id bigint not null references orders,
  input text not null,
  -- where the copy is, or will be, in the site's storage; null: the slide is passed on where it stands
  key text,
  -- a copy in the site's storage that this one is made of; null: it is made of what the EHR has
  raw text,
  -- the storage's id of what is being put; null: it is whole, or nothing is put
  upload text,
  -- the digest that the source was known by when this was begun
  source text not null,
  -- bytes copied, the CRC-32C of them so far, the parts with their tags, what is written over the bytes on the way
  progress json not null,
  done boolean not null default false,
  -- not needed any more, although its bytes may still stand
  released boolean not null default false,
  primary key (order_id, input)
);
