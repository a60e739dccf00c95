"""Prints, for each TOML file, a line: how many ways there are in which it is not what a schema says: toml.py SCHEMA FILE…"""

import json
import sys
import tomllib

import jsonschema

schema = json.load(open(sys.argv[1], encoding="utf-8"))
validator = jsonschema.validators.validator_for(schema)
validator.check_schema(schema)
for path in sys.argv[2:]:
    print(len(list(validator(schema).iter_errors(tomllib.load(open(path, "rb"))))))
