-- The business dates of every site from $first to $last.
SELECT site_id, business_date, workday, weight_bp, quarter_start, year_start, starts_at, ends_at
FROM dim_calendar
WHERE business_date BETWEEN $first AND $last
ORDER BY site_id, business_date
