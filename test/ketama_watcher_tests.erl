%% The watcher: the default continuum follows its servers file.
-module(ketama_watcher_tests).

-include_lib("eunit/include/eunit.hrl").

-define(ONE, "10.0.0.1:11211\t600\n").
-define(TWO, "10.0.0.1:11211\t600\n10.0.0.2:11211\t600\n").
-define(INTERVAL, 20).
%% A change must last this many milliseconds, if the interval is longer.
-define(SETTLE, 100).

watcher_test_() ->
    ketama_test:each(
        [
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
            {many_in_a_supervisor, fun many_in_a_supervisor/1},
            {restart_keeps_the_ring, fun restart_keeps_the_ring/1},
            {restart_after_a_kill, fun restart_after_a_kill/1},
            {brings_its_continuum_back, fun brings_its_continuum_back/1},
            {a_relative_path, fun a_relative_path/1},
            {a_wrong_start_is_not_logged, fun a_wrong_start_is_not_logged/1},
            {many_servers_in_the_notice, fun many_servers_in_the_notice/1},
            {odd_names_are_escaped, fun odd_names_are_escaped/1},
            {other_messages, fun other_messages/1},
            {reloads_at_once, fun reloads_at_once/1},
            {holds_no_ring, fun holds_no_ring/1}
        ],
        fun ketama_test:in_folder/1
    ).

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

