"""The world outside behind our ports: exchanges, files, SQL, HTTP, clocks, logs."""
