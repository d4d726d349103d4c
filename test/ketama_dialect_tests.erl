%% The rings of the other clients.
-module(ketama_dialect_tests).

-include_lib("eunit/include/eunit.hrl").

-define(DIALECTS, [libketama, libmemcached, twemproxy, spymemcached]).

%% The answers of libmemcached itself.
libmemcached_vectors_test_() ->
    Vectors = ketama_test:vectors("libmemcached"),
    [?_assertEqual(7, length(Vectors)) | [{Name, fun() -> vector(Name) end} || Name <- Vectors]].

vector(Name) ->
    {ok, Continuum} = ketama:new(
        ketama_test:data("libmemcached", Name ++ ".servers"), #{dialect => libmemcached}
    ),
    Answers = [
        <<Key/binary, $\t, (ketama:getserver(Continuum, Key))/binary>>
     || Key <- ketama_test:lines(ketama_test:data("libmemcached", "keys.txt"))
    ],
    ?assertEqual(ketama_test:lines(ketama_test:data("libmemcached", Name ++ ".expected")), Answers).

%% The seed of a ring is its number; a failure prints it.
oracle_test_() ->
    {timeout, 120, fun() -> [oracle(Seed, D) || Seed <- lists:seq(1, 40), D <- ?DIALECTS] end}.

oracle(Seed, Dialect) ->
    rand:seed(exsss, Seed),
    Servers = servers(Seed rem 2),
    {ok, Continuum} = ketama:new(Servers, #{dialect => Dialect}),
    Oracle = ketama_oracle:new(Servers, Dialect),
    ?assertEqual({Seed, Dialect, ketama_oracle:points(Oracle)}, {Seed, Dialect, ketama:points(Continuum)}),
    Keys = [rand:bytes(rand:uniform(50)) || _ <- lists:seq(1, 100)],
    ?assertEqual([ketama_oracle:getserver(Oracle, Key) || Key <- Keys], ketama:getservers(Continuum, Keys)).

servers(Skewed) ->
    [
        {
            iolist_to_binary(io_lib:format("~s10.0.~b.~b:~b", [Slash, I div 100, I rem 100, Port])),
            1 + Skewed * rand:uniform(1000)
        }
     || I <- lists:seq(1, rand:uniform(130)),
        Port <- [lists:nth(rand:uniform(2), [11211, 11212])],
        Slash <- [lists:nth(rand:uniform(2), ["", "/"])]
    ].

%% Of two servers with the same points, spymemcached finds the later one, the others the earlier.
equal_points_test_() ->
    Servers = [{"10.0.0.1", 1}, {"10.0.0.1:11211", 1}],
    [
        ?_assertEqual({Dialect, [Owner]}, {Dialect, owners(Servers, Dialect)})
     || {Dialect, Owner} <- [{libmemcached, <<"10.0.0.1">>}, {twemproxy, <<"10.0.0.1">>}]
    ] ++ [
        ?_assertEqual([<<"/10.0.0.1:1">>], owners([{"10.0.0.1:1", 1}, {"/10.0.0.1:1", 1}], spymemcached))
    ].

owners(Servers, Dialect) ->
    {ok, Continuum} = ketama:new(Servers, #{dialect => Dialect}),
    lists:usort(ketama:getservers(Continuum, [integer_to_binary(I) || I <- lists:seq(1, 100)])).

the_default_is_libketama_test() ->
    Servers = [{"10.0.0.1:11211", 1}, {"10.0.0.2:11211", 2}],
    [Points] = lists:usort([
        ketama:points(element(2, {ok, _} = New))
     || New <- [ketama:new(Servers), ketama:new(Servers, #{}), ketama:new(Servers, #{dialect => libketama})]
    ]),
    {ok, Other} = ketama:new(Servers, #{dialect => libmemcached}),
    ?assertNotEqual(Points, ketama:points(Other)).

start_link_takes_it_test() ->
    Servers = [{"10.0.0.1:11211", 1}, {"10.0.0.2:11211", 2}],
    {ok, Continuum} = ketama:new(Servers, #{dialect => libmemcached}),
    ignore = ketama:start_link(Servers, #{dialect => libmemcached}),
    Keys = [integer_to_list(I) || I <- lists:seq(1, 100)],
    ?assertEqual([ketama:getserver(Continuum, K) || K <- Keys], [ketama:getserver(K) || K <- Keys]).

unknown_options_test_() ->
    Options = [
        #{dialect => memcached},
        #{dialect => "libketama"},
        #{dialekt => libketama},
        #{dialect => libketama, other => 1}
    ],
    [
        [
            ?_assertError(badarg, ketama:new([{"a", 1}], O)),
            ?_assertError(badarg, ketama:new("/nowhere", O)),
            ?_assertError(badarg, ketama:start_link([{"a", 1}], O))
        ]
     || O <- Options
    ] ++ [?_assertError(badarg, ketama:new([{"a", 1}], O)) || O <- [libketama, [], [{dialect, libketama}]]].
