INSERT INTO sgr.quarantine (stage, reason, whole, source, line_number, value, body)
VALUES ('import', $1, true, $2, $3, $4, $5)
