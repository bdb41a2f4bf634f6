"""Where state lives: the models, the databases they are kept in, and the pages read from them."""
