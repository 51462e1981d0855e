"""One widget a file. Data reaches them only as `presenters.rows.Row`, whose spans are cleaned."""
