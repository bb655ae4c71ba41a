-- What the lines have that COPY takes and sparkify's own decoder would not, or would read otherwise: then it reads
-- them. Blanks at an end do not count in comparisons, so lengths tell.
-- $1 and $2 bound the times that are converted exactly; $3 is the most bytes that a text column holds; $4 is what
-- arrays and objects begin with.
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
        when not (ts between $1 and $2)
            or not (registration between $1 and $2)
            or registration <> floor(registration)
            or not (length between -1e37 and 1e37) then 1
        else 0
    end) as unusual_numbers,
    sum(case
        when octet_length(artist) > $3
            or octet_length(song) > $3
            or octet_length(auth) > $3
            or octet_length(first_name) > $3
            or octet_length(gender) > $3
            or octet_length(last_name) > $3
            or octet_length(level) > $3
            or octet_length(location) > $3
            or octet_length(method) > $3
            or octet_length(page) > $3
            or octet_length(user_agent) > $3 + 2 then 1
        else 0
    end) as wide_texts,
    sum(case
        when artist ~ $4
            or auth ~ $4
            or first_name ~ $4
            or gender ~ $4
            or last_name ~ $4
            or level ~ $4
            or location ~ $4
            or method ~ $4
            or page ~ $4
            or song ~ $4
            or user_agent ~ $4 then 1
        else 0
    end) as texts_like_json
from staged_lines;
