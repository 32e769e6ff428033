-- Limits of a whole batch. (docs/rules.md, R-BATCH-2, R-BATCH-3)

-- A batch is over the limit with more than this share of its rows quarantined ...
create or replace function rules.quarantine_share() returns numeric
language sql immutable parallel safe
return 0.05;
comment on function rules.quarantine_share() is 'The share of quarantined rows that a batch may have (R-BATCH-2)';

-- ... and at least 3 of them: two bad rows of a short list don't stop it.
create or replace function rules.is_over_quarantine_limit(received integer, quarantined integer) returns boolean
language sql immutable parallel safe
return quarantined >= 3 and quarantined > rules.quarantine_share() * received;
comment on function rules.is_over_quarantine_limit(integer, integer) is
'Whether too many rows of a batch are quarantined: a snapshot is rejected, another feed shows failed (R-BATCH-2, R-BATCH-3)';
