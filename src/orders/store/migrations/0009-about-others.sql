-- What stands in the EHR about people of somebody else's data: these are no outputs of the order's Task.

-- the part of the Patient that it is about, or is itself; null for all else
alter table written add column about text;
