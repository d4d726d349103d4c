// Stores or reads the keys of a file as npm's packages place them: PACKAGE OPTIONS KEYS
// HOST:PORT:WEIGHT... PACKAGE is `memcached', a client, or `hashring', a ring alone.
// For each line of the input, `set' or `get', it prints how many keys that worked for.
'use strict';
const fs = require('fs');
const net = require('net');
const readline = require('readline');
const {promisify} = require('util');

const [name, options, path, ...servers] = process.argv.slice(2);
const weights = Object.fromEntries(servers.map(server => {
  const [, address, weight] = server.match(/(.*):(.*)/);
  return [address, Number(weight)];
}));
const keys = fs.readFileSync(path, 'utf8').split('\n');
const works = {memcached, hashring}[name](JSON.parse(options));

function memcached(options) {
  const Memcached = require('memcached');
  // Milliseconds: long, so that a busy machine is not an error.
  const client = new Memcached(weights, {timeout: 60000, idle: 600000, ...options});
  const set = promisify(client.set).bind(client);
  const get = promisify(client.get).bind(client);
  const ask = {set: key => set(key, key, 0), get: async key => await get(key) === key};
  // A failure means that the server is down.
  return (action, key) => ask[action](key).catch(() => false);
}

function hashring(options) {
  const HashRing = require('hashring');
  const ring = new HashRing(weights, 'md5', options);
  const connections = Object.fromEntries(
    Object.keys(weights).map(server => [server, connect(server)]));
  return async (action, key) => {
    const {write, line} = connections[ring.get(key)];
    if (action === 'set') {
      write(`set ${key} 0 0 ${Buffer.byteLength(key)}\r\n${key}\r\n`);
      return await line() === 'STORED';
    }
    write(`get ${key}\r\n`);
    if (!(await line()).startsWith('VALUE ')) return false;
    const value = await line();
    return await line() === 'END' && value === key;
  };
}

function connect(server) {
  const [, host, port] = server.match(/(.*):(.*)/);
  const socket = net.connect({host, port, noDelay: true});
  const lines = readline.createInterface({input: socket})[Symbol.asyncIterator]();
  return {write: text => socket.write(text), line: async () => (await lines.next()).value};
}

async function main() {
  for await (const action of readline.createInterface({input: process.stdin})) {
    let done = 0;
    for (const key of keys) {
      done += await works(action, key) ? 1 : 0;
    }
    console.log(done);
  }
  // The open connections would keep the process alive.
  process.exit();
}

main();
