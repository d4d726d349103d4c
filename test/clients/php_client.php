<?php
// The keys of a file, stored or read through PHP's memcached: set|get KEYS HOST:PORT:WEIGHT...
[, $action, $path] = $argv;
$client = new Memcached();
$client->setOption(Memcached::OPT_LIBKETAMA_COMPATIBLE, true);
$client->addServers(array_map(fn($server) => explode(':', $server), array_slice($argv, 3)));
$done = 0;
foreach (explode("\n", trim(file_get_contents($path))) as $key) {
    $done += $action == 'set' ? $client->set($key, $key) : $client->get($key) === $key;
}
echo $done, "\n";
