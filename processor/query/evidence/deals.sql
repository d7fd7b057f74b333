-- The wins of each rep from $from to $as_of that stand, with what is left of their amount, the least first.
SELECT rep_id, currency, credit_minor - credit_refunded_minor AS amount_minor
FROM fct_deal
WHERE state = 'won' AND won_date BETWEEN $from AND $as_of AND NOT "full" AND COALESCE(credit_role, 'owner') = 'owner'
  AND credit_minor IS NOT NULL
ORDER BY rep_id, currency, amount_minor
