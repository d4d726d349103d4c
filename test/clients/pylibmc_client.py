"""The keys of a file, stored or read through pylibmc: set|get KEYS HOST:PORT:WEIGHT..."""
import sys
import pylibmc

action, path, servers = sys.argv[1], sys.argv[2], sys.argv[3:]
client = pylibmc.Client(servers, behaviors={"ketama_weighted": True})
keys = open(path).read().split()
if action == "set":
    print(sum(client.set(key, key) for key in keys))
else:
    # What another client stored has no flag that says it is text.
    print(sum(client.get(key) in (key, key.encode()) for key in keys))
