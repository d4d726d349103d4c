"""Stores or reads the keys of a file where uhashring has them: OPTIONS KEYS HOST:PORT:WEIGHT...
For each line of the input, `set' or `get', it prints how many keys that worked for."""
import ast
import sys
import pylibmc
from uhashring import HashRing

options, path, servers = ast.literal_eval(sys.argv[1]), sys.argv[2], sys.argv[3:]
weights = {name: int(weight) for name, weight in (server.rsplit(":", 1) for server in servers)}
ring = HashRing(weights, **options)
# uhashring is only a ring. A client with a single server always asks that one.
clients = {name: pylibmc.Client([name]) for name in weights}
keys = open(path, encoding="utf-8").read().split("\n")


def works(action, key):
    client, value = clients[ring.get_node(key)], key.encode()
    return client.set(key, value) if action == "set" else client.get(key) == value


for line in sys.stdin:
    print(sum(works(line.strip(), key) for key in keys), flush=True)
