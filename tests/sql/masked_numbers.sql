-- No number leaves the door.
SELECT COUNT(*) AS legs, COUNT(customer_key) AS keyed, COUNT(DISTINCT phone_country) AS countries,
  SUM(CASE WHEN phone_masked LIKE '+1%*%' THEN 1 ELSE 0 END) AS masked
FROM fct_call
