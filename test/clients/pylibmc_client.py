"""Stores or reads the keys of a file through pylibmc: BEHAVIORS KEYS HOST:PORT:WEIGHT...
For each line of the input, `set' or `get', it prints how many keys that worked for."""
import ast
import sys
import pylibmc

behaviors, path, servers = ast.literal_eval(sys.argv[1]), sys.argv[2], sys.argv[3:]
client = pylibmc.Client(servers, behaviors=behaviors)
keys = open(path, "rb").read().split(b"\n")


def works(action, key):
    try:
        return client.set(key, key) if action == "set" else client.get(key) == key
    except pylibmc.Error:  # a server that is down
        return False


for line in sys.stdin:
    print(sum(works(line.strip(), key) for key in keys), flush=True)
