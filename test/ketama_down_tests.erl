%% Servers that are down: lookups that pass over them, and the ring made without them.
-module(ketama_down_tests).

-include_lib("eunit/include/eunit.hrl").

%% Passing over.

the_next_server_takes_the_keys_test_() ->
    [
        {timeout, 300, {atom_to_list(Dialect), fun() -> [passes_over(Seed, Dialect) || Seed <- lists:seq(1, 15)] end}}
     || {Dialect, _} <- ketama_nif:dialects()
    ].

passes_over(Seed, Dialect) ->
    rand:seed(exsss, Seed),
    Servers = [{<<"s", (integer_to_binary(I))/binary>>, rand:uniform(50)} || I <- lists:seq(1, rand:uniform(12))],
    {ok, Continuum} = ketama:new(Servers, #{dialect => Dialect}),
    Owners = [Name || {Name, _, Points} <- ketama:servers(Continuum), Points > 0],
    Down = lists:sublist(Owners, rand:uniform(length(Owners)) - 1),
    Keys = [rand:bytes(rand:uniform(20)) || _ <- lists:seq(1, 50)],
    Expected = [hd(ketama:replicas(Continuum, Key, length(Servers)) -- Down) || Key <- Keys],
    Options = #{except => Down},
    ?assertEqual({Seed, Expected}, {Seed, ketama:getservers(Continuum, Keys, Options)}),
    ?assertEqual({Seed, Expected}, {Seed, [ketama:getserver(Continuum, Key, Options) || Key <- Keys]}),
    ?assertEqual({Seed, ketama_test:grouped(Expected, Keys)}, {Seed, ketama:group(Continuum, Keys, Options)}),
    %% No other key moves.
    [
        ?assertEqual(Server, ketama:getserver(Continuum, Key, Options))
     || Key <- Keys, Server <- [ketama:getserver(Continuum, Key)], not lists:member(Server, Down)
    ].

options_test_() ->
    C = continuum([{"a", 1}, {"b", 1}, {"a", 2}]),
    [
        ?_assertEqual(<<"b">>, ketama:getserver(C, "k", #{except => [<<"a">>]})),
        ?_assertEqual(<<"b">>, ketama:getserver(C, "k", [{except, ["a"]}])),
        ?_assertEqual([<<"b">>, <<"b">>], ketama:getservers(C, ["k", <<"l">>], [{except, ["a", "nobody"]}])),
        ?_assertEqual(#{<<"a">> => ["k"]}, ketama:group(C, ["k"], #{except => ["b", "b", ""]})),
        ?_assertEqual(ketama:getserver(C, "k"), ketama:getserver(C, "k", #{except => []})),
        ?_assertEqual(ketama:getserver(C, "k"), ketama:getserver(C, "k", #{})),
        ?_assertEqual([], ketama:getservers(C, [], #{except => ["a"]})),
        ?_assertEqual(#{}, ketama:group(C, [], #{except => ["a"]}))
    ].

none_is_left_test_() ->
    {ok, Starved} = ketama:new([{"a", 100000}, {"b", 1}]),
    [
        [
            ?_assertError(no_servers, ketama:getserver(C, "k", #{except => Down})),
            ?_assertError(no_servers, ketama:getservers(C, ["k"], #{except => Down})),
            ?_assertError(no_servers, ketama:group(C, ["k"], #{except => Down}))
        ]
     || {C, Down} <- [{continuum([{"a", 1}]), ["a"]}, {continuum([{"a", 1}, {"b", 1}]), ["b", "a"]}, {Starved, ["a"]}]
    ].

no_options_test_() ->
    C = continuum([{"a", 1}]),
    [
        [
            ?_assertError(badarg, ketama:getserver(C, "k", Options)),
            ?_assertError(badarg, ketama:getservers(C, ["k"], Options)),
            ?_assertError(badarg, ketama:group(C, ["k"], Options))
        ]
     || Options <- [
            #{except => a}, #{except => <<"a">>}, #{except => [a]}, #{except => ["a" | "b"]}, #{expect => []},
            #{except => [], other => 1}, [{except, []}, {except, []}], [except], except, "a", <<"a">>
        ]
    ].

%% A walk past nearly all points of a large ring moves to a dirty scheduler.
long_walk_test() ->
    Servers = [{integer_to_binary(I), 1} || I <- lists:seq(1, 2000)],
    C = continuum(Servers),
    Down = [Name || {Name, _} <- tl(Servers)],
    Keys = [integer_to_binary(I) || I <- lists:seq(1, 100)],
    ?assertEqual([<<"1">> || _ <- Keys], ketama:getservers(C, Keys, #{except => Down})).

%% The ring without them.

without_test_() ->
    [
        {timeout, 300, {atom_to_list(Dialect), fun() -> [without(Seed, Dialect, Hashes) || Seed <- lists:seq(1, 20)] end}}
     || {Dialect, Hashes} <- ketama_nif:dialects()
    ].

without(Seed, Dialect, Hashes) ->
    rand:seed(exsss, Seed),
    Options = #{dialect => Dialect, hash => lists:nth(rand:uniform(length(Hashes)), Hashes)},
    Servers = [{<<"s", (integer_to_binary(I))/binary, ":11211">>, rand:uniform(9)} || I <- lists:seq(1, 1 + rand:uniform(10))],
    {Down, Others} = lists:split(rand:uniform(length(Servers)) - 1, Servers),
    {ok, All} = ketama:new(Servers, Options),
    {ok, Expected} = ketama:new(Others, Options),
    {ok, Without} = ketama:without(All, [Name || {Name, _} <- Down]),
    ?assertEqual({Seed, ketama:points(Expected)}, {Seed, ketama:points(Without)}),
    ?assertEqual(ketama:servers(Expected), ketama:servers(Without)),
    ?assertEqual({0.0, []}, ketama:diff(Expected, Without)).

entries_of_one_name_test() ->
    {ok, Without} = ketama:without(continuum([{"a", 1}, {"b", 2}, {"a", 3}]), ["a"]),
    ?assertEqual([{<<"b">>, 2, 160}], ketama:servers(Without)).

%% A client never asks a server without points, so it never ejects it.
starved_server_stays_in_the_count_test() ->
    {ok, Starved} = ketama:new([{"a", 1000000}, {"b", 100}, {"c", 1}], #{dialect => twemproxy}),
    {ok, Same} = ketama:without(Starved, ["c"]),
    ?assertEqual(ketama:servers(Starved), ketama:servers(Same)),
    {ok, Two} = ketama:without(Starved, ["a", "c"]),
    ?assertEqual([{<<"b">>, 100, 316}, {<<"c">>, 1, 0}], ketama:servers(Two)).

no_others_test_() ->
    C = continuum([{"a", 1}, {"b", 1}]),
    [
        ?_assertMatch({ok, _}, ketama:without(C, [])),
        ?_assertEqual({error, no_servers}, ketama:without(C, ["a", "b"]))
    ] ++ [
        ?_assertEqual({error, {invalid_server, Name}}, ketama:without(C, ["a", Name]))
     || Name <- ["c", <<>>, <<"aa">>, a, 1, {"a", 1}, <<1:7>>, [256]]
    ] ++ [?_assertError(badarg, ketama:without(C, List)) || List <- [a, <<"a">>, ["a" | b], #{}]] ++
        [?_assertError(badarg, ketama:without(T, ["a"])) || T <- [1, make_ref(), <<>>]].

unknown_server_is_explained_test() ->
    Sentence = ketama:format_error({invalid_server, <<"c:1">>}),
    ?assertNotEqual(nomatch, string:find(Sentence, "c:1")).

continuum(Servers) ->
    {ok, Continuum} = ketama:new(Servers),
    Continuum.
