-- The nodes of the organisation on $on, each with the node above; nothing above the roots.
SELECT n.descendant_id AS node_id, n.descendant_kind AS kind, p.ancestor_id AS parent_id
FROM dim_org n
LEFT JOIN dim_org p ON p.descendant_id = n.descendant_id AND p.depth = 1
  AND p.valid_from <= $on AND (p.valid_to IS NULL OR p.valid_to >= $on)
WHERE n.depth = 0 AND n.descendant_kind IN ('company', 'site', 'team')
  AND n.valid_from <= $on AND (n.valid_to IS NULL OR n.valid_to >= $on)
ORDER BY node_id
