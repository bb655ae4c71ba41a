select max(version) as version
from sparkify_schema;
