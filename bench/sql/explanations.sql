SELECT sgr_explanations(%(a)s, %(b)s, counterfactuals => 0)
