-- How many slices read files side by side. Provisioned clusters tell; Serverless does not.
select count(*) as slices
from stv_slices;
