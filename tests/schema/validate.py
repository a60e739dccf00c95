"""Prints a line for every way in which a JSON file is not what a schema says: validate.py SCHEMA FILE."""

import json
import sys

import jsonschema

schema, instance = (json.load(open(path, encoding="utf-8")) for path in sys.argv[1:3])
validator = jsonschema.validators.validator_for(schema)
validator.check_schema(schema)
checker = validator.FORMAT_CHECKER
for error in validator(schema, format_checker=checker).iter_errors(instance):
    print(f"{error.json_path}: {error.message}".replace("\n", " "))
