%% The watcher: the default continuum follows its servers file.
-module(ketama_watcher_tests).

-include_lib("eunit/include/eunit.hrl").

-export([init/1]).

-define(ONE, "10.0.0.1:11211\t600\n").
-define(TWO, "10.0.0.1:11211\t600\n10.0.0.2:11211\t600\n").
-define(INTERVAL, 20).
%% For as long a change must last where the interval is longer.
-define(SETTLE, 100).

watcher_test_() ->
    [
        {timeout, 30,
            {atom_to_list(Name), fun() ->
                ketama_test:quietly(fun() -> ketama_test:in_folder(Test) end)
            end}}
     || {Name, Test} <- [
            {follows_the_file, fun follows_the_file/1},
            {atomic_rename, fun atomic_rename/1},
            {truncated_first, fun truncated_first/1},
            {switched_symlink, fun switched_symlink/1},
            {a_wrong_file_is_logged_once, fun a_wrong_file_is_logged_once/1},
            {a_missing_file_is_logged_once, fun a_missing_file_is_logged_once/1},
            {swap_logs_a_notice, fun swap_logs_a_notice/1},
            {reload_at_once, fun reload_at_once/1},
            {takes_options, fun takes_options/1},
            {another_hash_in_its_place, fun another_hash_in_its_place/1},
            {many_servers_of_modula, fun many_servers_of_modula/1},
            {in_a_supervisor, fun in_a_supervisor/1},
            {restart_keeps_the_ring, fun restart_keeps_the_ring/1}
        ]
    ].

follows_the_file(Folder) ->
    watch(Folder, ?ONE, fun(File) ->
        is_default(?ONE),
        ok = file:write_file(File, ?TWO),
        becomes(?TWO),
        ok = file:write_file(File, ?ONE),
        becomes(?ONE)
    end).

atomic_rename(Folder) ->
    watch(Folder, ?ONE, fun(File) ->
        ok = file:write_file(File ++ ".new", ?TWO),
        ok = file:rename(File ++ ".new", File),
        becomes(?TWO)
    end).

