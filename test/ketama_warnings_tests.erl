%% Warnings, each logged once: for lines that libketama reads otherwise than they look, and for rings that the client
%% itself cannot have.
-module(ketama_warnings_tests).

-include_lib("eunit/include/eunit.hrl").

cut_weights_test_() ->
    [
        {Name, fun() ->
            Warnings = warnings(fun() -> {ok, _} = ketama:new(ketama_test:data(Name ++ ".servers")) end),
            ?assertEqual(length(Lines), length(Warnings)),
            [
                [?assertNotEqual(nomatch, string:find(Warning, Part)) || Part <- [Name | Parts]]
             || {Warning, Parts} <- lists:zip(Warnings, Lines)
            ]
        end}
     || {Name, Lines} <- [
            {"no-final-newline", [["line 3", "written 250 ", "read 25,"]]},
            {"trailing-space", [
                ["line 1", "written 600 ", "read 60,"],
                ["line 3", "written 250 ", "read 25,"]
            ]}
        ]
    ].

long_line_test() ->
    Comment = [$#, lists:duplicate(126, $c), $\n],
    [Warning] = warnings(fun() ->
        {ok, _} = ketama_test:with_file([Comment, "a\t1\n"], fun ketama:new/1)
    end),
    [?assertNotEqual(nomatch, string:find(Warning, Part)) || Part <- ["line 1 ", "126 bytes"]].

%% The ring is made all the same.
beyond_the_client_test_() ->
    Many = [{"10.0.0." ++ integer_to_list(I), 1} || I <- lists:seq(1, 101)],
    Heavy = [{"a", 1 bsl 30}, {"b", 1 bsl 30}],
    Long = [{lists:duplicate(83, $n), 1}, {"a", 1}],
    [
        fun() ->
            Warnings = warnings(fun() -> {ok, _} = ketama:new(Servers, #{dialect => Dialect}) end),
            ?assertEqual({Dialect, length(Parts)}, {Dialect, length(Warnings)}),
            [?assertNotEqual(nomatch, string:find(Warning, Part)) || {Warning, Part} <- lists:zip(Warnings, Parts)]
        end
     || {Servers, Dialect, Parts} <- [
            {Many, libmemcached, ["more than 100 servers, the most that libmemcached takes"]},
            {Many, libmemcached_consistent, ["more than 100 servers, the most that libmemcached_consistent takes"]},
            {Heavy, libmemcached_consistent, []},
            {Many, twemproxy, []},
            {tl(Many), libmemcached, []},
            {Heavy, libmemcached, ["more than 2147483647"]},
            {Heavy, twemproxy, ["more than 2147483647"]},
            {Heavy, libketama, []},
            {Long, twemproxy, ["Shorten nnnnnn"]},
            {Long, libmemcached, []},
            {[{lists:duplicate(83, $n), 1 bsl 30} | Heavy], twemproxy, ["more than 2147483647", "Shorten nnnnnn"]}
        ]
    ].

%% Nothing is logged for lines that libketama reads as they look.
silence_test() ->
    Same = ["crlf", "suffix-weight", "leading-space", "spaces", "lastfm-eight", "hundred"],
    Files = [ketama_test:data(Name ++ ".servers") || Name <- Same],
    ?assertEqual([], warnings(fun() -> [{ok, _} = ketama:new(File) || File <- Files] end)).

warnings(Fun) ->
    [Text || {warning, Text} <- ketama_test:logged(warning, Fun)].
