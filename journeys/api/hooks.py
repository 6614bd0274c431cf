"""What schemathesis is told of the API: whose token calls, which things there are, and what no answer may hold."""

import itertools
import json
import os

import schemathesis

TOKEN = os.environ["API_TOKEN"]
# What only the other customer has: ids, names, addresses.
FOREIGN = json.loads(os.environ["API_FOREIGN"])
# Things to name where a path has an id: the other customer's, and one's own that nobody needs any more.
THINGS = itertools.cycle(json.loads(os.environ["API_THINGS"]))


@schemathesis.auth()
class Token:
    def get(self, case, context):
        return TOKEN

    def set(self, case, data, context):
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


@schemathesis.hook
def before_call(context, case, kwargs):
    """A made-up id finds nothing, so calls that are not part of a chain name a thing that there is."""
    meta = case.meta
    is_single = meta is not None and meta.phase.name.value in ("coverage", "fuzzing")
    if is_single and meta.generation.mode.is_positive and "id" in (case.path_parameters or {}):
        case.path_parameters["id"] = next(THINGS)


@schemathesis.check
def nothing_of_another_customer(context, response, case):
    for text in FOREIGN:
        assert text not in response.text, f"an answer holds another customer's {text!r}"
