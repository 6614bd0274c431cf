"""Runs scim2-tester against a server: SCIM_URL, SCIM_TOKEN and SCIM_AUTHORITY (a PEM file) say which.

The suite makes, changes and removes people as the published schemas describe them. Two things they cannot say are told it here: a
userName is an address, and groups are the four roles, which nobody makes or removes. Groups are checked in their own steps.
"""

import os
import ssl
import sys
import uuid
from collections import Counter

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import PatchOp, PatchOperation
from scim2_tester import Status, check_server

# Fewer results than this mean that the suite did not find what to check.
LEAST_RESULTS = 40


class Addresses(list):
    """Examples of which every one is new."""

    def __getitem__(self, _):
        return f"{uuid.uuid4()}@scim.example"


def model(client, name):
    return next(one for one in client.provider.models if one.__name__ == name)


def check_people(client):
    model(client, "User").model_fields["user_name"].examples = Addresses(["any"])
    results = check_server(client, resource_types=["User"])
    failed = 0
    for result in results:
        bad = result.status in (Status.ERROR, Status.CRITICAL, Status.DEVIATION)
        failed += bad
        print(f"{result.status.name:10} {result.title or ''}: {result.reason}")
        if bad:
            print(f"           {result.data!r}")
    print(dict(Counter(result.status.name for result in results)))
    if len(results) < LEAST_RESULTS:
        print(f"only {len(results)} results")
        failed += 1
    return failed


def check_groups(client):
    """The client refuses an answer that its models do not describe."""
    user, group = model(client, "User"), model(client, "Group")
    address = Addresses()[0]
    person = client.create(user(user_name=address, display_name="Mika", active=True))
    groups = client.query(group).resources
    assert [one.id for one in groups] == ["operations_contact", "administrator", "user", "auditor"], groups

    def patch(op, path, value=None):
        operation = PatchOperation[group](op=op, path=path, value=value)
        return client.modify(group, "auditor", PatchOp[group](operations=[operation]))

    member = group.get_field_root_type("members")
    changed = patch(PatchOperation.Op.add, "members", [member(value=person.id)])
    assert person.id in [one.value for one in changed.members], changed
    assert client.query(user, person.id).groups[0].value == "auditor"
    patch(PatchOperation.Op.remove, f'members[value eq "{person.id}"]')
    assert client.query(user, person.id).groups[0].value == "user"
    client.delete(user, person.id)
    print("SUCCESS    groups")


def main():
    trust = ssl.create_default_context(cafile=os.environ["SCIM_AUTHORITY"])
    token = {"Authorization": f"Bearer {os.environ['SCIM_TOKEN']}"}
    with Client(base_url=os.environ["SCIM_URL"], headers=token, verify=trust, timeout=30) as http:
        client = SyncSCIMClient(http)
        client.discover()
        failed = check_people(client)
        check_groups(client)
    sys.exit(1 if failed else 0)


main()
