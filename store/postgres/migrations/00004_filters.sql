-- What filters need: the values of attributes as numbers and times, the attributes
-- that imports brought, and the indexes of the fields that are selective.

-- +goose NO TRANSACTION
-- +goose Up

-- A JSON number, or text that is one, such as -12.5; null when it is neither. A
-- planner may inline it, and a host may index it:
-- CREATE INDEX ON contacts (outdial_number(attributes -> 'staff_count')).
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION outdial_number(p_value jsonb) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE jsonb_typeof(p_value)
               WHEN 'number' THEN CAST(p_value AS numeric)
               WHEN 'string' THEN
                   CASE WHEN length(p_value #>> '{}') <= 400 AND p_value #>> '{}' ~ '^-?[0-9]+(\.[0-9]+)?$'
                        THEN CAST(p_value #>> '{}' AS numeric) END
           END
$$;
-- +goose StatementEnd

-- Text that is an instant with its zone, or a date, which begins at midnight UTC;
-- null when it is neither, or a day or a second that does not exist. Digits beyond
-- the microsecond are dropped.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION outdial_instant(p_value jsonb) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    part text[] := regexp_match(p_value #>> '{}', '^([0-9]{4})-([0-9]{2})-([0-9]{2})'
        '(?:T([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]{1,9})?(?:Z|([+-])([0-9]{2}):([0-9]{2})))?$');
    ahead interval;
BEGIN
    IF part IS NULL OR jsonb_typeof(p_value) <> 'string'
       OR part[1] = '0000' OR part[2] NOT BETWEEN '01' AND '12' OR part[3] = '00'
       OR part[4] > '23' OR part[5] > '59' OR part[6] > '59' OR part[9] > '14' OR part[10] > '59'
    THEN
        RETURN NULL;
    END IF;
    IF CAST(part[3] AS integer) > extract(
        day FROM make_date(CAST(part[1] AS integer), CAST(part[2] AS integer), 1) + interval '1 month - 1 day')
    THEN
        RETURN NULL;
    END IF;
    ahead := make_interval(hours => CAST(COALESCE(part[9], '0') AS integer), mins => CAST(COALESCE(part[10], '0') AS integer));
    RETURN make_timestamptz(
               CAST(part[1] AS integer), CAST(part[2] AS integer), CAST(part[3] AS integer),
               CAST(COALESCE(part[4], '0') AS integer), CAST(COALESCE(part[5], '0') AS integer),
               CAST(COALESCE(part[6], '0') || left(COALESCE(part[7], ''), 7) AS double precision), 'UTC')
           - CASE part[8] WHEN '-' THEN -ahead ELSE ahead END;
END$$;
-- +goose StatementEnd

-- The keys that imported contacts have among their attributes, each with the type
-- that all of its values have had so far.
CREATE TABLE IF NOT EXISTS contact_attributes (
    key text PRIMARY KEY,
    type text NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_contacts_account_id ON contacts (account_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_contacts_created_at ON contacts (created_at);
