"""Reads a JUnit report as CI systems do: junit.py XSD FILE prints what the schema says against it, then its counts."""

import sys

import xmlschema
from junitparser import Error, Failure, JUnitXml

schema, report = sys.argv[1:3]
for error in xmlschema.XMLSchema(schema).iter_errors(report):
    print(f"{error.path}: {error.reason}".replace("\n", " "))
suites = JUnitXml.fromfile(report)
cases = [case for suite in suites for case in suite]
assert suites.tests == len(cases) == sum(suite.tests for suite in suites), "the counts are wrong"
assert len({(suite.name, case.classname, case.name) for suite in suites for case in suite}) == len(cases), "a name stands twice"
count = lambda kind: sum(isinstance(result, kind) for case in cases for result in case.result)
print(f"{len(cases)} tests, {count(Failure)} failures, {count(Error)} errors")
assert (suites.failures, suites.errors) == (count(Failure), count(Error)), "the counts are wrong"
