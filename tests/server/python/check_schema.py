"""Checks JSON documents, one a line, against a JSON Schema: check_schema.py SCHEMA FILE. Prints how many errors there are."""

import json
import sys

import jsonschema

schema_path, documents_path = sys.argv[1:]
with open(schema_path, encoding="utf-8") as file:
    schema = json.load(file)
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
documents = errors = 0
with open(documents_path, encoding="utf-8") as file:
    for line in file:
        documents += 1
        for error in validator.iter_errors(json.loads(line)):
            errors += 1
            print(f"document {documents}: {error.json_path}: {error.message}", file=sys.stderr)
print(f"{documents} documents, {errors} errors")
