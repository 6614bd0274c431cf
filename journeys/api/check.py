"""Two customers use the API at the same time: every answer is as described, and neither ever sees what is the other's.

API_URL and API_AUTHORITY (a PEM file) say where, API_TOKEN_A and API_TOKEN_B for whom. First each customer's token is used with
the other's ids, which must be answered as ids that do not exist; then schemathesis makes up calls for both at once.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

import requests

HERE = Path(__file__).parent
URL = os.environ["API_URL"]
AUTHORITY = os.environ["API_AUTHORITY"]
# Calls made up for each operation and phase; a run takes about a minute.
EXAMPLES = "20"
LIMIT_S = 420
# Fewer cases than this mean that there was nothing to call.
LEAST_CASES = 300
# Under these names things of a customer are told; ids and addresses are known by their looks.
NAMES = {"full_name", "name", "who", "number", "code", "title"}
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Of each kind of thing this many of the other's ids are tried.
TRIES = 3


class Customer:
    def __init__(self, label):
        self.label = label
        self.token = os.environ[f"API_TOKEN_{label}"]
        self.web = requests.Session()
        self.web.verify = AUTHORITY
        # Otherwise an authority that the environment names is taken instead.
        self.web.trust_env = False
        self.web.headers["Authorization"] = f"Bearer {self.token}"

    def call(self, method, path, body=None, query=None):
        return self.web.request(method, f"{URL}{path}", json=body, params=query, timeout=30, allow_redirects=False)

    def invite(self, at):
        name = f"Kept {self.label} {at} {uuid.uuid4().hex[:6]}"
        body = {"full_name": name, "email": f"{uuid.uuid4()}@{self.label}.example".lower(), "role": "user"}
        answer = self.call("POST", "/api/v1/people", body)
        assert answer.status_code == 201, answer.text
        return answer.json()["person"]["id"]

    def everything(self, document, without=()):
        """What each list and page of the API says, by its path."""
        found = {}
        for path, methods in document["paths"].items():
            if "get" not in methods or "{" in path or path in without:
                continue
            answer = self.call("GET", path)
            assert answer.status_code == 200, f"GET {path}: {answer.status_code} {answer.text}"
            is_json = "json" in answer.headers["content-type"]
            found[path] = answer.json() if is_json else answer.text
        return found


def texts(value, key=""):
    """Every text of an answer with the name that it stands under."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from texts(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner, key)
    elif isinstance(value, str):
        yield key, value


def own_things(mine, theirs):
    """Ids, names and addresses that only the first of the two has."""
    others = {text for _, text in texts(theirs)}
    return sorted(
        text
        for key, text in set(texts(mine))
        if len(text) > 5 and text not in others and (key in NAMES or "@" in text or ID.fullmatch(text))
    )


def described(document, operation):
    """A body that the description gives as an example, property by property."""
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    made = {}
    for name, inner in schema.get("properties", {}).items():
        examples = inner.get("examples") or [inner.get("example")]
        if examples[0] is not None:
            made[name] = examples[0]
    return made or None


def look(answer):
    """All that a caller can tell two answers apart by."""
    headers = {name.lower(): value for name, value in answer.headers.items() if name.lower() != "date"}
    return answer.status_code, headers, answer.text


def try_the_others_ids(document, customer, ids):
    """Each of another customer's ids is answered as one that does not exist."""
    tried = 0
    for path, methods in document["paths"].items():
        if "{" not in path:
            continue
        for method, operation in methods.items():
            body = described(document, operation)
            made_up = look(customer.call(method.upper(), re.sub(r"{\w+}", str(uuid.uuid4()), path), body))
            assert 400 <= made_up[0] < 500, f"{method} {path} of nothing: {made_up}"
            for one in ids:
                answer = look(customer.call(method.upper(), re.sub(r"{\w+}", one, path), body))
                assert answer == made_up, f"{method} {path} with another customer's {one}: {answer}, not {made_up}"
                tried += 1
    return tried


