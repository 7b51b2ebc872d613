INSERT INTO sgr.job_numbers (job_id, array_name, start, numbers) VALUES ($1, $2, $3, $4)
