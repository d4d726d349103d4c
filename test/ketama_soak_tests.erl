%% The soak, twenty seconds of it.
-module(ketama_soak_tests).

-include_lib("eunit/include/eunit.hrl").

-define(SECONDS, 20).

soak_test_() ->
    {timeout, 10 * ?SECONDS, fun() ->
        #{
            wrong := Wrong,
            replaced := Replaced,
            made := Made,
            lookups := Lookups,
            pool_lookups := PoolLookups,
            pool_changes := PoolChanges,
            not_told_after := NotTold,
            grown_bytes := Grown
        } = ketama_test:quietly(fun() -> ketama_soak:run(?SECONDS) end),
        ?assertEqual(0, Wrong),
        %% A watcher that is stopped has one change under way at most.
        ?assert(NotTold >= 0 andalso NotTold =< 100),
        %% It has done something of each.
        [?assert(Done > 0) || Done <- [Replaced, Made, Lookups, PoolLookups, PoolChanges]],
        ?assert(Grown < 32 bsl 20)
    end}.
