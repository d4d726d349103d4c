<?php
// Stores or reads the keys of a file through PHP's memcached: OPTIONS KEYS HOST:PORT:WEIGHT...
// With `session' in place of the options, a key is the id of a session that PHP's own handler keeps; with `memcache'
// the keys go through that older extension, which takes its options from php.ini or -d.
// For each line of the input, `set' or `get', it prints how many keys that worked for.
[, $options, $path] = $argv;
$servers = array_slice($argv, 3);
$works = match ($options) {
    'session' => sessions($servers),
    'memcache' => memcache($servers),
    default => client($servers, $options),
};
$keys = explode("\n", file_get_contents($path));
while ($action = fgets(STDIN)) {
    $done = array_filter($keys, fn($key) => $works(trim($action), $key));
    fwrite(STDOUT, count($done) . "\n");
}

function client($servers, $options) {
    $client = new Memcached();
    $client->setOptions(eval("return $options;"));
    $client->addServers(array_map(fn($server) => explode(':', $server), $servers));
    return fn($action, $key) =>
        $action == 'set' ? $client->set($key, $key) : $client->get($key) === $key;
}

function memcache($servers) {
    $client = new Memcache();
    foreach ($servers as $server) {
        [$host, $port, $weight] = explode(':', $server);
        // Persistent, with a timeout of 60 seconds, so that a busy machine is not an error.
        $client->addServer($host, $port, true, $weight, 60);
    }
    return fn($action, $key) =>
        $action == 'set' ? $client->set($key, $key) : $client->get($key) === $key;
}

function sessions($servers) {
    ini_set('session.save_handler', 'memcached');
    ini_set('session.save_path', implode(',', $servers));
    // There is no browser to send a cookie to.
    ini_set('session.use_cookies', 0);
    return function ($action, $key) {
        session_id($key);
        session_start(['read_and_close' => $action == 'get']);
        if ($action == 'set') {
            $_SESSION['id'] = $key;
            return session_write_close();
        }
        return ($_SESSION['id'] ?? null) === $key;
    };
}
