-- What filters need: the values of attributes as numbers and times, and the attributes
-- that imports brought.

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
    v text := p_value #>> '{}';
BEGIN
    IF jsonb_typeof(p_value) <> 'string' OR left(v, 4) = '0000'
       OR v !~ '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9]))?$'
    THEN
        RETURN NULL;
    END IF;
    IF substr(v, 9, 2) > '28' AND CAST(substr(v, 9, 2) AS integer) > extract(
        day FROM make_date(CAST(left(v, 4) AS integer), CAST(substr(v, 6, 2) AS integer), 1) + interval '1 month - 1 day')
    THEN
        RETURN NULL;
    END IF;
    IF length(v) = 10 THEN
        RETURN CAST(v || 'T00:00:00Z' AS timestamptz);
    END IF;
    IF v ~ '\.[0-9]{7}' THEN
        v := regexp_replace(v, '(\.[0-9]{6})[0-9]+', '\1');
    END IF;
    RETURN CAST(v AS timestamptz);
END$$;
-- +goose StatementEnd

-- The keys that imported contacts have among their attributes, each with the type
-- that all of its values have had so far.
CREATE TABLE IF NOT EXISTS contact_attributes (
    key text PRIMARY KEY,
    type text NOT NULL,
    created_at timestamptz NOT NULL
);
