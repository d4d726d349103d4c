%% Bad input: each kind has an error of its own, whose sentence names file, line and remedy.
-module(ketama_errors_tests).

-include_lib("eunit/include/eunit.hrl").

lines_test_() ->
    [
        {atom_to_list(Fault), fun() -> invalid(Line, Fault) end}
     || {Line, Fault} <- [
            {"10.0.0.2:11211\n", missing_weight},
            {"10.0.0.2:11211\t\n", missing_weight},
            {"10.0.0.2:11211\tmuch\n", no_digits},
            {"10.0.0.2:11211\t5 \n", no_digits},
            {"10.0.0.2:11211\t0\n", zero_weight},
            {"10.0.0.2:11211\t-1\n", negative_weight},
            {"10.0.0.2:11211\t9223372036854775808\n", weight_out_of_range},
            {[lists:duplicate(256, $n), "\t1\n"], long_name},
            {"10.0.0.2\r:11211\t1\n", space_in_name},
            {"10.0.0.2:11211\t1\0\n", nul_byte},
            {<<0, 200, 1, 2, 3, 255, 0, 13, 7>>, nul_byte},
            {"\r\n", blank_line},
            {[binary:copy(<<"n">>, 10 bsl 20), "\t1\n"], long_line}
        ]
    ].

invalid(Line, Fault) ->
    ketama_test:with_file(["# comment\n10.0.0.1:11211\t600\n", Line, "\nb\t1\n"], fun(Path) ->
        {error, Reason} = ketama:new(Path),
        ?assertEqual({servers_file, Path, {line, 3, Fault}}, Reason),
        is_sentence(Reason, [Path, "line 3"])
    end).

total_out_of_range_test() ->
    Line = "a\t9223372036854775807\n",
    ketama_test:with_file([Line, Line, Line], fun(Path) ->
        ?assertEqual(
            {error, {servers_file, Path, {line, 3, total_out_of_range}}}, ketama:new(Path)
        ),
        is_sentence({servers_file, Path, {line, 3, total_out_of_range}}, [Path, "line 3"])
    end).

%% No line of a file can have this fault.
empty_name_test() ->
    is_sentence({servers_file, "file", {line, 3, empty_name}}, ["file", "line 3", "name is empty"]).

byte_order_mark_test() ->
    ketama_test:with_file([<<16#FEFF/utf8>>, "10.0.0.1:11211\t600\n"], fun(Path) ->
        Reason = {servers_file, Path, {line, 1, byte_order_mark}},
        ?assertEqual({error, Reason}, ketama:new(Path)),
        is_sentence(Reason, [Path, "line 1", "byte order mark"])
    end).

no_servers_test_() ->
    Files = ["", "\n", "# nothing\n#\n", [$#, binary:copy(<<"c">>, 10 bsl 20)]],
    [
        ?_assertEqual({error, no_servers}, ketama_test:with_file(File, fun ketama:new/1))
     || File <- Files
    ] ++ [?_assertEqual({error, no_servers}, ketama:new([]))].

files_test() ->
    ketama_test:in_folder(fun(Folder) ->
        Missing = filename:join(Folder, "missing"),
        Loop = filename:join(Folder, "loop"),
        ok = file:make_symlink(Loop, Loop),
        Unreadable = filename:join(Folder, "unreadable"),
        ok = file:write_file(Unreadable, "a\t1\n"),
        ok = file:change_mode(Unreadable, 0),
        %% Root can read every file.
        Closed = [{Unreadable, eacces} || file:read_file(Unreadable) =:= {error, eacces}],
        [
            begin
                ?assertEqual({error, {servers_file, Path, Posix}}, ketama:new(Path)),
                is_sentence({servers_file, Path, Posix}, [Path, file:format_error(Posix)])
            end
         || {Path, Posix} <- [{Missing, enoent}, {Loop, eloop} | Closed]
        ],
        ?assertMatch({error, {servers_file, <<>>, enoent}}, ketama:new(<<>>))
    end).

servers_test_() ->
    [
        fun() ->
            ?assertEqual(
                {error, {invalid_server, Server}}, ketama:new([{"a", 1}, Server, {"b", 0}])
            ),
            is_sentence({invalid_server, Server}, [])
        end
     || Server <- [
            {"b", 0},
            {"b", -1},
            {"b", 1.0},
            {"b", "1"},
            {"b", 1 bsl 63},
            {"b", 1 bsl 64},
            {"", 1},
            {[], 1},
            {<<>>, 1},
            {lists:duplicate(256, $n), 1},
            {"b c", 1},
            {"b\n", 1},
            {"b\t", 1},
            {<<"b", 0>>, 1},
            {b, 1},
            {[256], 1},
            {<<1:7>>, 1},
            {"b"},
            {"b", 1, 1},
            b,
            "b 11211",
            <<"b", 0>>,
            "",
            #{}
        ]
    ].

total_of_a_list_out_of_range_test() ->
    Server = {"a", (1 bsl 63) - 1},
    ?assertMatch({ok, _}, ketama:new([Server, Server])),
    ?assertEqual({error, {invalid_server, Server}}, ketama:new([Server, Server, Server])).

limits_test() ->
    Name = binary:copy(<<"n">>, 255),
    {ok, List} = ketama:new([{Name, (1 bsl 63) - 1}]),
    ?assertEqual([{Name, (1 bsl 63) - 1, 160}], ketama:servers(List)),
    {ok, File} = ketama_test:quietly(fun() ->
        ketama_test:with_file([Name, "\t600\n"], fun ketama:new/1)
    end),
    ?assertEqual([{Name, 600, 160}], ketama:servers(File)).

%% The sentence has a bounded size, however large the term.
huge_term_test() ->
    ?assert(length(ketama:format_error({invalid_server, lists:seq(1, 100000)})) < 1000).

other_reasons_test_() ->
    [
        ?_test(is_sentence(no_servers, [])),
        ?_test(is_sentence(no_watcher, ["ketama_watcher"])),
        ?_test(is_sentence({source, timeout}, ["timeout"])),
        ?_test(is_sentence({source, {bad_return, 7}}, ["7"])),
        ?_test(is_sentence({source, nxdomain}, ["nxdomain"])),
        ?_test(is_sentence({not_started, pages}, ["pages"])),
        [?_test(is_sentence({servers_file, "/f", Reason}, ["/f"])) || Reason <- [not_regular, efbig, timeout, eio]],
        ?_test(is_sentence(system_limit, [])),
        ?_test(is_sentence({nif_not_loaded, "run it"}, ["run it"])),
        ?_assertError(badarg, ketama:format_error(other))
    ].

is_sentence(Reason, Names) ->
    Sentence = ketama:format_error(Reason),
    ?assert(io_lib:printable_unicode_list(Sentence)),
    ?assertEqual($., lists:last(Sentence)),
    [?assertNotEqual(nomatch, string:find(Sentence, Name)) || Name <- Names].
