%% The VM counts a continuum's memory, info/1 says how much it is, and it is freed.
-module(ketama_memory_tests).

-include_lib("eunit/include/eunit.hrl").

-define(SERVERS(N), [{integer_to_binary(I), 1} || I <- lists:seq(1, N)]).

%% 8 bytes a point, plus the index and the names.
memory_is_counted_test_() ->
    {timeout, 300, fun() ->
        {Held, Said, Points} = memory(),
        ?assert(Held > 8 * Points),
        ?assert(Held < 24 * Points),
        ?assert(abs(Held - Said) < Said div 4)
    end}.

%% Returns the growth of the VM's system memory with a ring, the size that the ring reports, both in bytes, and its
%% points. Runs in a VM of its own: in this one, threads may still free the rings of other tests.
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

%% 10,000 continua take over 100 MB. A leak shows in every round, memory that other suites left behind does not: hence
%% the smallest of three.
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

%% Ten continua in each process, some dropped before it ends and some freed with it. Only a hundred processes at a time,
%% since the VM keeps the memory of its peak.
repeat(0, _Make) ->
    garbage_collect(),
    ok;
repeat(N, Make) ->
    Pids = [spawn_monitor(fun() -> [Make() || _ <- lists:seq(1, 10)] end) || _ <- lists:seq(1, 100)],
    [receive {'DOWN', Monitor, process, _, Reason} -> normal = Reason end || {_, Monitor} <- Pids],
    repeat(N - 1000, Make).
