"""Where the state is stored: tables, documents, databases and statements. SQL only, nothing about AWS."""
