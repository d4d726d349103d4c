%% replicas/3: the first N servers clockwise from a key, each once, its own first.
-module(ketama_replicas_tests).

-include_lib("eunit/include/eunit.hrl").

replicas_follow_the_points_test_() ->
    [fun() -> follow_the_points(Seed) end || Seed <- lists:seq(1, 30)].

follow_the_points(Seed) ->
    rand:seed(exsss, Seed),
    Continuum = ketama_test:few_servers(),
    Points = ketama:points(Continuum),
    [
        begin
            Hash = ketama:hash(Key),
            {Before, From} = lists:splitwith(fun({Point, _}) -> Point < Hash end, Points),
            Expected = ketama_test:distinct([Server || {_, Server} <- From ++ Before]),
            N = rand:uniform(10) - 1,
            ?assertEqual({Seed, lists:sublist(Expected, N)}, {Seed, ketama:replicas(Continuum, Key, N)}),
            ?assertEqual({Seed, Expected}, {Seed, ketama:replicas(Continuum, Key, 1 bsl 70)}),
            ?assertEqual([ketama:getserver(Continuum, Key)], ketama:replicas(Continuum, Key, 1))
        end
     || Key <- ["", "user:123", binary:copy(<<"k">>, 1000) | [rand:bytes(8) || _ <- lists:seq(1, 20)]]
    ].

%% A ring so large that the walk moves to a dirty scheduler.
replicas_of_a_large_ring_test() ->
    Servers = [{integer_to_binary(I), 1} || I <- lists:seq(1, 2000)],
    {ok, Continuum} = ketama:new(Servers),
    Replicas = ketama:replicas(Continuum, "key", 2000),
    ?assertEqual(lists:sort([Name || {Name, _} <- Servers]), lists:sort(Replicas)),
    ?assertEqual(lists:sublist(Replicas, 3), ketama:replicas(Continuum, "key", 3)).

no_replicas_test_() ->
    {ok, Continuum} = ketama:new([{"a", 1}]),
    [?_assertError(badarg, ketama:replicas(Continuum, "k", N)) || N <- [-1, 1.0, one, "1"]] ++
        [?_assertError(badarg, ketama:replicas(Continuum, Key, 1)) || Key <- [k, 1, ["a" | b]]] ++
        [?_assertError(badarg, ketama:replicas(C, "k", 1)) || C <- [1, make_ref(), "k"]].
