%% The lines that say one thing and that libketama reads as another: a warning for each.
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

%% Where both read the same there is nothing to warn of.
silence_test() ->
    Same = ["crlf", "suffix-weight", "leading-space", "spaces", "lastfm-eight", "hundred"],
    Files = [ketama_test:data(Name ++ ".servers") || Name <- Same],
    ?assertEqual([], warnings(fun() -> [{ok, _} = ketama:new(File) || File <- Files] end)).

warnings(Fun) ->
    [Text || {warning, Text} <- ketama_test:logged(warning, Fun)].