def try_the_others_names(document, customer, names):
    """No search finds them, and no answer says more than for a name that nobody has."""
    for path, methods in document["paths"].items():
        fields = [one["name"] for one in methods.get("get", {}).get("parameters", []) if one["in"] == "query"]
        for name in names if "q" in fields else []:
            answer = customer.call("GET", path, query={"q": name})
            found = answer.json()
            assert answer.status_code == 200 and found["items"] == [] and found["total"] == 0, f"{path}?q={name}: {found}"


def start(customer, other, foreign, things, folder):
    """schemathesis, which writes into a file of its own."""
    environment = {
        **{name: value for name, value in os.environ.items() if name not in {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"}},
        "SCHEMATHESIS_HOOKS": "hooks",
        "PYTHONPATH": str(HERE),
        "API_TOKEN": customer.token,
        "API_FOREIGN": json.dumps([*foreign, other.token]),
        "API_THINGS": json.dumps(things),
    }
    command = [
        str(Path(sys.executable).parent / "schemathesis"),
        "--config-file", str(HERE / "schemathesis.toml"),
        "run", f"{URL}/api/v1/openapi.json",
        "--tls-verify", AUTHORITY,
        "--max-examples", EXAMPLES,
        "--continue-on-failure",
        "--request-timeout", "30",
        "--seed", str(ord(customer.label)),
        "--no-color",
    ]  # fmt: skip
    out = open(folder / f"{customer.label}.txt", "w+", encoding="utf-8")
    return subprocess.Popen(command, env=environment, cwd=folder, stdout=out, stderr=subprocess.STDOUT), out


def run_both(customers, foreign, things):
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        runs = []
        for at, customer in enumerate(customers):
            runs.append((customer, *start(customer, customers[1 - at], foreign[at], things[at], Path(folder))))
        for customer, process, out in runs:
            status = process.wait(LIMIT_S)
            out.seek(0)
            output = out.read()
            cases = re.search(r"(\d+) generated", output)
            print(f"customer {customer.label}: {cases and cases.group(0)}")
            if status or not cases or int(cases.group(1)) < LEAST_CASES:
                failed += 1
                print(output)
    return failed


def main():
    customers = [Customer("A"), Customer("B")]
    document = customers[0].call("GET", "/api/v1/openapi.json").json()
    # People whom nobody needs are named in made-up calls; the kept ones are looked at by the other customer.
    spare = [[customer.invite(at) for at in range(8)] for customer in customers]
    before = [customer.everything(document) for customer in customers]
    foreign = [own_things(before[1], before[0]), own_things(before[0], before[1])]
    for at, customer in enumerate(customers):
        # The log tells of these calls; checks run, and desktops and sign-ins come and go by themselves.
        moving = ("/api/v1/activity", "/api/v1/commitments", "/api/v1/desktops", "/api/v1/assets")
        other = customers[1 - at]
        ids = [text for text in foreign[at] if ID.fullmatch(text)]
        assert set(spare[1 - at]) <= set(ids)
        kept = other.everything(document, without=moving)
        tried = try_the_others_ids(document, customer, ids)
        try_the_others_names(document, customer, [text for text in foreign[at] if "@" in text][:TRIES])
        assert other.everything(document, without=moving) == kept, "something of the other customer changed"
        print(f"customer {customer.label}: {tried} calls with ids of the other, all answered as if there were none")
    things = [[*foreign_ids(foreign[at])[:TRIES], *spare[at]] for at in range(2)]
    failed = run_both(customers, foreign, things)
    # Whatever was called: the other one's log names nobody of this one's.
    for at, customer in enumerate(customers):
        told = json.dumps(customer.call("GET", "/api/v1/activity").json(), ensure_ascii=False)
        named = [text for text in foreign[at] if text in told]
        assert not named, f"the log of {customer.label} names {named}"
    sys.exit(1 if failed else 0)


def foreign_ids(foreign):
    return [text for text in foreign if ID.fullmatch(text)]


main()
