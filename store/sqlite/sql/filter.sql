-- What a filter is made of; see the templates of filter.Dialect. Attributes that are
-- no JSON are none. There is nothing to join long lists: of a list that is bound,
-- SQLite makes an indexed table for the statement itself.

-- fragment: filter_column_text
c."{{column}}"

-- fragment: filter_column_enum
c."{{column}}"

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
CASE WHEN json_valid(c."{{column}}") THEN CASE json_type(c."{{column}}") WHEN 'array' THEN c."{{column}}" END END

-- fragment: filter_attribute_type
CASE WHEN json_valid(c.attributes) THEN json_type(c.attributes, {{key}}) END

-- fragment: filter_attribute_text
CASE {{filter_attribute_type}} WHEN 'text' THEN c.attributes ->> {{key}} END

-- fragment: filter_attribute_enum
CASE {{filter_attribute_type}} WHEN 'text' THEN c.attributes ->> {{key}} END

-- fragment: filter_attribute_int
{{filter_attribute_number}}

-- fragment: filter_attribute_decimal
{{filter_attribute_number}}

-- fragment: filter_attribute_number
CASE {{filter_attribute_type}}
    WHEN 'integer' THEN c.attributes ->> {{key}}
    WHEN 'real' THEN c.attributes ->> {{key}}
    WHEN 'text' THEN (
        SELECT CASE
                   WHEN length(plain.text) <= 400 AND plain.digits GLOB '[0-9]*' AND plain.digits GLOB '*[0-9]'
                    AND plain.digits NOT GLOB '*[^0-9.]*' AND plain.digits NOT GLOB '*.*.*'
                   THEN CAST(plain.text AS NUMERIC)
               END
          FROM (SELECT c.attributes ->> {{key}} AS text,
                       CASE WHEN c.attributes ->> {{key}} GLOB '-*' THEN substr(c.attributes ->> {{key}}, 2)
                            ELSE c.attributes ->> {{key}} END AS digits) plain)
END

-- fragment: filter_attribute_bool
CASE {{filter_attribute_type}}
    WHEN 'true' THEN TRUE
    WHEN 'false' THEN FALSE
    WHEN 'text' THEN CASE lower(c.attributes ->> {{key}}) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END
END

-- fragment: filter_attribute_time
-- A date, or a time of day with its zone: the date and the time must be themselves
-- again after SQLite has read them, since it takes the 30th of February for the 2nd
-- of March. Digits beyond the microsecond are dropped.
CASE {{filter_attribute_type}} WHEN 'text' THEN (
    SELECT CASE
               WHEN parts.text < '0001' THEN NULL
               WHEN parts.text GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]' AND date(parts.text) = parts.text
                   THEN unixepoch(parts.text) * 1000000
               WHEN strftime('%Y-%m-%dT%H:%M:%S', parts.second) = parts.second
                AND (parts.fraction = ''
                     OR parts.fraction GLOB '.[0-9]*' AND substr(parts.fraction, 2) NOT GLOB '*[^0-9]*'
                        AND length(parts.fraction) <= 10)
                AND (parts.zone = 'Z'
                     OR parts.zone GLOB '[+-][0-9][0-9]:[0-5][0-9]' AND substr(parts.zone, 2) <= '14:59')
                   THEN (unixepoch(parts.second)
                         - CASE WHEN parts.zone = 'Z' THEN 0
                                ELSE (substr(parts.zone, 2, 2) * 3600 + substr(parts.zone, 5, 2) * 60)
                                     * CASE substr(parts.zone, 1, 1) WHEN '-' THEN -1 ELSE 1 END END) * 1000000
                        + CAST(substr(substr(parts.fraction, 2) || '000000', 1, 6) AS INTEGER)
           END
      FROM (SELECT zoned.text, zoned.zone, substr(zoned.text, 1, 19) AS second,
                   substr(zoned.text, 20, length(zoned.text) - 19 - length(zoned.zone)) AS fraction
              FROM (SELECT c.attributes ->> {{key}} AS text,
                           CASE WHEN c.attributes ->> {{key}} GLOB '*Z' THEN 'Z'
                                ELSE substr(c.attributes ->> {{key}}, -6) END AS zone) zoned) parts)
END

-- fragment: filter_attribute_uuid
CASE {{filter_attribute_type}} WHEN 'text' THEN
    CASE WHEN length(c.attributes ->> {{key}}) = 36
          AND replace(c.attributes ->> {{key}}, '-', '') NOT GLOB '*[^0-9A-Fa-f]*'
          AND c.attributes ->> {{key}} GLOB '????????-????-????-????-????????????'
          AND length(replace(c.attributes ->> {{key}}, '-', '')) = 32
         THEN lower(c.attributes ->> {{key}}) END
END

-- fragment: filter_attribute_list
CASE {{filter_attribute_type}} WHEN 'array' THEN c.attributes -> {{key}} END

-- fragment: filter_value_text
{{value}}

-- fragment: filter_value_enum
{{value}}

-- fragment: filter_value_int
{{value}}

-- fragment: filter_value_decimal
{{value}}

-- fragment: filter_value_bool
{{value}}

-- fragment: filter_value_time
{{value}}

-- fragment: filter_value_uuid
{{value}}

-- fragment: filter_empty_text
({{x}} IS NULL OR {{x}} = '')

-- fragment: filter_empty_enum
({{x}} IS NULL OR {{x}} = '')

-- fragment: filter_empty_int
{{x}} IS NULL

-- fragment: filter_empty_decimal
{{x}} IS NULL

-- fragment: filter_empty_bool
{{x}} IS NULL

-- fragment: filter_empty_time
{{x}} IS NULL

-- fragment: filter_empty_uuid
{{x}} IS NULL

-- fragment: filter_empty_list
COALESCE(json_array_length({{x}}), 0) = 0

-- fragment: filter_in_text
{{x}} IN (SELECT asked.value FROM json_each({{value}}) asked)

-- fragment: filter_in_enum
{{x}} IN (SELECT asked.value FROM json_each({{value}}) asked)

-- fragment: filter_in_int
{{x}} IN (SELECT asked.value FROM json_each({{value}}) asked)

-- fragment: filter_in_decimal
{{x}} IN (SELECT asked.value FROM json_each({{value}}) asked)

-- fragment: filter_in_uuid
{{x}} IN (SELECT asked.value FROM json_each({{value}}) asked)

-- fragment: filter_matches
{{x}} GLOB {{value}}

-- fragment: filter_upper
-- SQLite's upper knows ASCII; the letters beyond it are replaced one by one.
upper({{x}})

-- fragment: filter_replace
replace({{x}}, {{from}}, {{to}})

-- fragment: filter_member
member.value

-- fragment: filter_has_any
EXISTS (SELECT 1
          FROM json_each({{x}}) member
         WHERE member.type = 'text' AND {{member}} IN (SELECT asked.value FROM json_each({{value}}) asked))

-- fragment: filter_has_all
(SELECT count(DISTINCT {{member}})
   FROM json_each({{x}}) member
  WHERE member.type = 'text' AND {{member}} IN (SELECT asked.value FROM json_each({{value}}) asked)) = {{count}}

-- fragment: filter_open
({{end}} IS NULL OR {{condition}})

-- fragment: filter_no_range
{{low}} IS NULL AND {{high}} IS NULL