%% An editor truncates the file before it writes. The watcher sees the empty file, but neither takes nor logs it.
truncated_first(Folder) ->
    File = filename:join(Folder, "ketama.servers"),
    ok = file:write_file(File, ?ONE),
    %% The watcher looks rarely, and again a tenth of a second after it has seen a change.
    with_watcher(#{servers_file => File, interval => 1000}, fun() -> truncated_first(File, ?ONE, ?TWO) end).

truncated_first(File, Old, New) ->
    Logged = ketama_test:logged(warning, fun() ->
        ok = file:write_file(File, ""),
        looks(1),
        Start = erlang:monotonic_time(millisecond),
        ok = file:write_file(File, New),
        self() ! {took, erlang:monotonic_time(millisecond) - Start},
        becomes(New)
    end),
    receive
        {took, Took} when Took < ?SETTLE, Logged =:= [] -> ok;
        %% The machine was so slow that the file was empty for as long as a change must last.
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
        %% When the old file is back there is nothing to replace, but the next fault must be logged again.
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
        [Text] = ketama_test:notices(fun() ->
            ok = file:write_file(File, "a\t100\nc\t700\nd\t100\n"),
            becomes("a\t100\nc\t700\nd\t100\n"),
            looks(5)
        end),
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
            ?assertEqual({error, {servers_file, File, {line, 1, zero_weight}}}, ketama:reload())
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

%% With this many servers the moves cannot be counted, and the change still happens.
many_servers_of_modula(Folder) ->
    File = filename:join(Folder, "ketama.servers"),
    Lines = fun(N) -> [["s", integer_to_list(I), "\t1\n"] || I <- lists:seq(1, N)] end,
    ok = file:write_file(File, Lines(3000)),
    with_watcher(#{servers_file => File, dialect => modula, interval => 3600000}, fun() ->
        ok = file:write_file(File, Lines(3001)),
        ?assertEqual({ok, 1.0}, ketama:reload())
    end).

%% The watcher's continuum was replaced by one with another hash.
another_hash_in_its_place(Folder) ->
    watch(Folder, ?ONE, fun(File) ->
        ignore = ketama:start_link([{"a", 1}], #{dialect => modula}),
        ok = file:write_file(File, ?TWO),
        becomes(?TWO)
    end).

%% One supervisor can have any number of watchers, each with a name and a dialect of its own.
many_in_a_supervisor(Folder) ->
    Options = fun(Name, Contents) ->
        File = filename:join(Folder, atom_to_list(Name)),
        ok = file:write_file(File, Contents),
        #{name => Name, servers_file => File, interval => 3600000}
    end,
    Specs = [
        ketama_watcher:child_spec(maps:remove(name, Options(ketama, ?ONE))),
        ketama_watcher:child_spec((Options(sessions, ?TWO))#{dialect => twemproxy}),
        ketama_watcher:child_spec(maps:to_list(Options(pages, ?TWO)))
    ],
    {ok, Supervisor} = supervisor:start_link(ketama_test, Specs),
    ?assertEqual(
        [ketama_watcher, {ketama_watcher, pages}, {ketama_watcher, sessions}],
        lists:sort([Id || {Id, Pid, worker, [ketama_watcher]} <- supervisor:which_children(Supervisor), is_pid(Pid)])
    ),
    [?assert(is_pid(whereis(Name))) || Name <- [ketama_watcher, ketama_watcher_pages, ketama_watcher_sessions]],
    ?assertEqual([ketama, pages, sessions], lists:sort(ketama:names())),
    is_default(?ONE),
    {ok, Sessions} = ketama_test:with_file(?TWO, fun(File) -> ketama:new(File, #{dialect => twemproxy}) end),
    ?assertEqual(ketama:getservers(Sessions, keys()), ketama:getservers(sessions, keys())),
    ?assertEqual(ketama:getservers(ring(?TWO), keys()), ketama:getservers(pages, keys())),
    ok = file:write_file(filename:join(Folder, "pages"), ?ONE),
    ?assertEqual([unchanged, unchanged], [ketama:reload(), ketama:reload(sessions)]),
    ?assertMatch({ok, _}, ketama:reload(pages)),
    ?assertEqual({error, no_watcher}, ketama:reload(others)),
    ?assertEqual(ketama:getservers(ring(?ONE), keys()), ketama:getservers(pages, keys())),
    ?assertEqual({error, {already_started, whereis(ketama_watcher_pages)}}, ketama_watcher:start_link(Options(pages, ?ONE))),
    #{source := File} = ketama:info(pages),
    ?assertEqual(filename:join(Folder, "pages"), File),
    ketama_test:stop(Supervisor),
    %% The continua outlive their watchers.
    ?assertEqual([ketama, pages, sessions], lists:sort(ketama:names())).

%% A watcher that starts with a wrong file fails, unless its name already has a ring to keep.
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

%% A watcher that is killed leaves the ring; the next one finds it and logs nothing.
restart_after_a_kill(Folder) ->
    File = filename:join(Folder, "ketama.servers"),
    ok = file:write_file(File, ?ONE),
    Spec = ketama_watcher:child_spec(#{servers_file => File, interval => 3600000}),
    {ok, Supervisor} = supervisor:start_link(ketama_test, [Spec]),
    Logged = ketama_test:logged(notice, fun() ->
        Killed = whereis(ketama_watcher),
        exit(Killed, kill),
        ketama_test:until(fun() -> not lists:member(whereis(ketama_watcher), [undefined, Killed]) end),
        unchanged = ketama:reload()
    end),
    ?assertEqual([], [Text || {notice, Text} <- Logged]),
    is_default(?ONE),
    ketama_test:stop(Supervisor).

%% The name was given to another continuum, or was stopped: a reload restores the watcher's own.
brings_its_continuum_back(Folder) ->
    File = filename:join(Folder, "ketama.servers"),
    ok = file:write_file(File, ?TWO),
    with_watcher(#{servers_file => File, interval => ?INTERVAL}, fun() ->
        ignore = ketama:start_link(["other"]),
        looks(3),
        ?assertEqual(<<"other">>, ketama:getserver("k")),
        ?assertEqual({ok, 1.0}, ketama:reload()),
        is_default(?TWO),
        ?assertEqual(unchanged, ketama:reload()),
        ok = ketama:stop(ketama),
        ?assertEqual({ok, 1.0}, ketama:reload()),
        is_default(?TWO)
    end).

%% The path still means the file of the watcher's start, whatever the working directory.
a_relative_path(Folder) ->
    {ok, Here} = file:get_cwd(),
    ok = file:write_file(filename:join(Folder, "relative.servers"), ?ONE),
    ok = file:set_cwd(Folder),
    try
        with_watcher(#{servers_file => "relative.servers", interval => 3600000}, fun() ->
            ok = file:set_cwd(Here),
            ?assertEqual(unchanged, ketama:reload()),
            ok = file:write_file(filename:join(Folder, "relative.servers"), ?TWO),
            ?assertMatch({ok, _}, ketama:reload())
        end)
    after
        ok = file:set_cwd(Here)
    end.

a_wrong_start_is_not_logged(Folder) ->
    _ = process_flag(trap_exit, true),
    File = filename:join(Folder, "ketama.servers"),
    Start = fun() -> ketama_watcher:start_link(#{servers_file => File}) end,
    Logged = ketama_test:logged(warning, fun() ->
        ?assertEqual({error, {servers_file, File, enoent}}, Start()),
        ok = file:write_file(File, "secret\t0\n"),
        ?assertEqual({error, {servers_file, File, {line, 1, zero_weight}}}, Start())
    end),
    %% OTP's report of the failed start does not contain the file.
    [
        ?assertEqual([], [Text || {_, Text} <- Logged, string:find(Text, Part) =/= nomatch])
     || Part <- ["keeps its servers", "secret"]
    ],
    ?assertEqual([], ketama:names()).

many_servers_in_the_notice(Folder) ->
    Lines = fun(Prefix, N) -> [[Prefix, integer_to_list(I), "\t1\n"] || I <- lists:seq(1, N)] end,
    notice(Folder, Lines("a", 50), Lines("b", 10), ["removed a1, a10, a11,", " and 40 more;", "added b1, b10, b2,", "b9;"]).

odd_names_are_escaped(Folder) ->
    notice(Folder, "a\t1\n", [<<16#43A/utf8, 27, 155, "[31mred\t1\n">>], ["added "]),
    Path = filename:join(Folder, <<"ke", 7, 16#43A/utf8>>),
    Text = ketama:format_error({servers_file, Path, enoent}),
    [?assertNotEqual(nomatch, string:find(Text, Part)) || Part <- ["\\x{7}", [16#43A]]].

%% A change from one file to another logs one notice, which has these parts and is printable.
notice(Folder, Old, New, Parts) ->
    watch(Folder, Old, fun(File) ->
        Texts = ketama_test:notices(fun() ->
            ok = file:write_file(File, New),
            {ok, _} = ketama:reload()
        end),
        ?assertMatch([_], Texts),
        [Text] = Texts,
        [?assertNotEqual({Part, nomatch, Text}, {Part, string:find(Text, Part), Text}) || Part <- [File | Parts]],
        ?assert(io_lib:printable_unicode_list(Text))
    end).

%% Unknown messages do no harm, and do not make the watcher look more often.
other_messages(Folder) ->
    File = filename:join(Folder, "ketama.servers"),
    ok = file:write_file(File, ?ONE),
    with_watcher(#{servers_file => File, interval => 3600000}, fun() ->
        Watcher = whereis(ketama_watcher),
        Timer = make_ref(),
        Unknown = [hello, load, {timeout, Timer, load}, {timeout, Timer, late}, {has_read, self()}, {'EXIT', spawn(fun() -> ok end), normal}],
        [Watcher ! Message || Message <- Unknown],
        gen_server:cast(Watcher, hello),
        ?assertEqual({error, unknown_call}, gen_server:call(Watcher, hello)),
        ?assertEqual(unchanged, ketama:reload()),
        ok = sys:statistics(Watcher, true),
        [Watcher ! Message || Message <- Unknown],
        ?assertEqual({error, unknown_call}, gen_server:call(Watcher, hello)),
        {ok, Statistics} = sys:statistics(Watcher, get),
        %% Only these and the call: none of them has led to another message.
        ?assertEqual(length(Unknown) + 1, proplists:get_value(messages_in, Statistics))
    end).

%% All callers get a reply, even those that call while the watcher looks.
reloads_at_once(Folder) ->
    File = filename:join(Folder, "ketama.servers"),
    ok = file:write_file(File, ?ONE),
    with_watcher(#{servers_file => File, interval => 1}, fun() ->
        Callers = [spawn_monitor(fun() -> exit([ketama:reload() || _ <- lists:seq(1, 20)]) end) || _ <- lists:seq(1, 20)],
        [
            receive
                {'DOWN', Monitor, process, Pid, Replies} -> ?assertEqual([unchanged], lists:usort(Replies))
            end
         || {Pid, Monitor} <- Callers
        ]
    end).

%% Replaced rings are freed, except the previous one.
holds_no_ring(Folder) ->
    File = filename:join(Folder, "ketama.servers"),
    Lines = fun(Prefix) -> [[Prefix, integer_to_list(I), "\t1\n"] || I <- lists:seq(1, 5000)] end,
    ok = file:write_file(File, Lines("a")),
    with_watcher(#{servers_file => File, interval => 3600000}, fun() ->
        ok = file:write_file(File, Lines("b")),
        {ok, _} = ketama:reload(),
        %% A crash report would contain the state.
        ?assert(erts_debug:flat_size(sys:get_state(ketama_watcher)) < 500),
        #{bytes := Bytes} = ketama:info(ketama),
        Before = erlang:memory(system),
        [
            begin
                ok = file:write_file(File, Lines(integer_to_list(I))),
                {ok, _} = ketama:reload()
            end
         || I <- lists:seq(1, 10)
        ],
        %% A thread frees them, some time later.
        ketama_test:until(fun() -> erlang:memory(system) - Before < Bytes div 2 end)
    end).

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

%% Waits for this many more looks of the watcher at its file, at least one of them whole.
looks(Count) ->
    ok = sys:statistics(ketama_watcher, true),
    %% A look is three messages: the timer's, and two of the process that looks.
    ketama_test:until(fun() ->
        {ok, Statistics} = sys:statistics(ketama_watcher, get),
        proplists:get_value(messages_in, Statistics) >= 3 * Count
    end),
    ok = sys:statistics(ketama_watcher, false).

becomes(Contents) ->
    Expected = ketama:getservers(ring(Contents), keys()),
    ketama_test:until(fun() -> ketama:getservers(ketama, keys()) =:= Expected end).