%% What an editor leaves for a moment between truncating and writing is seen, but not taken, nor
%% logged.
truncated_first(Folder) ->
    File = filename:join(Folder, "ketama.servers"),
    ok = file:write_file(File, ?ONE),
    with_watcher(#{servers_file => File, interval => 3600000}, fun() -> truncated_first(File, ?ONE, ?TWO) end).

truncated_first(File, Old, New) ->
    Logged = ketama_test:logged(warning, fun() ->
        Start = erlang:monotonic_time(millisecond),
        ok = file:write_file(File, ""),
        ketama_watcher ! look,
        _ = sys:get_state(ketama_watcher),
        ok = file:write_file(File, New),
        self() ! {took, erlang:monotonic_time(millisecond) - Start},
        becomes(New)
    end),
    receive
        {took, Took} when Took < ?SETTLE -> ?assertEqual([], Logged);
        %% On so slow a machine the file has been empty for as long as a change must last.
        {took, _} -> truncated_first(File, New, Old)
    end.

switched_symlink(Folder) ->
    [A, B, Link] = [filename:join(Folder, Name) || Name <- ["a", "b", "link"]],
    ok = file:write_file(A, ?ONE),
    ok = file:write_file(B, ?TWO),
    ok = file:make_symlink(A, Link),
    with_watcher(#{servers_file => Link, interval => ?INTERVAL}, fun() ->
        is_default(?ONE),
        ok = file:make_symlink(B, Link ++ ".new"),
        ok = file:rename(Link ++ ".new", Link),
        becomes(?TWO)
    end).

a_wrong_file_is_logged_once(Folder) ->
    watch(Folder, ?ONE, fun(File) ->
        Logged = ketama_test:logged(warning, fun() ->
            ok = file:write_file(File, "10.0.0.1:11211\t600\n10.0.0.2:112"),
            looks(5)
        end),
        ?assertMatch([{error, _}], Logged),
        [{error, Text}] = Logged,
        [?assertNotEqual(nomatch, string:find(Text, Part)) || Part <- [File, "line 2", "missing"]],
        is_default(?ONE),
        ok = file:write_file(File, ?TWO),
        becomes(?TWO)
    end).

a_missing_file_is_logged_once(Folder) ->
    watch(Folder, ?ONE, fun(File) ->
        Logged = ketama_test:logged(warning, fun() ->
            ok = file:delete(File),
            looks(5)
        end),
        ?assertMatch([{error, _}], Logged),
        is_default(?ONE),
        %% When it is back as it was there is nothing to swap, but it can go missing again.
        ok = file:write_file(File, ?ONE),
        looks(1),
        ?assertMatch(
            [{error, _}],
            ketama_test:logged(warning, fun() ->
                ok = file:delete(File),
                looks(5)
            end)
        ),
        ok = file:write_file(File, ?TWO),
        becomes(?TWO)
    end).

swap_logs_a_notice(Folder) ->
    watch(Folder, "a\t100\nb\t100\nc\t100\n", fun(File) ->
        Level = maps:get(level, logger:get_primary_config()),
        ok = logger:set_primary_config(level, notice),
        Logged = ketama_test:logged(notice, fun() ->
            ok = file:write_file(File, "a\t100\nc\t700\nd\t100\n"),
            becomes("a\t100\nc\t700\nd\t100\n"),
            looks(5)
        end),
        ok = logger:set_primary_config(level, Level),
        [{notice, Text}] = Logged,
        [
            ?assertNotEqual({Part, nomatch}, {Part, string:find(Text, Part)})
         || Part <- [File, "added d;", "removed b;", "re-weighted c;", "% of the keys moved"]
        ]
    end).

reload_at_once(Folder) ->
    ?assertEqual({error, no_watcher}, ketama:reload()),
    File = filename:join(Folder, "ketama.servers"),
    ok = file:write_file(File, ?ONE),
    with_watcher(#{servers_file => File, interval => 3600000}, fun() ->
        ?assertEqual(unchanged, ketama:reload()),
        ok = file:write_file(File, ?TWO),
        {ok, Moved} = ketama:reload(),
        is_default(?TWO),
        {Diff, _} = ketama:diff(ring(?ONE), ring(?TWO)),
        ?assertEqual(Diff, Moved),
        ?assertEqual(unchanged, ketama:reload()),
        ok = file:write_file(File, "a\t0\n"),
        Logged = ketama_test:logged(warning, fun() ->
            ?assertEqual({error, {invalid_line, 1, {zero_weight, File}}}, ketama:reload())
        end),
        ?assertMatch([{error, _}], Logged),
        ok = file:delete(File),
        ketama_test:quietly(fun() ->
            ?assertEqual({error, {servers_file, File, enoent}}, ketama:reload())
        end),
        is_default(?TWO)
    end).

takes_options(Folder) ->
    File = filename:join(Folder, "ketama.servers"),
    ok = file:write_file(File, ?TWO),
    Options = #{dialect => twemproxy, hash => crc16, hash_tag => <<"12">>},
    {ok, Continuum} = ketama:new(File, Options),
    [
        with_watcher(All, fun() -> same_as_default(Continuum) end)
     || All <- [Options#{servers_file => File}, [{servers_file, File} | maps:to_list(Options)]]
    ].

%% What moves cannot be counted with so many servers.
many_servers_of_modula(Folder) ->
    File = filename:join(Folder, "ketama.servers"),
    Lines = fun(N) -> [["s", integer_to_list(I), "\t1\n"] || I <- lists:seq(1, N)] end,
    ok = file:write_file(File, Lines(3000)),
    with_watcher(#{servers_file => File, dialect => modula, interval => 3600000}, fun() ->
        ok = file:write_file(File, Lines(3001)),
        ?assertEqual({ok, 1.0}, ketama:reload())
    end).

%% Somebody has put a continuum with another hash in the place of the watcher's.
another_hash_in_its_place(Folder) ->
    watch(Folder, ?ONE, fun(File) ->
        ignore = ketama:start_link([{"a", 1}], #{dialect => modula}),
        ok = file:write_file(File, ?TWO),
        becomes(?TWO)
    end).

in_a_supervisor(Folder) ->
    File = filename:join(Folder, "ketama.servers"),
    ok = file:write_file(File, ?ONE),
    {ok, Supervisor} = supervisor:start_link(?MODULE, #{servers_file => File}),
    is_default(?ONE),
    ?assertMatch([{ketama_watcher, _, worker, [ketama_watcher]}], supervisor:which_children(Supervisor)),
    unlink(Supervisor),
    Monitor = monitor(process, Supervisor),
    exit(Supervisor, shutdown),
    receive {'DOWN', Monitor, process, _, _} -> ok end.

init(Options) ->
    {ok, {#{}, [ketama_watcher:child_spec(Options)]}}.

%% A watcher that starts while the file is wrong fails, unless there is a ring to stay with.
restart_keeps_the_ring(Folder) ->
    File = filename:join(Folder, "ketama.servers"),
    ok = file:write_file(File, "a\t0\n"),
    ketama_test:quietly(fun() ->
        ignore = ketama:start_link([{"10.0.0.1:11211", 600}]),
        with_watcher(#{servers_file => File, interval => ?INTERVAL}, fun() ->
            is_default(?ONE),
            ok = file:write_file(File, ?TWO),
            becomes(?TWO)
        end)
    end).

%% Only a VM of its own has no default continuum.
fails_without_a_ring_test_() ->
    {timeout, 30, fun() ->
        ?assertNotEqual(
            nomatch,
            string:find(
                ketama_test:erl(
                    "process_flag(trap_exit, true), logger:set_primary_config(level, none),"
                    " io:format(\"~p\", [ketama_watcher:start_link(#{servers_file => \"/nowhere\"})])"
                ),
                "{error,{servers_file,\"/nowhere\",enoent}}"
            )
        )
    end}.

no_options_test_() ->
    File = #{servers_file => "/nowhere"},
    [
        ?_assertError(badarg, ketama_watcher:start_link(Options))
     || Options <- [
            #{},
            [],
            "/nowhere",
            #{interval => 1000},
            File#{interval => 0},
            File#{interval => 1.5},
            File#{interval => 1 bsl 32},
            File#{dialect => memcached},
            File#{other => 1},
            #{servers_file => file},
            #{servers_file => [{"10.0.0.1:11211", 600}]},
            #{servers_file => "/no\0where"},
            #{servers_file => <<1:1>>},
            File#{hash => crc32},
            File#{hash_tag => <<"{}">>},
            [{servers_file, "/nowhere"}, {servers_file, "/nowhere"}],
            [servers_file]
        ]
    ].

%% What it does not know, it leaves alone.
other_messages_test() ->
    ketama_test:quietly(fun() -> ketama_test:in_folder(fun other_messages/1) end).

other_messages(Folder) ->
    watch(Folder, ?ONE, fun(_) ->
        ketama_watcher ! hello,
        gen_server:cast(ketama_watcher, hello),
        ?assertEqual(unchanged, ketama:reload())
    end).

watch(Folder, Contents, Test) ->
    File = filename:join(Folder, "ketama.servers"),
    ok = file:write_file(File, Contents),
    with_watcher(#{servers_file => File, interval => ?INTERVAL}, fun() -> Test(File) end).

with_watcher(Options, Test) ->
    {ok, Watcher} = ketama_watcher:start_link(Options),
    try
        Test()
    after
        gen_server:stop(Watcher)
    end.

ring(Contents) ->
    {ok, Continuum} = ketama_test:with_file(Contents, fun ketama:new/1),
    Continuum.

keys() ->
    [integer_to_binary(I) || I <- lists:seq(1, 200)].

same_as_default(Continuum) ->
    ?assertEqual(ketama:getservers(Continuum, keys()), [ketama:getserver(Key) || Key <- keys()]).

is_default(Contents) ->
    same_as_default(ring(Contents)).

%% Waits until the watcher has looked at its file so many times.
looks(Count) ->
    ok = sys:statistics(ketama_watcher, true),
    looked(Count),
    ok = sys:statistics(ketama_watcher, false).

looked(Count) ->
    {ok, Statistics} = sys:statistics(ketama_watcher, get),
    case proplists:get_value(messages_in, Statistics) of
        Looks when Looks >= Count ->
            ok;
        _ ->
            timer:sleep(?INTERVAL),
            looked(Count)
    end.

%% Within the time that a watcher may take.
becomes(Contents) ->
    becomes(ketama:getservers(ring(Contents), keys()), 1000).

becomes(Expected, 0) ->
    ?assertEqual(Expected, [ketama:getserver(Key) || Key <- keys()]);
becomes(Expected, Tries) ->
    case [ketama:getserver(Key) || Key <- keys()] of
        Expected ->
            ok;
        _ ->
            timer:sleep(20),
            becomes(Expected, Tries - 1)
    end.
