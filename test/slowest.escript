#!/usr/bin/env escript
%% Prints the ten slowest tests of `make test', with their seconds: those of EUnit, whose reports are in _build/test, and
%% the commands that test/timed.sh ran.
-include_lib("xmerl/include/xmerl.hrl").

main([]) ->
    Tests = lists:append([cases(Report) || Report <- filelib:wildcard("_build/test/TEST-*.xml")]) ++ commands(),
    io:put_chars("The slowest ten, in seconds:\n"),
    [io:format("~8.1f  ~ts~n", [Seconds, Name]) || {Seconds, Name} <- lists:sublist(lists:reverse(lists:sort(Tests)), 10)].

cases(Report) ->
    {Suite, _} = xmerl_scan:file(Report),
    [
        {list_to_float(attribute(time, Case)), name(attribute(name, Case))}
     || Case <- xmerl_xpath:string("//testcase", Suite)
    ].

%% A suite's function, and the test's title: without EUnit's line numbers and funs.
name(Name) ->
    Rules = [
        {"^.*\\((\\w+_tests:\\w+)\\)$", "\\1"},
        {" \\(module '\\w+'\\)$", ""},
        {"^(\\w+):\\d+ -?(\\w+)(/\\S+)?", "\\1:\\2"}
    ],
    lists:foldl(fun({From, To}, Text) -> re:replace(Text, From, To, [unicode, {return, list}]) end, Name, Rules).

attribute(Name, #xmlElement{attributes = Attributes}) ->
    #xmlAttribute{value = Value} = lists:keyfind(Name, #xmlAttribute.name, Attributes),
    Value.

commands() ->
    {ok, Lines} = file:read_file("_build/test/seconds"),
    [
        {float(binary_to_integer(Seconds)), Command}
     || Line <- binary:split(Lines, <<"\n">>, [global, trim]),
        [Seconds, Command] <- [binary:split(Line, <<"\t">>)]
    ].
