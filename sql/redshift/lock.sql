-- The first statement of a load: what follows sees what the load before left.
lock load_lock;
