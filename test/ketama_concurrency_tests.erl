%% Runs ketama_soak for a few seconds: lookups in every way while continua are replaced, made and dropped. No answer is
%% wrong, every part has done something, and the memory does not grow.
-module(ketama_concurrency_tests).

-include_lib("eunit/include/eunit.hrl").

-define(SECONDS, 5).

soak_test_() ->
    {timeout, 300, fun() ->
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
        %% A watcher that is stopped has at most one change under way.
        ?assert(NotTold >= 0 andalso NotTold =< 100),
        [?assert(Done > 0) || Done <- [Replaced, Made, Lookups, PoolLookups, PoolChanges]],
        ?assert(Grown < 32 bsl 20)
    end}.
