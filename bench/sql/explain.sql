SELECT * FROM sgr_explain(%(a)s, %(b)s)
