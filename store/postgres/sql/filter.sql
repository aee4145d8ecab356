-- What a filter is made of; see the templates of filter.Dialect. In a column, a text
-- may be any type that reads as text, an enum a native one.

-- fragment: filter_column_text
CAST(c."{{column}}" AS text)

-- fragment: filter_column_enum
CAST(c."{{column}}" AS text)

-- fragment: filter_column_int
c."{{column}}"

-- fragment: filter_column_decimal
c."{{column}}"

-- fragment: filter_column_bool
c."{{column}}"

-- fragment: filter_column_time
c."{{column}}"

-- fragment: filter_column_uuid
c."{{column}}"

-- fragment: filter_column_list
CASE WHEN jsonb_typeof(to_jsonb(c."{{column}}")) = 'array' THEN to_jsonb(c."{{column}}") END

-- fragment: filter_attribute_text
CASE WHEN jsonb_typeof(c.attributes -> {{key}}) = 'string' THEN c.attributes ->> {{key}} END

-- fragment: filter_attribute_enum
CASE WHEN jsonb_typeof(c.attributes -> {{key}}) = 'string' THEN c.attributes ->> {{key}} END

-- fragment: filter_attribute_int
outdial_number(c.attributes -> {{key}})

-- fragment: filter_attribute_decimal
outdial_number(c.attributes -> {{key}})

-- fragment: filter_attribute_bool
CASE lower(c.attributes ->> {{key}}) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END

-- fragment: filter_attribute_time
outdial_instant(c.attributes -> {{key}})

-- fragment: filter_attribute_uuid
CASE WHEN c.attributes ->> {{key}} ~ '^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$'
     THEN CAST(c.attributes ->> {{key}} AS uuid) END

-- fragment: filter_attribute_list
CASE WHEN jsonb_typeof(c.attributes -> {{key}}) = 'array' THEN c.attributes -> {{key}} END

-- fragment: filter_value_text
CAST({{value}} AS text)

-- fragment: filter_value_enum
CAST({{value}} AS text)

-- fragment: filter_value_int
CAST({{value}} AS bigint)

-- fragment: filter_value_decimal
CAST({{value}} AS numeric)

-- fragment: filter_value_bool
CAST({{value}} AS boolean)

-- fragment: filter_value_time
CAST({{value}} AS timestamptz)

-- fragment: filter_value_uuid
CAST({{value}} AS uuid)

-- fragment: filter_empty_text
({{x}} IS NULL OR {{x}} = '')

-- fragment: filter_empty_enum
({{x}} IS NULL OR {{x}} = '')

-- fragment: filter_empty_int
({{x}}) IS NULL

-- fragment: filter_empty_decimal
({{x}}) IS NULL

-- fragment: filter_empty_bool
({{x}}) IS NULL

-- fragment: filter_empty_time
({{x}}) IS NULL

-- fragment: filter_empty_uuid
({{x}}) IS NULL

-- fragment: filter_empty_list
COALESCE(jsonb_array_length({{x}}), 0) = 0

-- fragment: filter_in_text
{{x}} = ANY (CAST({{value}} AS text[]))

-- fragment: filter_in_enum
{{x}} = ANY (CAST({{value}} AS text[]))

-- fragment: filter_in_int
{{x}} = ANY (CAST({{value}} AS bigint[]))

-- fragment: filter_in_decimal
{{x}} = ANY (CAST({{value}} AS numeric[]))

-- fragment: filter_in_uuid
{{x}} = ANY (CAST({{value}} AS uuid[]))

-- fragment: filter_matches
{{x}} ~ {{value}}

-- fragment: filter_upper
-- By no locale: the letters beyond ASCII are replaced one by one.
upper(({{x}}) COLLATE "C")

-- fragment: filter_replace
replace({{x}}, {{from}}, {{to}})

-- fragment: filter_member
member.value #>> '{}'

-- fragment: filter_has_any
EXISTS (SELECT 1
          FROM jsonb_array_elements({{x}}) AS member (value)
         WHERE jsonb_typeof(member.value) = 'string' AND {{member}} = ANY (CAST({{value}} AS text[])))

-- fragment: filter_has_all
(SELECT count(DISTINCT {{member}})
   FROM jsonb_array_elements({{x}}) AS member (value)
  WHERE jsonb_typeof(member.value) = 'string' AND {{member}} = ANY (CAST({{value}} AS text[]))) = {{count}}

-- fragment: filter_open
({{end}} IS NULL OR {{condition}})

-- fragment: filter_no_range
({{low}}) IS NULL AND ({{high}}) IS NULL

-- fragment: filter_join_text
LEFT JOIN pg_temp.outdial_filter_values {{alias}}
  ON {{alias}}.list = {{number}} AND {{alias}}.value = CAST({{x}} AS text) COLLATE "C"

-- fragment: filter_join_number
LEFT JOIN pg_temp.outdial_filter_values {{alias}}
  ON {{alias}}.list = {{number}} AND {{alias}}.value = CAST(trim_scale(CAST({{x}} AS numeric)) AS text) COLLATE "C"

-- fragment: filter_joined
{{alias}}.list IS NOT NULL

-- query: create_filter_values
-- The table belongs to the connection and is no part of the database. It is empty
-- whenever a transaction begins. The key is for the planner that believes that a
-- campaign has one contact: it looks values up then, instead of going through the
-- list for each of a hundred thousand. Numbers are texts without zeros at their end.
CREATE TEMP TABLE IF NOT EXISTS outdial_filter_values (
    list integer NOT NULL,
    value text COLLATE "C" NOT NULL,
    PRIMARY KEY (list, value)
) ON COMMIT DELETE ROWS

-- query: clear_filter_values
TRUNCATE pg_temp.outdial_filter_values

-- query: copy_filter_values
COPY pg_temp.outdial_filter_values (list, value) FROM STDIN

-- query: add_filter_values
-- For drivers with a COPY of their own kind.
INSERT INTO pg_temp.outdial_filter_values (list, value)
SELECT :list, unnest(CAST(:values AS text[]))
