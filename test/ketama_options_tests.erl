%% The options of new/2 and start_link/2: their defaults, their two forms, and what is refused; also the port driver's
%% path, which start_link/2 takes in their place.
-module(ketama_options_tests).

-include_lib("eunit/include/eunit.hrl").

-define(SERVERS, [{"10.0.0.1:11211", 1}, {"10.0.0.2:11211", 2}]).

defaults_test_() ->
    [
        ?_assertEqual({Dialect, mapping(#{dialect => Dialect, hash => Hash})}, {Dialect, mapping(#{dialect => Dialect})})
     || {Dialect, [Hash | _]} <- ketama_nif:dialects()
    ] ++ [
        ?_assertEqual(
            [{libketama, md5}, {libmemcached, md5}, {libmemcached_consistent, one_at_a_time},
             {twemproxy, fnv1a_64}, {spymemcached, md5}, {dalli, crc32}, {hashring, md5},
             {node_memcached, md5}, {pecl_memcache, crc32}, {nginx, crc32},
             {cache_memcached_fast, crc32}, {xmemcached, md5}, {uhashring, md5}, {enyim, md5},
             {enyim_default, fnv0a_32_unsigned}, {enyim_core, fnv1a_32_unsigned},
             {folsom, murmur3}, {modula, one_at_a_time}],
            [{Dialect, Hash} || {Dialect, [Hash | _]} <- ketama_nif:dialects()]
        ),
        ?_assertEqual(mapping(#{dialect => libketama}), mapping(#{})),
        ?_assertEqual(mapping(#{}), mapping([])),
        ?_assertNotEqual(mapping(#{}), mapping(#{dialect => libmemcached}))
    ].

a_map_and_a_list_are_the_same_test_() ->
    [
        ?_assertEqual(mapping(maps:from_list(Options)), mapping(Options))
     || Options <- [
            [{dialect, libmemcached}],
            [{hash, crc32}, {dialect, twemproxy}],
            [{hash_tag, <<"{}">>}, {hash, murmur}, {dialect, twemproxy}]
        ]
    ].

mapping(Options) ->
    {ok, Continuum} = ketama:new(?SERVERS, Options),
    {ketama:points(Continuum), ketama:getservers(Continuum, keys())}.

keys() ->
    ["user:{" ++ integer_to_list(I) ++ "}" || I <- lists:seq(1, 100)].

%% Elixir's `:ketama.start_link(servers, dialect: :libmemcached)' passes a list of pairs, which is not a path.
start_link_takes_options_test_() ->
    Options = [{dialect, libmemcached}, {hash, murmur}],
    {ok, Continuum} = ketama:new(?SERVERS, Options),
    Expected = ketama:getservers(Continuum, keys()),
    Started = fun(Start) ->
        ignore = ketama:start_link([{"other", 1}]),
        ignore = Start(),
        [ketama:getserver(Key) || Key <- keys()]
    end,
    Child = fun(#{id := ketama, start := {Module, Function, Arguments}}) ->
        fun() -> apply(Module, Function, Arguments) end
    end,
    [
        ?_assertEqual(Expected, Started(fun() -> ketama:start_link(?SERVERS, Options) end)),
        ?_assertEqual(Expected, Started(fun() -> ketama:start_link(?SERVERS, maps:from_list(Options)) end)),
        ?_assertEqual(Expected, Started(Child(ketama:child_spec(?SERVERS, Options)))),
        ?_assertEqual(Expected, Started(Child(ketama:child_spec({?SERVERS, Options}))))
    ].

%% The old driver's path is a string or a binary, and nothing else.
start_link_ignores_a_path_test_() ->
    {ok, Continuum} = ketama:new(?SERVERS),
    Expected = ketama:getservers(Continuum, keys()),
    [
        fun() ->
            ignore = ketama:start_link([{"other", 1}]),
            ignore = ketama:start_link(?SERVERS, Path),
            ?assertEqual(Expected, [ketama:getserver(Key) || Key <- keys()])
        end
     || Path <- ["/usr/bin/ketama_erlang_driver", <<"/usr/bin/ketama_erlang_driver">>, "", <<>>]
    ] ++ [
        ?_assertError(badarg, ketama:start_link(?SERVERS, Path))
     || Path <- [undefined, 1, ["/usr", "/bin"], {a, b}, self()]
    ].

no_options_test_() ->
    Options = [
        #{dialect => memcached},
        #{dialect => "libketama"},
        #{dialect => 'дialect'},
        #{dialekt => libketama},
        #{dialect => libketama, other => 1},
        #{hash => crc32},
        #{hash_tag => <<"{}">>},
        #{dialect => spymemcached, hash => murmur},
        #{dialect => libmemcached, hash => crc32},
        #{dialect => libmemcached_consistent, hash => hsieh},
        #{dialect => libmemcached, hash_tag => <<"{}">>},
        #{dialect => modula, hash_tag => <<"{}">>},
        #{dialect => twemproxy, hash => sha1},
        #{dialect => twemproxy, hash => <<"md5">>},
        #{dialect => twemproxy, hash_tag => "{}"},
        #{dialect => twemproxy, hash_tag => <<"{">>},
        #{dialect => twemproxy, hash_tag => <<"{}}">>},
        #{dialect => twemproxy, hash_tag => <<1:15>>},
        #{ketama_points => 150},
        #{dialect => nginx, ketama_points => 160},
        #{dialect => cache_memcached_fast, ketama_points => 0},
        #{dialect => cache_memcached_fast, ketama_points => -1},
        #{dialect => cache_memcached_fast, ketama_points => 1.0},
        #{dialect => cache_memcached_fast, ketama_points => 1 bsl 32},
        #{dialect => pecl_memcache, hash => md5},
        #{dialect => dalli, hash => md5},
        [{dialect, libketama}, {dialect, libketama}],
        [{dialect, libketama}, {dialect, twemproxy}],
        [dialect],
        [{dialect, libketama, 1}],
        [{dialect, libketama} | tail],
        libketama,
        {dialect, libketama}
    ],
    [
        [
            ?_assertError(badarg, ketama:new(?SERVERS, O)),
            ?_assertError(badarg, ketama:new("/nowhere", O)),
            ?_assertError(badarg, ketama:start_link(?SERVERS, O))
        ]
     || O <- Options
    ].
