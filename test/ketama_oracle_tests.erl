%% The NIF against the oracle, on random servers and keys.
-module(ketama_oracle_tests).

-include_lib("eunit/include/eunit.hrl").

-define(RINGS, 200).
-define(KEYS, 500).

%% The seed of a ring is its number; a failure prints it.
rings_test_() ->
    {timeout, 300, fun() -> lists:foreach(fun ring/1, lists:seq(1, ?RINGS)) end}.

ring(Seed) ->
    rand:seed(exsss, Seed),
    Servers = servers(Seed rem 2),
    Oracle = ketama_oracle:new(Servers),
    {ok, Continuum} = ketama:new(Servers),
    ?assertEqual({Seed, ketama_oracle:points(Oracle)}, {Seed, ketama:points(Continuum)}),
    lists:foreach(
        fun(Key) ->
            ?assertEqual(
                {Seed, Key, ketama_oracle:getserver(Oracle, Key)},
                {Seed, Key, ketama:getserver(Continuum, Key)}
            )
        end,
        [key() || _ <- lists:seq(1, ?KEYS)]
    ).

servers(Skewed) ->
    Weight =
        case Skewed of
            0 -> fun() -> 100 end;
            1 -> fun() -> trunc(math:exp(rand:uniform() * 25)) end
        end,
    [{name(I), Weight()} || I <- lists:seq(1, rand:uniform(300))].

name(I) ->
    list_to_binary(io_lib:format("10.~b.~b.~b:11211", [rand:uniform(256) - 1, I div 100, I])).

%% Now and then longer than the limit beyond which erlang:md5/1 takes over.
key() ->
    rand:bytes(
        case rand:uniform(10) of
            1 -> rand:uniform(2000);
            _ -> rand:uniform(250) - 1
        end
    ).
