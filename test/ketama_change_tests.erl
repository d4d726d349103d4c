%% before_change and after_change, the functions that a watcher calls on a change: they run in order, one at a time, and
%% never hold up the change.
-module(ketama_change_tests).

-include_lib("eunit/include/eunit.hrl").

-define(HOUR, 3600000).

change_test_() ->
    ketama_test:each(
        [
            {before_and_after, fun before_and_after/0},
            {outside_the_watcher, fun outside_the_watcher/0},
            {failures_are_logged, fun failures_are_logged/0},
            {no_answer_within_five_seconds, fun no_answer_within_five_seconds/0},
            {no_lookup_without_a_connection, fun no_lookup_without_a_connection/0},
            {large_fleets, fun large_fleets/0}
        ],
        fun(Test) -> Test() end
    ).

%% Starts a watcher whose source returns the servers in the table.
with_watcher(Servers, Options, Test) ->
    Table = ets:new(servers, [public]),
    true = ets:insert(Table, {servers, Servers}),
    {ok, Watcher} = ketama_watcher:start_link(Options#{
        name => pool, interval => ?HOUR, source => fun() -> {ok, ets:lookup_element(Table, servers, 2)} end
    }),
    try
        Test(fun(Next) ->
            true = ets:insert(Table, {servers, Next}),
            ketama:reload(pool)
        end)
    after
        gen_server:stop(Watcher)
    end.

%% In before_change the name has the old continuum, in after_change the new one. The first time there is no old one.
before_and_after() ->
    Test = self(),
    Tell = fun(When) ->
        fun(Name, Old, New) ->
            Has = try ketama:continuum(Name) catch error:{not_started, Name} -> undefined end,
            Test ! {When, Name, Old, New, Has}
        end
    end,
    Told = fun() -> receive {_, _, _, _, _} = Message -> Message end end,
    with_watcher(["a"], #{before_change => Tell(before), after_change => Tell('after')}, fun(Change) ->
        First = ketama:continuum(pool),
        ?assertEqual({before, pool, undefined, First, undefined}, Told()),
        ?assertEqual({'after', pool, undefined, First, First}, Told()),
        ?assertEqual(unchanged, Change(["a"])),
        ?assertEqual({ok, 1.0}, Change(["b"])),
        Second = ketama:continuum(pool),
        ?assertEqual({before, pool, First, Second, First}, Told()),
        ?assertEqual({'after', pool, First, Second, Second}, Told()),
        ?assertEqual(First, ketama:previous(pool)),
        ?assertEqual(nothing, receive {_, _, _, _, _} = Message -> Message after 0 -> nothing end)
    end).

%% The watcher answers while a function runs, and reload waits for it.
outside_the_watcher() ->
    Test = self(),
    Wait = fun(_, Old, _) ->
        Old =:= undefined orelse begin
            Test ! {waits, self()},
            receive go_on -> ok end
        end
    end,
    with_watcher(["a"], #{after_change => Wait}, fun(Change) ->
        {Caller, Monitor} = spawn_monitor(fun() -> exit(Change(["b"])) end),
        Waits = receive {waits, Pid} -> Pid end,
        ?assertEqual({error, unknown_call}, gen_server:call(ketama_watcher_pool, hello)),
        ?assertEqual(<<"b">>, ketama:getserver(pool, "k")),
        ?assertNot(lists:member(Waits, [whereis(ketama_watcher_pool), Caller])),
        Waits ! go_on,
        receive {'DOWN', Monitor, process, Caller, Reply} -> ?assertEqual({ok, 1.0}, Reply) end
    end).

failures_are_logged() ->
    [
        with_watcher(["a"], #{When => Fail}, fun(Change) ->
            Logged = ketama_test:logged(error, fun() -> ?assertEqual({ok, 1.0}, Change(["b"])) end),
            [Text] = [Text || {error, Text} <- Logged, string:find(Text, atom_to_list(When)) =/= nomatch],
            ?assertNotEqual(nomatch, string:find(Text, "oops")),
            ?assertEqual(<<"b">>, ketama:getserver(pool, "k"))
        end)
     || When <- [before_change, after_change],
        Fail <- [fun(_, _, _) -> error(oops) end, fun(_, _, _) -> exit(oops) end, fun(_, _, _) -> exit(self(), oops), receive never -> ok end end]
    ].

no_answer_within_five_seconds() ->
    Test = self(),
    Hang = fun(_, Old, _) -> Old =:= undefined orelse begin Test ! {hangs, self()}, receive never -> ok end end end,
    with_watcher(["a"], #{before_change => Hang}, fun(Change) ->
        Logged = ketama_test:logged(error, fun() -> ?assertEqual({ok, 1.0}, Change(["b"])) end),
        ?assertMatch([{error, _}], Logged),
        receive {hangs, Pid} -> ?assertNot(is_process_alive(Pid)) end,
        ?assertEqual(<<"b">>, ketama:getserver(pool, "k"))
    end).

%% If servers are opened in before_change and closed in after_change, readers never get a server that is not open.
no_lookup_without_a_connection() ->
    Open = ets:new(open, [public, {read_concurrency, true}]),
    Names = fun(Ring) -> [Server || {Server, _, _} <- ketama:servers(Ring)] end,
    Opens = fun(_, _, New) -> [ets:insert(Open, {Server}) || Server <- Names(New)] end,
    %% A reader that has just asked may still use a server of the old ring, so that server is closed at the next change.
    Closes = fun
        (_, undefined, _) -> ok;
        (_, Old, New) -> [ets:delete(Open, S) || {S} <- ets:tab2list(Open), not lists:member(S, Names(Old) ++ Names(New))]
    end,
    with_watcher(["a", "b"], #{before_change => Opens, after_change => Closes}, fun(Change) ->
        Readers = [spawn_monitor(fun() -> read(Open, 0) end) || _ <- [1, 2, 3]],
        [{ok, _} = Change([["a", integer_to_list(I)], ["b", integer_to_list(I)], "c"]) || I <- lists:seq(1, 20)],
        [Pid ! stop || {Pid, _} <- Readers],
        [
            receive {'DOWN', Monitor, process, Pid, {read, Count}} -> ?assert(Count > 0) end
         || {Pid, Monitor} <- Readers
        ]
    end).

read(Open, Count) ->
    Version = ketama:continuum(pool),
    Servers = ketama:getservers(Version, [integer_to_binary(I) || I <- lists:seq(1, 20)]),
    Missing = [Server || Server <- Servers, not ets:member(Open, Server)],
    %% If the ring has changed twice meanwhile, the server may already be closed.
    Missing =:= [] orelse ?assertNot(lists:member(Version, [ketama:continuum(pool), ketama:previous(pool)])),
    receive
        stop -> exit({read, Count + 1})
    after 0 -> read(Open, Count + 1)
    end.

%% All servers change their port: the moved fraction is computed, and no list of moves is made.
large_fleets() ->
    Servers = fun(Port) -> [<<"s", (integer_to_binary(I))/binary, Port/binary>> || I <- lists:seq(1, 20000)] end,
    with_watcher(Servers(<<":11211">>), #{}, fun(Change) ->
        [Text] = ketama_test:notices(fun() -> ?assertEqual({ok, 1.0}, Change(Servers(<<":11212">>))) end),
        ?assert(length(Text) < 1000),
        ?assertNotEqual(nomatch, string:find(Text, "and 19990 more"))
    end).
