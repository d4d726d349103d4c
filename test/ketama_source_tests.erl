%% Sources of servers: the user's functions, and files that hang, never end or are not regular files.
-module(ketama_source_tests).

-include_lib("eunit/include/eunit.hrl").

-define(HOUR, 3600000).

source_test_() ->
    ketama_test:each(
        [
            {follows_the_function, fun follows_the_function/0},
            {failures_are_logged_once, fun failures_are_logged_once/0},
            {one_call_at_a_time, fun one_call_at_a_time/0},
            {given_up_after_a_timeout, fun given_up_after_a_timeout/0},
            {ends_with_its_watcher, fun ends_with_its_watcher/0},
            {a_start_that_fails, fun a_start_that_fails/0},
            {what_it_links_does_no_harm, fun what_it_links_does_no_harm/0},
            {no_files, fun no_files/0},
            {large_files, fun large_files/0},
            {past_the_file_server, fun past_the_file_server/0},
            {a_fifo_in_the_place_of_a_file, fun a_fifo_in_the_place_of_a_file/0},
            {a_file_that_takes_long, fun a_file_that_takes_long/0}
        ],
        fun(Test) ->
            _ = process_flag(trap_exit, true),
            Test()
        end
    ).

%% Starts a watcher whose source returns the answer in a table, and counts its calls there.
with_source(Answer, Options, Test) ->
    Table = ets:new(source, [public]),
    true = ets:insert(Table, [{answer, Answer}, {calls, 0}]),
    Source = fun() ->
        _ = ets:update_counter(Table, calls, 1),
        (ets:lookup_element(Table, answer, 2))()
    end,
    {ok, Watcher} = ketama_watcher:start_link(Options#{name => pool, source => Source}),
    try
        Test(fun(Next) -> true = ets:insert(Table, {answer, Next}) end, fun() -> ets:lookup_element(Table, calls, 2) end)
    after
        gen_server:stop(Watcher)
    end.

returns(Answer) ->
    fun() -> Answer end.

follows_the_function() ->
    with_source(returns({ok, ["a", {"b", 2}]}), #{interval => 10, dialect => modula}, fun(Answer, Calls) ->
        ?assertMatch([{<<"a">>, 1, _}, {<<"b">>, 2, _}], ketama:servers(pool)),
        ?assertMatch(#{dialect := modula, source := F} when is_function(F, 0), ketama:info(pool)),
        C = ketama:continuum(pool),
        Count = Calls(),
        ketama_test:until(fun() -> Calls() > Count + 3 end),
        ?assert(C =:= ketama:continuum(pool)),
        Answer(returns({ok, ["c"]})),
        ketama_test:until(fun() -> ketama:getserver(pool, "k") =:= <<"c">> end),
        Answer(returns({ok, ["d"]})),
        ?assertEqual({ok, 1.0}, retried(fun() -> ketama:reload(pool) end))
    end).

%% The watcher may have taken the change by itself just before.
retried(Reload) ->
    case Reload() of
        unchanged ->
            ?assertEqual(<<"d">>, ketama:getserver(pool, "k")),
            {ok, 1.0};
        Reply ->
            Reply
    end.

failures_are_logged_once() ->
    [
        with_source(returns({ok, ["a"]}), #{interval => 10}, fun(Answer, Calls) ->
            Logged = ketama_test:logged(warning, fun() ->
                Answer(Failure),
                Count = Calls(),
                ketama_test:until(fun() -> Calls() > Count + 5 end),
                ?assertEqual({error, Reason}, ketama:reload(pool))
            end),
            ?assertMatch([{error, _}], Logged),
            ?assertEqual(<<"a">>, ketama:getserver(pool, "k")),
            %% A failure after a success is logged again.
            Answer(returns({ok, ["b"]})),
            ketama_test:until(fun() -> ketama:getserver(pool, "k") =:= <<"b">> end),
            ?assertMatch(
                [{error, _}],
                ketama_test:logged(warning, fun() ->
                    Answer(Failure),
                    Count = Calls(),
                    ketama_test:until(fun() -> Calls() > Count + 5 end)
                end)
            )
        end)
     || {Failure, Reason} <- [
            {returns({error, nxdomain}), {source, nxdomain}},
            {fun() -> error(oops) end, {source, {error, oops}}},
            {fun() -> exit(oops) end, {source, {exit, oops}}},
            {fun() -> throw(oops) end, {source, {throw, oops}}},
            {returns(oops), {source, {bad_return, oops}}},
            {returns({ok, "a" ++ b}), {source, {bad_return, {ok, "a" ++ b}}}},
            {returns({ok, [{"a", 0}]}), {invalid_server, {"a", 0}}},
            {returns({ok, []}), no_servers}
        ]
    ].

%% The next call starts when the last one has ended, however long it takes.
one_call_at_a_time() ->
    Running = atomics:new(2, []),
    Slow = fun() ->
        Now = atomics:add_get(Running, 1, 1),
        Now > 1 andalso atomics:add(Running, 2, 1),
        timer:sleep(30),
        ok = atomics:sub(Running, 1, 1),
        {ok, ["a"]}
    end,
    with_source(Slow, #{interval => 1}, fun(_, Calls) ->
        Callers = [spawn_monitor(fun() -> ketama:reload(pool) end) || _ <- lists:seq(1, 10)],
        [receive {'DOWN', Monitor, process, _, _} -> ok end || {_, Monitor} <- Callers],
        ketama_test:until(fun() -> Calls() > 10 end),
        ?assertEqual(0, atomics:get(Running, 2))
    end).

%% The watcher answers while the function hangs, and the function's process is killed.
given_up_after_a_timeout() ->
    Test = self(),
    with_source(returns({ok, ["a"]}), #{interval => ?HOUR, timeout => 1000}, fun(Answer, _) ->
        Answer(fun() -> Test ! {hangs, self()}, receive never -> ok end end),
        {Caller, Monitor} = spawn_monitor(fun() -> exit(ketama:reload(pool)) end),
        Call = receive {hangs, Pid} -> monitor(process, Pid) end,
        ?assertEqual({error, unknown_call}, gen_server:call(ketama_watcher_pool, hello)),
        receive {'DOWN', Call, process, _, Reason} -> ?assertEqual(killed, Reason) end,
        receive {'DOWN', Monitor, process, Caller, Reply} -> ?assertEqual({error, {source, timeout}}, Reply) end,
        ?assertEqual(<<"a">>, ketama:getserver(pool, "k")),
        Answer(returns({ok, ["b"]})),
        ?assertEqual({ok, 1.0}, ketama:reload(pool))
    end).

ends_with_its_watcher() ->
    Test = self(),
    Answers = ets:new(answers, [public]),
    true = ets:insert(Answers, {answer, returns({ok, ["a"]})}),
    {ok, Watcher} = ketama_watcher:start_link(#{
        name => pool, interval => 1, timeout => ?HOUR, source => fun() -> (ets:lookup_element(Answers, answer, 2))() end
    }),
    true = ets:insert(Answers, {answer, fun() -> Test ! {hangs, self()}, receive never -> ok end end}),
    Call = receive {hangs, Pid} -> monitor(process, Pid) end,
    ketama_test:stop(Watcher),
    receive {'DOWN', Call, process, _, _} -> ok end,
    {ok, Next} = ketama_watcher:start_link(#{name => pool, source => returns({ok, ["b"]})}),
    ?assertEqual(<<"b">>, ketama:getserver(pool, "k")),
    ok = gen_server:stop(Next).

a_start_that_fails() ->
    [
        ?assertEqual({error, Reason}, ketama_watcher:start_link(#{name => pool, source => Source, timeout => Timeout}))
     || {Source, Timeout, Reason} <- [
            {returns({error, nxdomain}), ?HOUR, {source, nxdomain}},
            {fun() -> error(oops) end, ?HOUR, {source, {error, oops}}},
            {fun() -> receive never -> ok end end, 100, {source, timeout}},
            {returns({ok, []}), ?HOUR, no_servers}
        ]
    ],
    ?assertEqual([], ketama:names()).

%% A process that the function has linked to dies and takes the function with it, but not the watcher.
what_it_links_does_no_harm() ->
    with_source(returns({ok, ["a"]}), #{interval => ?HOUR}, fun(Answer, _) ->
        Answer(fun() ->
            _ = spawn_link(fun() -> exit(oops) end),
            receive never -> ok end
        end),
        ?assertEqual({error, {source, {exit, oops}}}, ketama:reload(pool)),
        Answer(returns({ok, ["b"]})),
        ?assertEqual({ok, 1.0}, ketama:reload(pool))
    end).

%% Files.

no_files() ->
    ketama_test:in_folder(fun(Folder) ->
        Fifo = fifo(Folder),
        [
            begin
                ?assertEqual({error, {servers_file, Path, Reason}}, ketama:new(Path)),
                ?assertEqual({error, {servers_file, Path, Reason}}, ketama_watcher:start_link(#{servers_file => Path})),
                ?assertNotEqual(nomatch, string:find(ketama:format_error({servers_file, Path, Reason}), Path))
            end
         || {Path, Reason} <- [{Fifo, not_regular}, {Folder, not_regular}, {"/dev/zero", not_regular}]
        ],
        %% /proc/self/mem cannot be read at its start, where no memory is mapped; without /proc the file does not exist.
        ?assertMatch(
            {error, {servers_file, _, Reason}} when Reason =:= eio; Reason =:= enoent,
            ketama:new("/proc/self/mem")
        )
    end).

fifo(Folder) ->
    Fifo = filename:join(Folder, "fifo"),
    "" = os:cmd("mkfifo " ++ Fifo),
    Fifo.

large_files() ->
    ketama_test:in_folder(fun(Folder) ->
        Path = filename:join(Folder, "large"),
        Comment = binary:copy(<<"# ", (binary:copy(<<"x">>, 61))/binary, "\n">>, 1 bsl 20),
        ?assertEqual(64 bsl 20, byte_size(Comment)),
        ok = file:write_file(Path, Comment),
        ?assertEqual({error, no_servers}, ketama:new(Path)),
        ok = file:write_file(Path, <<"\n">>, [append]),
        ?assertEqual({error, {servers_file, Path, efbig}}, ketama:new(Path))
    end).

%% The file server, suspended here as if it waited for a disk, is never asked.
past_the_file_server() ->
    ketama_test:with_file("a\t1\n", fun(Path) ->
        ok = sys:suspend(file_server_2),
        try
            ?assertMatch({ok, _}, ketama:new(Path)),
            ?assertMatch({ok, _}, ketama_watcher:start_link(#{servers_file => Path, interval => ?HOUR})),
            ?assertEqual(unchanged, ketama:reload()),
            gen_server:stop(ketama_watcher)
        after
            ok = sys:resume(file_server_2)
        end
    end).

a_fifo_in_the_place_of_a_file() ->
    ketama_test:in_folder(fun(Folder) ->
        Path = filename:join(Folder, "ketama.servers"),
        ok = file:write_file(Path, "a\t1\n"),
        %% The watcher looks only when told to: if the FIFO replaced the file between the check and the opening, it
        %% would hang.
        {ok, Watcher} = ketama_watcher:start_link(#{servers_file => Path, interval => ?HOUR}),
        Logged = ketama_test:logged(warning, fun() ->
            ok = file:rename(fifo(Folder), Path),
            [?assertEqual({error, {servers_file, Path, not_regular}}, ketama:reload()) || _ <- [1, 2, 3]]
        end),
        ?assertMatch([{error, _}], Logged),
        ?assertEqual(<<"a">>, ketama:getserver("k")),
        ok = file:write_file(Path ++ ".new", "b\t1\n"),
        ok = file:rename(Path ++ ".new", Path),
        ?assertEqual({ok, 1.0}, ketama:reload()),
        ok = gen_server:stop(Watcher)
    end).

%% The watcher reports a late file and still takes it: reading this one takes longer than the timeout of 1 ms.
a_file_that_takes_long() ->
    ketama_test:in_folder(fun(Folder) ->
        Path = filename:join(Folder, "ketama.servers"),
        ok = file:write_file(Path, [binary:copy(<<"# comment\n">>, 6 bsl 20), "b\t1\n"]),
        Options = #{servers_file => Path, interval => ?HOUR, timeout => 1},
        Late = {servers_file, Path, timeout},
        ?assertEqual({error, Late}, ketama_watcher:start_link(Options)),
        ignore = ketama:start_link(["a"]),
        Logged = ketama_test:logged(warning, fun() ->
            {ok, Watcher} = ketama_watcher:start_link(Options),
            ketama_test:until(fun() -> ketama:getserver("k") =:= <<"b">> end),
            ?assertEqual({error, Late}, ketama:reload()),
            ok = gen_server:stop(Watcher)
        end),
        ?assertMatch([{error, _} | _], Logged)
    end).
