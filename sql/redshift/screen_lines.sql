-- What the lines have that COPY takes and sparkify's own decoder would not, or would read otherwise: then it reads
-- them. Blanks at an end do not count in comparisons, so lengths tell.
-- $first_time and $last_time bound the times that are converted exactly; $most_bytes is the most bytes that a text
-- column holds; $like_json is what arrays and objects begin with.
select
    count(*) as line_count,
    min(ts) as first_ts,
    max(ts) as last_ts,
    max(line_no) as last_line_no,
    sum(case
        when
            /* @fields lines.required by or
            text: coalesce({column}, '') = ''
            any: {column} is null */
            or (page = 'NextSong' and (user_id is null or octet_length(page) <> 8)) then 1
        else 0
    end) as incomplete_lines,
    sum(case
        when not (ts between $first_time and $last_time)
            /* @fields lines.hashed_time each or: not ({column} between $first_time and $last_time) */
            /* @fields lines.hashed_time each or: {column} <> floor({column}) */
            /* @fields lines.double each or: not ({column} between -1e37 and 1e37) */
            then 1
        else 0
    end) as unusual_numbers,
    sum(case
        when
            /* @fields lines.text by or
            quoted: octet_length({column}) > $most_bytes + 2
            any: octet_length({column}) > $most_bytes */
            then 1
        else 0
    end) as wide_texts,
    sum(case
        when
            /* @fields lines.text by or: {column} ~ $like_json */
            then 1
        else 0
    end) as texts_like_json
from staged_lines;
