# Stores or reads the keys of a file through Dalli: OPTIONS KEYS HOST:PORT:WEIGHT...
# For each line of the input, `set' or `get', it prints how many keys that worked for.
require 'dalli'

options, path, *servers = ARGV
client = Dalli::Client.new(servers, socket_timeout: 60, **eval(options))
keys = File.binread(path).split("\n")
works = {
  'set' => ->(key) { client.set(key, key, 0, raw: true) },
  'get' => ->(key) { client.get(key, raw: true)&.b == key }
}

def reached
  yield
rescue Dalli::DalliError # a server that is down
  false
end

$stdout.sync = true
while (action = $stdin.gets)
  puts(keys.count { |key| reached { works[action.chomp].call(key) } })
end
