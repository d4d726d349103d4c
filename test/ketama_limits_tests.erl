%% The limits: 100,000 servers and 10 million keys work; too many points or too little memory is system_limit and does
%% no harm.
-module(ketama_limits_tests).

-include_lib("eunit/include/eunit.hrl").

many_servers_test_() ->
    {timeout, 300, fun() ->
        Servers = [{iolist_to_binary(io_lib:format("s~b:11211", [I])), 1 + I rem 3} || I <- lists:seq(1, 100000)],
        {ok, Continuum} = ketama:new(Servers),
        Made = ketama:servers(Continuum),
        ?assertEqual(Servers, [{Name, Weight} || {Name, Weight, _} <- Made]),
        Points = ketama:points(Continuum),
        ?assertEqual(length(Points), lists:sum([N || {_, _, N} <- Made])),
        ?assertEqual(1.0, lists:sum([Share || {_, Share} <- ketama:shares(Continuum)])),
        Ring = ketama_oracle:of_points(Points),
        Keys = [integer_to_binary(I) || I <- lists:seq(1, 10000)],
        Expected = [element(2, ketama_oracle:point(Ring, Key)) || Key <- Keys],
        ?assertEqual(Expected, ketama:getservers(Continuum, Keys)),
        ?assertEqual(Expected, [ketama:getserver(Continuum, Key) || Key <- Keys])
    end}.

%% The answers for 10 million keys, compared by the number of keys of each server: the lists are too long to compare.
many_keys_test_() ->
    {timeout, 300, fun() ->
        {ok, Continuum} = ketama:new(ketama_test:data("lastfm-eight.servers")),
        Thousand = [integer_to_binary(I) || I <- lists:seq(1, 1000)],
        Keys = lists:append(lists:duplicate(10000, Thousand)),
        Count = fun(Servers) ->
            lists:foldl(fun(S, Map) -> Map#{S => maps:get(S, Map, 0) + 1} end, #{}, Servers)
        end,
        Expected = maps:map(fun(_, N) -> 10000 * N end, Count([ketama:getserver(Continuum, K) || K <- Thousand])),
        ?assertEqual(Expected, Count(ketama:getservers(Continuum, Keys))),
        ?assertEqual(Expected, maps:map(fun(_, List) -> length(List) end, ketama:group(Continuum, Keys)))
    end}.

%% A weight that makes too many points is refused before it takes memory.
weights_of_modula_are_limited_test_() ->
    [
        ?_assertEqual({error, system_limit}, ketama:new([{"a", 1}, {"b", Weight}], #{dialect => modula}))
     || Weight <- [1 bsl 27, 1 bsl 32, (1 bsl 63) - 1]
    ].

%% In a VM without free memory the call fails, and existing continua keep working. Only Linux limits a process's memory
%% this way.
little_memory_test_() ->
    [little_memory() || os:type() =:= {unix, linux}].

little_memory() ->
    {timeout, 300,
        ?_assertEqual(
            "{error,system_limit} " ++ ketama:format_error(system_limit),
            ketama_test:erl(
                [ketama_test:ebin()],
                "Servers = [{integer_to_binary(I), 1} || I <- lists:seq(1, 500000)],"
                " {ok, C} = ketama:new(lists:sublist(Servers, 8)),"
                " Server = ketama:getserver(C, \"key\"),"
                " {error, Reason} = Error = ketama:new(Servers),"
                " Server = ketama:getserver(C, \"key\"),"
                " io:format(\"~p ~ts\", [Error, ketama:format_error(Reason)])",
                "3000000"
            )
        )}.
