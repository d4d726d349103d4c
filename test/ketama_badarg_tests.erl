%% A wrong argument raises badarg, and the shell and Elixir say which and why (EEP 54).
-module(ketama_badarg_tests).

-include_lib("eunit/include/eunit.hrl").

arguments_test_() ->
    ignore = ketama:start_link(["a", "b"], #{name => named}),
    {ok, C} = ketama:new(["a", "b"]),
    {ok, Md5} = ketama:new(["a", "b"], #{dialect => twemproxy, hash => md5}),
    {ok, Crc} = ketama:new(["a", "b"], #{dialect => twemproxy, hash => crc32}),
    [
        ?_assertEqual({Function, Arguments, Places}, {Function, Arguments, wrong(Function, Arguments)})
     || {Function, Arguments, Places} <- [
            {getserver, [key], [1]},
            {getserver, [1, "k"], [1]},
            {getserver, [make_ref(), "k"], [1]},
            {getserver, [C, key], [2]},
            {getserver, [named, 1], [2]},
            {getserver, [1, key], [1, 2]},
            {getserver, [C, "k", #{exept => []}], [3]},
            {getserver, [nobody, "k", #{exept => []}], [3]},
            {getserver, [C, [256], []], [2]},
            {getservers, [C, ["k" | "l"]], [2]},
            {getservers, [C, [key]], [2]},
            {getservers, [named, ["k"], #{except => a}], [3]},
            {group, [C, key], [2]},
            {group, [1, [<<"k">>], [{except, [a]}]], [1, 3]},
            {replicas, [C, "k", -1], [3]},
            {replicas, [C, key, 1], [2]},
            {hash, [key], [1]},
            {hash, [C, <<1:7>>], [2]},
            {servers, [1], [1]},
            {points, [[C]], [1]},
            {shares, ["named"], [1]},
            {info, [self()], [1]},
            {diff, [C, 1], [2]},
            {diff, [Md5, Crc], [general]},
            {moved, [1, C, ["k"]], [1]},
            {moved, [undefined, C, [key]], [3]},
            {without, [C, a], [2]},
            {continuum, [1], [1]},
            {previous, ["named"], [1]},
            {stop, [<<"named">>], [1]},
            {reload, [1], [1]},
            {address, [":1"], [1]},
            {new, [file], [1]},
            {new, [[{"a", 1} | b]], [1]},
            {new, [["a"], [{hash, md5}, {hash, md5}]], [2]},
            {start_link, [file], [1]},
            {start_link, [["a"], #{name => "named"}], [2]},
            {start_link, [file, "/the/driver"], [1]},
            {format_error, [other], [1]}
        ]
    ].

%% Errors that are not a wrong argument.
others_test_() ->
    [
        ?_assertEqual(#{general => ketama:format_error(Reason)}, ketama_error_info:format_error(Reason, []))
     || Reason <- [system_limit, {not_started, nobody}]
    ] ++ [?_assertEqual(#{}, ketama_error_info:format_error(other, []))].

wrong(Function, Arguments) ->
    maps:keys(explained(ketama, Function, Arguments)).

%% Explains an error as the shell and Elixir do: by the module that its error_info names.
explained(Module, Function, Arguments) ->
    try apply(Module, Function, Arguments) of
        Result -> error({returned, Result})
    catch
        error:badarg:Stack ->
            [{Module, Function, Arguments, Info} | _] = Stack,
            #{module := Explains} = proplists:get_value(error_info, Info),
            Explained = Explains:format_error(badarg, Stack),
            [true = io_lib:printable_unicode_list(unicode:characters_to_list(Text)) || Text <- maps:values(Explained)],
            Explained
    end.

%% The explanation names the wrong option, and the values that it takes.
options_test_() ->
    [
        ?_test(begin
            #{2 := Text} = explained(ketama, new, [["a"], Options]),
            [?assertNotEqual({Part, nomatch}, {Part, string:find(Text, Part)}) || Part <- Parts]
        end)
     || {Options, Parts} <- [
            {#{hsh => md5}, ["hsh", "unknown", "hash_tag"]},
            {#{name => a}, ["name", "unknown"]},
            {#{dialect => ketama}, ["dialect", "libmemcached_consistent", "not ketama"]},
            {#{hash => crc32}, ["hash", "md5", "not crc32", "libketama"]},
            {#{dialect => pecl_memcache, hash => md5}, ["crc32, fnv1a_32", "pecl_memcache"]},
            {#{hash_tag => <<"{}">>}, ["no option hash_tag", "libketama"]},
            {#{dialect => twemproxy, hash_tag => <<"{">>}, ["hash_tag", "two bytes"]},
            {#{dialect => twemproxy, ketama_points => 150}, ["no option ketama_points", "twemproxy"]},
            {#{dialect => cache_memcached_fast, ketama_points => 0}, ["ketama_points", "integer"]},
            {[{hash, md5}, hash], ["list of pairs"]},
            {options, ["map"]}
        ]
    ].

watcher_options_test_() ->
    File = #{servers_file => "/nowhere"},
    [
        ?_test(begin
            #{1 := Text} = explained(ketama_watcher, start_link, [Options]),
            [?assertNotEqual({Part, nomatch}, {Part, string:find(Text, Part)}) || Part <- Parts]
        end)
     || {Options, Parts} <- [
            {#{}, ["servers_file", "missing"]},
            {File#{source => fun() -> ok end}, ["two sources"]},
            {#{source => fun(_) -> ok end}, ["source", "function"]},
            {File#{interval => 0}, ["interval", "milliseconds"]},
            {File#{timeout => infinity}, ["timeout", "milliseconds"]},
            {File#{before_change => fun() -> ok end}, ["before_change", "function"]},
            {File#{other => 1}, ["other", "unknown", "after_change"]},
            {File#{dialect => other}, ["dialect"]},
            {[{servers_file, f}], ["servers_file", "path"]}
        ]
    ].

%% Other reasons explain the call as a whole, not one argument.
reasons_test() ->
    {ok, C} = ketama:new(["a"]),
    [
        try Call() of
            Result -> error({returned, Result})
        catch
            error:Reason:Stack ->
                [{ketama, _, _, Info} | _] = Stack,
                #{module := Explains} = proplists:get_value(error_info, Info),
                #{general := Text} = Explains:format_error(Reason, Stack),
                ?assertNotEqual(nomatch, string:find(Text, Part))
        end
     || {Call, Part} <- [
            {fun() -> ketama:getserver(no_such_name, "k") end, "no_such_name"},
            {fun() -> ketama:getserver(C, "k", #{except => ["a"]}) end, "except"}
        ]
    ].
