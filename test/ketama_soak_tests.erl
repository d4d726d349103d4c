%% The soak, twenty seconds of it.
-module(ketama_soak_tests).

-include_lib("eunit/include/eunit.hrl").

-define(SECONDS, 20).

soak_test_() ->
    {timeout, 10 * ?SECONDS, fun() ->
        #{wrong := Wrong, replaced := Replaced, made := Made, lookups := Lookups, grown_bytes := Grown} =
            ketama_soak:run(?SECONDS),
        ?assertEqual(0, Wrong),
        ?assert(Replaced > 300),
        ?assert(Made > 300),
        ?assert(Lookups > 300000),
        ?assert(Grown < 32 bsl 20)
    end}.
