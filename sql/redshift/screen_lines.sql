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
        when ts is null
            or session_id is null
            or item_in_session is null
            or coalesce(page, '') = ''
            or (page = 'NextSong' and (user_id is null or octet_length(page) <> 8)) then 1
        else 0
    end) as incomplete_lines,
    sum(case
        when not (ts between $first_time and $last_time)
            or not (registration between $first_time and $last_time)
            or registration <> floor(registration)
            or not (length between -1e37 and 1e37) then 1
        else 0
    end) as unusual_numbers,
    sum(case
        when octet_length(artist) > $most_bytes
            or octet_length(song) > $most_bytes
            or octet_length(auth) > $most_bytes
            or octet_length(first_name) > $most_bytes
            or octet_length(gender) > $most_bytes
            or octet_length(last_name) > $most_bytes
            or octet_length(level) > $most_bytes
            or octet_length(location) > $most_bytes
            or octet_length(method) > $most_bytes
            or octet_length(page) > $most_bytes
            or octet_length(user_agent) > $most_bytes + 2 then 1
        else 0
    end) as wide_texts,
    sum(case
        when artist ~ $like_json
            or auth ~ $like_json
            or first_name ~ $like_json
            or gender ~ $like_json
            or last_name ~ $like_json
            or level ~ $like_json
            or location ~ $like_json
            or method ~ $like_json
            or page ~ $like_json
            or song ~ $like_json
            or user_agent ~ $like_json then 1
        else 0
    end) as texts_like_json
from staged_lines;
