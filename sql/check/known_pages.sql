-- Severity: warning
-- Says: pages are those that eventsim knows
-- Remedy: a new page is counted like any other; see whether a page that insights rely on was renamed
select page, count(*) as times, min(view_id) as first_view_id
from page_views
where page not in (
    'About',
    'Add Friend',
    'Add to Playlist',
    'Cancel',
    'Cancellation Confirmation',
    'Downgrade',
    'Error',
    'Help',
    'Home',
    'Login',
    'Logout',
    'NextSong',
    'Register',
    'Roll Advert',
    'Save Settings',
    'Settings',
    'Submit Downgrade',
    'Submit Registration',
    'Submit Upgrade',
    'Thumbs Down',
    'Thumbs Up',
    'Upgrade'
)
group by page
order by page collate "C";
