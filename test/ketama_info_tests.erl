%% Which ring is this, and where its servers listen.
-module(ketama_info_tests).

-include_lib("eunit/include/eunit.hrl").

info_test() ->
    {ok, Plain} = ketama:new(ketama_test:data("lastfm-eight.servers")),
    ?assertMatch(
        #{dialect := libketama, hash := md5, hash_tag := undefined, servers := 8, fingerprint := <<_:128>>},
        ketama:info(Plain)
    ),
    #{points := Points, bytes := Bytes} = ketama:info(Plain),
    ?assertEqual(length(ketama:points(Plain)), Points),
    ?assert(Bytes > 8 * Points),
    ?assert(Bytes < 16 * Points),
    {ok, Tagged} = ketama:new(["a", "b", "a"], #{dialect => twemproxy, hash => murmur, hash_tag => <<"{}">>}),
    ?assertMatch(#{dialect := twemproxy, hash := murmur, hash_tag := <<"{}">>, servers := 3}, ketama:info(Tagged)).

%% The memory that it says is what the VM counts.
bytes_test_() ->
    {timeout, 300, fun() ->
        {Held, Bytes, _} = ketama_test:memory(),
        ?assert(abs(Held - Bytes) < Bytes div 4)
    end}.

%% Equal exactly where nothing moves: rings of few servers and small weights, so that some are equal.
fingerprints_test_() ->
    {timeout, 300, fun() ->
        rand:seed(exsss, 11),
        Rings = [random_ring() || _ <- lists:seq(1, 250)],
        Equal = pairs(fun same/2, Rings),
        %% Many more than each ring with itself, and not all.
        ?assert(2 * length([E || E <- Equal, E]) > 3 * length(Rings)),
        ?assert(length([E || E <- Equal, not E]) > length(Equal) div 2)
    end}.

%% Of each with itself and with those behind it.
pairs(Of, [One | Others] = All) -> [Of(One, Other) || Other <- All] ++ pairs(Of, Others);
pairs(_Of, []) -> [].

same({OneOptions, OneServers, One, OnePrint}, {OtherOptions, OtherServers, Other, OtherPrint}) ->
    NothingMoves =
        try ketama:diff(One, Other) of
            {Moved, _} -> Moved == 0.0
        catch
            error:badarg -> false
        end,
    ?assertEqual(
        {OneOptions, OneServers, OtherOptions, OtherServers, NothingMoves},
        {OneOptions, OneServers, OtherOptions, OtherServers, OnePrint =:= OtherPrint}
    ),
    NothingMoves.

random_ring() ->
    Options = pick([
        #{dialect => modula, hash => md5},
        #{dialect => modula, hash => crc15},
        #{dialect => twemproxy, hash => crc15},
        #{dialect => twemproxy, hash => md5, hash_tag => <<"{}">>},
        #{dialect => libmemcached_consistent, hash => crc15},
        #{dialect => libketama},
        #{dialect => spymemcached},
        #{dialect => enyim},
        #{dialect => pecl_memcache},
        #{dialect => dalli}
    ]),
    Servers = [{pick(["a", "b"]), rand:uniform(2)} || _ <- lists:seq(1, rand:uniform(4))],
    {ok, Ring} = ketama:new(Servers, Options),
    #{fingerprint := Fingerprint} = ketama:info(Ring),
    {Options, Servers, Ring, Fingerprint}.

pick(List) ->
    lists:nth(rand:uniform(length(List)), List).

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
            %% Java's.
            {<<"/10.0.0.1:11212">>, {"10.0.0.1", 11212}},
            {<<"cache.local/10.0.0.1:11212">>, {"10.0.0.1", 11212}},
            {<<"/0:0:0:0:0:0:0:1:11212">>, {V6, 11212}},
            {<<"cache/[0:0:0:0:0:0:0:1]:11212">>, {V6, 11212}},
            %% Sockets.
            {<<"/run/memcached.sock">>, {{local, "/run/memcached.sock"}, 0}},
            {<<"/run/memcached.sock:0">>, {{local, "/run/memcached.sock"}, 0}},
            {<<"unix:/run/memcached.sock">>, {{local, "/run/memcached.sock"}, 0}},
            {<<"unix:///run/memcached.sock:0">>, {{local, "/run/memcached.sock"}, 0}},
            {<<"/run/", 16#43A/utf8>>, {{local, [$/, $r, $u, $n, $/, 16#43A]}, 0}}
        ]
    ] ++
        [
            ?_assertError(badarg, ketama:address(Name))
         || Name <- ["", ":11211", "a:port", "a:-1", "a:65536", "a:", "[::1", "[a]:1", "[::1]1", <<255>>, a, 1, [a]]
        ].

%% gen_tcp takes it.
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
