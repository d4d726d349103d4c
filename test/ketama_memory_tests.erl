%% The memory of a continuum is the VM's, info/1 says how much it is, and it comes back.
-module(ketama_memory_tests).

-include_lib("eunit/include/eunit.hrl").

-define(SERVERS(N), [{integer_to_binary(I), 1} || I <- lists:seq(1, N)]).

%% 8 bytes a point, and the index and the names beside them.
memory_is_counted_test_() ->
    {timeout, 300, fun() ->
        {Held, Said, Points} = memory(),
        ?assert(Held > 8 * Points),
        ?assert(Held < 24 * Points),
        ?assert(abs(Held - Said) < Said div 4)
    end}.

%% By how many bytes the system's memory of a VM grows with a ring, how many the ring says that it has, and
%% its points. Of a VM of its own: here threads may still free the rings of other tests.
memory() ->
    Output = ketama_test:erl(
        "Servers = [{integer_to_binary(I), 1} || I <- lists:seq(1, 5000)],"
        " {ok, _} = ketama:new([\"a\"]),"
        " Before = erlang:memory(system),"
        " {ok, Ring} = ketama:new(Servers),"
        " Held = erlang:memory(system) - Before,"
        " #{bytes := Bytes, points := Points} = ketama:info(Ring),"
        " io:format(\"~p.\", [{Held, Bytes, Points}])"
    ),
    {ok, Tokens, _} = erl_scan:string(Output),
    {ok, Memory} = erl_parse:parse_term(Tokens),
    Memory.

%% 10,000 continua hold over 100 MB. What is kept is kept each time; what other suites have left behind is not.
memory_is_freed_test_() ->
    {timeout, 300, fun() ->
        Servers = ?SERVERS(8),
        Make = fun() -> {ok, _} = ketama:new(Servers) end,
        ok = repeat(3000, Make),
        ?assert(lists:min([grown(Make) || _ <- lists:seq(1, 3)]) < 16 bsl 20)
    end}.

grown(Make) ->
    Before = ketama_test:resident(),
    ok = repeat(10000, Make),
    ketama_test:resident() - Before.

%% A hundred processes at a time, for it is the peak that the VM keeps: continua that are dropped by
%% the process that made them, and ones that die with it.
repeat(0, _Make) ->
    garbage_collect(),
    ok;
repeat(N, Make) ->
    Pids = [spawn_monitor(fun() -> [Make() || _ <- lists:seq(1, 10)] end) || _ <- lists:seq(1, 100)],
    [receive {'DOWN', Monitor, process, _, Reason} -> normal = Reason end || {_, Monitor} <- Pids],
    repeat(N - 1000, Make).
