%% address/1 reads host and port from a server's name in any client's spelling, and gen_tcp accepts what it returns.
-module(ketama_address_tests).

-include_lib("eunit/include/eunit.hrl").

address_test_() ->
    V6 = {0, 0, 0, 0, 0, 0, 0, 1},
    [
        ?_assertEqual({Name, Address}, {Name, ketama:address(Name)})
     || {Name, Address} <- [
            {<<"10.0.0.1:11211">>, {"10.0.0.1", 11211}},
            {"10.0.0.1", {"10.0.0.1", 11211}},
            {["cache", <<".local">>, ":1"], {"cache.local", 1}},
            {<<"cache.local">>, {"cache.local", 11211}},
            {<<"[::1]:65535">>, {V6, 65535}},
            {<<"[::1]">>, {V6, 11211}},
            {<<"::1">>, {V6, 11211}},
            {<<"0:0:0:0:0:0:0:1:11212">>, {V6, 11212}},
            {<<"::1:11211">>, {V6, 11211}},
            {<<"0:0:0:0:0:0:0:1">>, {V6, 11211}},
            {<<"2001:db8::1">>, {{16#2001, 16#db8, 0, 0, 0, 0, 0, 1}, 11211}},
            {<<"::">>, {{0, 0, 0, 0, 0, 0, 0, 0}, 11211}},
            %% Java's.
            {<<"/10.0.0.1:11212">>, {"10.0.0.1", 11212}},
            {<<"cache.local/10.0.0.1:11212">>, {"10.0.0.1", 11212}},
            {<<"/0:0:0:0:0:0:0:1:11212">>, {V6, 11212}},
            {<<"cache/[0:0:0:0:0:0:0:1]:11212">>, {V6, 11212}},
            %% Sockets.
            {<<"/run/memcached.sock">>, {{local, "/run/memcached.sock"}, 0}},
            {<<"/run/memcached.sock:0">>, {{local, "/run/memcached.sock"}, 0}},
            {<<"/run/memcached.sock:">>, {{local, "/run/memcached.sock"}, 0}},
            {<<"unix:/run/memcached.sock">>, {{local, "/run/memcached.sock"}, 0}},
            {<<"unix:///run/memcached.sock:0">>, {{local, "/run/memcached.sock"}, 0}},
            {<<"/run/", 16#43A/utf8>>, {{local, [$/, $r, $u, $n, $/, 16#43A]}, 0}}
        ]
    ] ++
        [
            ?_assertError(badarg, ketama:address(Name))
         || Name <- ["", ":11211", "a:port", "a:-1", "a:65536", "a:", "[::1", "[a]:1", "[::1]1", "::1:8080", "fe80::1:2345", <<255>>, a, 1, [a]]
        ].

connect_test() ->
    {ok, Listen} = gen_tcp:listen(0, [{ip, {127, 0, 0, 1}}]),
    {ok, Port} = inet:port(Listen),
    {Host, Port} = ketama:address(["127.0.0.1:", integer_to_list(Port)]),
    ?assertMatch({ok, _}, gen_tcp:connect(Host, Port, [])),
    ketama_test:in_folder(fun(Folder) ->
        Path = filename:join(Folder, "socket"),
        {ok, Local} = gen_tcp:listen(0, [{ip, {local, Path}}]),
        {LocalHost, LocalPort} = ketama:address(Path),
        ?assertMatch({ok, _}, gen_tcp:connect(LocalHost, LocalPort, [])),
        ok = gen_tcp:close(Local)
    end),
    ok = gen_tcp:close(Listen).
